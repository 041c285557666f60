"""A recipe's run: all problems in one running batch, a row as soon as a problem is finished, and on after a kill."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Any

from tts_playground import files, jsontext
from tts_playground.core import Cost, Sampler, StepReward
from tts_playground.errors import BadInput, CannotDo, plural, shown
from tts_playground.experiments.recipes import hub
from tts_playground.experiments.recipes.recipe import Recipe
from tts_playground.experiments.recipes.rows import in_order, unsolved
from tts_playground.experiments.recipes.solver import SolvedProblem, Solver, models_of
from tts_playground.experiments.recipes.spans import file_of, recipe_beside, write_run
from tts_playground.journal import Append, growing
from tts_playground.samplers.cancellation import Cancel, never
from tts_playground.tasks.problem_sets import KnownProblem, problems
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
    cost: Cost = field(default=Cost())
    """of this run, of problems that are finished; its seconds are those of the run"""
    note: str = ""
    """one line for people: what became of it on the hub"""


@dataclass(frozen=True, slots=True)
class AskedProblems:
    """The problems of a recipe, and the rows of its set that are none."""

    problems: tuple[KnownProblem, ...]
    skipped: tuple[Skipped, ...]


def asked_problems(recipe: Recipe) -> AskedProblems:
    """What a recipe asks for, in the order of its set.

    Raises:
        BadInput: the set cannot be read, or there is no problem in it. CannotDo: the hub cannot be reached.
    """
    facts: dict[str, Any] = {"config": recipe.dataset_config, "split": recipe.dataset_split}
    found = list(problems(recipe.dataset_name, recipe.dataset_start or 0, recipe.end, **facts))
    chosen = tuple(one for one in found if isinstance(one, KnownProblem))
    skipped = tuple(one for one in found if isinstance(one, Skipped))
    if not chosen:
        why = f": {skipped[0].why}" if skipped else ""
        raise BadInput(f"There is no problem to solve in {recipe.dataset_name} between these rows{why}.")
    return AskedProblems(chosen, skipped)


def run(
    recipe: Recipe,
    *,
    cancel: Cancel = never,
    sampler: Sampler | None = None,
    reward: StepReward | None = None,
    whole: tuple[int, int] | None = None,
) -> Iterator[RecipeProgress]:
    """Run a recipe, or go on with it where its file ends; reports as it goes. Close the generator to stop.

    With ``push_to_hub`` the rows of a finished run go there, and one whose revision is there ends at once.

    Args:
        cancel: asked after every token; what was finished is kept.
        sampler, reward: in place of those that the recipe names.
        whole: of a shard: the range of problems that all shards cover together.

    Raises:
        BadInput: a set that cannot be read, or a file of another recipe. ModelUnavailable: a model cannot be loaded.
            StoreError: the file cannot be written. Cancelled: ``cancel()`` became true. CannotDo: the hub refuses.
    """
    file = file_of(recipe)
    if recipe.push_to_hub and (there := hub.there(recipe)):
        yield RecipeProgress(0, 0, 0, 1.0, 0.0, file, note=there)
        return
    asked = asked_problems(recipe)
    if sampler is None or reward is None:
        sampler, reward = models_of(recipe)
    files.make_folder(file.parent, "The folder of completions")
    with growing(file, WHAT) as append:
        same_recipe(recipe, deciding(recipe, sampler, reward), file)
        left = unsolved(file, asked.problems)
        work = _Work(recipe, left, len(asked.problems), asked.skipped, file)
        yield from work.run(Solver(recipe, sampler, reward), append, cancel)
    yield from finished(recipe, asked, work.told(), whole)


def finished(
    recipe: Recipe, asked: AskedProblems, last: RecipeProgress, whole: tuple[int, int] | None = None
) -> Iterator[RecipeProgress]:
    """Put the rows of a run that is done in order, say beside them what it came to, and push them where that is wished.

    Raises:
        StoreError: something cannot be written. CannotDo: no problem could be solved, or the hub refuses.
    """
    in_order(last.file, {one.unique_id: one.number for one in asked.problems})
    facts = part_of(recipe, asked, whole) | {"rows": last.done}
    facts |= {"skipped": [{"row": one.number, "why": one.why} for one in last.skipped]}
    facts.pop("name")
    write_run(last.file, facts | {"cost_of_last_run": last.cost.as_dict()})
    if not last.done:
        failed = last.skipped[len(asked.skipped) :]
        why = f"; the first: {failed[0].why}" if failed else ""
        raise CannotDo(f"None of {plural(len(asked.problems), 'problem')} could be solved{why}.")
    if recipe.push_to_hub:
        yield replace(last, note=f"Pushed to {hub.push(recipe, last.file)}")


def part_of(recipe: Recipe, asked: AskedProblems, whole: tuple[int, int] | None = None) -> dict[str, Any]:
    """{"name", "start", "end", "whole", "skipped"} of the part of a set that is asked for, for who joins parts."""
    start = recipe.dataset_start or 0
    found: dict[str, Any] = {"name": recipe.chunk, "start": start}
    found |= {"end": start + len(asked.problems) + len(asked.skipped), "whole": whole}
    return found | {"skipped": [{"row": one.number, "why": one.why} for one in asked.skipped]}


def deciding(recipe: Recipe, sampler: Sampler, reward: StepReward) -> dict[str, Any]:
    """What decides the rows of a recipe: its keys and the versions of its models."""
    return recipe.deciding() | {"generator": sampler.fingerprint(), "judge": reward.revision}


def same_recipe(recipe: Recipe, facts: Mapping[str, Any], file: Path) -> None:
    """Write down beside the rows what decides them, or see that it is the same as when they were drawn.

    Raises:
        BadInput: it is not.
    """
    beside = file.with_name(recipe_beside(file))
    elsewhere = f"give another output_dir than {shown(recipe.folder)}, or move what is there"
    facts = json.loads(json.dumps(facts))
    if not file.stat().st_size:
        files.write_text(beside, json.dumps(facts, indent=1) + "\n", "The recipe beside the rows")
        return
    try:
        text = files.read_plain(beside, 1 << 20)
    except OSError as error:
        raise BadInput(f"{file} holds rows, and nothing beside it says by what recipe; {elsewhere}.") from error
    changes = differences(facts, jsontext.loads_object(text, str(beside)))
    if changes:
        raise BadInput(f"{file} holds rows of another recipe: {changes}; {elsewhere}.")


def differences(now: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """What differs between the facts that decide rows, in words; "" where nothing does."""
    return ", ".join(_differing(now, before))


def _differing(now: Mapping[str, Any], before: Mapping[str, Any], of: str = "") -> Iterator[str]:
    """One fact at a time, those of a model by their own names."""
    for key in {**now, **before}:
        new, old = now.get(key), before.get(key)
        if isinstance(new, dict) and isinstance(old, dict):
            yield from _differing(new, old, f" of {key}{of}")
        elif new != old:
            yield f"{key}{of} {_fact(old)} is now {_fact(new)}"


def _fact(value: Any) -> str:
    return shown(value, 40) if value not in (None, "") else "none"


class _Work:
    """The problems of a run that have no row yet."""

    def __init__(
        self, recipe: Recipe, left: Sequence[KnownProblem], of: int, skipped: Sequence[Skipped], file: Path
    ) -> None:
        self.recipe, self.left, self.of, self.file = recipe, left, of, file
        self.skipped = list(skipped)
        self._under_way: Callable[[], float] = float
        self._finished, self._failed, self._cost = 0, 0, Cost()
        self._began = monotonic()

    def told(self) -> RecipeProgress:
        """How far it is."""
        tried = self._finished + self._failed
        share = min(1.0, (tried + self._under_way()) / len(self.left)) if self.left else 1.0
        spent = monotonic() - self._began
        seconds = spent * (1 / share - 1) if share else None
        done = self.of - len(self.left) + self._finished
        cost = replace(self._cost, seconds=spent)
        return RecipeProgress(done, self.of, cost.tokens, share, seconds, self.file, tuple(self.skipped), cost)

    def run(self, solver: Solver, append: Append, cancel: Cancel) -> Iterator[RecipeProgress]:
        """Draw them all."""
        self._under_way = lambda: solver.under_way
        yield self.told()
        for one in solver.run(self.left, cancel, self._given_up):
            if one is not None and one.row is not None:
                append([one.row])
                self._finished, self._cost = self._finished + 1, self._cost + one.cost
            yield self.told()

    def _given_up(self, one: SolvedProblem) -> None:
        """Pass over a problem that cannot be solved; give up where it is not the problem that is at fault."""
        self._failed += 1
        if isinstance(one.error, CannotDo) and not self._finished and self._failed >= TROUBLES:
            raise one.error
        self.skipped.append(Skipped(one.problem.number, str(one.error).removesuffix(".")))


__all__ = ["AskedProblems", "RecipeProgress", "asked_problems", "file_of", "models_of", "problems", "run"]
