"""How well programs reproduce pictures: pooled ``Metrics`` as the inverse-graphics assignment has them, and IoU."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tts_playground.dsl.raster import MAX_SIZE, MIN_SIZE, render
from tts_playground.dsl.tree import Program
from tts_playground.errors import BadInput, DSLError

if TYPE_CHECKING:
    from tts_playground.dsl.raster import Mode

Drawn = Program | str | Image.Image | NDArray[np.bool_]
"""Anything with black pixels: a program, its text, a square picture (black is 0), or a bool array (black is True)."""


Score = tuple[float, float, int, int, int]
"""of one target: pixel accuracy, parsed (0 or 1), and true positives, false positives and false negatives"""


@dataclass(frozen=True, init=False)
class Metrics:
    """Scores of a set of programs against a set of target pictures; all are shares 0-1, reference mode.

    A program that does not parse scores 0 in ``pixel_accuracy`` and ``parse_rate``, counts every white target pixel as
    a false positive and every black one as a false negative. Where nothing at all is drawn (the empty program
    throughout), precision is 1, recall and F1 are 0. A share of nothing (recall without a black target pixel) is 0.
    """

    pixel_accuracy: float
    """mean over programs of the share of pixels that equal the target's"""
    parse_rate: float
    """share of programs that parse"""
    precision: float
    """of the black pixels drawn over the whole set, the share that is black in the target"""
    recall: float
    """of the black target pixels over the whole set, the share that was drawn"""
    f1_score: float
    """harmonic mean of the two pooled figures above"""

    def __init__(self, generated_programs: Iterable[str | Program], targets: Iterable[Mapping[str, Any]]) -> None:
        """Score programs against targets in order.

        Args:
            generated_programs: texts (or programs), one per target.
            targets: mappings with an ``"image"``: a square PIL picture, black (0) on white, 16 to 2048 px a side.

        Raises:
            BadInput: the two have different lengths, or an image is not a square picture of a legal size.
        """
        programs, images = list(generated_programs), [_picture(target) for target in targets]
        if len(programs) != len(images):
            raise BadInput(f"There are {len(programs)} programs for {len(images)} targets; give one for each.")
        scores = tuple(_compare(program, image) for program, image in zip(programs, images, strict=True))
        for field, value in zip(fields(self), pooled(scores), strict=True):
            object.__setattr__(self, field.name, value)
        object.__setattr__(self, "_scores", scores)

    @property
    def scores(self) -> tuple[Score, ...]:
        """What was counted on each target, in order: for intervals and paired comparisons."""
        return getattr(self, "_scores")  # noqa: B009 - set in __init__, and no field

    def __str__(self) -> str:
        return f"Metrics({', '.join(f'{field.name}={getattr(self, field.name):.4f}' for field in fields(self))})"


def pooled(scores: Sequence[Score]) -> tuple[float, float, float, float, float]:
    """Pixel accuracy, parse rate, precision, recall and F1 of a set, from what was counted on each target."""
    accuracy, parsed, hits, extra, missed = (
        (sum(column) for column in zip(*scores, strict=True)) if scores else [0.0] * 5
    )
    precision = _share(hits, hits + extra, 1.0)
    recall = _share(hits, hits + missed, 0.0)
    f1 = _share(2 * precision * recall, precision + recall, 0.0)
    return _share(accuracy, len(scores), 0.0), _share(parsed, len(scores), 0.0), precision, recall, f1


def _share(part: float, whole: float, of_nothing: float) -> float:
    return float(part / whole) if whole else of_nothing


def _picture(target: Mapping[str, Any]) -> NDArray[np.uint8]:
    """The target's picture as RGB, shape (size, size, 3)."""
    image = target.get("image") if isinstance(target, Mapping) else None
    if not isinstance(image, Image.Image) or image.width != image.height or not MIN_SIZE <= image.width <= MAX_SIZE:
        raise BadInput(f"A target is a mapping with an 'image': a square PIL picture of {MIN_SIZE} to {MAX_SIZE} px.")
    return np.asarray(image.convert("RGB"))


def _compare(program: str | Program, target: NDArray[np.uint8]) -> Score:
    """Accuracy, parsed (0 or 1), and the counts of true positives, false positives and false negatives.

    All three colour channels are counted, as the definition has it; the shares come out the same.
    """
    wanted = target == 0
    try:
        drawing = np.asarray(render(program, target.shape[0]))
    except DSLError:
        return 0.0, 0.0, 0, int((~wanted).sum()), int(wanted.sum())
    drawn = drawing == 0
    counts = (int((drawn & wanted).sum()), int((drawn & ~wanted).sum()), int((~drawn & wanted).sum()))
    return float((drawing == target).mean()), 1.0, *counts


def iou(a: Drawn, b: Drawn, size: int = 256, mode: Mode = "reference") -> float:
    """Intersection over union of the black pixels of two drawings, 0-1; two blank ones are equal, hence 1.

    Args:
        a, b: programs or texts, drawn in ``mode``, or pictures and bool arrays, taken as they are.
        size: raster side for programs, where neither side is a picture, in pixels.

    Raises:
        DSLError: a text does not parse.
        BadInput: two pictures of different sizes.
    """
    pictures = [_black(x, size, mode) for x in (a, b) if not isinstance(x, (str, Program))]
    side = len(pictures[0]) if pictures else size
    first, second = (_black(x, side, mode) for x in (a, b))
    if first.shape != second.shape:
        raise BadInput(f"The two drawings have different sizes, {first.shape} and {second.shape}; scale one of them.")
    either = np.count_nonzero(first | second)
    return float(np.count_nonzero(first & second) / either) if either else 1.0


def _black(drawn: Drawn, size: int, mode: Mode) -> NDArray[np.bool_]:
    if isinstance(drawn, (str, Program)):
        drawn = render(drawn, size, mode)
    if isinstance(drawn, Image.Image):
        return np.asarray(drawn.convert("L")) == 0
    return np.asarray(drawn, dtype=bool)
