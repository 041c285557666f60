"""Any object detector of transformers, as a function from pictures to named boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from tts_playground.models import loading
from tts_playground.models.hub import locator
from tts_playground.models.hub.embedded_models import quietly

OVERLAP = 0.75
"""IoU from which two boxes are one thing found twice"""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Detection:
    """One thing that a detector saw."""

    noun: str
    box: Box
    """x0, y0, x1, y1 in pixels of the picture"""
    score: float = 1.0
    color: str = ""
    """its tint where somebody looked; "" for none that has a name"""
    also: tuple[str, ...] = ()
    """further colours that fit it: pairs like "red and white" where somebody asked for such"""


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, in [0, 1]."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    inner = max(0.0, wide) * max(0.0, high)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inner
    return inner / union if union > 0 else 0.0


def without_repeats(found: Sequence[Detection]) -> list[Detection]:
    """Best first, each thing once: of boxes that overlap by ``OVERLAP`` the surest stays."""
    kept: list[Detection] = []
    for one in sorted(found, key=lambda f: -f.score):
        if all(iou(one.box, other.box) < OVERLAP for other in kept):
            kept.append(one)
    return kept


@dataclass(frozen=True, eq=False)
class Detector:
    """A loaded detector; ``load`` takes a name, a folder or a hub id."""

    model: Any
    processor: Any
    name: str
    threshold: float = 0.5
    """least score of a box, in [0, 1]; ``GenEval`` sets it by what is asked"""

    @classmethod
    def load(cls, name: str = "tiny:detector", *, device: str = "cpu", threshold: float = 0.5) -> Detector:
        """Load ``tiny:detector``, a folder or a hub id through the ordinary transformers classes, in float32.

        Raises:
            BadInput: neither a folder nor a possible hub id.
            ModelUnavailable: it is not here and cannot be reached, is broken, is not a detector, or does not fit.
        """
        import torch
        from transformers import AutoImageProcessor, AutoModelForObjectDetection

        folder = locator.ready(name, "detector", device)
        with loading.loaded_from(name, "detector", folder), quietly(folder):
            processor = AutoImageProcessor.from_pretrained(folder, **loading.LOCAL)
            model = AutoModelForObjectDetection.from_pretrained(
                folder, dtype=torch.float32, use_safetensors=True, **loading.LOCAL
            )
            return cls(model.to(device).eval(), processor, name, threshold)

    @property
    def nouns(self) -> tuple[str, ...]:
        """The labels of what it can name, as its config has them."""
        return tuple(self.model.config.id2label.values())

    def detect(
        self, pictures: Sequence[Image.Image] | Sequence[np.ndarray] | np.ndarray, batch: int = 64
    ) -> list[list[Detection]]:
        """What is in each picture, surest first.

        Args:
            pictures: RGB images, or uint8 [n, h, w, 3].
            batch: pictures in one forward pass.
        """
        import torch

        out: list[list[Detection]] = []
        for start in range(0, len(pictures), batch):
            part = [np.array(picture) for picture in pictures[start : start + batch]]
            inputs = self.processor(images=part, return_tensors="pt").to(self.model.device)
            with torch.inference_mode():
                seen = self.model(**inputs)
            sizes = torch.tensor([picture.shape[:2] for picture in part], device=self.model.device)
            rows = self.processor.post_process_object_detection(seen, threshold=self.threshold, target_sizes=sizes)
            out += [self._named(row) for row in rows]
        return out

    def _named(self, row: Any) -> list[Detection]:
        names = self.model.config.id2label
        boxes, scores, labels = (row[key].tolist() for key in ("boxes", "scores", "labels"))
        found = (Detection(names[i], tuple(b), s) for b, s, i in zip(boxes, scores, labels, strict=True))
        return without_repeats(list(found))
