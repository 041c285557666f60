"""A recipe on many machines: its problems are the keys of a job, and what is joined is the file of one process."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from tts_playground import files, jsontext
from tts_playground.cluster import chunks, engine, places
from tts_playground.cluster.ray_room import ClusterOptions
from tts_playground.cluster.work import Cancel, ClusterJob, Done, Item
from tts_playground.core import Cost, Sampler, StepReward
from tts_playground.errors import CannotDo
from tts_playground.experiments.recipes import hub
from tts_playground.experiments.recipes.recipe import Recipe
from tts_playground.experiments.recipes.rows import unsolved
from tts_playground.experiments.recipes.run import (
    WHAT,
    AskedProblems,
    RecipeProgress,
    asked_problems,
    deciding,
    finished,
    part_of,
    same_recipe,
)
from tts_playground.experiments.recipes.solver import Solver, models_of
from tts_playground.experiments.recipes.spans import file_of, recipe_beside
from tts_playground.journal import growing
from tts_playground.samplers.cancellation import never
from tts_playground.tasks.problem_sets import KnownProblem
from tts_playground.tasks.vqa_data import Skipped


@dataclass(frozen=True)
class RecipeMaker:
    """The generator and the judge of a recipe, in a worker."""

    recipe: Recipe
    sampler: Sampler
    reward: StepReward

    def facts(self) -> Mapping[str, Any]:
        """The versions of the models."""
        found = deciding(self.recipe, self.sampler, self.reward)
        return json.loads(json.dumps({name: found[name] for name in ("generator", "judge")}))

    def run(self, items: Iterator[Item | None], cancel: Cancel) -> Iterator[Done | None]:
        """Solve problems in one running batch.

        Raises:
            Cancelled: ``cancel()`` became true.
        """
        problems = (None if one is None else one[1] for one in items)
        for one in Solver(self.recipe, self.sampler, self.reward).run(problems, cancel):
            if one is None:
                yield None
            else:
                why = str(one.error or "").removesuffix(".")
                yield Done(one.problem.unique_id, one.row, one.cost, why, isinstance(one.error, CannotDo))


def load(recipe: Recipe) -> RecipeMaker:
    """The models of a recipe; what a worker calls.

    Raises:
        BadInput, ModelUnavailable: they cannot be loaded.
    """
    return RecipeMaker(recipe, *models_of(recipe))


def held_by(recipe: Recipe) -> int:
    """Problems that a worker holds: as many again as are under way, so that none waits for the next to be sent."""
    return 2 * Solver.most_of(recipe)


def run(
    recipe: Recipe,
    options: ClusterOptions,
    *,
    cancel: Cancel = never,
    whole: tuple[int, int] | None = None,
    make: Any = load,
) -> Iterator[RecipeProgress]:
    """``run.run`` on Ray: the same rows in the same file, beside the chunks that the workers wrote.

    Args:
        options: where, and on how much.
        cancel: asked a few times a second; what was written is kept, and a further run goes on with it.
        whole: as of ``run.run``.
        make: what a worker calls to load its models, given the recipe.

    Raises:
        BadInput, ModelUnavailable, CannotDo, StoreError, Cancelled: as ``run.run`` and ``cluster.engine.run``.
    """
    file = file_of(recipe)
    if recipe.push_to_hub and (there := hub.there(recipe)):
        yield RecipeProgress(0, 0, 0, 1.0, 0.0, file, note=there)
        return
    asked = asked_problems(recipe)
    files.make_folder(file.parent, "The folder of completions")
    with growing(file, WHAT) as append:
        _same_keys(recipe, file)
        left = {one.unique_id: one for one in unsolved(file, asked.problems)}
        known = len(asked.problems) - len(left)
        folder = str(file.parent / f"{recipe.approach}_chunks{recipe.chunk}")
        part = part_of(recipe, asked, whole)
        job = ClusterJob("recipe", recipe.deciding(), left, partial(make, recipe), held_by(recipe), part)
        last = RecipeProgress(known, len(asked.problems), 0, 1.0, 0.0, file, asked.skipped)
        for report in engine.run(job, folder, options, cancel=cancel) if left else ():
            last = _told(report, asked, known, last)
            yield last
        if left:
            done, found = chunks.merged(places.opened(options.chunks or folder), left)
            same_recipe(recipe, recipe.deciding() | dict(found.facts), file)
            append(one.row for one in done if one.row is not None)
    yield last
    yield from finished(recipe, asked, last, whole)


def _told(report: engine.ClusterProgress, asked: AskedProblems, known: int, last: RecipeProgress) -> RecipeProgress:
    numbers: Mapping[str, KnownProblem] = {one.unique_id: one for one in asked.problems}
    skipped = [*asked.skipped, *(Skipped(numbers[one.key].number, one.why) for one in report.failed)]
    of, cost, workers = len(asked.problems), report.cost, len(report.workers)
    note = f"{workers} {'worker' if workers == 1 else 'workers'}"
    note += f", {report.deaths} lost" if report.deaths else ""
    done = known + report.done
    told = (report.share, report.seconds_left, last.file, tuple(skipped), cost if cost != Cost() else last.cost, note)
    return RecipeProgress(done, of, cost.tokens, *told)


def _same_keys(recipe: Recipe, file: Any) -> None:
    """See before anything is drawn that the rows of a file are of the same recipe; of which models, workers will tell.

    Raises:
        BadInput: they are not.
    """
    beside = file.with_name(recipe_beside(file))
    if file.stat().st_size and beside.is_file():
        before = jsontext.loads_object(files.read_plain(beside, 1 << 20), str(beside))
        models = {name: before[name] for name in ("generator", "judge") if name in before}
        same_recipe(recipe, recipe.deciding() | models, file)
