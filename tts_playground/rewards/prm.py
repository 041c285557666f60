"""Process rewards (Lightman et al. 2023): a model says of each step of a solution how surely it is right.

Which forms of published models are read is said in ``models.prm``. A solution's reward is what ``aggregation`` makes of
its steps; an unfinished one is scored by the steps that it has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from tts_playground.core import Sample
from tts_playground.models import loading
from tts_playground.models.prm.judge import StepJudge
from tts_playground.rewards.network import NetworkReward
from tts_playground.typed import typed

AGGREGATIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "last": lambda scores: scores[-1],
    "min": min,
    "prod": math.prod,
    "mean": lambda scores: math.fsum(scores) / len(scores),
}
"""what makes one number of the scores of one or more steps"""


def aggregate(scores: Sequence[float], how: str) -> float:
    """One number of a solution's step scores by one of ``AGGREGATIONS``; 0 where there are none.

    Not-a-number where a score is none: the least and the last of the others would hide it.
    """
    if not all(map(math.isfinite, scores)):
        return math.nan
    return float(AGGREGATIONS[how](scores)) if scores else 0.0


@dataclass(frozen=True)
@typed
class ProcessReward(NetworkReward):
    """How surely the steps of a solution are right, 0 to 1.

    Raises:
        ModelUnavailable: when it scores, where the model is none of these or cannot be held.
    """

    model: str = "tiny:prm"
    """tiny:prm, tiny:prm2, a hub id or a folder"""
    aggregation: Literal["last", "min", "prod", "mean"] = "last"
    """what makes one number of the steps' """
    device: str = "auto"
    """"auto" (where the generator is: ``loading.Options``), "cpu", "cuda" or "cuda:1" """
    dtype: str = "auto"
    """as in ``loading.Options``"""
    load_in_4bit: bool = False
    """weights in 4 bits by bitsandbytes"""
    trust_code: str = ""
    """consent to run the repository's own code, "REPO@COMMIT" or "FOLDER@FINGERPRINT" (``models.trusted_code``)"""
    short: ClassVar[str] = "prm"
    usual: ClassVar[str] = "tiny:prm"

    @property
    def _loaded(self) -> loading.Loaded:
        where = loading.device_of(self.device)
        options = loading.Options(where, self.dtype, self.load_in_4bit, trust_code=self.trust_code)
        return loading.load(self.model, "prm", options)

    @property
    def revision(self) -> str:
        """Changes with the weights, their precision, and how scores of steps become one."""
        facts = self._loaded.fingerprint()
        how = "" if facts["dtype"] == "float32" else f"-{facts['dtype']}"
        how += "-4bit" if facts.get("four_bit") else ""
        return f"{facts['revision']}{how}" + ("" if self.aggregation == "last" else f"-{self.aggregation}")

    def step_scores(self, task: Any, samples: Sequence[Sample]) -> list[tuple[float, ...]]:
        """One number, 0 to 1, for each step of each solution; none for one without steps."""
        return self.step_scores_many([(task, samples)])[0]

    def step_scores_many(self, asked: Sequence[tuple[Any, Sequence[Sample]]]) -> list[list[tuple[float, ...]]]:
        """The same for solutions of many problems, together."""
        if not any(samples for _, samples in asked):
            return [[] for _ in asked]
        judge: StepJudge = self._loaded.value
        each = [(str(task.problem), steps_in(sample)) for task, samples in asked for sample in samples]
        unfinished = [not sample.info.get("complete", True) for _, samples in asked for sample in samples]
        scores = iter(judge.step_scores(each, unfinished))
        return [[next(scores) for _ in samples] for _, samples in asked]

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """One number, 0 to 1, for each solution; 0 for one without steps."""
        return self.score_many([(task, samples)])[0]

    def score_many(self, asked: Sequence[tuple[Any, Sequence[Sample]]]) -> list[list[float]]:
        """The same for solutions of many problems, together."""
        return [[self.aggregated(one) for one in scores] for scores in self.step_scores_many(asked)]

    def forget(self) -> None:
        """Let go of what was scored lately."""
        self._loaded.value.forget()

    def aggregated(self, scores: Sequence[float]) -> float:
        """What the scores of a solution's steps come to; 0 where there are none."""
        return aggregate(scores, self.aggregation)


def steps_in(sample: Sample) -> tuple[str, ...]:
    """The steps of a solution: those that its sampler names, else what stands between blank lines."""
    told = sample.info.get("steps")
    if isinstance(told, (tuple, list)):
        return tuple(map(str, told))
    return tuple(part.strip() for part in str(sample.content).split("\n\n") if part.strip())
