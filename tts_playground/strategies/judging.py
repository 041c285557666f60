"""Two candidates, compared by a judge that sees one after the other: both ways around, as the first may be favoured.

Zheng et al. 2023 (arXiv:2306.05685) found that bias in models that judge. Where no judge is given, rewards are
compared, which costs nothing more. ``yes_or_no`` is for judges that see one candidate alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tts_playground import registry
from tts_playground.core import Cost, PairwiseJudge, Reward, Sample, Scored, Task
from tts_playground.core.scores import scores_of
from tts_playground.errors import BadInput, shown
from tts_playground.strategies.budget import BudgetTracker


@dataclass(frozen=True)
class ByReward:
    """A reward as a judge: it prefers what it scores higher, whoever is shown first."""

    reward: Reward

    @property
    def name(self) -> str:
        """The reward's name."""
        return self.reward.name

    @property
    def revision(self) -> str:
        """The reward's revision."""
        return self.reward.revision

    @property
    def unit_cost(self) -> Cost:
        """Two scores."""
        return self.reward.unit_cost * 2

    def prefers(self, task: Any, first: Sample, second: Sample) -> float:
        """1, 0, or 0.5 for equal scores."""
        one, other = scores_of(self.reward, task, [first, second])
        return 0.5 if one == other else float(one > other)


def judge_named(judge: Any, task: Task) -> PairwiseJudge | None:
    """The judge behind a setting: an object, or the name of a registered reward or verifier; None compares rewards.

    Raises:
        BadInput: it is neither. UnknownName: no reward of that name.
    """
    if judge is None or judge == "":
        return None
    if isinstance(judge, str):
        return ByReward(registry.resolve("reward", judge, task.kind))
    if isinstance(judge, type) or not isinstance(judge, PairwiseJudge):
        raise BadInput(f"A judge is a registered reward's name or a PairwiseJudge, not {shown(judge, 60)}.")
    return judge


def yes_or_no(judge: Any, task: Task) -> Reward | None:
    """The judge of unfinished candidates behind a setting: a Reward, or the name of one; 0.5 or more is a yes.

    Raises:
        BadInput: it is neither. UnknownName: no reward of that name.
    """
    if judge is None or judge == "":
        return None
    if isinstance(judge, str):
        return registry.resolve("reward", judge, task.kind)
    if isinstance(judge, type) or not isinstance(judge, Reward):
        raise BadInput(f"A judge is a registered reward's name or a Reward, not {shown(judge, 60)}.")
    return judge


class Duels:
    """Asks a judge about pairs, pays for it, and counts how often the order decided."""

    def __init__(self, tracker: BudgetTracker, task: Task, judge: PairwiseJudge | None) -> None:
        self.tracker, self.task, self.judge = tracker, task, judge
        self.asked = 0
        """pairs asked about, each both ways around"""
        self.turned = 0
        """pairs of which the one shown first was preferred both times, or the one shown second"""
        self.first = 0.0
        """mean probability of what is shown first, times pairs"""

    @property
    def cost(self) -> Cost:
        """What one pair costs."""
        return Cost() if self.judge is None else self.judge.unit_cost * 2

    def wins(self, holder: Scored, challenger: Scored) -> bool | None:
        """Whether the challenger is better; a tie stays with the holder. None where it cannot be paid for."""
        if self.judge is None:
            return challenger.reward > holder.reward
        if not self.tracker.pay(self.cost):
            return None
        one = self.judge.prefers(self.task, challenger.sample, holder.sample)
        other = self.judge.prefers(self.task, holder.sample, challenger.sample)
        self.asked += 1
        self.first += (one + other) / 2
        self.turned += (one > 0.5 and other > 0.5) or (one < 0.5 and other < 0.5)
        return one > other

    @property
    def bias(self) -> str:
        """What is known of position bias, in words; "" where no judge was asked."""
        if not self.asked:
            return ""
        pairs = "1 pair" if self.asked == 1 else f"{self.asked} pairs"
        return f"of {pairs} {self.turned} turned with the order; shown first wins {self.first / self.asked:.0%}"
