"""What the tab opens on and offers: four programs' drawings, a few hand-drawn ones, and the starter pools."""

from __future__ import annotations

import io
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
from tts_playground.tasks.drawing import OUTLINES, SIDE, letterbox, read_drawing
from tts_playground.tasks.shrinking import cropped
from tts_playground.tasks.sketch import SketchTask

DRAWINGS = PACKAGE / "ui" / "data" / "drawings"
OPENING = "biohazard"
STORED = 1536
"""pixels of the longer side of a picture that a page keeps to read it again"""


@dataclass(frozen=True, slots=True)
class LoadedExample:
    """Ink that was put on the canvas; as long as nobody draws on it, it is read the way it came."""

    mask: bytes
    literal: bool
    """whether "auto" leaves thin closed loops alone"""
    source: bytes = b""
    """the picture, a PNG, to be read again in another way"""
    turned: bool = False
    """whether it was read as light on dark"""
    notes: tuple[str, ...] = ()
    """how it was read"""


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


def load(
    image: Image.Image | bytes, invert: bool | None = None, crop: bool = False
) -> tuple[NDArray[np.bool_], LoadedExample]:
    """The ink of a picture as it goes on the canvas, (256, 256), and how to read it when it comes back."""
    source = image if isinstance(image, bytes) else _stored(image)
    how = {"invert": invert, "crop": crop}
    ink = read_drawing(image, outline="keep", **how)
    literal = bool(np.array_equal(ink.mask, read_drawing(image, outline="auto", **how).mask))
    turned = "light on dark, turned" in ink.notes
    return ink.mask, LoadedExample(np.packbits(ink.mask).tobytes(), literal, source, turned, ink.notes)


def again(
    value: dict[str, Any] | None, loaded: LoadedExample | None, invert: bool | None, crop: bool, turn: bool
) -> tuple[NDArray[np.bool_], LoadedExample | None]:
    """What is on the canvas, read in another way: from the picture that it came from, or, once drawn on, as ink.

    Args:
        turn: whether ink and paper change places, where there is no picture.
    """
    ink = ink_of(value)
    if loaded is not None and loaded.source and loaded.mask == np.packbits(ink).tobytes():
        return load(loaded.source, invert, crop)
    ink = ~ink if turn else ink
    if crop and ink.any():
        ink = letterbox(cropped(ink))
    return ink, None


def _stored(image: Image.Image) -> bytes:
    """A picture as a PNG, no larger than is of use when it is read again."""
    kept = image if image.mode in ("1", "L", "LA", "RGB", "RGBA") else image.convert("RGBA")
    if max(kept.size) > STORED:
        kept = kept.convert("LA" if kept.has_transparency_data else "L")
        kept.thumbnail((STORED, STORED), Image.Resampling.BOX)
    stream = io.BytesIO()
    kept.save(stream, "PNG")
    return stream.getvalue()


def name_of(task: SketchTask | None) -> str:
    """The example that a drawing is, or nothing."""
    return "" if task is None else next((name for name in names() if task in _readings(name)), "")


@cache
def _readings(name: str) -> frozenset[SketchTask]:
    """An example as it may be read from the canvas."""
    ways = [load(picture(name), invert, crop) for invert in (None, True) for crop in (False, True)]
    return frozenset(task_of(layers(ink), loaded, outline) for ink, loaded in ways for outline in OUTLINES)


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
    return SketchTask.of(ink, outline=outline, drawn=not untouched)


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
