"""Solving the problems of a recipe: one running batch for all of them, a row as soon as a problem is finished."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from tts_playground.core import Cost, Reward, Round, Sample, Sampler, StepReward
from tts_playground.errors import CannotDo, PlaygroundError, StoreError
from tts_playground.experiments.recipes.approaches import completions_of, strategy_of
from tts_playground.experiments.recipes.recipe import Recipe
from tts_playground.experiments.recipes.rows import row_of
from tts_playground.models.load_options import options_of
from tts_playground.rewards.prm import ProcessReward, aggregate
from tts_playground.samplers.cancellation import Cancel
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.tasks.problem_sets import KnownProblem
from tts_playground.tasks.solving import lm_sampler
from tts_playground.tasks.together import MOST, JointRun, run_together


@dataclass(frozen=True, slots=True)
class SolvedProblem:
    """A problem with its row, or with why it has none."""

    problem: KnownProblem
    row: dict[str, Any] | None
    cost: Cost = field(default=Cost())
    error: PlaygroundError | None = None


@dataclass
class RememberedSteps:
    """A process reward that keeps the step scores of what it has seen, so that nothing is read twice."""

    reward: StepReward
    how: str
    seen: dict[str, dict[tuple[str, bool], tuple[float, ...]]] = field(default_factory=lambda: defaultdict(dict))
    """problem -> (text, whether it is whole) -> scores"""

    @property
    def name(self) -> str:
        """The reward's."""
        return self.reward.name

    @property
    def revision(self) -> str:
        """The reward's."""
        return self.reward.revision

    @property
    def unit_cost(self) -> Cost:
        """The reward's."""
        return self.reward.unit_cost

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """The aggregated score of each."""
        return self.score_many([(task, samples)])[0]

    def score_many(self, asked: Sequence[tuple[Any, Sequence[Sample]]]) -> list[list[float]]:
        """The same for solutions of many problems."""
        return [[aggregate(scores, self.how) for scores in each] for each in self.steps_many(asked)]

    def steps_many(self, asked: Sequence[tuple[Any, Sequence[Sample]]]) -> list[list[tuple[float, ...]]]:
        """The scores of all steps; solutions that say the same are read once."""
        fresh: list[tuple[Any, list[Sample]]] = []
        for task, samples in asked:
            new = {_key(one): one for one in samples if _key(one) not in self.seen[task.problem]}
            fresh.append((task, list(new.values())))
        many = getattr(self.reward, "step_scores_many", None)
        found = many(fresh) if many else [self.reward.step_scores(task, ones) for task, ones in fresh]
        for (task, ones), scores in zip(fresh, found, strict=True):
            self.seen[task.problem] |= {_key(one): tuple(each) for one, each in zip(ones, scores, strict=True)}
        return [[self.seen[task.problem][_key(one)] for one in samples] for task, samples in asked]

    def forget(self, problem: str) -> None:
        """Nobody asks about a problem any more."""
        self.seen.pop(problem, None)


def _key(sample: Sample) -> tuple[str, bool]:
    return str(sample.content), bool(sample.info.get("complete", True))


def models_of(recipe: Recipe) -> tuple[Sampler, StepReward]:
    """The generator and the process reward of a recipe, loaded.

    Raises:
        BadInput, UnknownName, ModelUnavailable: as ``tasks.solving.lm_sampler`` does.
    """
    settings = SolutionSettings(
        recipe.temperature,
        recipe.top_p,
        0,
        recipe.max_tokens,
        recipe.num_iterations,
        chat_template=recipe.custom_chat_template or "",
    )
    options = options_of(recipe.device, recipe.dtype, recipe.load_in_4bit, recipe.trust_code)
    if recipe.model_path.startswith("vllm:"):
        from tts_playground.samplers.lm_vllm import VllmSolutions

        named = recipe.model_path.removeprefix("vllm:")
        sampler: Sampler = VllmSolutions(named, settings, recipe.dtype, recipe.gpu_memory_utilization)
    else:
        sampler = lm_sampler(recipe.model_path, settings, own=True, options=options)
    reward = ProcessReward(recipe.prm_path, recipe.agg_strategy, recipe.device, trust_code=recipe.prm_trust_code)
    return sampler, reward


class Solver:
    """Solves problems by a recipe; nothing that it finds about one depends on the others."""

    def __init__(self, recipe: Recipe, sampler: Sampler, reward: StepReward) -> None:
        self.recipe, self.sampler = recipe, sampler
        self.reward = RememberedSteps(reward, recipe.agg_strategy)
        self._problems: list[KnownProblem] = []
        self._rounds: dict[int, list[Round]] = defaultdict(list)
        self._shares: dict[int, float] = {}
        self._failures: list[SolvedProblem] = []
        self._active: set[int] = set()
        self._exhausted = False
        self._finished = 0
        self._usual = 0.0
        """rounds that a finished problem took, on average"""

    @property
    def under_way(self) -> float:
        """How many problems' worth of work is done on those under way."""
        return sum(self._shares.values())

    @staticmethod
    def most_of(recipe: Recipe) -> int:
        """Problems of a recipe that are under way at once."""
        return recipe.search_batch_size if recipe.search_batch_size > 1 else MOST

    def run(
        self,
        problems: Iterable[KnownProblem | None],
        cancel: Cancel,
        given_up: Callable[[SolvedProblem], None] | None = None,
    ) -> Iterator[SolvedProblem | None]:
        """Each problem as it is solved or given up, and None whenever something came a step further.

        Args:
            problems: read as others end; None says that there is none now, and may be later.
            given_up: told at once of a problem that cannot be solved; what it raises ends the run.

        Raises:
            Cancelled: ``cancel()`` became true; it is asked after every token.
        """
        coming = iter(problems)
        guide, most = cast(Reward, self.reward), self.most_of(self.recipe)
        while not self._exhausted:
            base = len(self._problems)

            def failed(number: int, error: PlaygroundError, base: int = base) -> None:
                self._failures.append(self._failed(base + number, error))
                if given_up is not None:
                    given_up(self._failures[-1])

            jobs = self._jobs(coming)
            for number, round_ in run_together(jobs, self.sampler, guide, most=most, cancel=cancel, failed=failed):
                while self._failures:
                    yield self._failures.pop(0)
                self._hear(base + number, round_)
                done = self._row(base + number, round_) if round_.stopped else None
                if done is not None and done.error is not None and given_up is not None:
                    given_up(done)
                yield done
            while self._failures:
                yield self._failures.pop(0)

    def _jobs(self, coming: Iterator[KnownProblem | None]) -> Iterator[JointRun | None]:
        """Jobs as problems come; ends, too, where nothing is under way any more and failures wait to be told."""
        strategy = strategy_of(self.recipe)
        for one in coming:
            if one is not None:
                self._active.add(len(self._problems))
                self._problems.append(one)
                yield JointRun(one.task(self.recipe.prompt), strategy, seed=self.recipe.seed)
            elif self._failures and not self._active:
                return
            else:
                yield None
        self._exhausted = True

    def _hear(self, number: int, round_: Round) -> None:
        if round_.progress is not None:
            self._shares[number] = min(0.95, round_.progress.share)
            return
        self._rounds[number].append(round_)
        if self._usual:
            self._shares[number] = min(0.95, len(self._rounds[number]) / self._usual)

    def _row(self, number: int, last: Round) -> SolvedProblem:
        problem, rounds = self._problems[number], self._rounds.pop(number)
        task = problem.task(self.recipe.prompt)
        try:
            found = completions_of(self.recipe, rounds)
            steps = self.reward.steps_many([(task, [one.sample for one in found])])[0]
        except CannotDo as error:
            if isinstance(error, StoreError):
                raise
            return self._failed(number, error)
        self.reward.forget(task.problem)
        self._shares.pop(number, None)
        self._active.discard(number)
        self._usual = (self._usual * self._finished + len(rounds)) / (self._finished + 1)
        self._finished += 1
        return SolvedProblem(problem, row_of(problem, found, steps, last.cost.tokens, self.recipe), last.cost)

    def _failed(self, number: int, error: PlaygroundError) -> SolvedProblem:
        self._shares.pop(number, None)
        self._rounds.pop(number, None)
        self._active.discard(number)
        problem = self._problems[number]
        self.reward.forget(problem.problem)
        return SolvedProblem(problem, None, error=error)
