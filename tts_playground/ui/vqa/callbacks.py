"""Which event calls what. Answering shares one place with the other models; what only looks has no limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from tts_playground.errors import PlaygroundError
from tts_playground.pages.checks import whole
from tts_playground.pages.coerce import one_of
from tts_playground.pages.menu import granted
from tts_playground.pages.never_met import note
from tts_playground.pages.status import status
from tts_playground.pages.vqa import known_words, render, sentences, tour, words
from tts_playground.pages.vqa.page_state import SetWork, VqaPageState, ask, ask_set, opening_set, ready
from tts_playground.pages.vqa.view_settings import (
    MENU,
    ORDER,
    VqaView,
    coerce_view,
    examples,
    sets,
    to_query,
    values_of,
    view_of,
)
from tts_playground.tasks.vqa_data import SHIPPED
from tts_playground.ui.error_handling import friendly, said
from tts_playground.ui.events import (
    AT_ONCE,
    GPU,
    LIGHT,
    LIVE,
    QUIET,
    arrives,
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
from tts_playground.ui.tour import first
from tts_playground.ui.vqa import step_search_view
from tts_playground.ui.vqa.layout import VqaParts


def wire(app: gr.Blocks, parts: VqaParts) -> None:
    """Connect the tab."""
    keeps(app, "vqa", ORDER, parts.settings)
    events = [_asking(parts), _set(parts)]
    _looking(parts)
    _touring(parts)
    cancels(
        [parts.cancel], events, [parts.status, parts.set_status], "Cancelled; what came before is kept.", "Not asked"
    )
    step_search_view.wire(parts.steps, parts.picture, parts.settings, _view, parts.cancel)
    _choosing(parts)
    _theory(parts)
    saves(parts.files, render.download, parts.work, parts.file)
    given = [parts.picture, *parts.settings]
    shares(parts.link, parts.link_text, lambda _, *values: to_query(view_of(*values)), given, _lost)
    _arriving(app, parts)


def _lost(picture: Any, *values: Any) -> str:
    """What a link to this question cannot carry."""
    question = view_of(*values).question
    known = next((one.picture for one in examples() if one.question == question), None)
    return "" if picture is None or (known is not None and _same(picture, known)) else LOST


LOST = "This link cannot carry your picture: send the picture beside it."
WITHOUT = "This link came without its picture, which no link can carry: add the picture, then press “Ask”."


def _same(picture: Any, known: Any) -> bool:
    return picture.size == known.size and picture.convert("RGB").tobytes() == known.convert("RGB").tobytes()


def _view(request: gr.Request, values: tuple[Any, ...]) -> VqaView:
    view = view_of(*values)
    MENU.allowed(view.model, is_local(request))
    return view


def shown(work: VqaPageState | None, n: float, place: int | None = None) -> tuple[Any, ...]:
    """(verdict, status, table, curve, board) of the first ``n`` answers of what was drawn."""
    first = None if work is None else replace(work.first(int(n)), view=replace(work.view, n=int(n)))
    whole = None if work is None else replace(work, view=replace(work.view, n=int(n)))
    curve = render.question_figure(whole)
    return render.verdict(first), render.headline(first), render.table(first), curve, words.board(work, place)


def _shown(p: VqaParts) -> list[Any]:
    return [p.verdict, p.status, p.table, p.curve, p.board]


def _asking(p: VqaParts) -> Any:
    """The run button streams answers as they finish; curves follow once all are verified."""

    @friendly
    def run(before: VqaPageState | None, picture: Any, request: gr.Request, *values: Any) -> Iterator[Any]:
        view = _view(request, values)
        asking = f"Asking {view.model} {'once' if view.n == 1 else f'{view.n} times'}."
        yield gr.skip(), status(asking, busy=True), gr.skip(), gr.skip()
        begun = False
        try:
            for work in ask(picture, view):
                begun = True
                verdict = gr.skip() if work.result is None else render.verdict(work)
                yield work, render.headline(work), render.table(work), verdict
        except PlaygroundError as error:
            if not begun:
                yield gr.skip(), status(sentences.not_asked(error, before)), gr.skip(), gr.skip()
                raise said(error) from error  # told above: the end of the event need not tell it again
            raise

    @friendly
    def settle(work: VqaPageState | None, done: SetWork | None):
        asked = () if work is None or work.asked is None else (work.asked,)
        done = done or opening_set()
        every = asked if done is None or not done.asked else done.asked
        view = work.view if work is not None else None
        shape = gr.skip() if view is None else render.shape_figure(work, view.temperature, view.top_p, view.top_k)
        trust = render.reliability_figure(every)
        return render.question_figure(work), trust, shape, render.as_python(work), words.board(work), None

    outputs = [p.work, p.status, p.table, p.verdict]
    event = p.run.click(run, [p.work, p.picture, *p.settings], outputs, **waiting(p.status), **GPU, **QUIET)
    settled = [p.curve, p.reliability, p.shape, p.script, p.board, p.reply]
    event.then(settle, [p.work, p.set_work], settled, **AT_ONCE, **QUIET)
    return event


def _looking(p: VqaParts) -> None:
    """N looks at the first of what was drawn; a row of answers is read word by word."""

    @friendly
    def look(work: VqaPageState | None, n: float):
        if work is None or work.result is None:
            return (gr.skip(),) * 4
        return shown(work, _count(n))[:4]

    @friendly
    def read(work: VqaPageState | None, event: gr.EventData):
        place = whole("The place of an answer", getattr(event, "place", 0))
        return place, words.board(work, place)

    p.value("n").change(look, [p.work, p.value("n")], _shown(p)[:4], **LIVE)
    p.table.click(read, p.work, [p.reply, p.board], **LIVE)
    p.picture.change(friendly(render.picture_now), p.picture, p.now, **LIVE)


def _count(n: Any) -> int:
    return coerce_view({"n": n}).n


def _touring(p: VqaParts) -> None:
    """A question sets what it needs and opens its section; a guess brings the answer."""
    for stop in tour.STOPS:

        @friendly
        def start(work: VqaPageState | None, stop: tour.AnswerStop = stop):
            own = gr.skip() if work is None else work.view.temperature  # another question may have changed it
            return tour.tour_cards()[stop.key].shown(), _opened(stop), stop.changes.get("temperature", own)

        outputs = [p.tour_note, p.sections, p.value("temperature")]
        p.tour[stop.key].click(start, p.work, outputs, **LIGHT, **QUIET)

    @friendly
    def reveal(work: VqaPageState | None, done: SetWork | None, event: gr.EventData):
        stop, guess = tour.named(getattr(event, "key", "")), str(getattr(event, "guess", ""))[:80]
        if stop is None or guess not in stop.guesses:
            return gr.skip(), gr.skip()
        answer = stop.answer(tour.AnswerEvidence(work, done))
        opened = _opened(stop) if first(event) else gr.skip()
        return tour.tour_cards()[stop.key].shown(guess=guess, answer=answer), opened

    p.tour_note.click(reveal, [p.work, p.set_work], [p.tour_note, p.sections], **LIGHT, **QUIET)


def _opened(stop: tour.AnswerStop) -> Any:
    """The tabs with the question's section open."""
    return gr.Tabs(selected=stop.section) if stop.section else gr.skip()


def _set(p: VqaParts) -> Any:
    """A set of questions, through the store, with the curve growing."""

    @friendly
    def run(name: str, count: float, axis: str, measure: str, request: gr.Request, *values: Any) -> Iterator[Any]:
        view = _view(request, values)
        granted(name, is_local(request), [SHIPPED])
        yield (
            gr.skip(),
            gr.skip(),
            status(f"Asking each of {int(count)} questions {view.n} times.", busy=True),
            gr.skip(),
        )
        for work in ask_set(name, int(count), view):
            ready = work.done == work.of
            figure = render.set_figure(work, axis, measure) if ready else gr.skip()
            trust = render.reliability_figure(work.asked, measure) if ready else gr.skip()
            line = render.set_reading(work, measure) if ready else _counting(work)
            yield work, figure, line, trust

    @friendly
    def look(work: SetWork | None, axis: str, measure: str):
        work = work or opening_set()
        return render.set_figure(work, axis, measure), render.set_reading(work, measure)

    given = [p.set_name, p.set_count, p.set_axis, p.set_measure, *p.settings]
    outputs = [p.set_work, p.set_figure, p.set_status, p.reliability]
    event = p.set_run.click(run, given, outputs, **waiting(p.set_status), **GPU, **QUIET)
    shown_by = [p.set_axis, p.set_measure]
    follows([part.change for part in shown_by], look, [p.set_work, *shown_by], [p.set_figure, p.set_status])
    return event


def _counting(work: SetWork) -> str:
    return status(f"{work.done} of {work.of} questions. {work.note}", busy=True)


def _answers(work: VqaPageState | None, n: float) -> tuple[Any, ...]:
    """What stands on the page of the answers: they, and all that is shown of them."""
    return work, render.as_python(work), *shown(work, n)


def _choosing(p: VqaParts) -> None:
    """An example brings its picture, its question, its answer, and ready-made replies where there are some."""

    @friendly
    def choose(event: gr.SelectData, *values: Any):
        one, view = one_of(examples(), event.index), view_of(*values)
        work = ready(one, view)
        found = _answers(work, view.n)
        if work is None:
            found = *found[:2], render.verdict(None), status("The example is ready; press “Ask”."), *found[4:]
        return one.picture, one.question, one.answer, *found

    outputs = [p.picture, p.settings[0], p.settings[1], p.work, p.script, *_shown(p)]
    p.examples.select(choose, p.settings, outputs, **LIGHT, **QUIET)
    question, model = p.value("question"), p.value("model")
    follows([question.change, model.change], _strange, [question, model], p.words)
    p.picture.input(lambda: "", None, p.settings[1], **LIGHT, **QUIET)  # the known answer was the other picture's


@friendly
def _strange(question: str | None, model: str | None) -> str:
    return note(known_words.hint(question or "", model or ""))


def _theory(p: VqaParts) -> None:
    """Live figures follow their sliders."""
    n, temperature, top_p, top_k = (p.value(name) for name in ("n", "temperature", "top_p", "top_k"))
    friendly_theory, friendly_shape = friendly(render.theory_figure), friendly(render.shape_figure)
    follows([p.theory_p.change, n.change], friendly_theory, [p.theory_p, n], p.theory)
    shaping = [temperature, top_p, top_k]
    follows([part.change for part in shaping], friendly_shape, [p.work, *shaping], p.shape)


def _arriving(app: gr.Blocks, p: VqaParts) -> None:
    """A link brings the question and the settings back; an example's question brings its picture."""

    shown_parts = [p.work, p.script, *_shown(p)]

    def arrival(query: dict[str, str], request: gr.Request):
        view = coerce_view(query)
        MENU.allowed(view.model, is_local(request))
        known = next((one for one in examples() if one.question == view.question), None)
        if known is None:  # never another question's picture
            found = *_answers(None, view.n)[:3], status(WITHOUT), *_answers(None, view.n)[4:]
            return *values_in_query(query, ORDER, values_of(view)), None, *found
        return *values_in_query(query, ORDER, values_of(view)), known.picture, *_answers(ready(known, view), view.n)

    offers(app, p.settings[ORDER.index("model")], MENU.names)
    offers(app, p.set_name, sets)
    arrives(app, "vqa", ORDER, arrival, [*p.settings, p.picture, *shown_parts], **LIGHT, **QUIET)
