"""A recipe's run: all problems in one running batch, a row as soon as a problem is finished, and on after a kill."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, cast

from tts_playground import files, jsontext
from tts_playground.core import Cost, Reward, Round, Sample, Sampler, StepReward
from tts_playground.errors import BadInput, CannotDo, PlaygroundError, StoreError, shown
from tts_playground.experiments.recipes.approaches import completions_of, strategy_of
from tts_playground.experiments.recipes.recipe import Recipe
from tts_playground.experiments.recipes.rows import in_order, known_ids, row_of
from tts_playground.home import expanded
from tts_playground.journal import Append, growing
from tts_playground.models.load_options import options_of
from tts_playground.rewards.prm import AGGREGATIONS, ProcessReward
from tts_playground.samplers.cancellation import Cancel, never
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.tasks.problem_sets import KnownProblem, problems
from tts_playground.tasks.solving import lm_sampler
from tts_playground.tasks.together import MOST, JointRun, run_together
from tts_playground.tasks.vqa_data import Skipped

WHAT = "The file of completions"
TROUBLES = 3
"""problems one after another that cannot be solved before a run gives up"""


@dataclass(frozen=True, slots=True)
class RecipeProgress:
    """How far a run is."""

    done: int
    """problems that have a row, those of earlier runs included"""
    of: int
    tokens: int
    """drawn in this run, of problems that are finished"""
    share: float
    """of the work of this run, problems under way included, 0-1"""
    seconds_left: float | None
    """None while nothing can be said"""
    file: Path
    skipped: tuple[Skipped, ...] = ()
    """so far: rows of the set, and problems that could not be solved"""


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
        return [[self._one(scores) for scores in each] for each in self.steps_many(asked)]

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

    def _one(self, scores: Sequence[float]) -> float:
        return float(AGGREGATIONS[self.how](scores)) if scores else 0.0


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


def file_of(recipe: Recipe) -> Path:
    """Where the rows of a recipe go."""
    return expanded(recipe.folder) / f"{recipe.approach}_completions.jsonl"


def run(
    recipe: Recipe,
    *,
    cancel: Cancel = never,
    sampler: Sampler | None = None,
    reward: StepReward | None = None,
) -> Iterator[RecipeProgress]:
    """Run a recipe, or go on with it where its file ends; reports as it goes. Close the generator to stop.

    Args:
        cancel: asked after every token; what was finished is kept.
        sampler, reward: in place of those that the recipe names.

    Raises:
        BadInput: push_to_hub, a set that cannot be read, or a file of another recipe. ModelUnavailable: a model cannot
            be loaded. StoreError: the file cannot be written. Cancelled: ``cancel()`` became true.
    """
    if recipe.push_to_hub:
        raise BadInput("push_to_hub is not there yet; leave it out, and push the file that a run writes yourself.")
    asked = list(
        problems(
            recipe.dataset_name,
            recipe.dataset_start or 0,
            _end(recipe),
            config=recipe.dataset_config,
            split=recipe.dataset_split,
        )
    )
    chosen = [one for one in asked if isinstance(one, KnownProblem)]
    if not chosen:
        why = next((f": {one.why}" for one in asked if isinstance(one, Skipped)), "")
        raise BadInput(f"There is no problem to solve in {recipe.dataset_name} between these rows{why}.")
    if sampler is None or reward is None:
        sampler, reward = models_of(recipe)
    file = file_of(recipe)
    files.make_folder(file.parent, "The folder of completions")
    with growing(file, WHAT) as append:
        _same(recipe, recipe.deciding() | {"generator": sampler.fingerprint(), "judge": reward.revision}, file)
        known = set(known_ids(file))
        left = [one for one in chosen if one.unique_id not in known]
        work = _Work(recipe, left, RememberedSteps(reward, recipe.agg_strategy), len(chosen))
        work.skipped += [one for one in asked if isinstance(one, Skipped)]
        yield from work.run(sampler, append, file, cancel)
    in_order(file, {one.unique_id: one.number for one in chosen})


def _end(recipe: Recipe) -> int | None:
    ends = [recipe.dataset_end]
    ends.append(None if recipe.num_samples is None else (recipe.dataset_start or 0) + recipe.num_samples)
    return min((end for end in ends if end is not None), default=None)


def _same(recipe: Recipe, facts: dict[str, Any], file: Path) -> None:
    """Write down beside the rows what decides them, or see that it is the same as when they were drawn.

    Raises:
        BadInput: it is not.
    """
    beside = file.with_name(f"{recipe.approach}_recipe.json")
    elsewhere = f"give another output_dir than {shown(recipe.folder)}, or move what is there"
    facts = json.loads(json.dumps(facts))
    if not file.stat().st_size:
        files.write_text(beside, json.dumps(facts, indent=1) + "\n", "The recipe beside the rows")
        return
    try:
        text = files.read_plain(beside, 1 << 20)
    except OSError as error:
        raise BadInput(f"{file} holds rows, and nothing beside it says by what recipe; {elsewhere}.") from error
    before = jsontext.loads_object(text, str(beside))
    differ = [key for key in facts | before if facts.get(key) != before.get(key)]
    if differ:
        changes = ", ".join(f"{key} {shown(before.get(key), 40)} is now {shown(facts.get(key), 40)}" for key in differ)
        raise BadInput(f"{file} holds rows of another recipe: {changes}; {elsewhere}.")


class _Work:
    """The problems of a run that have no row yet."""

    def __init__(self, recipe: Recipe, left: Sequence[KnownProblem], reward: RememberedSteps, of: int) -> None:
        self.recipe, self.left, self.reward, self.of = recipe, left, reward, of
        self.skipped: list[Skipped] = []
        self._rounds: dict[int, list[Round]] = defaultdict(list)
        self._shares: dict[int, float] = {}
        """of problems under way, how much of each is done"""
        self._usual = 0.0
        """rounds that a finished problem took, on average"""
        self._finished, self._tokens, self._failed_now = 0, 0, 0
        self._began = monotonic()

    def told(self, file: Path) -> RecipeProgress:
        """How far it is."""
        tried = self._finished + self._failed_now
        share = min(1.0, (tried + sum(self._shares.values())) / len(self.left)) if self.left else 1.0
        seconds = (monotonic() - self._began) * (1 / share - 1) if share else None
        done = self.of - len(self.left) + self._finished
        return RecipeProgress(done, self.of, self._tokens, share, seconds, file, tuple(self.skipped))

    def run(self, sampler: Sampler, append: Append, file: Path, cancel: Cancel) -> Iterator[RecipeProgress]:
        """Draw them all."""
        strategy, seed = strategy_of(self.recipe), self.recipe.seed
        jobs = (JointRun(one.task(self.recipe.prompt), strategy, seed=seed) for one in self.left)
        most = self.recipe.search_batch_size if self.recipe.search_batch_size > 1 else MOST
        guide = cast(Reward, self.reward)
        yield self.told(file)
        for number, round_ in run_together(jobs, sampler, guide, most=most, cancel=cancel, failed=self._failed):
            self._hear(number, round_)
            if round_.stopped:
                try:
                    append([self._row(number, round_)])
                except CannotDo as error:
                    if isinstance(error, StoreError):
                        raise
                    self._failed(number, error)
            yield self.told(file)

    def _hear(self, number: int, round_: Round) -> None:
        if round_.progress is not None:
            self._shares[number] = min(0.95, round_.progress.share)
            return
        self._rounds[number].append(round_)
        if self._usual:
            self._shares[number] = min(0.95, len(self._rounds[number]) / self._usual)

    def _row(self, number: int, last: Round) -> dict[str, Any]:
        problem, rounds = self.left[number], self._rounds.pop(number)
        found = completions_of(self.recipe, rounds)
        task = problem.task(self.recipe.prompt)
        steps = self.reward.steps_many([(task, [one.sample for one in found])])[0]
        self.reward.forget(task.problem)
        self._shares.pop(number, None)
        self._usual = (self._usual * self._finished + len(rounds)) / (self._finished + 1)
        self._finished, self._tokens = self._finished + 1, self._tokens + last.cost.tokens
        return row_of(problem, found, steps, last.cost.tokens, self.recipe)

    def _failed(self, number: int, error: PlaygroundError) -> None:
        """Pass over a problem that cannot be solved; give up where it is not the problem that is at fault."""
        self._shares.pop(number, None)
        self._rounds.pop(number, None)
        problem = self.left[number]
        self.reward.forget(problem.problem)
        self._failed_now += 1
        if isinstance(error, CannotDo) and not self._finished and self._failed_now >= TROUBLES:
            raise error
        self.skipped.append(Skipped(problem.number, str(error).removesuffix(".")))
