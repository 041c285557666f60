"""Which event calls what. Drawing shares one place with the other models; what only looks has no limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from tts_playground.errors import PlaygroundError
from tts_playground.pages.coerce import one_of, whole
from tts_playground.pages.status import status
from tts_playground.pages.t2i import image_repository, known_words, page_state, render, reward_choice
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.request_queue import DrawRequest
from tts_playground.pages.t2i.view_settings import (
    LIMITS,
    MENU,
    ORDER,
    T2iView,
    examples,
    guidance,
    of_model,
    unknown,
    view_of,
)
from tts_playground.tasks.reward_worlds import warnings
from tts_playground.ui import events as shared
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import AT_ONCE, GPU, LIGHT, LIVE, QUIET, WATCH, LastWord, follows, is_local, session_of
from tts_playground.ui.t2i.layout import MODEL_SLIDERS, MORE, T2iParts, adjusted
from tts_playground.ui.widgets import plot


@dataclass(frozen=True)
class Handlers:
    """What sections call as well."""

    glance: Any
    """(look, *values) -> ``outputs``: shows what is there of the components' view"""
    outputs: list[Any]
    actions: dict[str, tuple[Any, list[Any], list[Any]]]
    """by the name that a tour's stop uses: (handler, inputs, outputs) of a drawing"""


def wire(parts: T2iParts) -> Handlers:
    """Connect the tab."""
    glance, outputs = _looking(parts)
    actions = _drawing(parts)
    _choosing(parts)
    return Handlers(glance, outputs, actions)


def view_from(request: gr.Request, values: tuple[Any, ...]) -> T2iView:
    """The view that a page asks for; models beyond the menu only from this very machine."""
    view, local = view_of(*values), is_local(request)
    MENU.allowed(view.model, local)
    asked = {name: values[ORDER.index(name)] or getattr(view, name) for name in ("reward", "second")}
    return replace(view, **{name: reward_choice.chosen(text, local) for name, text in asked.items()})


def everything(look: GalleryState, *, charts: bool = True) -> tuple[Any, ...]:
    """The values of ``T2iParts.shown`` for a look; without ``charts`` those stay what they are."""
    drawn = map(plot, render.charts(look)) if charts else (gr.skip(), gr.skip())
    return render.summary(look), render.picks(look), render.gallery(look), *drawn, render.reading(look)


def remarks(view: T2iView) -> str:
    """What a person should know of the prompt: who cannot score it, and which words the model was never taught."""
    words = unknown(view.model, view.prompt)
    outside = warnings(image_repository.wanted(view), view.model, view.prompt, words)
    told = render.complaints([*image_repository.refusals(view), *outside]) + known_words.note(
        words, view.model, view.prompt
    )
    told += known_words.unchecked(view.prompt, view.model)
    return told + render.weights_note(view, image_repository.earlier(view))


def seen(look: GalleryState, *, charts: bool = True) -> tuple[Any, ...]:
    """(look, others, chosen, note, *shown) after something new came into view."""
    return look, (), None, remarks(look.view), *everything(look, charts=charts)


def _looking(p: T2iParts) -> tuple[Any, list[Any]]:
    """Every change of a setting shows what is there of it, at once; what is not there is asked for on release."""

    @friendly
    def glance(look: GalleryState, request: gr.Request, *values: Any):
        view = view_from(request, values)
        found = image_repository.look(view)
        if not found.size:
            return *[gr.skip()] * 3, remarks(view), render.not_drawn(look), *[gr.skip()] * 5
        return seen(found)

    @friendly
    def want(live: bool, ticket: int, request: gr.Request, *values: Any):
        view = view_from(request, values)
        wish = page_state.lacking(view, image_repository.look(view)) if live else None
        if wish is None:
            return gr.skip()
        page_state.request_queue().ask(session_of(request), wish)
        return ticket + 1

    @friendly
    def note(request: gr.Request, *values: Any):
        return remarks(view_from(request, values))

    outputs = [p.look, p.others, p.chosen, p.note, *p.shown]
    names = ("n", "temperature", "cfg", "top_p", "top_k", "seed", "reward", "second", "steps", "eta")
    follows([p.value(name).change for name in names], glance, [p.look, *p.values], outputs)
    wanting: dict[str, Any] = {"inputs": [p.live, p.ticket, *p.values], "outputs": p.ticket}
    sliders = ("temperature", "cfg", "top_p", "top_k", "steps", "eta")
    let_go = [p.value(name).release for name in sliders]
    follows([*let_go, p.value("reward").input, p.value("second").input], want, **wanting)
    prompt, model = p.value("prompt"), p.value("model")
    prompt.change(note, p.values, p.note, **LIVE)  # Gradio's "input" does not hear what is pasted

    @friendly
    def pick(index: int, model: str, request: gr.Request):
        return one_of(examples(MENU.allowed(model, is_local(request))), index)

    chosen = p.examples.click(pick, [p.examples, model], prompt, **LIGHT, **QUIET)
    for event in (chosen.then, prompt.submit):
        event(glance, [p.look, *p.values], outputs, **LIVE).then(want, **wanting, **LIVE)
    switched = _switching(p)
    switched(glance, [p.look, *p.values], outputs, **LIVE)
    return glance, outputs


def _switching(p: T2iParts) -> Any:
    """Another model brings its sliders, and one chosen by hand its own values; returns what follows such a choice."""
    model = p.value("model")

    @friendly
    def switch(request: gr.Request, *values: Any):
        view = view_from(request, values)
        page_state.checked(view)
        return status(f"{view.model} can be used."), guidance(view.model), of_model(view).steps

    @friendly
    def adjust(model: str, request: gr.Request):
        """Whoever chose the model: a hand, a link, or what this window had."""
        name = MENU.allowed(model, is_local(request))
        return gr.Dataset(samples=[[prompt] for prompt in examples(name)]), *adjusted(name)

    model.change(adjust, model, [p.examples, *map(p.value, MODEL_SLIDERS)], **LIVE)
    return model.input(switch, p.values, [p.status, p.value("cfg"), p.value("steps")], **LIGHT, **QUIET).success


def _drawing(p: T2iParts) -> dict[str, tuple[Any, list[Any], list[Any]]]:
    """Draw, more and live stream; cancel keeps what is whole."""

    @friendly
    def draw(request: gr.Request, *values: Any) -> Iterator[Any]:
        view = view_from(request, values)
        yield from _drawn(session_of(request), DrawRequest(view, view.n), pressed=True)

    @friendly
    def more(look: GalleryState, request: gr.Request, *values: Any) -> Iterator[Any]:
        wish = _more(view_from(request, values))
        for shown in _drawn(session_of(request), wish, pressed=True):
            yield *shown, wish.n

    @friendly
    def live(request: gr.Request, *values: Any) -> Iterator[Any]:
        view = view_from(request, values)
        # A class that lets go of its sliders stands in one queue: the charts come when the next one is drawing.
        yield from _drawn(session_of(request), DrawRequest(view, image_repository.live_count(view)), charts=False)

    def charts(look: GalleryState):
        return tuple(map(plot, render.charts(look)))

    outputs = [p.look, p.others, p.chosen, p.sheet, p.note, *p.shown]
    heavy = {"show_progress": "minimal", "show_progress_on": p.status, **GPU, **QUIET}
    events = [
        p.run.click(draw, p.values, outputs, trigger_mode="always_last", **heavy),  # pressed again: other settings
        p.more.click(more, [p.look, *p.values], [*outputs, p.value("n")], **heavy),
        p.ticket.change(live, p.values, outputs, trigger_mode="always_last", **heavy),
    ]
    events[-1].success(charts, p.look, [p.curve, p.histogram], **LIGHT, **QUIET)
    events += _watching(p, outputs)

    def stop(look: GalleryState, request: gr.Request):
        session = session_of(request)
        if page_state.request_queue().newest(session) is None:  # nothing is in work
            return gr.skip(), gr.skip()
        page_state.request_queue().drop(session)
        LAST_WORD.cancelled(request, "Cancelled; whole images are kept.")
        return status("Cancelled; whole images are kept."), ""

    for event in events:
        event.failure(broken_off, p.status, [p.status, p.sheet], **AT_ONCE, **QUIET)
    p.cancel.click(stop, p.look, [p.status, p.sheet], cancels=events, **AT_ONCE, **QUIET)
    return {"draw": (draw, p.values, outputs)}


def _more(view: T2iView) -> DrawRequest:
    n = int(min(LIMITS["n"][1], max(image_repository.look(view).size + MORE, view.n)))
    return DrawRequest(replace(view, n=n), n)


def _watching(p: T2iParts, outputs: list[Any]) -> list[Any]:
    """While a page's drawing waits for its turn, it sees what others draw for it: nothing here waits for a model."""

    def pressed(view_to_wish: Callable[[T2iView], DrawRequest]):
        async def watch(request: gr.Request, *values: Any) -> AsyncIterator[Any]:
            yield NOTHING
            try:
                wish = await asyncio.to_thread(view_to_wish, view_from(request, values))
                found = await asyncio.to_thread(image_repository.look, wish.view)
            except PlaygroundError:  # the drawing itself says why
                return
            if image_repository.complete(found, wish.n):
                return
            session, queue = session_of(request), page_state.request_queue()
            wish = queue.same(session, wish)
            if queue.newest(session) is not wish:
                queue.ask(session, wish)
            async for shown in _waited(session, wish):
                yield shown

        return friendly(watch)

    @friendly
    async def live(request: gr.Request) -> AsyncIterator[Any]:
        yield NOTHING
        session = session_of(request)
        if (wish := page_state.request_queue().newest(session)) is not None:
            async for shown in _waited(session, wish):
                yield shown

    how: dict[str, Any] = {**WATCH, **QUIET, "trigger_mode": "multiple"}
    drawn = pressed(lambda view: DrawRequest(view, view.n))
    return [
        p.run.click(drawn, p.values, outputs, **how),
        p.more.click(pressed(_more), p.values, outputs, **how),
        p.ticket.change(live, None, outputs, **how),
    ]


async def _waited(session: str, wish: DrawRequest) -> AsyncIterator[Any]:
    """As ``_drawn``, of what others draw for a page; charts come after the images."""
    async for step in page_state.watched(session, wish):
        yield _reported(step, charts=False)
        if step.look is not None:
            charts = await asyncio.to_thread(render.charts, step.look)
            yield *[gr.skip()] * 8, *map(plot, charts), gr.skip()


NOTHING = (gr.skip(),) * 11
"""what a drawing says first: of a generator that ends without a word, gradio empties all outputs"""
LAST_WORD = LastWord()
"""of this tab's cancel button"""


def broken_off(line: str | None, request: gr.Request | None = None) -> tuple[Any, Any]:
    """(status, previews) after an error or a cancel: nothing says any more that something is in work."""
    (told,) = shared.broken_off([line], request, LAST_WORD, "Not drawn")
    return (told, "") if told else (gr.skip(), gr.skip())


def _drawn(session: str, wish: DrawRequest, *, pressed: bool = False, charts: bool = True) -> Iterator[Any]:
    """What a page shows while its wishes are served: status and previews on the way, everything at the end.

    ``charts``: the curve and the histogram, too.
    """
    yield NOTHING
    for step in page_state.drawn(session, wish, pressed=pressed):
        yield _reported(step, charts=charts)


def _reported(step: page_state.DrawReport, *, charts: bool) -> tuple[Any, ...]:
    """A report of a drawing as the page shows it."""
    if step.look is None:
        progress = step.progress
        assert progress is not None
        sheet = render.sheet(progress.unfinished) if progress.unfinished else gr.skip()
        return *[gr.skip()] * 3, sheet, gr.skip(), render.working(progress), *[gr.skip()] * 5
    look, others, chosen, note, line, *rest = seen(step.look, charts=charts)
    line = status("Cancelled; whole images are kept.") if step.cancelled else line
    return look, others, chosen, "", note, line, *rest


def _choosing(p: T2iParts) -> None:
    """A click on an image shows it beside the best."""

    @friendly
    def choose(look: GalleryState, event: gr.SelectData):
        order = look.ranked()
        if not order:
            return gr.skip(), gr.skip()
        place = order[min(whole("The place of a click", event.index), len(order) - 1)]
        return place, render.picks(look, place)

    @friendly
    def explain(look: GalleryState, place: int | None):
        text = page_state.reason(look, place)
        return status(text) if text else ""

    p.gallery.select(choose, p.look, [p.chosen, p.picks], **LIGHT, **QUIET).then(
        explain, [p.look, p.chosen], p.reason, **LIGHT, **QUIET
    )
    p.look.change(lambda: "", None, p.reason, **LIGHT, **QUIET)
