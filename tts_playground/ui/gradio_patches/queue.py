"""Turns by session, bounds by group, and no work for those who left, in place of gradio's own queue."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from typing import Any

import fastapi
import gradio as gr
from gradio import utils
from gradio.queueing import Event, EventQueue, Queue
from gradio.server_messages import ProcessCompletedMessage

from tts_playground.pages import load_bounds
from tts_playground.pages.fair_queue import Bounds, Hearing, Job, Recent, in_turn, refusal
from tts_playground.pages.fair_queue import bounds as bounds_of
from tts_playground.ui.events import LIGHT
from tts_playground.ui.gradio_patches.addresses import address_of_request

LOOK = 0.5
"""seconds between two looks for jobs that nobody listens to"""
PATIENCE, LONG_PATIENCE = 12, 60
"""looks until such a job is dropped; the longer one for calls by hand, which are joined and then asked for, and for
pages that are open: on a slow computer they are late with their streams"""
WATCHERS = 500
"""places for jobs beside those of the threads: as many as open pages"""
UNHEARD = "This was dropped: nobody was listening for its answer."


def fair_queue(app: gr.Blocks, *, max_size: int, **settings: Any) -> None:
    """``app.queue(...)`` with ``FairQueue``; a later ``app.queue`` would undo it.

    Args:
        max_size: jobs that may wait in one group.
        settings: as ``gr.Blocks.queue`` has them.

    Raises:
        BadInput: the environment's bound is not a number.
    """
    app.queue(api_open=False, **settings)  # else a direct call would overtake the queue and its limits
    app._queue = FairQueue(app._queue, *bounds_of(max_size))


class Mailboxes(utils.LRUCache):
    """What waits to be sent, by session. A full one forgets sessions with nothing in work first.

    Gradio's forgets the session that came first, whoever it is: 2,000 new ones would cut off everybody.
    """

    def __init__(self, queue: FairQueue, size: int) -> None:
        super().__init__(size)
        self.queue = queue

    def __setitem__(self, session: str, box: Any) -> None:
        if session not in self and len(self) >= self.max_size:
            busy = {event.session_hash for event in self.queue.event_ids_to_events.values()}
            gone = next(
                (one for one in self if one not in busy and not self.queue.hearing.hears(one)), next(iter(self))
            )
            del self[gone]
            self.queue.pending_event_ids_session.pop(gone, None)
        super().__setitem__(session, box)


class FairQueue(Queue):
    """``gradio.queueing.Queue`` with turns by session, bounds by group, and no work for those who left.

    Hooked: ``push`` (before it: the bounds), ``get_events`` and ``broadcast_estimations`` (both read
    ``EventQueue.queue`` from its beginning, so that list is kept in the order of turns), ``start``,
    ``process_time_per_fn`` (of late, not of all time), ``compute_analytics_summary`` (a table of the last 10,000 jobs
    made anew after each job, for a dashboard that is off), ``pending_messages_per_session``.
    """

    def __init__(self, plain: Queue, heavy: Bounds, light: Bounds) -> None:
        super().__init__(
            live_updates=plain.live_updates,
            concurrency_count=plain.max_thread_count,
            update_intervals=plain.update_intervals,
            max_size=None,  # the bounds are by group
            blocks=plain.blocks,
            default_concurrency_limit=plain.default_concurrency_limit,
        )
        self.heavy, self.light = heavy, light
        self.hearing, self.pages = Hearing(), Hearing()
        self.listening = False
        """whether ``Listening`` sees the streams; without it nobody would seem to listen"""
        self.served: defaultdict[str, dict[str, float]] = defaultdict(dict)
        """group -> session -> when its last job was taken"""
        self.process_time_per_fn = defaultdict(Recent)  # type: ignore[assignment] - it does what is asked of a list
        self.pending_messages_per_session = Mailboxes(self, self.pending_messages_per_session.max_size)

    # ---- who may wait, and who is next

    async def push(self, body: Any, request: fastapi.Request, username: str | None):  # type: ignore[override] - it passes on what it is given
        """Refuses with 429 what is over the bounds: gradio's page shows its sentence (of a 503 it shows its own)."""
        fn, size = self.blocks.fns.get(body.fn_index), 0
        if fn is not None:
            self.create_event_queue_for_fn(fn)
            group = self.event_queue_per_concurrency_id[fn.concurrency_id]
            address = address_of_request(request)
            job = Job(body.session_hash or address, address, time.monotonic())
            size = self._weigh(body, request, address)
            self._arrange(group)
            limit = group.concurrency_limit
            bounds = self.light if limit is None or group.concurrency_id == LIGHT["concurrency_id"] else self.heavy
            waiting = [_job(event) for event in group.queue]
            told = refusal(job, waiting, bounds, each=self._lasts(group), at_once=limit or self.max_thread_count)
            if told is not None:
                raise fastapi.HTTPException(429, told.sentence, {"Retry-After": str(told.seconds)})
            self._forget_unread()
        pushed = await super().push(body, request, username)
        if (event := self.event_ids_to_events.get(str(pushed[1]))) is not None:
            setattr(event, "size", size)  # noqa: B010 - gradio's event knows no such attribute
        return pushed

    def _weigh(self, body: Any, request: fastapi.Request, address: str) -> int:
        """Bytes of a request that comes; refuses what is over the bounds of ``loads``."""
        values, size = load_bounds.weight([body.data, body.event_data])
        session = body.session_hash or ""
        told = load_bounds.refused(session, values, len(self.pending_event_ids_session.get(session, ())))
        if told is not None:
            raise fastapi.HTTPException(*told)
        # starlette keeps what was sent and what was read of it, fields that nobody asked for among them
        request._body, request._json = b"", None
        groups = self.event_queue_per_concurrency_id.values()
        waiting = [
            (address_of_request(event.request), getattr(event, "size", 0)) for group in groups for event in group.queue
        ]
        if sentence := load_bounds.too_much(size, address, waiting):
            raise fastapi.HTTPException(429, sentence, {"Retry-After": "10"})
        return size

    def _forget_unread(self) -> None:
        unread = self.pending_event_ids_session
        needed = {event.session_hash for event in self.event_ids_to_events.values()}
        needed |= {session for session in unread if self.hearing.hears(session)}
        for session in load_bounds.surplus(unread, needed):
            unread.pop(session, None)
            self.pending_messages_per_session.pop(session, None)

    def _lasts(self, group: EventQueue) -> float | None:
        """Seconds that a job of the group took of late."""
        kinds = (self.process_time_per_fn.get(fn) for fn in {event.fn for event in group.queue})
        known = [kept.avg_time for kept in kinds if kept is not None]
        return sum(known) / len(known) if known else None

    def _arrange(self, group: EventQueue) -> None:
        at_work = [event for batch in self.active_jobs if batch for event in batch]
        running = Counter(_job(event).session for event in at_work if event.concurrency_id == group.concurrency_id)
        waiting = [_job(event) for event in group.queue]
        served = self.served[group.concurrency_id]
        group.queue[:] = [group.queue[place] for place in in_turn(waiting, running, served)]
        if len(served) > 2 * len(waiting) + 100:  # who does not wait needs no memory: it comes after those who do
            here = {job.session for job in waiting}
            self.served[group.concurrency_id] = {one: when for one, when in served.items() if one in here}

    def get_events(self) -> tuple[list[Event], bool, str] | None:
        """The next job, or batch, of a group that has room."""
        for group in self.event_queue_per_concurrency_id.values():
            if group.queue and (group.concurrency_limit is None or group.current_concurrency < group.concurrency_limit):
                self._arrange(group)
        found = super().get_events()
        for event in found[0] if found else ():
            self.served[event.concurrency_id][_job(event).session] = time.monotonic()
        return found

    def broadcast_estimations(self, concurrency_id: str, after: int | None = None) -> None:
        """Tells places in the order of turns; ``after`` is the place of one that has just come, at the end."""
        group = self.event_queue_per_concurrency_id[concurrency_id]
        new = group.queue[after] if after is not None and after < len(group.queue) else None
        self._arrange(group)
        super().broadcast_estimations(concurrency_id, group.queue.index(new) if new else after)

    def compute_analytics_summary(self, records: Any) -> Any:
        """Nothing: monitoring is off."""
        return self.cached_event_analytics_summary

    # ---- who still listens

    def start(self) -> None:
        """Also begins to look for jobs that nobody listens to.

        Gradio has a place for as many jobs as there are threads; pages that only wait take a place, and no thread.
        """
        super().start()
        self.active_jobs += [None] * WATCHERS
        utils.run_coro_in_background(self._drop_unheard)

    async def _drop_unheard(self) -> None:
        while not self.stopped:
            await asyncio.sleep(LOOK)
            events = [event for event in self.event_ids_to_events.values() if event.alive] if self.listening else []
            waits = [(event._id, event.session_hash, self._patience(event)) for event in events]
            for name in self.hearing.look(waits):
                if (event := self.event_ids_to_events.get(name)) is not None:
                    done = ProcessCompletedMessage(output={"error": UNHEARD}, success=False)
                    if event.session_hash in self.pending_messages_per_session:  # for a stream that comes after all
                        self.send_message(event, done)
                    await self.clean_events(event_id=name)

    def _patience(self, event: Event) -> int:
        by_hand = event.data is not None and event.data.simple_format
        return LONG_PATIENCE if by_hand or self.pages.hears(event.session_hash) else PATIENCE

    async def broken_off(self, session: str) -> None:
        """A stream was closed from the other end: what the session had asked for ends.

        Gradio does this too, but from a task that is being cancelled, and so not always to its end.
        """
        if not self.hearing.hears(session):
            await self.clean_events(session_hash=session)
            if not any(event.alive and event.session_hash == session for event in self.event_ids_to_events.values()):
                self.pending_messages_per_session.pop(session, None)
                self.pending_event_ids_session.pop(session, None)

    def session_of(self, event_id: str) -> str:
        """Whose job it is, waiting or done; as in ``routes.simple_predict_get``."""
        event = self.event_ids_to_events.get(event_id)
        kept = (session for session, ids in self.pending_event_ids_session.items() if event_id in ids)
        return event.session_hash if event is not None else next(kept, event_id)


def _job(event: Event) -> Job:
    address = address_of_request(event.request)
    session = address if event.session_hash == event._id else event.session_hash  # gradio's stand-in for no session
    return Job(session, address, event.enqueue_time)
