"""What the tab opens on and offers: four programs' drawings, a few hand-drawn ones, and the starter pools."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tts_playground.dsl import render
from tts_playground.dsl.examples import PROGRAMS
from tts_playground.dsl.scoring import as_share
from tts_playground.errors import CannotDo, UnknownName
from tts_playground.home import PACKAGE
from tts_playground.pages.sketch.page_state import Candidate, SketchPageState
from tts_playground.tasks.drawing import OUTLINES, SIDE, read_drawing
from tts_playground.tasks.sketch import SketchTask

DRAWINGS = PACKAGE / "ui" / "data" / "drawings"
OPENING = "biohazard"


@dataclass(frozen=True, slots=True)
class LoadedExample:
    """Ink that was put on the canvas; as long as nobody draws on it, it is read the way it came."""

    mask: bytes
    literal: bool
    """whether "auto" leaves thin closed loops alone"""


@cache
def names() -> tuple[str, ...]:
    """The examples, programs first."""
    return (*PROGRAMS, *sorted(file.stem for file in DRAWINGS.glob("*.png")))


@cache
def picture(name: str) -> Image.Image:
    """An example as a picture."""
    if name in PROGRAMS:
        return render(PROGRAMS[name], SIDE)
    with Image.open(DRAWINGS / f"{name}.png") as opened:
        return opened.convert("RGB")


def load(image: Image.Image) -> tuple[NDArray[np.bool_], LoadedExample]:
    """The ink of a picture as it goes on the canvas, (256, 256), and how to read it when it comes back."""
    kept = read_drawing(image, outline="keep").mask
    literal = bool(np.array_equal(kept, read_drawing(image, outline="auto").mask))
    return kept, LoadedExample(np.packbits(kept).tobytes(), literal)


def name_of(task: SketchTask | None) -> str:
    """The example that a drawing is, or nothing."""
    return "" if task is None else next((name for name in names() if task in _readings(name)), "")


@cache
def _readings(name: str) -> frozenset[SketchTask]:
    """An example as it may be read from the canvas."""
    ink, loaded = load(picture(name))
    return frozenset(task_of(layers(ink), loaded, outline) for outline in OUTLINES)


def layers(ink: NDArray[np.bool_] | None) -> dict[str, Any]:
    """The canvas's value: white paper (which makes the brush active at once) with erasable ink on it."""
    white = np.full((SIDE, SIDE, 4), 255, np.uint8)
    if ink is None:
        return {"background": white, "layers": [], "composite": None}
    layer = np.zeros((SIDE, SIDE, 4), np.uint8)
    layer[ink] = (0, 0, 0, 255)
    return {"background": white, "layers": [layer], "composite": None}


def ink_of(value: dict[str, Any] | None) -> NDArray[np.bool_]:
    """What is drawn on a canvas: (256, 256), True where any layer covers at least half of a pixel."""
    ink = np.zeros((SIDE, SIDE), bool)
    for layer in (value or {}).get("layers") or ():
        alpha = Image.fromarray(layer[..., 3])
        ink |= np.asarray(alpha if alpha.size == (SIDE, SIDE) else alpha.resize((SIDE, SIDE))) > 127
    return ink


def task_of(value: dict[str, Any] | None, loaded: LoadedExample | None, outline: Any) -> SketchTask:
    """The canvas as a task: strokes of a hand count as outlines unless told otherwise, literal pictures do not."""
    ink = ink_of(value)
    untouched = loaded is not None and loaded.literal and loaded.mask == np.packbits(ink).tobytes()
    return SketchTask.of(ink, outline="fill" if outline == "auto" and not untouched else outline)


def starters() -> dict[str, SketchPageState]:
    """The shipped pools by the name of their drawing; empty when this installation has none."""
    from tts_playground.store import starters

    try:
        pools = starters.load("sketch")
    except (CannotDo, UnknownName):
        return {}
    tasks = {name: SketchTask.of(render(text, SIDE)) for name, text in PROGRAMS.items()}
    return {name: _opened(task, name, pool) for pool in pools for name, task in tasks.items() if _same(task, pool)}


def _same(task: SketchTask, pool: Any) -> bool:
    return dict(task.key()) == dict(pool.task_key)


def _opened(task: SketchTask, name: str, pool: Any) -> SketchPageState:
    scored = zip(pool.samples(), pool.scores("iou"), pool.scores("fit"), strict=True)
    candidates = tuple(Candidate(sample.content, iou, fit, as_share(fit)) for sample, iou, fit in scored)
    work = SketchPageState(task, name, candidates=candidates, pool=tuple(c.score for c in candidates), ready=True)
    return replace(work, program=work.ranked(1)[0].program)
