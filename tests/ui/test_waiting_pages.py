"""Who waits for a model sees what others draw: first rows, then an image of its batch, then all of them."""

import asyncio
import json
from dataclasses import replace

import httpx
import pytest

from tts_playground.bench import load
from tts_playground.core import Progress
from tts_playground.pages.t2i import image_repository, page_state, previews
from tts_playground.pages.t2i.request_queue import AT_ONCE, DrawRequest, RequestQueue


async def _until(web, page, session, marker, *, seconds=60):
    """The first message of a session's stream that has the marker."""
    query = {"session_hash": session}
    async with asyncio.timeout(seconds):
        async with web.stream("GET", f"{page.address}gradio_api/queue/data", params=query) as stream:
            async for line in stream.aiter_lines():
                if marker in line:
                    return json.loads(line[5:])
    raise AssertionError("the stream ended")


async def _lets_go(web, page, session, seed):
    """A slider is let go of; the drawing and the watching are asked for."""
    own = {"t2i-seed": seed}
    await load.call(web, page, session, [page.event("t2i-temperature", "release")], own)
    for event in page.live:
        await load._join(web, page, session, event, own)


def test_a_page_that_waits_sees_its_first_row_while_another_is_drawn(image_address, held):
    async def played():
        async with httpx.AsyncClient(timeout=120) as web:
            page, first, second = await load.Visitor.open(web, image_address), "first", "second"
            await _lets_go(web, page, first, 501)
            await _until(web, page, first, load.PREVIEW)
            await _lets_go(web, page, second, 502)  # another seed: not of one batch
            await _until(web, page, second, load.PREVIEW)
            assert not held.is_set() and page_state.request_queue().newest("second") is not None

    asyncio.run(played())


# ------------------------------------------------------------------------------------------------------------- rules


def _wish(view, **changed):
    one = replace(view, **changed)
    return DrawRequest(one, one.n)


def test_pages_in_a_batch_and_pages_that_come_late_are_told_of_their_own_images(view):
    mine, theirs, late = (_wish(view, seed=91, temperature=warm) for warm in (0.7, 0.6, 0.5))
    queue = page_state.request_queue()
    queue.ask("theirs", theirs)
    steps = page_state.drawn("mine", mine, pressed=True)
    next(step for step in steps if step.progress is not None and step.progress.unfinished)
    told = queue.told("theirs")
    assert told is not None and len(told.unfinished) == 1 and told.step >= 1
    queue.ask("late", late)
    assert queue.told("late") is None
    for _ in steps:
        if (shown := queue.told("late")) is not None:
            break
    assert shown is not None and shown.step == 1 and len(shown.unfinished) == 1
    list(steps)
    done = queue.told("theirs")
    assert done is not None and done.done == done.of == 4
    for session in ("theirs", "late"):
        queue.forget(session)


def test_the_first_row_that_is_shown_is_the_one_that_will_be_drawn(view):
    """The upper part of the preview is that of the image itself."""
    late = _wish(view, seed=92, temperature=0.5)
    pool = image_repository.pool_of(late.view, load=True)
    ((seen, report),) = previews.first_rows([(late.view, pool)])
    (whole,) = pool.sampler.draw(late.view.task, [0], seed=92)
    (row,) = pool.sampler.step(late.view.task, pool.sampler.start(late.view.task, [0], seed=92))
    assert row.tokens == whole.info["tokens"][: row.grid]
    assert (
        seen == late.view
        and report.unfinished[0].tobytes() == pool.sampler.peek(late.view.task, [row])[0].content.tobytes()
    )


def test_a_watched_wish_ends_with_its_images_and_its_own_turn_has_nothing_left_to_say(view):
    wish = _wish(view, seed=93)
    queue = page_state.request_queue()
    queue.ask("waits", wish)
    list(image_repository.serve(wish, lambda: False))
    queue.tell(wish.view, Progress(done=4, of=4), _wish(view, seed=1))

    async def seen():
        return [step async for step in page_state.watched("waits", wish)]

    (step,) = asyncio.run(seen())
    assert step.look is not None and step.look.size == 4 and step.look.scores
    assert list(page_state.drawn("waits", wish)) == []
    queue.ask("waits", wish)  # asked again: shown again
    assert [step.look.size for step in page_state.drawn("waits", wish) if step.look is not None] == [4]


@pytest.mark.parametrize("end", ["drop", "forget", "ask"])
def test_watching_ends_with_the_wish(view, end):
    queue, wish = page_state.request_queue(), _wish(view, seed=94)
    queue.ask("ends", wish)

    async def watch():
        async def change():
            await asyncio.sleep(0.2)
            given = {"ask": (_wish(view, seed=95),)}.get(end, ())
            getattr(queue, end)("ends", *given)

        task = asyncio.create_task(change())
        steps = [step async for step in page_state.watched("ends", wish)]
        await task
        return steps

    assert asyncio.run(asyncio.wait_for(watch(), 30)) == []
    queue.forget("ends")


def test_each_late_page_is_named_once_and_only_of_the_model_at_work(view):
    queue, drawing = RequestQueue(), _wish(view)
    queue.ask("draws", drawing)
    other = DrawRequest(replace(view, model="another"), 4)
    late = [_wish(view, seed=number) for number in range(AT_ONCE + 2)]
    for number, wish in enumerate([other, *late]):
        queue.ask(f"late {number}", wish)
    assert queue.unseen([drawing]) == tuple(late[:AT_ONCE])
    assert queue.unseen([drawing]) == tuple(late[AT_ONCE:])
    assert queue.unseen([drawing]) == ()
    queue.ask("late 1", newer := _wish(view, seed=77))
    assert queue.unseen([drawing]) == (newer,)


def test_pressed_twice_is_one_wish(view):
    queue, wish = RequestQueue(), _wish(view)
    queue.ask("page", wish)
    assert queue.same("page", _wish(view)) is wish
    assert queue.same("page", newer := _wish(view, seed=3)) is newer


def test_a_page_that_was_drawn_already_keeps_what_it_shows(image_address):
    """Watching ends without news then, and gradio empties the outputs of a generator that never said anything."""

    async def played():
        async with httpx.AsyncClient(timeout=120) as web:
            page, session, own = await load.Visitor.open(web, image_address), "again", {"t2i-seed": 503, "t2i-n": 2}
            for _ in range(2):
                for event in page.events[page.names["t2i-run"], "click"]:
                    await load._join(web, page, session, event, own)
                    done = await _until(web, page, session, '"process_completed"')
                    assert done["success"] and None not in [
                        value
                        for value, part in zip(done["output"]["data"], event["outputs"], strict=True)
                        if part in shown(page)
                    ]

    def shown(page):
        return {page.names[name] for name in ("t2i-status", "t2i-picks", "t2i-gallery", "t2i-reading")}

    asyncio.run(played())
