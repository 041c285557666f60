"""Which event calls what. Searching shares one place with the other models; what only looks has no limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import gradio as gr

from tts_playground.figures.theme import check_axis
from tts_playground.pages.checks import whole
from tts_playground.pages.math import export, known_words, many_problems, page_state, render
from tts_playground.pages.math.page_state import BASELINE, MathPageState
from tts_playground.pages.math.view_settings import (
    MENU,
    ORDER,
    MathView,
    checked,
    coerce_view,
    guides,
    to_query,
    usable,
    values_of,
    view_of,
)
from tts_playground.pages.never_met import note
from tts_playground.pages.status import status
from tts_playground.pages.strategy_names import called
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import (
    GPU,
    LIGHT,
    LIVE,
    QUIET,
    cancels,
    follows,
    is_local,
    keeps,
    offers,
    saves,
    shares,
    values_in_query,
    waiting,
)
from tts_playground.ui.math import recipes_view, tour_view
from tts_playground.ui.math.layout import LEVELS, MathParts
from tts_playground.ui.math.shown import (
    beside_of,
    beside_outputs,
    choice_of,
    choice_outputs,
    found,
    found_outputs,
)


def wire(app: gr.Blocks, parts: MathParts) -> None:
    """Connect the tab."""
    keeps(app, "math", ORDER, parts.values)
    events = [_solving(parts), *_comparing(parts)]
    lines = [parts.status, parts.compared]
    cancels([parts.cancel], events, lines, "Cancelled; the steps that came before are kept.", "Not solved")
    _reading(parts)
    _looking(parts)
    _choosing(parts)
    tour_view.wire(parts)
    recipes_view.wire(parts.recipes, parts.value("model"), parts.value("reward"))
    _saving(parts)
    _opening(app, parts)


def _view(request: gr.Request, values: tuple[Any, ...]) -> MathView:
    return checked(view_of(*values), is_local(request))


def _solving(p: MathParts) -> Any:
    """The run button grows the tree; what needs no model is shown at once."""

    @friendly
    def run(before: MathPageState, request: gr.Request, *values: Any) -> Iterator[Any]:
        view = page_state.with_own_truth(_view(request, values), before)
        if (known := page_state.ready(view)) is not None:
            yield found(known)
            return
        page_state.task_of(view)  # an empty problem is refused before anything is said to begin
        rest = (gr.skip(),) * (len(found_outputs(p)) - 5)
        busy = status(f"{called(view.strategy)} begins.", busy=True)
        former = beside_of(MathPageState(view))  # what stood beside the former search says nothing of this one
        yield gr.skip(), busy, *(gr.skip(),) * 3, *former, *rest[len(former) :]
        for state in page_state.solve(view):
            if state.done:
                yield found(state)
            else:
                yield state, render.headline(state), "", render.tree_of(state), render.reading(state.tree), *rest

    return p.run.click(run, [p.state, *p.values], found_outputs(p), **waiting(p.status), **GPU, **QUIET)


def _comparing(p: MathParts) -> list[Any]:
    """Another strategy beside the tree that is there; best-of-N brings solutions to choose from."""
    outputs = [p.state, *beside_outputs(p), *choice_outputs(p)]

    def beside(state: MathPageState, other: str, view: MathView) -> Iterator[Any]:
        skipped = (gr.skip(),) * len(choice_outputs(p))
        if state.tree is not None:
            yield gr.skip(), status(f"{called(other)} begins.", busy=True), gr.skip(), gr.skip(), *skipped
        for now in page_state.compare(state, other):
            choice = choice_of(replace(now, view=replace(now.view, look=view.n))) if now.done else skipped
            yield now, *beside_of(now), *choice

    @friendly
    def compare(state: MathPageState, request: gr.Request, *values: Any) -> Iterator[Any]:
        view = _view(request, values)
        yield from beside(state, view.other, view)

    @friendly
    def draw(state: MathPageState, request: gr.Request, *values: Any) -> Iterator[Any]:
        yield from beside(state, BASELINE, _view(request, values))

    given: dict[str, Any] = {"inputs": [p.state, *p.values], "outputs": outputs, **waiting(p.compared)}
    return [p.compare.click(compare, **given, **GPU, **QUIET), p.draw.click(draw, **given, **GPU, **QUIET)]


def _reading(p: MathParts) -> None:
    """A clicked node tells its steps."""

    @friendly
    def read(state: MathPageState, event: gr.EventData):
        return render.reading(state.tree, whole("The place of a node", getattr(event, "place", 0)))

    @friendly
    def read_beside(state: MathPageState, event: gr.EventData):
        return render.reading(state.beside, whole("The place of a node", getattr(event, "place", 0)))

    p.tree.click(read, p.state, p.reading, **LIVE)
    p.beside.click(read_beside, p.state, p.beside_reading, **LIVE)


def _looking(p: MathParts) -> None:
    """N, the aggregation and the axis look anew at what was drawn; other changes make what is shown old."""

    @friendly
    def pick(state: MathPageState, look: float, aggregation: str):
        view = coerce_view({"look": look, "aggregation": aggregation})
        return (
            render.picks(state.pool, view.look, view.aggregation),
            render.own_curve(state.pool, view.look, view.aggregation),
            render.chips(state.pool, view.look, view.aggregation),
        )

    @friendly
    def draw(axis: str, level: str, aggregation: str):
        return many(check_axis(axis), level, coerce_view({"aggregation": aggregation}).aggregation)

    @friendly
    def age(state: MathPageState, *values: Any):
        return render.stale(state, page_state.with_own_truth(view_of(*values), state))

    @friendly
    def asked(state: MathPageState, example: str | None, *values: Any):
        view = view_of(*values)
        truth = page_state.with_own_truth(view, state).truth
        kept = example is None or example.strip() == view.problem.strip()
        hint = note(known_words.hint(view.problem, view.model))
        return hint, gr.skip() if truth == view.truth else truth, gr.skip() if kept else None

    looked = [p.value("look"), p.value("aggregation")]
    many_of = [p.axis, p.level, p.value("aggregation")]
    follows([part.change for part in looked], pick, [p.state, *looked], [p.picks, p.curve, p.chips])
    follows([part.change for part in many_of], draw, many_of, p.figures[:3])
    settings = [p.value(name).change for name in ORDER if name not in ("other", "look")]
    follows(settings, age, [p.state, *p.values], p.stale)
    outputs = [p.words, p.value("truth"), p.examples]
    follows([p.value("problem").change, p.value("model").change], asked, [p.state, p.examples, *p.values], outputs)


def many(axis: str, level: str, how: str) -> tuple[Any, ...]:
    """What is said of many problems: accuracy as a figure and in words, and by difficulty."""
    of = int(level) if level in LEVELS[1:] else 0
    return (
        many_problems.accuracy_figure(how, axis, of),
        many_problems.accuracy_words(how, of),
        many_problems.bins_table(how),
    )


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
    p.examples.input(choose, [p.examples, *p.values], outputs, **LIGHT, **QUIET)


def _saving(p: MathParts) -> None:
    """Files, figures and links."""
    saves(p.files, export.download, p.state, p.file)
    shares(p.link, p.link_text, lambda *values: to_query(view_of(*values)), p.values)

    @friendly
    def figure(state: MathPageState, which: str, kind: str, axis: str):
        return export.figure_file(state, which, kind, check_axis(axis))

    given = [p.state, p.figure, p.kind, p.axis]
    event = p.save_figure.click(figure, given, p.file, **LIGHT, **QUIET)
    event.success(None, p.file, None, js="(told) => window.ttsFigure(told)")


def _opening(app: gr.Blocks, p: MathParts) -> None:
    """What the tab shows is sent when it is first opened, by hand or by a link, which brings its settings along."""
    outputs = [p.was_open, p.examples, *p.values, *p.figures, *found_outputs(p)[:-1]]  # "look" stands among the values

    def filled(query: Mapping[str, str], axis: str, local: bool):
        view = checked(page_state.linked_view(query), local)
        state = page_state.ready(view) or MathPageState(view)
        named = dict(query) | ({"truth": view.truth} if "problem" in query else {})  # another problem's answer goes
        values = values_in_query(named, ORDER, values_of(view))
        figures = (
            *many(check_axis(axis), "all", view.aggregation),
            many_problems.trust_figure(),
            many_problems.trust_words(),
        )
        *shown, look = found(state)
        example = None if page_state.known_problem(view.problem) is None else gr.skip()
        return True, example, *values[:-1], look, *figures, *shown

    def linked(request: gr.Request) -> dict[str, str]:
        query = dict(request.query_params)
        return query if query.get("tab") == "math" and set(query) & set(ORDER) else {}

    @friendly
    def opened(was_open: bool, axis: str, request: gr.Request):
        if was_open:
            return (gr.skip(),) * len(outputs)
        return filled(linked(request), axis, is_local(request))

    @friendly
    def opened_without(was_open: bool, axis: str, request: gr.Request):
        """What a link cannot carry was said; the rest of it is there all the same."""
        if was_open:
            return (gr.skip(),) * len(outputs)
        return filled(usable(linked(request), is_local(request)), axis, is_local(request))

    offers(app, p.value("model"), MENU.names)
    offers(app, p.value("reward"), guides)
    if p.tab is not None:
        event = p.tab.select(opened, [p.was_open, p.axis], outputs, **LIGHT, **QUIET)
        event.failure(opened_without, [p.was_open, p.axis], outputs, **LIGHT, **QUIET)
