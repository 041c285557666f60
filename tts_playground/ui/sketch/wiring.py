"""Which event calls what. Searches share one small concurrency group; everything that only looks has no limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from tts_playground.errors import BadInput
from tts_playground.runs import figures
from tts_playground.ui.events import LIGHT, QUIET, saves, shares
from tts_playground.ui.faults import friendly
from tts_playground.ui.sketch import contest, editor, examples, results, search
from tts_playground.ui.sketch.choices import LIMITS, from_query, settings_of, to_query, values_of
from tts_playground.ui.sketch.layout import Parts
from tts_playground.ui.sketch.work import Work
from tts_playground.ui.status import status

HEAVY: dict[str, Any] = {"concurrency_id": "search", "concurrency_limit": 2}
"""two searches at a time; the rest wait in the queue and see their place"""
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


def wire(app: gr.Blocks, parts: Parts, starters: dict[str, Work]) -> None:
    """Connect the tab."""
    _drawing(parts)
    _searching(parts)
    _results(parts, starters)
    _editing(parts)
    _comparing(parts)
    _arriving(app, parts)


def _drawing(p: Parts) -> None:
    """Examples, uploads and the clear button put ink on the canvas; a stroke shows how it is read."""

    def put(ink: Any, loaded: Any, outline: str, line: str):
        value = examples.layers(ink)
        task = examples.task_of(value, loaded, outline)
        return value, loaded, task, search.compare(task, None), status(line)

    @friendly
    def pick(outline: str, event: gr.SelectData):
        name = examples.names()[int(event.index)]
        return put(*examples.load(examples.picture(name)), outline, f"Example “{name}” is on the canvas.")

    @friendly
    def take(picture: Any, outline: str):
        if picture is None:
            return (gr.skip(),) * 5
        ink, loaded = examples.load(picture)
        if not ink.any():
            raise BadInput(
                "No drawing was found in this picture; it needs dark strokes on light paper, or the reverse."
            )
        return put(ink, loaded, outline, "What was read from your picture is on the canvas; correct it there.")

    def wipe():
        return examples.layers(None), None, None, search.compare(None, None), status("The canvas is clear.")

    @friendly
    def notice(value: Any, loaded: Any, drawn: Any, outline: str):
        task = examples.task_of(value, loaded, outline)
        # the canvas also reports when nothing was drawn
        return (gr.skip(), gr.skip()) if task.blank or task == drawn else (task, search.compare(task, None))

    outputs = [p.canvas, p.loaded, p.drawn, p.panel, p.status]
    p.examples.select(pick, p.settings[4], outputs, **LIGHT, **QUIET)
    p.upload.input(take, [p.upload, p.settings[4]], outputs, **LIGHT, **QUIET)
    pasted = p.pasted.upload(take, [p.pasted, p.settings[4]], outputs, **LIGHT, **QUIET)
    pasted.then(lambda: None, None, p.pasted, **LIGHT, **QUIET)  # ready for the next one
    p.clear.click(wipe, None, outputs, **LIGHT, **QUIET)
    p.canvas.clear(wipe, None, outputs, **LIGHT, **QUIET)
    # every event that reads the canvas uploads it, so the others read what was noticed at the last stroke
    p.canvas.input(
        notice,
        [p.canvas, p.loaded, p.drawn, p.settings[4]],
        [p.drawn, p.panel],
        trigger_mode="always_last",
        **LIGHT,
        **QUIET,
    )


def _searching(p: Parts) -> None:
    """The run button streams, the cancel button keeps what was found."""

    @friendly
    def run(value: Any, loaded: Any, *chosen: Any) -> Iterator[Any]:
        settings = settings_of(*chosen)
        task = examples.task_of(value, loaded, settings.outline)
        if task.blank:  # the program is empty; what was found for another drawing stays
            yield gr.skip(), None, "", search.compare(task, None), status(search.STOPS["blank"])
            return
        for work, report in search.search(task, "your drawing", settings):
            yield work, task, str(work.program), *search.live(work, report)

    @friendly
    def draw_pool(value: Any, loaded: Any, *chosen: Any) -> Iterator[Any]:
        # all N should be drawn, so the cap is the most that this server grants
        settings = replace(settings_of(*chosen), strategy="best-of-n", seconds=LIMITS["seconds"][1])
        yield from run(value, loaded, *values_of(settings))

    outputs = [p.work, p.drawn, p.program, p.panel, p.status]
    inputs = [p.canvas, p.loaded, *p.settings]
    settled = {"inputs": [p.work, p.n], "outputs": _summary(p), **LIGHT, **QUIET}
    events = [
        p.run.click(run, inputs, outputs, show_progress="hidden", **HEAVY, **QUIET),
        p.pool.click(draw_pool, inputs, outputs, show_progress="hidden", **HEAVY, **QUIET),
    ]
    for event in events:
        event.then(_summarise, **settled)

    def stop(work: Work | None):
        return status("Cancelled." if work is None else "Cancelled; the best so far is kept.")

    p.cancel.click(stop, p.work, p.status, cancels=events, **LIGHT, **QUIET).then(_summarise, **settled)


def _summary(p: Parts) -> list[Any]:
    return [p.gallery, p.curve, p.reading, p.script, p.complaint]


@friendly
def _summarise(work: Work | None, n: int):
    note = "" if work is None else editor.modes(work.program)
    script = (
        editor.as_python(None, settings_of(*[None] * 7)) if work is None else editor.as_python(work.task, work.settings)
    )
    return results.gallery(work), results.figure(work, n), results.reading(work, n), script, note


def _results(p: Parts, starters: dict[str, Work]) -> None:
    """The N slider reads the curve, a click on a candidate opens it, a ready-made pool replaces all."""

    @friendly
    def read(work: Work | None, n: int):
        return results.figure(work, n), results.reading(work, n)

    @friendly
    def choose(work: Work | None, event: gr.SelectData):
        if work is None:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        ranked = work.ranked(results.SHOWN)
        program = ranked[min(int(event.index), len(ranked) - 1)].program
        return str(program), *editor.follow(str(program), work.task)

    @friendly
    def open_pool(name: str):
        work = starters[name]
        ink, loaded = examples.load(examples.picture(name))
        line = status(f"The ready-made pool of “{name}”: {len(work.pool)} independent draws.")
        shown = search.compare(work.task, work.program)
        return work, work.task, examples.layers(ink), loaded, str(work.program), shown, line

    p.n.change(read, [p.work, p.n], [p.curve, p.reading], **LIGHT, **QUIET)
    outputs = [p.program, p.panel, p.complaint, p.status]
    p.gallery.select(choose, p.work, outputs, **LIGHT, **QUIET)
    opened = [p.work, p.drawn, p.canvas, p.loaded, p.program, p.panel, p.status]
    p.opened.input(open_pool, p.opened, opened, **LIGHT, **QUIET).then(
        _summarise, [p.work, p.n], _summary(p), **LIGHT, **QUIET
    )


def _editing(p: Parts) -> None:
    """The picture follows the typing; programs and links leave the page."""

    @friendly
    def follow(text: str, task: Any):
        return tuple(gr.skip() if part is None else part for part in editor.follow(text, task))

    @friendly
    def follow_paste(text: str, task: Any, work: Work | None):
        # the first edit after a search arrives as a change only, and so does every program that a search puts there,
        # and the empty one of a new drawing, whose own status line should stay
        put = not text.strip() or (work is not None and work.holds(text))
        return (gr.skip(),) * 3 if put else follow(text, task)

    shown: dict[str, Any] = {"outputs": [p.panel, p.complaint, p.status], "trigger_mode": "always_last"}
    p.program.input(follow, [p.program, p.drawn], **shown, **LIGHT, **QUIET)
    p.program.change(follow_paste, [p.program, p.drawn, p.work], **shown, **LIGHT, **QUIET)
    saves(p.files, editor.download, p.program, p.file)

    def query(text: str, *chosen: Any) -> str:
        return to_query(settings_of(*chosen), program=text[:1500])

    shares(p.link, p.link_text, query, [p.program, *p.settings])


def _comparing(p: Parts) -> None:
    """All strategies on the drawing at hand, one after the other."""

    @friendly
    def compare(drawn: Any, work: Work | None, axis: str, *chosen: Any) -> Iterator[Any]:
        settings = settings_of(*chosen)
        task = drawn or (work and work.task)
        if task is None:
            raise BadInput("The canvas is blank; draw something to compare the strategies on.")
        last = None
        for state in contest.contest(task, settings):
            if state == last:
                yield gr.skip(), gr.skip(), gr.skip()
                continue
            line = (
                f"Running {state.doing}…" if state.doing else "Done: equal cost means the same place on the cost axis."
            )
            figure = gr.skip() if last is not None and state.points == last.points else _contest_figure(state, axis)
            last = state
            yield state, figure, status(line, busy=bool(state.doing))

    @friendly
    def redraw(state: Any, axis: str):
        return gr.skip() if state is None else _contest_figure(state, axis)

    inputs = [p.drawn, p.work, p.contest_axis, *p.settings]
    outputs = [p.contest_state, p.contest_figure, p.contest_status]
    event = p.contest.click(compare, inputs, outputs, show_progress="hidden", **HEAVY, **QUIET)
    p.cancel.click(None, cancels=[event])
    p.contest_axis.change(redraw, [p.contest_state, p.contest_axis], p.contest_figure, **LIGHT, **QUIET)


def _contest_figure(state: contest.Contest, axis: str) -> Any:
    lines = [] if state.curve is None else [state.curve]
    return figures.strategies(state.points, axis if axis in contest.AXES else "n", lines, measure="IoU")


def _arriving(app: gr.Blocks, p: Parts) -> None:
    """A link brings settings, and a program or an example, back."""

    @friendly
    def arrive(request: gr.Request):
        query = dict(request.query_params)
        if query.get("tab") != "sketch" or len(query) == 1:
            return (gr.skip(),) * (len(p.settings) + 7)
        settings = values_of(from_query(query))
        text, name = query.get("program", ""), query.get("drawing", "")
        if name in examples.names():
            ink, loaded = examples.load(examples.picture(name))
            value = examples.layers(ink)
            task = examples.task_of(value, loaded, settings[4])
            line = status(f"Example “{name}” is on the canvas.")
            return *settings, value, loaded, task, "", search.compare(task, None), "", line
        if text:
            panel, complaint, line = editor.follow(text, None)
            shown = gr.skip() if panel is None else panel
            line = line or status("The program in this link cannot be read.")
            return *settings, gr.skip(), gr.skip(), None, text, shown, complaint, line
        return (*settings, *[gr.skip()] * 7)

    outputs = [*p.settings, p.canvas, p.loaded, p.drawn, p.program, p.panel, p.complaint, p.status]
    app.load(arrive, None, outputs, **LIGHT, **QUIET)
    app.load(None, None, None, js=PASTE)
