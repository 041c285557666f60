"""Shapes that people drew and said what they meant: a part of the Hand-drawn Shapes data set, and how it is read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tts_playground.bench.ideal_shapes import EVERY, fitted
from tts_playground.bench.timing import row
from tts_playground.dsl.drawings import overlap
from tts_playground.tasks.drawing import SIDE
from tts_playground.tasks.sketch import SketchTask, sketch

NUMBER = 39
"""drawings that ship"""
FOLDER = Path(__file__).with_name("hds")
UNREAD = 0.6
"""overlap with what was meant below which a drawing was not understood"""
_FINER = 4


@dataclass(frozen=True, slots=True)
class HandDrawn:
    """One drawing."""

    file: Path
    kind: str
    """rectangle, triangle or ellipse"""
    vertices: tuple[tuple[float, float], ...]
    """as fractions of the side, y down; of an ellipse the ends of its axes"""

    def meant(self) -> NDArray[np.bool_]:
        """(256, 256), row 0 on top, True inside the shape that was meant."""
        corners = np.array(self.vertices) * SIDE * _FINER
        if self.kind == "ellipse":
            turn = np.linspace(0, 2 * np.pi, 360, endpoint=False)[:, None]
            axes = (corners[0] - corners[2]) / 2, (corners[1] - corners[3]) / 2
            corners = corners.mean(0) + axes[0] * np.cos(turn) + axes[1] * np.sin(turn)
        image = Image.new("L", (SIDE * _FINER, SIDE * _FINER))
        ImageDraw.Draw(image).polygon([(float(x), float(y)) for x, y in corners], fill=255)
        return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX)) >= 128


def shapes() -> tuple[HandDrawn, ...]:
    """The drawings that ship, in order; see LICENSE.txt beside them."""
    rows = [json.loads(line) for line in (FOLDER / "meant.jsonl").read_text("utf-8").splitlines()]
    return tuple(HandDrawn(FOLDER / r["file"], r["kind"], tuple((x, y) for x, y in r["vertices"])) for r in rows)


def _ideal(one: HandDrawn, meant: SketchTask) -> float:
    """IoU with what was meant of the best that could be read by who knows the kind; see ``ideal_shapes``."""
    shape, truth = fitted(SketchTask.of(one.file).ink, one.kind), meant.ink[::EVERY, ::EVERY]
    return float((shape & truth).sum() / (shape | truth).sum())


def rows(number: int, seconds: float | None, busy: bool) -> list[dict[str, Any]]:
    """Rows of ``bench sketch``: overlap with what was meant, beside what the same search makes of the meant shape."""
    drawn = shapes()[:number]
    targets = [SketchTask.of(one.meant()) for one in drawn]
    found = [sketch(one.file, seconds=seconds) for one in drawn]
    best = [sketch(target, seconds=seconds).iou for target in targets]
    meant = np.array([overlap(target, one.program).iou for target, one in zip(targets, found, strict=True)])
    ideal = np.array([_ideal(one, target) for one, target in zip(drawn, targets, strict=True)])
    what = f"{len(drawn)} shapes drawn by people: "
    return [
        row(
            what + "mean IoU with what was meant; peer: the same search on the meant shape",
            float(meant.mean()),
            float(np.mean(best)),
            "IoU",
            "ours >= 0.84, ratio >= 0.97",
            higher_is_better=True,
            busy=busy,
        ),
        row(
            what + "mean IoU of the ideal shape of the kind that was meant, fitted to what was read",
            float(ideal.mean()),
            None,
            "IoU",
            busy=busy,
        ),
        row(
            what + "share below 0.6; peer: of those ideal shapes",
            float((meant < UNREAD).mean()),
            float((ideal < UNREAD).mean()),
            "share",
            "ours <= 0.03",
            busy=busy,
        ),
        row(
            what + "mean length",
            float(np.mean([len(one.program) for one in found])),
            None,
            "primitives",
            "ours <= 4",
            busy=busy,
        ),
        row(what + "mean time", float(np.mean([one.seconds for one in found])), None, "s", busy=busy),
        row(
            what + "mean renders", float(np.mean([one.cost.renders for one in found])) / 1e6, None, "million", busy=busy
        ),
    ]
