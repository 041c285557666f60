"""Which event calls what. Searches share one small concurrency group; everything that only looks has no limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import gradio as gr

from tts_playground.errors import BadInput
from tts_playground.pages.coerce import one_of, whole
from tts_playground.pages.sketch import editor, examples, ink_link, render, results, strategy_comparison
from tts_playground.pages.sketch.page_state import SketchPageState
from tts_playground.pages.sketch.view_settings import (
    INVERT,
    LIMITS,
    ORDER,
    allowed,
    from_query,
    settings_of,
    to_query,
    values_of,
)
from tts_playground.pages.status import status
from tts_playground.tasks.sketch import CANDIDATES, SketchSettings
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import (
    AT_ONCE,
    LIGHT,
    LIVE,
    QUIET,
    arrives,
    cancels,
    is_local,
    keeps,
    saves,
    shares,
    values_in_query,
    waiting,
)
from tts_playground.ui.sketch import comparison_view
from tts_playground.ui.sketch.canvas_now import ANOTHER, CANVAS
from tts_playground.ui.sketch.layout import SketchParts

HEAVY: dict[str, Any] = {"concurrency_id": "search", "concurrency_limit": 2}
"""two searches at a time; the rest wait in the queue and see their place"""
ON_CANVAS = "Example “{name}” is on the canvas; press “Find the program”."
AS_READ = "Your drawing, as it is read; press “Find the program” when it is done."
TAKEN = "What was read from your picture is on the canvas; correct it there."
OF_LINK = "The drawing of this link is on the canvas; press “Find the program”."
AGAIN = "Your drawing, read again; press “Find the program”."
LONGEST = 6000
"""characters of a program in a link"""
PASTE = """() => document.addEventListener('paste', (event) => {
const target = event.target instanceof Element ? event.target : document.body;
const canvas = document.querySelector('#sketch-canvas');
if (event.defaultPrevented || target.closest('input, textarea, [contenteditable], #sketch-upload')) return;
if (!canvas || !canvas.offsetParent) return;
const picture = [...(event.clipboardData?.files || [])].find((file) => file.type.startsWith('image/'));
const input = document.querySelector('#sketch-pasted input[type=file]');
if (!picture || !input) return;
event.preventDefault();
const held = new DataTransfer(); held.items.add(picture); input.files = held.files;
input.dispatchEvent(new Event('change', {bubbles: true})); })"""
"""a picture that is pasted while this tab is shown goes on its canvas, unless it is pasted into a field"""


def wire(app: gr.Blocks, parts: SketchParts, starters: dict[str, SketchPageState]) -> None:
    """Connect the tab."""
    keeps(app, "sketch", ORDER, parts.settings)
    _drawing(parts)
    _rereading(parts)
    _searching(parts)
    _results(parts, starters)
    _editing(parts)
    comparison_view.wire(parts, HEAVY)
    _arriving(app, parts)


def _settings(request: gr.Request, values: tuple[Any, ...]) -> SketchSettings:
    """What a page asks to be searched with, by a sampler that it may use."""
    settings = settings_of(*values)
    allowed(settings.sampler, is_local(request))
    return settings


def _canvas_event(p: SketchParts) -> dict[str, Any]:
    """For events that put something on the canvas, whose progress is shown elsewhere.

    Measured: a canvas that shows progress sends its pictures to the server again with every status of every event.
    """
    return {**LIGHT, **QUIET, "show_progress_on": p.status}


def _reading(p: SketchParts, trigger: Any) -> Any:
    """Copy the canvas to ``p.held`` in the browser when ``trigger`` comes; returns the event after that.

    Measured: gradio asks every component that was ever an input of a finished event for its value at each status line
    of every event, whatever its tab; the canvas answers each time by uploading its pictures (six a second while a
    search streamed), and a cancel had to wait behind them.
    """
    return trigger(None, p.canvas, p.held, js="(drawing) => drawing", **QUIET).success


def _drawing(p: SketchParts) -> None:
    """Examples, uploads and the clear button put ink on the canvas; a stroke shows how it is read."""

    def put(request: gr.Request, ink: Any, loaded: Any, outline: str, n: int, line: str, name: str = ""):
        value = examples.layers(ink)
        task = examples.task_of(value, loaded, outline)
        CANVAS.holds(request, task)
        address = ink_link.query(ink, name)
        return address, value, loaded, task, render.compare(task, None), status(line), *_nothing_found(n), "auto", False

    @friendly
    def pick(outline: str, n: int, event: gr.SelectData, request: gr.Request):
        name = one_of(examples.names(), event.index)
        return put(request, *examples.load(examples.picture(name)), outline, n, ON_CANVAS.format(name=name), name)

    @friendly
    def take(picture: Any, outline: str, n: int, request: gr.Request):
        if picture is None:
            return (gr.skip(),) * len(outputs)
        ink, loaded = examples.load(picture)
        if not ink.any():
            raise BadInput(
                "No drawing was found in this picture; it needs dark strokes on light paper, or the reverse."
            )
        return put(request, ink, loaded, outline, n, TAKEN + _noted(loaded.notes))

    @friendly
    def wipe(n: int, request: gr.Request):
        CANVAS.holds(request, None)
        line = status("The canvas is clear.")
        shown = "", examples.layers(None), None, None, render.compare(None, None), line
        return *shown, *_nothing_found(n), "auto", False

    @friendly
    def notice(
        value: Any,
        loaded: Any,
        drawn: Any,
        text: str,
        work: SketchPageState | None,
        outline: str,
        n: int,
        request: gr.Request,
    ):
        task = examples.task_of(value, loaded, outline)
        if task.blank or task == drawn:  # the canvas also reports when nothing was drawn
            return (gr.skip(),) * len(noticed)
        CANVAS.holds(request, task)
        address = ink_link.query(examples.ink_of(value), examples.name_of(task))
        if work is None and text.strip():  # typed by hand: it is compared with every stroke
            shown, _, line = editor.follow(text, task)
            kept = (gr.skip(),) * (len(noticed) - 4)
            return address, task, shown or render.compare(task, None), line or gr.skip(), *kept
        return address, task, render.compare(task, None), status(AS_READ), *_nothing_found(n)

    reading = [p.settings[ORDER.index(name)] for name in ("invert", "crop")]
    outputs = [p.address, p.canvas, p.loaded, p.drawn, p.panel, p.status, *_found(p), *reading]
    outline_and_n = [p.settings[ORDER.index("outline")], p.n]
    p.examples.select(pick, outline_and_n, outputs, **_canvas_event(p))
    p.upload.input(take, [p.upload, *outline_and_n], outputs, **_canvas_event(p))
    pasted = p.pasted.upload(take, [p.pasted, *outline_and_n], outputs, **_canvas_event(p))
    pasted.then(lambda: None, None, p.pasted, **LIGHT, **QUIET)  # ready for the next one
    p.clear.click(wipe, p.n, outputs, **_canvas_event(p))
    p.canvas.clear(wipe, p.n, outputs, **_canvas_event(p))
    # reading the canvas uploads it, so the others read what was noticed at the last stroke
    noticed = [p.address, p.drawn, p.panel, p.status, *_found(p)]
    # a change comes once the canvas has sent its parts; with ``input`` it answers with those of the stroke before
    _reading(p, p.canvas.change)(
        notice,
        [p.held, p.loaded, p.drawn, p.program, p.work, *outline_and_n],
        noticed,
        **LIVE,
    )


def _rereading(p: SketchParts) -> None:
    """Buttons below the drawing, and their settings, read it in another way: a wrong guess costs one click."""
    chosen = [p.settings[ORDER.index(name)] for name in ("outline", "invert", "crop")]

    def read(how: str):
        @friendly
        def reread(value: Any, loaded: Any, outline: str, invert: str, crop: bool, n: int, request: gr.Request):
            if not examples.ink_of(value).any():
                raise BadInput("The canvas is blank; draw something, or upload a picture.")
            was = loaded.turned if loaded else invert == "yes"
            if how in ("filled", "lines", "outline"):
                outline = {"filled": "fill", "lines": "keep"}.get(how, outline)
                ink, kept = examples.ink_of(value), loaded
            else:
                invert = ("no" if was else "yes") if how == "inverted" else invert
                crop = not crop if how == "cropped" else bool(crop)
                turn = how == "inverted" or (how == "invert" and (invert == "yes") != was)
                ink, kept = examples.again(value, loaded, INVERT.get(invert), crop, turn)
            value = examples.layers(ink)
            task = examples.task_of(value, kept, outline)
            CANVAS.holds(request, task)
            line = status(AGAIN + _noted((*(kept.notes if kept else ()), *task.notes[1:])))
            return value, kept, task, render.compare(task, None), line, *_nothing_found(n), outline, invert, crop

        return reread

    inputs = [p.held, p.loaded, *chosen, p.n]
    outputs = [p.canvas, p.loaded, p.drawn, p.panel, p.status, *_found(p), *chosen]
    triggers = {"filled": p.filled.click, "lines": p.lines.click, "inverted": p.inverted.click}
    triggers |= {"cropped": p.cropped.click}
    triggers |= {"outline": chosen[0].input, "invert": chosen[1].input, "crop": chosen[2].input}
    for how, trigger in triggers.items():
        _reading(p, trigger)(read(how), inputs, outputs, **_canvas_event(p))


def _noted(notes: Iterable[str]) -> str:
    """How a picture was read, for a status line."""
    said = list(dict.fromkeys(note for note in notes if note != "two values, taken literally"))
    return f" Read with: {'; '.join(said)}." if said else ""


def _searching(p: SketchParts) -> None:
    """The run button streams, the cancel button keeps what was found."""

    @friendly
    def run(value: Any, loaded: Any, request: gr.Request, *chosen: Any) -> Iterator[Any]:
        settings = _settings(request, chosen)
        task = examples.task_of(value, loaded, settings.outline)
        if task.blank:
            yield None, None, "", render.compare(task, None), status(render.STOPS["blank"])
            return
        CANVAS.holds(request, task)
        # the work stays as it is: nothing is found yet, and a model may have to be loaded first
        yield gr.skip(), task, gr.skip(), render.compare(task, None), status("Searching…", busy=True)
        try:
            for work, round_ in render.search(task, examples.name_of(task) or "your drawing", settings):
                if CANVAS.newer(request, task):
                    other = CANVAS.task(request)
                    yield None, other, "", render.compare(other, None), status(ANOTHER)
                    return
                yield work, task, str(work.program), *render.live(work, round_)
        except Exception:  # the sentence is shown by ``friendly``; nothing looks busy beside it
            yield *[gr.skip()] * 4, status("This search ended with an error.")
            raise

    @friendly
    def draw_pool(value: Any, loaded: Any, request: gr.Request, *chosen: Any) -> Iterator[Any]:
        # all N should be drawn, so the cap is the most that this server grants
        settings = replace(_settings(request, chosen), strategy="best-of-n", seconds=LIMITS["seconds"][1])
        for work, *shown in run(value, loaded, request, *values_of(settings)):
            drawn = len(work.pool) if isinstance(work, SketchPageState) else 0
            yield work, *shown, status(f"{drawn} of {settings.n or CANDIDATES} are drawn.", busy=True)

    outputs = [p.work, p.drawn, p.program, p.panel, p.status]

    inputs = [p.held, p.loaded, *p.settings]
    shown = [*outputs, p.reading]
    run_it, draw_it = (_reading(p, button.click) for button in (p.run, p.pool))
    events = [
        run_it(run, inputs, outputs, **waiting(p.status), **HEAVY, **QUIET),
        draw_it(draw_pool, inputs, shown, **waiting([p.status, p.reading]), **HEAVY, **QUIET),
    ]
    for event in events:
        event.then(_summarise, [p.work, p.n], _summary(p), **AT_ONCE, **QUIET)
    cancels([p.cancel], events, [p.status], "Cancelled; the best so far is kept.", "Not searched")


def _summary(p: SketchParts) -> list[Any]:
    return [p.gallery, p.linking, p.curve, p.reading, p.script, p.opened, p.complaint]


def _found(p: SketchParts) -> list[Any]:
    """What belongs to one drawing, and goes when another one comes."""
    return [p.work, p.program, *_contest(p), *_summary(p)]


def _contest(p: SketchParts) -> list[Any]:
    return [p.contest_state, p.contest_figure, p.contest_status]


def _no_contest() -> tuple[Any, ...]:
    return None, strategy_comparison.figure(None, "n"), status(strategy_comparison.HELP)


def _nothing_found(n: int) -> tuple[Any, ...]:
    return None, "", *_no_contest(), *_summarise(None, n)


@friendly
def _summarise(work: SketchPageState | None, n: int):
    note = "" if work is None else editor.modes(work.program)
    script = editor.as_python(*((None, SketchSettings()) if work is None else (work.task, work.settings)))
    opened = work.title if work is not None and work.ready else None
    gallery, links = results.gallery(work), results.links(work)
    return gallery, links, results.figure(work, n), results.reading(work, n), script, opened, note


def _results(p: SketchParts, starters: dict[str, SketchPageState]) -> None:
    """The N slider reads the curve, a click on a candidate opens it, a ready-made pool replaces all."""

    @friendly
    def read(work: SketchPageState | None, n: int):
        return results.figure(work, n), results.reading(work, n)

    @friendly
    def choose(work: SketchPageState | None, event: gr.SelectData):
        if work is None:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        ranked = work.ranked(results.SHOWN)
        program = ranked[min(whole("The place of a click", event.index), len(ranked) - 1)].program
        return str(program), *editor.follow(str(program), work.task, work.closeness)

    @friendly
    def open_pool(name: str, request: gr.Request):
        work = starters[name]
        CANVAS.holds(request, work.task)
        ink, loaded = examples.load(examples.picture(name))
        line = status(f"The ready-made pool of “{name}”: {len(work.pool)} independent draws.")
        shown = render.compare(work.task, work.program)
        canvas = examples.layers(ink)
        return work, work.task, canvas, loaded, str(work.program), shown, line, *_no_contest()

    p.n.change(read, [p.work, p.n], [p.curve, p.reading], **LIVE)
    outputs = [p.program, p.panel, p.complaint, p.status]
    p.gallery.select(choose, p.work, outputs, **LIGHT, **QUIET)
    opened = [p.work, p.drawn, p.canvas, p.loaded, p.program, p.panel, p.status, *_contest(p)]
    p.opened.input(None, None, None, js="() => window.ttsFresh('sketch')")
    p.opened.input(open_pool, p.opened, opened, **_canvas_event(p)).then(
        _summarise, [p.work, p.n], _summary(p), **LIGHT, **QUIET
    )


def _editing(p: SketchParts) -> None:
    """The picture follows the typing; programs and links leave the page."""

    @friendly
    def follow(text: str, task: Any, closeness: float):
        return tuple(gr.skip() if part is None else part for part in editor.follow(text, task, closeness))

    @friendly
    def follow_paste(text: str, task: Any, closeness: float, work: SketchPageState | None):
        # the first edit after a search arrives as a change only, and so does every program that a search puts there,
        # and the empty one of a new drawing, whose own status line should stay
        put = not text.strip() or (work is not None and work.holds(text))
        return (gr.skip(),) * 3 if put else follow(text, task, closeness)

    shown = [p.panel, p.complaint, p.status]
    p.program.input(follow, [p.program, p.drawn, p.closeness], shown, **LIVE)
    p.program.change(follow_paste, [p.program, p.drawn, p.closeness, p.work], shown, **LIVE)
    saves(p.files, editor.download, p.program, p.file)

    def query(text: str, drawn: Any, address: str, *chosen: Any) -> str:
        ink = dict(parse_qsl(address)).get("ink", "")
        more = {"program": text[:LONGEST], "drawing": examples.name_of(drawn), "ink": ink}
        return to_query(settings_of(*chosen), **more)

    def lost(text: str, drawn: Any, address: str, *chosen: Any) -> str:
        return "" if drawn is None or drawn.blank or address or examples.name_of(drawn) else ink_link.TOO_LARGE

    shares(p.link, p.link_text, query, [p.program, p.drawn, p.address, *p.settings], lost)
    p.address.change(None, p.address, None, js="(extra) => window.ttsExtra('sketch', extra)")


def _arriving(app: gr.Blocks, p: SketchParts) -> None:
    """A link brings settings, and a program or an example, back."""

    def arrival(query: dict[str, str], request: gr.Request):
        chosen = from_query(query)
        allowed(chosen.sampler, is_local(request))
        text, name, ink = (query.get(key, "") for key in ("program", "drawing", "ink"))
        settings = values_in_query(query, ORDER, values_of(chosen))
        if name not in examples.names() and not text and not ink:
            return (*settings, *[gr.skip()] * (len(outputs) - len(settings)))
        # a program alone is of no drawing: the example that the tab opens on goes
        value, loaded, task, line, complaint = examples.layers(None), None, None, "", ""
        if name in examples.names():
            drawing, loaded = examples.load(examples.picture(name), chosen.invert, chosen.crop)
            value = examples.layers(drawing)
            task = examples.task_of(value, loaded, chosen.outline)
            line = status(ON_CANVAS.format(name=name))
        elif ink:
            value = examples.layers(ink_link.read(ink))
            task, line = examples.task_of(value, None, chosen.outline), status(OF_LINK)
        panel = render.compare(task, None)
        if text:
            shown, complaint, line = editor.follow(text, task, chosen.shown)
            panel, line = shown or panel, line or status("The program in this link cannot be read.")
        _, _, *summary = _nothing_found(chosen.n or CANDIDATES)
        address = urlencode({} if task is None else {"drawing": name} if name in examples.names() else {"ink": ink})
        return *settings, value, loaded, task, panel, line, None, text, *summary[:-1], complaint, address

    outputs = [*p.settings, p.canvas, p.loaded, p.drawn, p.panel, p.status, *_found(p), p.address]
    arrives(app, "sketch", (*ORDER, "program", "drawing", "ink"), arrival, outputs, **_canvas_event(p))
    app.load(None, None, None, js=PASTE)
