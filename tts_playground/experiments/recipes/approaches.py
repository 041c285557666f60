"""What a recipe's approach is here: a strategy that is run once, and which n completions of it make a row.

A row has n completions whatever a search found, as published: a beam's are the first (or best) n that it completed,
repeated where there are fewer; those of dvts are what each subtree drew in its last step, together, whether it is whole
or not. mcts walks until n are whole; the tree of rebase comes to n by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tts_playground.core import Budget, Reward, Round, Scored, SteppedSampler, Strategy, Task
from tts_playground.errors import CannotDo
from tts_playground.experiments.recipes.recipe import Recipe
from tts_playground.strategies.beam import Beam
from tts_playground.strategies.best_of_n import BestOfN
from tts_playground.strategies.dvts import DVTS
from tts_playground.strategies.mcts import MCTS
from tts_playground.strategies.rebase import Rebase
from tts_playground.tasks.engine import whole

_NO_LIMIT = Budget(samples=1 << 40)


@dataclass(frozen=True, slots=True)
class UntilWhole:
    """Another strategy, which ends as soon as ``n`` whole candidates are there."""

    strategy: Strategy[Any]
    n: int

    def run(
        self, task: Task, sampler: SteppedSampler, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """The rounds of the other one."""
        count, limit = 0, _NO_LIMIT if budget == Budget() else budget
        for round_ in self.strategy.run(task, sampler, reward, budget=limit, seed=seed):
            count += len(whole([round_]))
            if count >= self.n:
                yield replace(round_, stopped="done")
                return
            yield round_


@dataclass(frozen=True, slots=True)
class ApproachRow:
    """What stands behind the name of an approach."""

    strategy: Callable[[Recipe], Strategy[Any]]
    completions: Callable[[Recipe, Sequence[Round]], list[Scored]]
    """of the rounds of a run; fewer than n, or none, where it found no more"""
    groups: Callable[[int, int], int]
    """of n and beam_width: how many completions stand or fall together, when fewer than n are looked at; n where the
    search must be run again for that"""


def _first(recipe: Recipe, rounds: Sequence[Round]) -> list[Scored]:
    return list(whole(rounds))[: recipe.n]


def _of_beam(recipe: Recipe, rounds: Sequence[Round]) -> list[Scored]:
    found = list(whole(rounds))
    return sorted(found, key=lambda one: -one.reward)[: recipe.n] if recipe.sort_completed else found[: recipe.n]


def _of_subtrees(recipe: Recipe, rounds: Sequence[Round]) -> list[Scored]:
    """The children that each subtree drew last, subtree by subtree."""
    width = recipe.beam_width
    tree_of: dict[int, int] = {}
    last: dict[int, list[Scored]] = {}
    for round_ in rounds:
        drawn: dict[int, list[Scored]] = {}
        for one in round_.candidates:
            index, parent = one.sample.index, one.sample.parent
            tree = tree_of.setdefault(index, index // width if parent is None else tree_of.get(parent, parent // width))
            drawn.setdefault(tree, []).append(one)
        last |= drawn
    return [one for tree in sorted(last) for one in last[tree]]


APPROACHES: Mapping[str, ApproachRow] = {
    "best_of_n": ApproachRow(lambda r: BestOfN(r.n, batch=r.n), _first, lambda n, width: 1),
    "beam_search": ApproachRow(
        lambda r: Beam(r.n, r.beam_width, r.lookahead, waves=1, distinct=r.filter_duplicates),
        _of_beam,
        lambda n, width: n,
    ),
    "dvts": ApproachRow(
        lambda r: DVTS(r.n, r.beam_width, r.lookahead, waves=1),
        _of_subtrees,
        lambda n, width: n if n % width else width,
    ),
    "rebase": ApproachRow(lambda r: Rebase(r.n, r.rebase_temperature, waves=1), _first, lambda n, width: n),
    "mcts": ApproachRow(
        lambda r: UntilWhole(MCTS(r.beam_width, r.exploration, r.mcts_value, walks=r.n), r.n),
        _first,
        lambda n, width: n,
    ),
}


def strategy_of(recipe: Recipe) -> Strategy[Any]:
    """The strategy that is run once on each problem."""
    return APPROACHES[recipe.approach].strategy(recipe)


def completions_of(recipe: Recipe, rounds: Sequence[Round]) -> list[Scored]:
    """Exactly ``recipe.n`` completions of the rounds of a run; the first ones again where it found fewer.

    Raises:
        CannotDo: it found none.
    """
    found = APPROACHES[recipe.approach].completions(recipe, rounds)
    if not found:
        raise CannotDo("the search came to no completion")
    return [found[place % len(found)] for place in range(recipe.n)]


def together(approach: str, n: int, beam_width: int) -> int:
    """How many completions in a row stand or fall together where fewer than n are looked at: a subtree's of dvts, 1 of
    best_of_n, and n of what must be run again."""
    return APPROACHES[approach].groups(n, beam_width) if approach in APPROACHES else n
