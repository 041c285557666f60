"""How good a detector and the hue judge are on pictures whose truth is known."""

from __future__ import annotations

import numpy as np

from tts_playground.models.detector import Detection, Detector, iou
from tts_playground.verifiers.colors import color_of
from tts_playground.worlds.vocabulary import COLORS, NAMES

MATCH = 0.5
"""least IoU of a true box and the one found for it"""


def per_scene(
    detector: Detector, images: np.ndarray, classes: np.ndarray, colors: np.ndarray, boxes: np.ndarray
) -> dict[str, np.ndarray]:
    """Scene by scene: whether the count is right, and the parts of things with the right class and the right colour.

    A thing counts where a found box overlaps it by ``MATCH`` and carries its class; colour is asked only of tinted
    things (NaN where a scene has none) and is read from the hue inside the found box.

    Args:
        images: uint8 [n, h, w, 3].
        classes: int [n, k], place in ``NAMES``, -1 for none.
        colors: int [n, k], place in ``COLORS``.
        boxes: float [n, k, 4], corners in pixels.
    """
    count, named, tinted = [], [], []
    for row, found in enumerate(detector.detect(images)):
        there = [i for i in range(classes.shape[1]) if classes[row, i] >= 0]
        best = {i: _best(found, _box(boxes[row, i])) for i in there}
        count.append(float(len(found) == len(there)))
        right = {i: thing is not None and thing.noun == NAMES[classes[row, i]] for i, thing in best.items()}
        named.append(np.mean([right[i] for i in there]))
        asked = [i for i in there if colors[row, i] > 0]
        hues = [
            found_box is not None and color_of(images[row], found_box.box) == COLORS[colors[row, i]]
            for i in asked
            for found_box in [best[i]]
        ]
        tinted.append(np.mean(hues) if hues else np.nan)
    return {"det_count": np.array(count), "det_class": np.array(named), "det_color": np.array(tinted)}


def _box(corners: np.ndarray) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (float(corner) for corner in corners)
    return x0, y0, x1, y1


def _best(found: list[Detection], box: tuple[float, float, float, float]) -> Detection | None:
    close = max(found, key=lambda one: iou(one.box, box), default=None)
    return close if close is not None and iou(close.box, box) >= MATCH else None


def measure_detector(
    detector: Detector, images: np.ndarray, classes: np.ndarray, colors: np.ndarray, boxes: np.ndarray
) -> dict[str, float]:
    """Means over scenes of ``per_scene``."""
    rows = per_scene(detector, images, classes, colors, boxes)
    return {name: float(np.nanmean(values)) for name, values in rows.items()}
