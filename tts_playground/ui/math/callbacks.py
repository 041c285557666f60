"""Which event calls what. Searching shares one place with the other models; what only looks has no limit."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from tts_playground.figures.theme import check_axis
from tts_playground.pages.checks import whole
from tts_playground.pages.math import export, page_state, render, tour
from tts_playground.pages.math.page_state import MathPageState
from tts_playground.pages.math.view_settings import (
    MENU,
    ORDER,
    MathView,
    checked,
    coerce_view,
    guides,
    to_query,
    values_of,
    view_of,
)
from tts_playground.pages.status import status
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import (
    AT_ONCE,
    GPU,
    LIGHT,
    LIVE,
    QUIET,
    arrives,
    cancels,
    is_local,
    keeps,
    offers,
    saves,
    shares,
    values_in_query,
)
from tts_playground.ui.math.layout import MathParts


def wire(app: gr.Blocks, parts: MathParts) -> None:
    """Connect the tab."""
    keeps(app, "math", ORDER, parts.values)
    events = [_solving(parts), _comparing(parts)]
    lines = [parts.status, parts.compared]
    cancels([parts.cancel], events, lines, "Cancelled; the steps that came before are kept.")
    _reading(parts)
    _looking(parts)
    _choosing(parts)
    _touring(parts)
    saves(parts.files, export.download, parts.state, parts.file)
    shares(parts.link, parts.link_text, lambda *values: to_query(view_of(*values)), parts.values)
    _arriving(app, parts)


def _view(request: gr.Request, values: tuple[Any, ...]) -> MathView:
    return checked(view_of(*values), is_local(request))


def found_outputs(p: MathParts) -> list[Any]:
    """What follows a search."""
    return [p.state, p.status, p.stale, p.tree, p.reading, p.picks, p.compared, p.beside, p.script, p.command]


def found(state: MathPageState) -> tuple[Any, ...]:
    """The values of ``found_outputs``."""
    return (
        state,
        render.headline(replace(state, done=True)),
        "",
        render.tree_of(state),
        render.reading(state.tree),
        render.picks(state.pool, state.view.n, state.view.aggregation),
        render.compared(state),
        render.beside_of(state),
        export.as_python(state),
        export.as_command(state),
    )


def _solving(p: MathParts) -> Any:
    """The run button grows the tree; what needs no model is shown at once."""

    @friendly
    def run(request: gr.Request, *values: Any) -> Iterator[Any]:
        view = _view(request, values)
        if (known := page_state.ready(view)) is not None:
            yield found(known)
            return
        yield gr.skip(), status(f"{render.called(view.strategy)} begins.", busy=True), *(gr.skip(),) * 8
        for state in page_state.solve(view):
            if state.done:
                yield found(state)
            else:
                shown = render.headline(state), "", render.tree_of(state), render.reading(state.tree)
                yield state, *shown, *(gr.skip(),) * 5

    event = p.run.click(run, p.values, found_outputs(p), show_progress="hidden", **GPU, **QUIET)
    event.then(_own_curve, [p.state, p.value("n"), p.value("aggregation")], p.curve, **AT_ONCE, **QUIET)
    return event


@friendly
def _own_curve(state: MathPageState, n: float, aggregation: str) -> Any:
    return render.own_curve(state.pool, int(n), aggregation)


def _comparing(p: MathParts) -> Any:
    """Another strategy beside the tree that is there."""

    @friendly
    def run(state: MathPageState, request: gr.Request, *values: Any) -> Iterator[Any]:
        view = _view(request, values)
        yield gr.skip(), status(f"{render.called(view.other)} begins.", busy=True), gr.skip(), gr.skip()
        for now in page_state.compare(state, view.other):
            picks = render.picks(now.pool, view.n, view.aggregation) if now.done else gr.skip()
            yield now, render.compared(now), render.beside_of(now), picks

    outputs = [p.state, p.compared, p.beside, p.picks]
    event = p.compare.click(run, [p.state, *p.values], outputs, show_progress="hidden", **GPU, **QUIET)
    event.then(_own_curve, [p.state, p.value("n"), p.value("aggregation")], p.curve, **AT_ONCE, **QUIET)
    return event


def _reading(p: MathParts) -> None:
    """A clicked node tells its steps."""

    @friendly
    def read(state: MathPageState, event: gr.EventData):
        place = whole("The place of a node", getattr(event, "place", 0))
        tree = state.beside if str(getattr(event, "board", "")) == "beside" else state.tree
        return render.reading(tree, place)

    for board in (p.tree, p.beside):
        board.click(read, p.state, p.reading, **LIVE)


def _looking(p: MathParts) -> None:
    """N, the aggregation and the axis look anew at what was drawn; other changes make what is shown old."""

    @friendly
    def pick(state: MathPageState, n: float, aggregation: str):
        view = coerce_view({"n": n, "aggregation": aggregation})
        return render.picks(state.pool, view.n, view.aggregation), render.own_curve(
            state.pool, view.n, view.aggregation
        )

    @friendly
    def draw(axis: str, aggregation: str):
        view = coerce_view({"aggregation": aggregation})
        return render.accuracy_figure(view.aggregation, check_axis(axis)), render.bins_table(view.aggregation)

    @friendly
    def age(state: MathPageState, *values: Any):
        return render.stale(state, replace(view_of(*values), other=state.view.other))

    looked = [p.value("n"), p.value("aggregation")]
    for part in looked:
        part.change(pick, [p.state, *looked], [p.picks, p.curve], **LIVE)
    for part in (p.axis, p.value("aggregation")):
        part.change(draw, [p.axis, p.value("aggregation")], [p.accuracy, p.bins], **LIVE)
    for name in ORDER:
        if name != "other":
            p.value(name).change(age, [p.state, *p.values], p.stale, **LIVE)


def _choosing(p: MathParts) -> None:
    """An example brings its problem, its answer, and its search where that ships."""

    @friendly
    def choose(problem: str, *values: Any):
        known = page_state.known_problem(str(problem or ""))
        if known is None:
            return (gr.skip(),) * (2 + len(found_outputs(p)))
        view = replace(view_of(*values), problem=known.problem, truth=known.answer)
        state = page_state.ready(view)
        if state is None:
            return known.problem, known.answer, *(gr.skip(),) * len(found_outputs(p))
        return known.problem, known.answer, *found(state)

    outputs = [p.value("problem"), p.value("truth"), *found_outputs(p)]
    event = p.examples.input(choose, [p.examples, *p.values], outputs, **LIGHT, **QUIET)
    event.then(_own_curve, [p.state, p.value("n"), p.value("aggregation")], p.curve, **AT_ONCE, **QUIET)
    # the answer was another problem's; in the browser, so that no click on Solve comes before it
    p.value("problem").input(None, None, [p.value("truth"), p.examples], js="() => ['', null]")


def _touring(p: MathParts) -> None:
    """A stop asks, a guess reveals."""
    for stop in tour.STOPS:

        @friendly
        def ask(state: MathPageState, *values: Any, stop: tour.TourQuestion = stop):
            view = stop.view(view_of(*values))
            ready = page_state.ready(view) if stop.changes else None
            shown = found(ready) if ready is not None else (gr.skip(),) * len(found_outputs(p))
            line = f'<div class="note"><p><b>{html.escape(stop.title)}.</b> {html.escape(stop.question)}</p></div>'
            guess = gr.Radio([(one, one) for one in stop.guesses], value=None, visible=True)
            return *values_of(view), line, guess, stop.key, *shown

        outputs = [*p.values, p.tour_note, p.tour_guess, p.tour_key, *found_outputs(p)]
        scroll = (
            f"() => document.getElementById('{stop.where}')?.scrollIntoView({{behavior: 'smooth', block: 'center'}})"
        )
        p.tour[stop.key].click(ask, [p.state, *p.values], outputs, **LIGHT, **QUIET).then(None, None, None, js=scroll)

    @friendly
    def reveal(state: MathPageState, key: str, guess: str | None):
        stop = next((one for one in tour.STOPS if one.key == key), None)
        if stop is None or not guess:
            return gr.skip()
        said = f"You said “{guess}”. {stop.answer(state)}"
        return f'<div class="note"><p><b>{html.escape(stop.title)}.</b> {html.escape(said)}</p></div>'

    p.tour_guess.input(reveal, [p.state, p.tour_key, p.tour_guess], p.tour_note, **LIGHT, **QUIET)


def _arriving(app: gr.Blocks, p: MathParts) -> None:
    """A link brings the problem and the settings back; figures are drawn when the tab is first opened."""

    def arrival(query: dict[str, str], request: gr.Request):
        view = checked(coerce_view(query), is_local(request))
        state = page_state.ready(view) or MathPageState(view)
        return *values_in_query(query, ORDER, values_of(view)), *found(state)

    @friendly
    def opened(state: MathPageState, n: float, aggregation: str, axis: str):
        view = coerce_view({"n": n, "aggregation": aggregation})
        return (
            render.own_curve(state.pool, view.n, view.aggregation),
            render.accuracy_figure(view.aggregation, check_axis(axis)),
            render.trust_figure(),
            render.trust_words(),
            render.bins_table(view.aggregation),
        )

    offers(app, p.value("model"), MENU.names)
    offers(app, p.value("reward"), guides)
    arrives(app, "math", ORDER, arrival, [*p.values, *found_outputs(p)], **LIGHT, **QUIET)
    given = [p.state, p.value("n"), p.value("aggregation"), p.axis]
    if p.tab is not None:
        p.tab.select(opened, given, p.figures, **LIGHT, **QUIET)
