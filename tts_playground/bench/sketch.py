"""``bench sketch``: how well and how fast drawings turn into programs, at the defaults of ``sketch``."""

from __future__ import annotations

from typing import Any

import numpy as np

from tts_playground.bench import hand_drawn
from tts_playground.bench.hand_drawn import NUMBER
from tts_playground.bench.timing import contended, row
from tts_playground.bench.wobble import wobbly
from tts_playground.dsl import generate, parse, render, tidy
from tts_playground.dsl.drawings import overlap
from tts_playground.dsl.examples import PROGRAMS
from tts_playground.dsl.tree import Program
from tts_playground.tasks.sketch import SketchTask, sketch

SEED = 2026
CLEAN, WOBBLY = 200, 50


def run(clean: int = CLEAN, shaky: int = WOBBLY, seconds: float | None = None, people: int = NUMBER) -> dict[str, Any]:
    """Measure generated drawings, wobbly ones of each kind, ``people``'s drawings, and the assignment's four.

    ``seconds`` is a limit instead of the default budget, which counts renders: those say on a busy machine too what a
    search costs.
    """
    busy = contended()
    rows = [
        *_clean(clean, seconds, busy),
        *_shaky(shaky, seconds, busy, stroke=False),
        *_shaky(shaky, seconds, busy, stroke=True),
        *hand_drawn.rows(people, seconds, busy),
    ]
    for number, text in enumerate(PROGRAMS.values(), 1):
        found = sketch(render(text), seconds=5.0)
        what = f"assignment's program {number}, 5 s: {len(found.program)} primitives for {len(parse(text))}"
        rows.append(row(what, found.iou, None, "IoU", "ours >= 0.99", busy=busy))
    return {"name": "sketch", "rows": rows}


def _clean(number: int, seconds: float | None, busy: bool) -> list[dict[str, Any]]:
    programs = [generate(SEED, index) for index in range(number)]
    found = [sketch(render(program), seconds=seconds) for program in programs]
    iou = np.array([one.iou for one in found])
    time = np.array([one.seconds for one in found])
    renders = np.array([one.cost.renders for one in found]) / 1e6
    ours, source = [len(one.program) for one in found], [len(tidy(program)) for program in programs]
    what = f"{number} generated drawings of 1-6 primitives: "
    return [
        row(what + "median time", float(np.median(time)), None, "s", "ours <= 1.0", busy=busy),
        row(what + "95th percentile of time", float(np.percentile(time, 95)), None, "s", "ours <= 2.5", busy=busy),
        row(what + "median renders", float(np.median(renders)), None, "million", busy=busy),
        row(what + "95th percentile of renders", float(np.percentile(renders, 95)), None, "million", busy=busy),
        row(what + "mean IoU", float(iou.mean()), None, "IoU", "ours >= 0.995", busy=busy),
        row(what + "share with IoU >= 0.99", float((iou >= 0.99).mean()), None, "share", "ours >= 0.70", busy=busy),
        row(
            what + "median length; peer: the source, tidied",
            float(np.median(ours)),
            float(np.median(source)),
            "primitives",
            "ratio >= 1",
            busy=busy,
        ),
    ]


def _shaky(number: int, seconds: float | None, busy: bool, *, stroke: bool) -> list[dict[str, Any]]:
    programs = [generate(SEED + 1, index) for index in range(number)]
    pictures = [wobbly(program, SEED, index, stroke=stroke) for index, program in enumerate(programs)]
    found = [sketch(picture, seconds=seconds) for picture in pictures]
    same = [len(one.program) == len(tidy(program)) for one, program in zip(found, programs, strict=True)]
    meant = [_iou(one.program, program) for one, program in zip(found, programs, strict=True)]
    own = [overlap(SketchTask.of(picture), program).iou for picture, program in zip(pictures, programs, strict=True)]
    kind = "outlined with gaps" if stroke else "filled"
    what = f"{number} wobbly drawings, {kind}: "
    return [
        row(
            what + "mean IoU; peer: of the program that wobbled",
            float(np.mean([one.iou for one in found])),
            float(np.mean(own)),
            "IoU",
            "ours >= 0.90",
            higher_is_better=True,
            busy=busy,
        ),
        row(what + "share with the source's length", float(np.mean(same)), None, "share", "ours >= 0.60", busy=busy),
        row(what + "mean IoU with the picture before it wobbled", float(np.mean(meant)), None, "IoU", busy=busy),
    ]


def _iou(found: Program, source: Program) -> float:
    """Overlap of two programs' pictures."""
    return overlap(SketchTask.of(render(source)), found).iou
