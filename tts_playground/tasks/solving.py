"""``solve``: N solutions of a problem, or a search for them over their steps, judged and voted on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tts_playground import registry
from tts_playground.core import Budget, Cost, Keeper, Reward, Round, Sample, Sampler, Scored, Strategy
from tts_playground.errors import BadInput
from tts_playground.models import loading
from tts_playground.models.load_options import for_no_model, options_of
from tts_playground.rewards.prm import ProcessReward
from tts_playground.samplers.cancellation import Cancel, never
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.tasks import engine
from tts_playground.tasks.image_rewards import on_device
from tts_playground.tasks.plugged_samplers import model_of, plugged_sampler
from tts_playground.tasks.reasoning import SYSTEM_PROMPT, ReasoningTask, equal_groups, truth_of
from tts_playground.tasks.validation import check_count
from tts_playground.typed import typed

MOST = 1024
"""solutions in one call"""
BASELINE = "best-of-n"
BATCH = 256
"""solutions drawn and judged together"""
VOTED = (BASELINE, "beam", "dvts", "rebase")
"""strategies whose answer, as published, is the weighted vote of their solutions; others choose one themselves"""
UNGUIDED = ("adaptive", "confidence")
"""those that choose by something else than the reward, so that they choose without one, too"""
AUTO = "auto"
"""the reward of the world that a model knows: tiny:prm of tiny:math, and none of others"""


@dataclass(frozen=True)
class Solved:
    """N solutions of a problem, what the reward says of them, and what each selector picks."""

    task: ReasoningTask
    model: str
    strategy: str
    reward: str
    """"" where none was asked for"""
    seed: int
    settings: SolutionSettings
    scored: tuple[Scored, ...]
    """whole solutions, in the order in which they came"""
    steps: tuple[tuple[float, ...], ...]
    """the score of each step of each solution; empty where the reward scores no steps"""
    cost: Cost
    rounds: tuple[Round, ...] = ()
    """for its tree (``experiments.trace``)"""

    @property
    def answers(self) -> list[str]:
        """What is in the boxes; "" where nothing is."""
        return [answer_of(one.sample) for one in self.scored]

    @property
    def picks(self) -> dict[str, int]:
        """Selector -> place of the solution that it picks: "single", "majority", with a reward "best", "weighted".

        Also "strategy", where the strategy itself chooses: a tournament's winner, say, or the leader of its own vote.
        """
        if not self.scored:
            return {}
        rewards = [one.reward for one in self.scored]
        found = {"single": 0, "majority": voted(self.answers, [1.0] * len(rewards))}
        if self.reward:
            found["best"] = max(range(len(rewards)), key=lambda place: (rewards[place], -place))
            found["weighted"] = voted(self.answers, rewards)
        if (own := self._chosen()) is not None:
            found["strategy"] = own
        return found

    def _chosen(self) -> int | None:
        """Place of the solution that the strategy gave in the end; None of one that leaves it to a vote, or of a
        solution that answers nothing where others do."""
        best = self.rounds[-1].best if self.rounds else None
        if best is None or vote_of(self.strategy, bool(self.reward)):
            return None
        place = next((place for place, one in enumerate(self.scored) if one.sample is best.sample), None)
        return None if place is None or (not self.answers[place] and any(self.answers)) else place

    @property
    def by(self) -> str:
        """The selector whose pick is the answer: the strategy's own, else "weighted", or "majority" without a reward.

        "" where there is no solution.
        """
        return _given_by(self.picks)

    @property
    def answer(self) -> str:
        """The answer that is given: what the strategy chose itself, else that of a vote; see ``by``."""
        picks = self.picks
        return self.answers[picks[_given_by(picks)]] if picks else ""

    def as_dict(self) -> dict[str, Any]:
        """{"problem", "answer", "by", "right", "samples": [{"text", "answer", "reward", ...}], "picks", ...}."""
        steps: Sequence[Any] = self.steps or [None] * len(self.scored)
        samples = [
            {
                "text": one.sample.content,
                "answer": answer_of(one.sample),
                "right": self.task.right(answer_of(one.sample)),
                "logprob": one.sample.logprob,
                "reward": one.reward if self.reward else None,
                "steps": list(one.sample.info.get("steps", ())),
                "step_scores": None if scores is None else list(scores),
                "tokens": one.sample.cost.tokens,
                "truncated": one.sample.info.get("truncated", False),
            }
            for one, scores in zip(self.scored, steps, strict=True)
        ]
        facts = {"problem": self.task.problem, "model": self.model, "strategy": self.strategy, "reward": self.reward}
        return facts | {
            "seed": self.seed,
            "settings": self.settings.as_dict(),
            "answer": self.answer,
            "by": self.by,
            "right": self.task.right(self.answer),
            "samples": samples,
            "picks": {name: self.answers[place] for name, place in self.picks.items()},
            "cost": self.cost.as_dict(),
            "dropped": self.rounds[-1].dropped.tokens if self.rounds else 0,  # tokens that the budget had no room for
        }


def vote_of(strategy: str, judged: bool) -> str:
    """By which vote a strategy's answer is given, as ``solve`` gives it: "weighted", "majority"; "" of its own choice.

    Args:
        judged: whether a reward scored its solutions.
    """
    if judged:
        return "weighted" if strategy in VOTED else ""
    return "" if strategy in UNGUIDED else "majority"


def _given_by(picks: Mapping[str, int]) -> str:
    return next((name for name in ("strategy", "weighted", "majority") if name in picks), "")


def answer_of(sample: Sample) -> str:
    """The short answer of a solution."""
    return str(sample.info.get("answer", sample.content))


def voted(answers: Sequence[str], weights: Sequence[float], names: Sequence[Any] | None = None) -> int:
    """The first place of the heaviest group of equal answers; "" has no vote unless nothing else is said.

    Args:
        names: one an answer, the same for those that are equal; None compares them as solutions' answers.
    """
    total: dict[Any, float] = {}
    names = equal_groups(answers) if names is None else names
    counted = [place for place, answer in enumerate(answers) if answer] or list(range(len(answers)))
    for place in counted:
        total[names[place]] = total.get(names[place], 0.0) + weights[place]
    heaviest = max(total, key=lambda name: total[name])
    return next(place for place in counted if names[place] == heaviest)


@typed
def lm_sampler(
    model: str | None = None,
    settings: SolutionSettings | None = None,
    *,
    own: bool = False,
    extra_body: Mapping[str, Any] | None = None,
    options: loading.Options | None = None,
) -> Sampler:
    """The sampler of a named model: ``tiny:math``, a hub id, a folder, ``endpoint:NAME@http://...`` or ``vllm:HUB_ID``.

    A registered sampler of solutions that needs no model is named in the same place.

    Args:
        own: the name comes from whoever set the environment, not from a page or a request (see ``EndpointSampler``).
        extra_body: further fields of an endpoint's requests.
        options: how to load the model.

    Raises:
        BadInput: an endpoint without an address, or options for what is not loaded here. ModelUnavailable: this machine
            cannot hold or reach the model.
    """
    name, settings = model or loading.default_name("lm"), settings or SolutionSettings()
    if extra_body and not name.startswith("endpoint:"):
        raise BadInput(f"Further fields of a request (extra_body) are for endpoints, and {name!r} is none.")
    if (plugged := plugged_sampler(name, ReasoningTask.kind, settings.as_dict())) is not None:
        for_no_model(name, options)
        return plugged
    if name.startswith("endpoint:"):
        for_no_model(name, options)
        from tts_playground.models.endpoint.address import named
        from tts_playground.samplers.lm_endpoint import EndpointSolutions

        called, url = named(name)
        return EndpointSolutions(url, called, settings, own=own, extra_body=extra_body or {})
    if name.startswith("vllm:"):
        from tts_playground.samplers.lm_vllm import VllmSolutions

        return VllmSolutions(name.removeprefix("vllm:"), settings, dtype=options.dtype if options else "auto")
    from tts_playground.samplers.lm import LanguageModelSampler

    return LanguageModelSampler(loading.load(name, "lm", options), settings)


@typed
def reward_of(
    name: str, model: str, *, aggregation: str | None = None, device: str = "auto", trust_code: str = ""
) -> Reward | None:
    """The reward called ``name``; None for "", and for "auto" where none knows the world of ``model``.

    Args:
        aggregation: "last", "min", "prod" or "mean" of the scores of steps; None leaves it to the reward.
        device: where it runs unless its name says so.
        trust_code: consent to run a process reward model's own code.

    Raises:
        UnknownName: no such reward. BadInput: it is not for solutions, or does not aggregate.
    """
    if name == AUTO:
        name = "prm" if model == "tiny:math" else ""
    if not name:
        return None
    given = {"aggregation": aggregation, "trust_code": trust_code or None}
    made = registry.resolve("reward", name, ReasoningTask.kind, **{key: one for key, one in given.items() if one})
    return on_device(made, device)


def solution_rounds(
    task: ReasoningTask,
    sampler: Sampler,
    reward: Reward | None = None,
    *,
    n: int = 16,
    strategy: str | Strategy[Any] = BASELINE,
    budget: Budget | None = None,
    seed: int = 0,
    store: Keeper | None = None,
    cancel: Cancel = never,
) -> Iterator[Round]:
    """The one stream behind ``solve``, its verb, endpoint and tab; see ``engine.run``. The task's answer is kept back.

    Args:
        reward: what guides a search and picks the best; None scores nothing.
        n: whole solutions in the end.
        budget: None allows ``n`` whole solutions.

    Raises:
        UnknownName, BadInput: no such strategy, or the sampler cannot run it. Cancelled: ``cancel()`` became true.
    """
    asked = task.unanswered()
    chosen = engine.planned(strategy, asked, sampler, n, batch=min(n, BATCH))
    budget = budget or Budget(samples=n)
    return engine.run(asked, sampler, chosen, reward, budget=budget, seed=seed, store=store, cancel=cancel)


@typed
def solve(
    problem: str,
    *,
    model: str | None = None,
    strategy: str = BASELINE,
    reward: str | None = AUTO,
    n: int = 16,
    temperature: float = 0.8,
    top_p: float = 1.0,
    top_k: int = 0,
    seed: int = 0,
    max_tokens: int = 512,
    max_steps: int = 16,
    system_prompt: str = SYSTEM_PROMPT,
    truth: str = "",
    aggregation: str | None = None,
    budget: Budget | None = None,
    own: bool = False,
    store: Keeper | None = None,
    cancel: Cancel = never,
    on_round: Callable[[Round], None] | None = None,
    extra_body: Mapping[str, Any] | None = None,
    reward_code: str = "",
    dtype: str = "auto",
    load_in_4bit: bool = False,
    device: str = "auto",
    trust_code: str = "",
) -> Solved:
    """Solve a problem ``n`` times, or search over the steps of solutions, judge them, and vote.

    Args:
        problem: in words; up to 20,000 characters.
        model: ``tiny:math``, a hub id, a folder, ``endpoint:NAME@URL`` or ``vllm:HUB_ID``; None takes
            ``TTS_PLAYGROUND_LM_MODEL`` or the embedded one.
        strategy: a registered strategy of solutions; "best-of-n" draws them independently.
        reward: a registered reward of solutions, ``prm:HUB_OR_FOLDER`` for example; None or "" judges nothing, and
            "auto" takes tiny:prm where tiny:math solves.
        n: whole solutions in the end, 1 to 1024; with best-of-n, solution i is the same whatever n is.
        temperature, top_p, top_k, max_tokens, max_steps: see ``SolutionSettings``.
        system_prompt: how to solve it; "" says nothing.
        truth: the right answer, where it is known; shown to nobody who draws or judges. Of a plain sum, as "12*7+5", it
            is worked out.
        aggregation: what makes one number of the scores of steps; None leaves it to the reward.
        budget: further limits than ``n`` solutions.
        own: see ``tasks.vqa.answer``.
        store: where independent solutions and their scores are read and kept; None keeps nothing.
        cancel: asked after every token; True ends the draw.
        on_round: hears of every round and of reports between them.
        extra_body: further fields of an endpoint's requests.
        reward_code: consent to run the code of a process reward model's repository (``models.trusted_code``).
        dtype, load_in_4bit, device, trust_code: how to load the model; see ``models.load_options.options_of``.

    Raises:
        BadInput: the problem or a setting cannot be used. UnknownName: no such strategy, reward or embedded model.
        ModelUnavailable: this machine cannot hold or reach a model. Cancelled: ``cancel()`` became true.
    """
    check_count(n, MOST)
    task = ReasoningTask(problem, truth or truth_of(problem), system_prompt=system_prompt)
    settings = SolutionSettings(temperature, top_p, top_k, max_tokens, max_steps)
    options = options_of(device, dtype, load_in_4bit, trust_code)
    name = model or loading.default_name("lm")
    judge = reward_of(reward or "", name, aggregation=aggregation, device=device, trust_code=reward_code)
    sampler = lm_sampler(name, settings, own=own, extra_body=extra_body, options=options)
    rounds = solution_rounds(
        task, sampler, judge, n=n, strategy=strategy, budget=budget, seed=seed, store=store, cancel=cancel
    )
    found = engine.Found().hear(rounds, on_round)
    return Solved(
        task,
        model_of(sampler, task.kind),
        strategy,
        judge.name if judge is not None else "",
        seed,
        settings,
        found.whole,
        _step_scores(task, judge, [one.sample for one in found.whole]),
        found.cost,
        found.rounds,
    )


def _step_scores(task: ReasoningTask, judge: Reward | None, samples: Sequence[Sample]) -> tuple[tuple[float, ...], ...]:
    """Of each step, where the reward says them; they were paid for when the solutions were scored."""
    return tuple(judge.step_scores(task.unanswered(), samples)) if isinstance(judge, ProcessReward) else ()
