"""Answering by a search over reasoning steps: a line is a step, half-written replies are judged, and some go on."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from tts_playground import registry
from tts_playground.core import Budget, Cost, Reward, Round, Scored, SteppedSampler, Strategy
from tts_playground.errors import BadInput, CannotDo, UnknownName
from tts_playground.samplers.answering import AnswerSettings
from tts_playground.tasks.vqa import VqaTask, short_answer, vqa_sampler
from tts_playground.typed import typed

STRATEGIES = {
    "beam": "keeps the replies that are judged best after every line, and gives each several next lines",
    "smc": "draws every next line from copies of the replies in proportion to how well they are judged",
    "gridar": "drops the worst half after the first and the second line, and copies others into their places",
    "suffix": "rewrites the best whole reply from a random line on, and keeps what is better",
}
"""strategy -> what it does with reasoning steps"""
GUIDES = {"p_yes": "P(yes) of the reply so far", "logprob": "log-probability of the reply so far"}
"""what judges unfinished replies -> in words"""
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
    """a key of ``STRATEGIES``"""
    guide: str = "p_yes"
    """a key of ``GUIDES``"""
    n: int = 8
    """whole replies in the end, 1 to 32; it is also how many are begun, but for "suffix", which begins two"""

    def __post_init__(self) -> None:
        for kind, name, known in (("strategy", self.strategy, STRATEGIES), ("guide", self.guide, GUIDES)):
            if name not in known:
                raise UnknownName(kind, name, known)
        if not 1 <= self.n <= MOST:
            raise BadInput(f"A search ends with 1 to {MOST} whole replies, not {self.n}.")

    def plan(self, horizon: int) -> Strategy:
        """The strategy with as many replies at once as are wanted in the end; ``horizon`` is the most lines."""
        given: dict[str, dict[str, Any]] = {
            "beam": {"width": self.n, "children": max(2, self.n // 4)},
            # a log-probability is the exponent itself; P(yes) is sharpened
            "smc": {"particles": self.n, "sharpness": 1.0 if self.guide == "logprob" else 10.0},
            "gridar": {"width": self.n, "pieces": tuple(line / horizon for line in (1, 2) if line < horizon)},
            "suffix": {},
        }
        return registry.resolve("strategy", self.strategy)(**given[self.strategy])


@dataclass(frozen=True)
class Searched:
    """A search as far as it has come."""

    task: VqaTask
    model: str
    seed: int
    settings: AnswerSettings
    how: StepSearch
    rounds: tuple[Round, ...] = ()
    """for its tree (``runs.trace``)"""

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
        seen = (one for round_ in self.rounds for one in round_.candidates)
        return tuple(one for one in seen if one.sample.info.get("complete", True))

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
        lengths = [len(one.sample.info["tokens"]) for one in self.finished]
        return self.cost.tokens / float(np.mean(lengths)) if lengths else None

    def as_dict(self) -> dict[str, Any]:
        """{"question", "strategy", "guide", "answer", "samples": [{"text", "answer", "reward", ...}], "cost"}."""
        samples = [
            {
                "text": one.sample.content,
                "answer": short_answer(one.sample),
                "logprob": one.sample.logprob,
                "reward": one.reward,
                "steps": list(one.sample.info["lines"]),
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
        }


def search_steps(task: VqaTask, sampler: Any, how: StepSearch, *, seed: int = 0) -> Generator[Searched, None, None]:
    """The search after each of its rounds; close the generator to cancel.

    Raises:
        CannotDo: the sampler cannot pause between lines, as an endpoint cannot.
    """
    if not isinstance(sampler, SteppedSampler):
        raise CannotDo(
            "A search over reasoning steps pauses between lines, which an endpoint cannot; use a model here."
        )
    settings = cast(Any, sampler).settings
    found = Searched(task, str(sampler.fingerprint()["model"]), seed, settings, how)
    strategy = how.plan(sampler.horizon(task))
    for one in strategy.run(task, sampler, judge_of(how.guide, sampler), budget=Budget(samples=how.n), seed=seed):
        found = Searched(task, found.model, seed, settings, how, (*found.rounds, one))
        yield found


def judge_of(name: str, sampler: Any) -> Reward:
    """What judges replies that are not finished; P(yes) gets to see all their lines, not only the last."""
    from tts_playground.verifiers.self_verify import PYes, SequenceLogprob

    return cast(Any, PYes(sampler.loaded, shows="reply") if name == "p_yes" else SequenceLogprob())


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
) -> Searched:
    """Answer a question by a search over reasoning steps.

    Args:
        image, question, model, seed, answers, blank: see ``tasks.vqa.answer``.
        strategy, guide, n: see ``StepSearch``.

    Raises:
        BadInput: the picture, the question or a setting cannot be used. CannotDo: an endpoint.
        ModelUnavailable: this machine cannot hold or reach the model.
    """
    how, task = StepSearch(strategy, guide, n), VqaTask.of(image, question, answers)
    sampler = vqa_sampler(model, settings)
    *_, found = search_steps(task.blank() if blank else task, sampler, how, seed=seed)
    return found
