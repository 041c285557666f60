"""The renderer as verifier: it knows the truth about a program, because it can draw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tts_playground.core import Cost, Sample, Verdict
from tts_playground.dsl.drawings import Drawing, overlap


@dataclass(frozen=True)
class RenderVerifier:
    """Draws the program and compares it with the drawing: an oracle, not an opinion."""

    passing: float = 0.99
    """least IoU that passes, 0-1"""
    name = "render"
    revision = "1"
    unit_cost = Cost(renders=1)

    def judge(self, task: Drawing, samples: Sequence[Sample]) -> list[Verdict]:
        """One verdict per sample; the score is the IoU."""
        return [self._one(task, sample) for sample in samples]

    def _one(self, task: Drawing, sample: Sample) -> Verdict:
        found = overlap(task, sample.content)
        reason = f"{found.hit:,} pixels of ink agree, {found.missing:,} are missing, {found.extra:,} are too many"
        return Verdict(found.iou, found.iou >= self.passing, reason)
