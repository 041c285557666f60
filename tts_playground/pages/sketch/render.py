"""Running a search for a page: the library's rounds, thinned to what an eye can follow."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tts_playground import registry
from tts_playground.core import Round
from tts_playground.dsl import Program
from tts_playground.dsl.raster import draw
from tts_playground.models.zerogpu import LONGEST, on_gpu, seconds_for
from tts_playground.pages.sketch import shapes
from tts_playground.pages.sketch.page_state import SketchPageState, grown
from tts_playground.pages.sketch.panel import panel
from tts_playground.pages.status import status
from tts_playground.tasks.drawing import SIDE
from tts_playground.tasks.sketch import CANDIDATES, CAP, SketchSettings, SketchTask, fitted, left_out, sketch_rounds

PACE = 0.15
"""seconds between two updates of a page"""
SCORE = "What the search raises: IoU with small parts weighted up, less a price for every shape; at “closer” 1 the IoU."
STOPS = {
    "done": "Done: no neighbour of this program is better.",
    "samples": "Done: all candidates were tried.",
    "renders": "Done: the default budget is spent; a time limit or another N in the settings lets it search on.",
    "seconds": "Stopped at the time limit; a longer one may find a better program.",
    "late": "Stopped at the time limit before the first candidate was ready; allow more time in “More settings”.",
    "blank": "The canvas is blank, so the program is empty. Draw something, or pick an example.",
}

REPLY = 128
"""tokens of a program, about"""


def seconds(settings: SketchSettings) -> int:
    """On the GPU: the model's first programs, and the search's own time behind them."""
    limit = math.ceil(settings.seconds or CAP)
    return min(LONGEST, seconds_for(settings.sampler, settings.n or CANDIDATES, REPLY) + limit)


_by_model = on_gpu(lambda task, settings: seconds(settings))(sketch_rounds)


def needs_model(settings: SketchSettings) -> bool:
    """Whether a network proposes or scores."""
    guide = registry.resolve("reward", settings.reward, "sketch")
    return settings.sampler != "proposal" or guide.unit_cost.verifier_calls > 0


def search(task: SketchTask, title: str, settings: SketchSettings) -> Iterator[tuple[SketchPageState, Round]]:
    """The work so far with the newest round, about seven times a second, and the last one always."""
    work = SketchPageState(task, title, settings=settings)
    waiting, shown = [], 0.0
    for round_ in (_by_model if needs_model(settings) else sketch_rounds)(task, settings):
        waiting.append(round_)
        if not round_.stopped and round_.best is None:
            continue  # an empty program is nothing to show, nor to keep when the search is cancelled
        if not round_.stopped and time.monotonic() - shown < PACE:
            continue
        work = replace(grown(work, waiting), program=fitted(task, round_, settings.shown).program)
        waiting, shown = [], time.monotonic()
        yield work, round_


def live(work: SketchPageState, round_: Round) -> tuple[str, str]:
    """(panel, status) while a search runs and when it ends."""
    stopped, cost = round_.stopped, round_.cost
    reason = "late" if stopped == "seconds" and not cost.samples else stopped
    line = STOPS.get(reason, f"Stopped: {reason}.") if reason else f"Searching: {_doing(round_)}."
    reading = work.task.notes[1:]  # the first says that a canvas has two values
    notes = f" Read with {', '.join(reading)}: “Outlines” in “More settings” decides." if stopped and reading else ""
    fit = fitted(work.task, round_, work.settings.shown)
    if stopped and (out := left_out(fit)):
        notes += f" {out[0][0].upper()}{out[0][1:]}; “closer” keeps more."
    strip = numbers(fit.iou, fit.f1, fit.program, cost.seconds, cost.samples, cost.renders, score=fit.score)
    return compare(work.task, work.program), status(line + notes, strip, busy=not stopped)


def _doing(round_: Round) -> str:
    """What a round did, or, in a report between two, what is drawn now."""
    if round_.progress is None:
        return round_.note
    return round_.progress.note or f"{round_.progress.done} of {round_.progress.of} candidates are drawn"


def compare(task: SketchTask | None, program: Program | None) -> str:
    """The panel of a drawing and a program."""
    drawing = None if task is None else task.ink
    painted = None if program is None else np.asarray(draw(program, SIDE, "reference"))[..., 0] == 0
    if program is None:
        return panel(drawing, painted)
    return panel(drawing, painted, shapes.overlay(program), shapes.text(program))


def large(number: int) -> str:
    """A count as one reads it: 53, 4,100, 1.2 billion."""
    for size, word in ((10**9, "billion"), (10**6, "million")):
        if number >= size:
            return f"{number / size:.1f} {word}"
    return f"{number:,}"


def numbers(
    iou: float,
    f1: float,
    program: Program,
    seconds: float | None = None,
    scored: int = 0,
    tried: int = 0,
    *,
    score: float | None = None,
) -> list[tuple[str, str, str]]:
    """The strip under the status line: (name, value, hint)."""
    length = len(program)
    strip = [] if score is None else [("score", f"{score:.3f}", SCORE)]
    strip += [
        ("IoU", f"{iou:.3f}", "Intersection over union: ink in both, divided by ink in either. 1 is perfect."),
        ("F1", f"{f1:.3f}", "Harmonic mean of precision (program's ink that is right) and recall (ink that is found)."),
        ("length", f"{length}", "Circles and quads in the program; shorter is better at equal IoU."),
    ]
    if seconds is not None:
        strip += [
            ("time", f"{seconds:.1f} s", "Wall-clock time of the search on the server."),
            ("scored", f"{scored:,}", "Whole programs drawn and scored: the N of best-of-N."),
            ("compared", large(tried), "Shapes compared on the way, most of them as bit masks in microseconds."),
        ]
    return strip
