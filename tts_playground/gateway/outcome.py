"""What a search reports and finds, and which of its candidates is the reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tts_playground.answers import groups
from tts_playground.core import Reward, Sample, Scored
from tts_playground.gateway.catalogue import Kind
from tts_playground.rewards.prm import ProcessReward
from tts_playground.tasks.engine import Found
from tts_playground.tasks.reasoning import equal_groups
from tts_playground.tasks.solving import vote_of, voted


@dataclass(frozen=True, slots=True)
class Report:
    """How far it has come."""

    note: str
    tokens: int
    """drawn so far; 0 where nobody counts"""


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a reply that is being written."""

    choice: int
    text: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A whole reply."""

    text: str
    why: str
    """why it ended: "stop" or "length" """


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens."""

    prompt: int
    """read"""
    completion: int
    """drawn, for replies that nobody sees too"""
    unseen: int
    """of them, in no reply that is sent"""


@dataclass(frozen=True, slots=True)
class Replies:
    """The replies, what they cost, and how they were found."""

    choices: tuple[Choice, ...]
    usage: Usage
    found: dict[str, Any] = field(default_factory=dict)
    """for the field ``tts`` of the response"""
    revision: str = ""
    """of the weights; "" where nobody knows"""


Event = Report | Delta | Replies


def candidates_of(
    kind: Kind, task: Any, reward: Reward | None, found: Found, pick: str, strategy: str = ""
) -> tuple[list[dict[str, Any]], list[int], str]:
    """(the whole candidates as plain values, their places with the reply first, its short answer).

    Args:
        pick: "vote": of the answer that weighs most, by rewards where there are any, the candidate with the highest
            one; "best": the strategy's own best; "": as ``solve`` gives its answer by the ``strategy``.
    """
    whole = found.whole
    answers = [str(one.sample.info.get("answer", one.sample.content)) for one in whole]
    best = found.rounds[-1].best
    own = next((place for place, one in enumerate(whole) if best is not None and one.sample is best.sample), None)
    judged = reward is not None
    wanted = pick or pick_of(kind, strategy, judged=judged)
    empty = not pick and own is not None and not answers[own] and any(answers)  # it answers nothing, where others do
    first = _elected(kind, answers, whole, judged=judged) if wanted == "vote" or own is None or empty else own
    others = sorted((place for place in range(len(whole)) if place != first), key=lambda place: -whole[place].reward)
    return _listed(task, reward, whole, answers), [first, *others], answers[first]


def pick_of(kind: Kind, strategy: str, *, judged: bool) -> str:
    """Who is picked where nobody says: of solutions whom ``solve`` picks by that strategy, else the vote."""
    return "best" if kind == "lm" and not vote_of(strategy, judged) else "vote"


def _elected(kind: Kind, answers: Sequence[str], whole: Sequence[Scored], *, judged: bool) -> int:
    rewards = [one.reward for one in whole]
    weights = rewards if judged and min(rewards) >= 0 < max(rewards) else [1.0] * len(whole)
    names = equal_groups(answers) if kind == "lm" else groups(answers)
    heaviest = names[voted(answers, weights, names)]
    return max((place for place in range(len(whole)) if names[place] == heaviest), key=lambda i: (rewards[i], -i))


def _listed(task: Any, reward: Reward | None, whole: Sequence[Scored], answers: Sequence[str]) -> list[dict[str, Any]]:
    samples = [one.sample for one in whole]
    steps: Sequence[Any] = [None] * len(whole)
    if isinstance(reward, ProcessReward):  # they were paid for when the candidates were scored
        steps = [list(scores) for scores in reward.step_scores(task, samples)]
    return [
        {
            "text": str(one.sample.content),
            "answer": answer,
            "reward": one.reward if reward is not None else None,
            "step_scores": scores,
            "logprob": one.sample.logprob,
            "tokens": shown_tokens(one.sample),
        }
        for one, answer, scores in zip(whole, answers, steps, strict=True)
    ]


def shown_tokens(sample: Sample) -> int:
    """How many tokens a candidate has, those that it took over from another included."""
    info = sample.info
    return len(info.get("tokens", ())) or sum(info.get("step_tokens", ())) or sample.cost.tokens
