"""Which event calls what. Audits share one place with the other models; what only looks has no limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from tts_playground.auditing.effects import FACTORS
from tts_playground.pages.audit import export, own_picture, page_state, render, tour
from tts_playground.pages.audit.page_state import AuditPageState
from tts_playground.pages.audit.render import Focus
from tts_playground.pages.audit.view_settings import (
    ORDER,
    AuditView,
    allowed,
    from_query,
    models,
    to_query,
    values_of,
    view_of,
)
from tts_playground.pages.status import status
from tts_playground.ui.audit.layout import AuditParts
from tts_playground.ui.error_handling import friendly
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
from tts_playground.ui.widgets import said


def wire(app: gr.Blocks, parts: AuditParts) -> None:
    """Connect the tab."""
    keeps(app, "audit", ORDER, parts.values)
    _running(parts)
    _looking(parts)
    _touring(parts)
    _own(parts)
    looked = [parts.work, parts.value("n"), parts.value("temperature")]
    saves(parts.files, export.download_at, looked, parts.file)
    shares(parts.link, parts.link_text, lambda *values: to_query(view_of(*values)), parts.values)
    _arriving(app, parts)


def _view(request: gr.Request, values: tuple[Any, ...]) -> AuditView:
    view = view_of(*values)
    allowed(view.model, is_local(request))
    return view


def everything(found: AuditPageState, focus: Focus) -> tuple[Any, ...]:
    """The values of ``AuditParts.shown``."""
    report = found.report()
    return (
        render.summary(found, report),
        render.verdict(report),
        render.bars_of(found, focus, report),
        said(render.about_gallery(focus)) + render.links(found, focus),
        render.gallery(found, focus),
        *render.pictures_of(report),
        export.as_python(found),
        render.headline(report) + render.made_of(found, report),
        gr.Button(visible=render.too_few(found, report)),
        render.reasons(report),
    )


def _running(p: AuditParts) -> None:
    """The run button fills the histogram; cancelling keeps what was answered."""

    @friendly
    def run(focus: Focus, request: gr.Request, *values: Any) -> Iterator[Any]:
        view = _view(request, values)
        yield gr.skip(), status(f"Asking {view.model}.", busy=True), "", gr.skip()
        for found in page_state.audit(view):
            bars = render.bars_of(found.looked_at(view.n, view.temperature), focus)
            yield found, render.running(found), "", bars

    @friendly
    def settle(found: AuditPageState, focus: Focus, *values: Any):
        if not found.pictures:
            return (gr.skip(),) * len(p.shown)
        view = view_of(*values)
        return everything(found.looked_at(view.n, view.temperature), focus)

    outputs = [p.work, p.status, p.verdict, p.histogram]
    wanted = p.more.click(lambda: render.MORE, None, p.value("per_cond"), **LIGHT, **QUIET)
    given, events = [p.work, p.focus, *p.values], []
    for trigger in (p.run.click, wanted.success):
        event = trigger(run, [p.focus, *p.values], outputs, **waiting(p.status), **GPU, **QUIET)
        event.then(settle, given, p.shown, **AT_ONCE, **QUIET)
        events.append(event)
    cancels([p.cancel], events, [p.status], "Cancelled; what was answered is kept.", "Not asked")


def _looking(p: AuditParts) -> None:
    """Temperature and N look at exact chances anew, scripts follow all controls; bars choose what is seen."""

    @friendly
    def look(found: AuditPageState, focus: Focus, request: gr.Request, *values: Any):
        view = _view(request, values)
        if (new := page_state.at_once(found, view)) is not None:
            return new, *everything(new, focus)
        kept = (gr.skip(),) * len(p.shown)
        if not found.drawn and found.pictures:
            return gr.skip(), *everything(found.looked_at(view.n, view.temperature), focus)
        if (view.n, view.temperature) == (found.view.n, found.view.temperature):
            return gr.skip(), *kept
        line = "These replies were drawn: press “Run the audit” to draw at this N and temperature."
        return gr.skip(), status(line), *kept[1:]

    @friendly
    def turn(found: AuditPageState, focus: Focus, factor: str, level: str, values: tuple[Any, ...]):
        view = view_of(*values)
        new = Focus(factor if factor in FACTORS else "digit", level)
        seen = found.looked_at(view.n, view.temperature)
        if not found.pictures:
            return new, gr.skip(), gr.skip(), gr.skip()
        about = said(render.about_gallery(new)) + render.links(seen, new)
        return new, render.bars_of(seen, new, seen.report()), about, render.gallery(seen, new)

    def choose(found: AuditPageState, focus: Focus, factor: str, *values: Any):
        return turn(found, focus, factor, "", values)

    def click(found: AuditPageState, focus: Focus, event: gr.EventData, *values: Any):
        level = str(getattr(event, "level", ""))[:20]
        return turn(found, focus, focus.factor, "" if level == focus.level else level, values)

    def speak(found: AuditPageState, event: gr.EventData, *values: Any):
        factor, level = (str(getattr(event, name, ""))[:20] for name in ("factor", "level"))
        return *turn(found, Focus(), factor, level, values), factor if factor in FACTORS else gr.skip()

    follows([part.change for part in p.values], look, [p.work, p.focus, *p.values], [p.work, *p.shown])
    turned = [p.focus, p.histogram, p.about, p.gallery]
    p.factor.input(choose, [p.work, p.focus, p.factor, *p.values], turned, **LIVE)
    p.histogram.click(click, [p.work, p.focus, *p.values], turned, **LIVE)
    p.verdict.click(speak, [p.work, *p.values], [*turned, p.factor], **LIVE)


def _touring(p: AuditParts) -> None:
    """A question sets what it needs, and the quiz runs a script that is not named; a guess brings the answer."""
    for stop in tour.STOPS:

        @friendly
        def start(stop: tour.AuditStop = stop):
            return tour.tour_cards()[stop.key].shown(), stop.changes.get("temperature", gr.skip())

        event = p.tour[stop.key].click(start, None, [p.tour_note, p.value("temperature")], **LIGHT, **QUIET)
        if stop.key == tour.QUIZ:

            @friendly
            def riddle(found: AuditPageState, focus: Focus, *values: Any):
                asked = page_state.quiz(view_of(*values), found.view.model)
                return asked, *everything(asked, focus)

            event.success(riddle, [p.work, p.focus, *p.values], [p.work, *p.shown], **LIGHT, **QUIET)

    @friendly
    def reveal(found: AuditPageState, focus: Focus, event: gr.EventData, *values: Any):
        stop, guess = tour.named(getattr(event, "key", "")), str(getattr(event, "guess", ""))[:80]
        if stop is None or guess not in stop.guesses:
            return (gr.skip(),) * len(outputs)
        view = view_of(*values)
        found = found.looked_at(view.n, view.temperature)
        report = found.report()
        shown = tour.tour_cards()[stop.key].shown(guess=guess, answer=stop.answer(found, report))
        if stop.key != tour.QUIZ or not found.secret:
            return shown, *(gr.skip(),) * (len(outputs) - 1)
        known = replace(found, secret=False)
        headline = render.headline(report) + render.made_of(known, report)
        # the controls now say what was guessed, so that the figures stay those of the controls
        asked = values_of(known.view)
        return shown, known, render.summary(known, report), export.as_python(known), headline, *asked

    outputs = [p.tour_note, p.work, p.status, p.script, p.headline, *p.values]
    p.tour_note.click(reveal, [p.work, p.focus, *p.values], outputs, **LIGHT, **QUIET)


def _own(p: AuditParts) -> None:
    """A picture of one's own."""

    @friendly
    def ask(picture: Any, labels: str, request: gr.Request, *values: Any):
        view = _view(request, values)
        line, bars = own_picture.ask(picture, labels, view.model, view.temperature)
        return line + own_picture.made_of(picture, labels, view), bars

    asked = [p.own_status, p.own_bars]
    p.ask.click(ask, [p.picture, p.labels, *p.values], asked, show_progress="minimal", **GPU, **QUIET)
    follows([p.picture.change, p.labels.change], own_picture.now_of, [p.picture, p.labels], p.own_now)


def _arriving(app: gr.Blocks, p: AuditParts) -> None:
    """A link brings settings back; the audit of a model is run by the person."""

    def arrival(query: dict[str, str], request: gr.Request):
        view = from_query(query)
        allowed(view.model, is_local(request))
        line = gr.skip()  # what costs nothing follows the controls
        if not page_state.instant(view):
            line = status("The settings of this link are set; press “Run the audit”.")
        return *values_in_query(query, ORDER, values_of(view)), line

    offers(app, p.value("model"), models)
    arrives(app, "audit", ORDER, arrival, [*p.values, p.status], **LIGHT, **QUIET)
