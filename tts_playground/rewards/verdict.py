"""A verifier as a reward: 1 where it passes a sample, 0 where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from tts_playground.core import Cost, Sample, Verifier


def networks_of(judge: object) -> tuple[str, ...]:
    """The models that a reward or verifier reads; none where it says none."""
    return getattr(judge, "networks", ())  # not by ``isinstance``: until Python 3.12 it works the value out as well


@runtime_checkable
class HasRemark(Protocol):
    """A reward or verifier that knows when its own scores say little."""

    def remark(self, prompt: str) -> str:
        """One sentence on that for ``prompt``; "" where there is nothing to say."""
        ...


@dataclass(frozen=True)
class VerdictReward:
    """Scores 1 or 0 by a verifier's verdict, or its graded score where it does not decide.

    As the measured side of a curve this is the pass rate of what another reward picks.
    """

    verifier: Verifier

    @property
    def name(self) -> str:
        """The verifier's name."""
        return self.verifier.name

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that the verifier reads."""
        return networks_of(self.verifier)

    @property
    def revision(self) -> str:
        """The verifier's revision, marked as of verdicts."""
        return f"{self.verifier.revision}-verdict"

    @property
    def unit_cost(self) -> Cost:
        """The cost of one verdict."""
        return self.verifier.unit_cost

    def remark(self, prompt: str) -> str:
        """The verifier's remark, if it makes any."""
        return self.verifier.remark(prompt) if isinstance(self.verifier, HasRemark) else ""

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """One number per sample.

        Raises:
            BadInput: the verifier cannot check this task; it says why.
        """
        if not samples:
            return []
        verdicts = self.verifier.judge(task, samples)
        return [v.score if v.passed is None else float(v.passed) for v in verdicts]
