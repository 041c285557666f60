"""Answering by a search over reasoning steps: a line is a step, half-written replies are judged, and some go on."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from tts_playground import registry
from tts_playground.core import Cost, ParallelStrategy, Reward, Round, Sampler, Scored, SteppedSampler, Strategy
from tts_playground.errors import BadInput
from tts_playground.models.load_options import options_of
from tts_playground.samplers.cancellation import Cancel, never
from tts_playground.samplers.capabilities import HasAnswerSettings, HasAsker, HasModel
from tts_playground.samplers.vlm_settings import AnswerSettings
from tts_playground.tasks.engine import whole
from tts_playground.tasks.plugged_samplers import model_of
from tts_playground.tasks.vqa import LONGEST_SIDE, VqaTask, answer_rounds, judges, short_answer, vqa_sampler
from tts_playground.typed import typed

MOST = 32
"""whole replies in one search"""


@dataclass(frozen=True, slots=True)
@typed
class StepSearch:
    """How reasoning steps are searched.

    Raises:
        UnknownName: no such strategy or guide. BadInput: n is out of its range.
    """

    strategy: str = "beam"
    """a registered strategy that steps, of answers about a picture"""
    guide: str = "p_yes"
    """a registered reward of answers, which judges unfinished replies too"""
    n: int = 8
    """whole replies in the end, 1 to 32; it is also how many are begun, but for "suffix", which begins two"""

    def __post_init__(self) -> None:
        registry.entry("strategy", self.strategy, "vqa")
        registry.entry_of_reward(self.guide, "vqa")
        if not 1 <= self.n <= MOST:
            raise BadInput(f"A search ends with 1 to {MOST} whole replies, not {self.n}.")

    def plan(self, horizon: int) -> Strategy[SteppedSampler]:
        """The strategy with as many replies at once as are wanted in the end; ``horizon`` is the most lines."""
        strategy = registry.resolve("strategy", self.strategy, "vqa")
        if isinstance(strategy, ParallelStrategy):
            strategy = strategy.of_width(self.n, horizon)
        if self.guide == "logprob" and "sharpness" in registry.settings_of("strategy", self.strategy):
            strategy = replace(cast(Any, strategy), sharpness=1.0)  # a log-probability is the exponent itself
        return strategy


@dataclass(frozen=True)
class Searched:
    """A search as far as it has come."""

    task: VqaTask
    model: str
    seed: int
    settings: AnswerSettings
    how: StepSearch
    rounds: tuple[Round, ...] = ()
    """for its tree (``experiments.trace``)"""

    @property
    def done(self) -> bool:
        """Whether it is over."""
        return bool(self.rounds) and bool(self.rounds[-1].stopped)

    @property
    def cost(self) -> Cost:
        """Spent on lines and on judging, dropped ones included."""
        return self.rounds[-1].cost if self.rounds else Cost()

    @property
    def finished(self) -> tuple[Scored, ...]:
        """Whole replies, in the order in which they came."""
        return whole(self.rounds)

    @property
    def best(self) -> Scored | None:
        """The whole reply that the guide likes best."""
        return self.rounds[-1].best if self.rounds else None

    @property
    def answer(self) -> str | None:
        """Its short answer."""
        return None if self.best is None else short_answer(self.best.sample)

    @property
    def worth(self) -> float | None:
        """How many independent replies, as long as the whole ones found here, the same tokens would have bought."""
        lengths = [len(one.sample.info.get("tokens", ())) for one in self.finished]
        return self.cost.tokens / float(np.mean(lengths)) if any(lengths) else None

    def as_dict(self) -> dict[str, Any]:
        """{"question", "strategy", "guide", "answer", "samples": [{"text", "answer", "reward", ...}], "cost"}."""
        samples = [
            {
                "text": one.sample.content,
                "answer": short_answer(one.sample),
                "logprob": one.sample.logprob,
                "reward": one.reward,
                "steps": list(one.sample.info.get("lines", ())),
            }
            for one in self.finished
        ]
        facts = {"question": self.task.question, "model": self.model, "seed": self.seed}
        facts |= {"settings": self.settings.as_dict(), "strategy": self.how.strategy, "guide": self.how.guide}
        return facts | {
            "answer": self.answer,
            "right": None if self.answer is None else self.task.right(self.answer),
            "samples": samples,
            "cost": self.cost.as_dict(),
            "worth": self.worth,
            "picture": self.task.note,
        }


def search_steps(
    task: VqaTask, sampler: Sampler, how: StepSearch, *, seed: int = 0, cancel: Cancel = never
) -> Generator[Searched, None, None]:
    """The search after each of its rounds; close the generator to cancel.

    Raises:
        Cancelled: ``cancel()`` became true.
        BadInput: the strategy pauses between lines, which this sampler cannot, as an endpoint cannot.
    """
    registry.fitting("strategy", how.strategy, "vqa", sampler)
    settings = sampler.settings if isinstance(sampler, HasAnswerSettings) else AnswerSettings()
    found = Searched(task, model_of(sampler, task.kind), seed, settings, how)
    strategy = how.plan(sampler.horizon(task) if isinstance(sampler, SteppedSampler) else 1)
    judge = judge_of(how.guide, sampler)
    for one in answer_rounds(task, sampler, judge, n=how.n, strategy=strategy, seed=seed, cancel=cancel):
        if one.progress is not None:
            continue
        found = Searched(task, found.model, seed, settings, how, (*found.rounds, one))
        yield found


def judge_of(name: str, sampler: Sampler) -> Reward:
    """The reward that judges unfinished replies; a model that is asked sees all their lines, not only the last.

    Raises:
        BadInput: it asks the model that answers, and the sampler has none.
    """
    known = registry.settings_of(registry.entry_of_reward(name, "vqa").kind, name)
    asked: dict[str, Any] = {}
    if "loaded" in known:
        own = judges(sampler) if isinstance(sampler, HasAsker) else []
        if (same := next((judge for judge in own if judge.name == name), None)) is not None:
            return replace(cast(Any, same), shows="reply")
        if not isinstance(sampler, HasModel):
            raise BadInput(f"The guide {name!r} asks the model that answers, which this sampler lacks; choose another.")
        asked["loaded"] = sampler.loaded
    return registry.resolve("reward", name, "vqa", **asked, **({"shows": "reply"} if "shows" in known else {}))


def reason(
    image: Any,
    question: str,
    *,
    model: str | None = None,
    strategy: str = "beam",
    guide: str = "p_yes",
    n: int = 8,
    settings: AnswerSettings | None = None,
    seed: int = 0,
    answers: Sequence[str] = (),
    blank: bool = False,
    longest: int = LONGEST_SIDE,
    own: bool = False,
    extra_body: Mapping[str, Any] | None = None,
    dtype: str = "auto",
    load_in_4bit: bool = False,
    device: str = "auto",
    trust_code: str = "",
) -> Searched:
    """Answer a question by a search over reasoning steps.

    Args:
        image, question, model, seed, answers, blank, longest, own, extra_body: see ``tasks.vqa.answer``.
        dtype, load_in_4bit, device, trust_code: see there too.
        strategy, guide, n: see ``StepSearch``.

    Raises:
        BadInput: the picture, the question or a setting cannot be used, or the strategy does not fit an endpoint.
        ModelUnavailable: this machine cannot hold or reach the model.
    """
    how, task = StepSearch(strategy, guide, n), VqaTask.of(image, question, answers, longest=longest)
    options = options_of(device, dtype, load_in_4bit, trust_code)
    sampler = vqa_sampler(model, settings, own=own, extra_body=extra_body, options=options)
    *_, found = search_steps(task.blank() if blank else task, sampler, how, seed=seed)
    return found
