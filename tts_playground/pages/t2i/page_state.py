"""What the handlers of the image tab do: read a view, serve a wish, and say what came of it. No gradio in here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from tts_playground import registry
from tts_playground.core import Progress
from tts_playground.errors import BadInput, Cancelled, PlaygroundError
from tts_playground.models import loading
from tts_playground.models.hub.picture_kinds import kind_of
from tts_playground.pages.t2i import image_repository
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.previews import SharedProgress
from tts_playground.pages.t2i.request_queue import DrawRequest, RequestQueue
from tts_playground.pages.t2i.view_settings import EMBEDDED, T2iView, default_view
from tts_playground.rewards.verdict import VerdictReward
from tts_playground.samplers.image_tokens import ImageTokens
from tts_playground.tasks.image_rewards import reward_named, rewards_here


@cache
def request_queue() -> RequestQueue:
    """The one desk of this process."""
    return RequestQueue()


@dataclass(frozen=True, slots=True)
class DrawReport:
    """One report of a drawing to a page."""

    look: GalleryState | None = None
    """what is there now; None while images are in work"""
    progress: Progress[Any] | None = None
    cancelled: bool = False


def lacking(view: T2iView, seen: GalleryState) -> DrawRequest | None:
    """What a slider's release should draw for a view, or None when it is there."""
    count = image_repository.live_count(view)
    return None if image_repository.complete(seen, count) else DrawRequest(view, count)


def drawn(session: str, first: DrawRequest, *, pressed: bool = False) -> Iterator[DrawReport]:
    """Serve a page's newest wish, and the one that replaces it meanwhile, until it wants no more.

    ``first`` is served when the page has not asked for anything else, or when its button was ``pressed``; a newer wish
    of the page ends it within a token.
    """
    queue = request_queue()
    if not pressed and queue.answered(session):
        return
    wish: DrawRequest | None = queue.same(session, first) if pressed else queue.newest(session) or first
    queue.ask(session, wish)
    while wish is not None:
        now = wish
        try:
            yield from _served(session, now)
            moved = request_queue().newest(session) is not now
        except Cancelled:
            moved = True
        finally:
            request_queue().done(session, now)  # whatever happened, it is not wanted any more; a newer wish stays
        wish = request_queue().newest(session)
        if not moved or wish is None:
            yield DrawReport(image_repository.look(now.view), cancelled=moved)


def _served(session: str, wish: DrawRequest) -> Iterator[DrawReport]:
    """Serve a wish, and with it those of other pages that fit; a page that wants it no longer hears no more of it.

    The other pages are told what is drawn for them, and those that came too late for this batch see a first row.
    """
    queue = request_queue()
    batch = (wish, *queue.batchable(wish))
    views = [other.view for other in batch[1:]]

    def late() -> list[T2iView]:
        return [other.view for other in queue.unseen(batch)]

    for progress in image_repository.serve(wish, lambda: queue.given_up(batch), views, late):
        for view, report in progress.others if isinstance(progress, SharedProgress) else ():
            queue.tell(view, report, wish)
        if progress.unfinished:
            queue.tell(wish.view, progress, wish)
        if queue.newest(session) is wish:
            yield DrawReport(progress=progress)
    for view in (wish.view, *views):
        queue.tell(view, Progress(done=wish.n, of=wish.n), wish)


WATCHING = 0.1
"""seconds between two looks of a page that waits at what it was told"""


async def watched(session: str, wish: DrawRequest) -> AsyncIterator[DrawReport]:
    """What others draw for a page that waits for its turn: previews, and all of it once it is whole and scored.

    It waits without a thread, and ends when the page's wish is served, given up or replaced.
    """
    queue, last = request_queue(), None
    while queue.newest(session) is wish:
        report = queue.told(session)
        if report is not None and report is not last:
            last = report
            if report.done < report.of:
                yield DrawReport(progress=report)
            else:
                look = await asyncio.to_thread(image_repository.look, wish.view)
                if image_repository.complete(look, wish.n) and queue.newest(session) is wish:
                    queue.answer(session, wish)
                    yield DrawReport(look)
        await asyncio.sleep(WATCHING)


def reason(look: GalleryState, place: int | None) -> str:
    """Why the check of truth passes or fails an image, in words; "" where it is not here or cannot read the prompt."""
    if place is None or place >= look.shown or "geneval" not in rewards_here():
        return ""
    judge = reward_named("geneval")
    assert isinstance(judge, VerdictReward)
    try:
        (verdict,) = judge.verifier.judge(look.view.task, [image_repository.sample_of(look.view, place)])
    except BadInput:
        return ""
    return f"The clicked image {'passes' if verdict.passed else 'fails'} the GenEval-style check: {verdict.reason}"


def checked(view: T2iView) -> None:
    """Refuse a model that this machine cannot hold or reach, before anything is loaded.

    Raises:
        BadInput: the sentence that says why.
    """
    if view.model == EMBEDDED or registry.stands_alone(view.model, "t2i"):
        return
    if sentence := loading.check(view.model, kind=kind_of(view.model)):
        raise BadInput(sentence)


def several(
    view: T2iView, prompts: tuple[str, ...], session: str
) -> Iterator[tuple[tuple[GalleryState, ...], Progress[Any] | None]]:
    """The same settings on several prompts: looks of those that are whole, and the progress of the next."""
    looks: tuple[GalleryState, ...] = ()
    for prompt in prompts:
        one = replace(view, prompt=prompt)
        wish = DrawRequest(one, view.n)
        request_queue().ask(session, wish)
        try:
            for progress in image_repository.serve(wish, lambda wish=wish: request_queue().newest(session) is not wish):
                yield looks, progress
        except Cancelled:
            return
        looks = (*looks, image_repository.look(one))
        yield looks, None


def warm() -> None:
    """Load the default model and the rewards where they come with the app or from a folder; nothing is downloaded."""
    view = default_view()
    try:
        pool = image_repository.pool_of(view)
        sampler = image_repository.pool_of(view, load=True).sampler
        if isinstance(sampler, ImageTokens):
            sampler.janus.prefix(view.prompt)
        for reward in image_repository.wanted(view):
            reward_named(reward).score(view.task, pool.samples(1))
    except PlaygroundError as error:
        logging.getLogger(__name__).warning("the image tab is not warm: %s", error)
