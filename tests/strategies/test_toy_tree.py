"""Every strategy on a tree whose optimum is known by enumeration: it finds it, and as often as a closed form says."""

import math
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice

import pytest
from toy_tree import ALPHABET, LENGTH, TASK, ToyTree, Worth, letters_of, optimum, said, value, words

from tts_playground import registry
from tts_playground.core import Budget, Cost
from tts_playground.errors import CannotDo
from tts_playground.strategies import mcts
from tts_playground.strategies.adaptive import Adaptive
from tts_playground.strategies.beam import Beam
from tts_playground.strategies.best_first import BestFirst
from tts_playground.strategies.best_of_n import BestOfN
from tts_playground.strategies.budget_forcing import BudgetForcing
from tts_playground.strategies.dvts import DVTS
from tts_playground.strategies.lookahead import Lookahead
from tts_playground.strategies.mcts import MCTS
from tts_playground.strategies.rebase import Rebase
from tts_playground.strategies.revision import Revision
from tts_playground.strategies.simulate import Simulate
from tts_playground.strategies.smc import SMC
from tts_playground.strategies.stage_beam import StageBeam
from tts_playground.strategies.tournament import Tournament
from tts_playground.testing import TableReward

M = 3
"""children of a step"""
ENOUGH = Budget(tokens=LENGTH * 400)
SEARCHES = [
    BestOfN(),
    Beam(),
    Beam(width=6, children=3, lookahead=1, rollout="sampled"),
    DVTS(),
    DVTS(width=6, children=3, lookahead=1, rollout="sampled"),
    Rebase(),
    Rebase(temperature=1.0, final="best"),
    MCTS(),
    MCTS(value="rollout"),
    BestFirst(),
    BestFirst(branching=2, nodes=6, depth=1),
    StageBeam(),
    StageBeam(stage=2),
    Lookahead(),
    Lookahead(rollouts=2, steps=1),
    Revision(),
    Revision(onto="last"),
    Tournament(),
    Adaptive(final="best", surely=0.999999),
    Simulate(),
    SMC(sharpness=3.0),
    SMC(schedule=(0.5,)),
]


def run(strategy, budget, seed=0, sampler=None, reward=None):
    return list(strategy.run(TASK, sampler or ToyTree(), reward or Worth(), budget=budget, seed=seed))


@pytest.mark.parametrize("strategy", SEARCHES, ids=str)
def test_with_enough_budget_it_finds_the_optimum(strategy):
    """Of 27 words; 400 independent ones miss it in one of 3.6 million runs."""
    assert [said(run(strategy, ENOUGH, seed)) for seed in range(5)] == [optimum()] * 5


def test_the_worth_of_a_prefix_is_that_of_the_best_word_below_it():
    assert len({value(word) for word in words()}) == len(ALPHABET) ** LENGTH
    sampler = ToyTree()
    (path,) = sampler.step(TASK, sampler.start(TASK, [5]))
    (view,) = sampler.peek(TASK, [path])
    below = [value(word) for word in words() if word.startswith(view.content)]
    assert Worth().score(TASK, [view]) == [max(below)] and len(below) == 9


GREEDY = [
    StageBeam(candidates=M),
    DVTS(width=M, children=M),
    Beam(width=M, children=M),
    Rebase(width=M, temperature=1e-6, final="best"),
    MCTS(children=M, exploration=0.0),
]


def within(found, chance, runs, errors=4.0):
    return abs(found - chance) <= errors * math.sqrt(chance * (1 - chance) / runs)


@pytest.mark.parametrize("strategy", GREEDY, ids=str)
def test_with_m_draws_a_step_it_finds_the_optimum_as_often_as_the_right_letter_is_among_them(strategy):
    """(1 - (1 - 1/b)^m)^L where the best prefix is kept; best-of-N at as many tokens has 1 - (1 - b^-L)^m."""
    runs, best = 400, optimum()
    chance = (1 - (1 - 1 / len(ALPHABET)) ** M) ** LENGTH
    rounds = [run(strategy, Budget(tokens=M * LENGTH), seed) for seed in range(runs)]
    assert all(one[-1].cost.tokens == M * LENGTH for one in rounds)
    assert within(sum(said(one) == best for one in rounds) / runs, chance, runs)


def test_best_of_n_finds_it_as_often_as_independent_draws_do():
    runs, chance = 400, 1 - (1 - len(ALPHABET) ** -LENGTH) ** M
    found = sum(said(run(BestOfN(), Budget(tokens=M * LENGTH), seed)) == optimum() for seed in range(runs))
    assert within(found / runs, chance, runs)


def test_subtrees_are_independent():
    """Two subtrees miss it as often as one does, twice over."""
    runs, one = 400, (1 - (1 - 1 / len(ALPHABET)) ** M) ** LENGTH
    strategy, budget = DVTS(width=2 * M, children=M), Budget(tokens=2 * M * LENGTH)
    found = sum(said(run(strategy, budget, seed)) == optimum() for seed in range(runs))
    assert within(found / runs, 1 - (1 - one) ** 2, runs)


@pytest.mark.parametrize(
    "strategy",
    [
        Rebase(final="best"),
        MCTS(),
        MCTS(value="rollout"),
        BestFirst(branching=4),
        StageBeam(),
        DVTS(),
        Simulate(ideas=2),
        Beam(),
    ],
    ids=str,
)
def test_a_small_budget_buys_at_least_what_independent_draws_do(strategy):
    """On a larger tree, 4^5 words, at the tokens of 20 words, over 60 seeds."""
    assert of_a_small_budget(strategy) >= of_a_small_budget(BestOfN())


@cache
def of_a_small_budget(strategy):
    """The mean worth of what it ends with."""
    sampler, reward, worths = ToyTree(alphabet="WXYZ", length=5), Worth(5, "WXYZ"), []
    for seed in range(60):
        best = run(strategy, Budget(tokens=100), seed, sampler, reward)[-1].best
        worths.append(0.0 if best is None else reward.score(TASK, [best.sample])[0])
    return sum(worths) / 60


def test_a_node_is_worth_the_mean_of_its_own_rollout_and_of_all_below_it(monkeypatch):
    made = []

    class Noted(mcts.TreeNode):
        def add(self, path, reward):
            made.append(child := super().add(path, reward))
            child.__class__ = Noted
            return child

    monkeypatch.setattr(mcts, "TreeNode", Noted)
    run(MCTS(2, value="rollout", walks=8), Budget(samples=16))
    for node in made:
        drawn = [other.reward for other in made if node in lineage(other)]
        assert node.mean == pytest.approx(sum(drawn) / len(drawn)) and node.visits == len(drawn) - 1
    assert any(node.visits > 3 for node in made)


def lineage(node):
    return [] if node is None else [node, *lineage(node.parent)]


def test_revision_climbs_where_a_better_word_is_one_letter_away():
    letters, sampler = TableReward({"W": 1, "X": 2, "Y": 3, "Z": 4}), ToyTree(alphabet="WXYZ", length=6)
    ours = [run(Revision(2, 10), Budget(tokens=120), seed, sampler, letters)[-1].best.reward for seed in range(20)]
    theirs = [run(BestOfN(), Budget(tokens=120), seed, sampler, letters)[-1].best.reward for seed in range(20)]
    assert sum(ours) > sum(theirs) + 10


def test_budget_forcing_finds_the_best_ending_of_all():
    """Endings are words of 3, 4 and 5 letters: the first as drawn, each further one a letter longer."""
    best = max((word for n in (3, 4, 5) for word in words(length=n)), key=value)
    budget = Budget(tokens=20_000)
    assert said(run(BudgetForcing(paths=4), budget)) == best
    first, second, third, *_ = run(BudgetForcing(), Budget(tokens=5))
    drawn = next(ToyTree().draw(TASK, [0])).content
    (one,), (two,), (three,) = first.candidates, second.candidates, third.candidates
    assert one.sample.content == drawn
    assert two.sample.content[:-1] == drawn + "\n\nWait" and two.sample.cost.tokens == 1
    assert three.sample.content[:-1] == two.sample.content + "\n\nWait" and three.sample.parent == two.sample.index


def test_every_registered_strategy_that_searches_stands_here():
    names = {row.name for row in registry.entries("strategy")}
    tested = {type(one).__name__ for one in [*SEARCHES, BudgetForcing()]}
    elsewhere = {"refine", "parm", "gridar", "suffix", "confidence", "zero-order", "path-search"}
    assert {registry.load("strategy", name).__name__ for name in names - elsewhere} <= tested


@dataclass(frozen=True)
class Odd:
    """Scores whole words and prefixes alike by one odd value, from the third score on."""

    value: float
    asked: list
    name = "odd"
    revision = "1"
    unit_cost = Cost(verifier_calls=1)

    def score(self, task, samples):
        self.asked.extend(samples)
        return [0.5 if len(self.asked) < 3 else self.value for _ in samples]


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("strategy", SEARCHES, ids=str)
def test_a_score_that_is_no_finite_number_ends_a_search_in_a_sentence(strategy, odd):
    with pytest.raises(CannotDo, match="'odd' gave -?(nan|inf) as a score"):
        run(strategy, Budget(samples=12), reward=Odd(odd, []))


@pytest.mark.parametrize("same", [0.0, 0.5, -1e9, 1e300])
@pytest.mark.parametrize("strategy", SEARCHES, ids=str)
def test_a_reward_that_says_the_same_of_all_ends_as_any_other(strategy, same):
    budget = Budget(samples=9, tokens=60)
    rounds = run(strategy, budget, reward=Odd(same, [0, 0, 0]))
    assert rounds[-1].stopped and rounds[-1].best is not None
    assert rounds[-1].cost.samples <= 9 and rounds[-1].cost.tokens <= 60


@dataclass(frozen=True)
class Full(ToyTree):
    """Holds no more than one letter, so that whatever is written into a path ends it and nothing is drawn."""

    def start(self, task, indices, *, seed=0):
        return [replace(path, done=True) for path in super().start(task, indices, seed=seed)]

    def append(self, task, path, text):
        return replace(super().append(task, path, text), done=True)


@pytest.mark.parametrize("strategy", [one for one in SEARCHES if not isinstance(one, (BestOfN, Tournament, Adaptive))],
                         ids=str)  # fmt: skip
def test_candidates_that_cost_nothing_of_the_budget_are_not_made_for_ever(strategy):
    rounds = list(islice(strategy.run(TASK, Full(), Worth(), budget=Budget(tokens=5)), 200))
    assert len(rounds) < 200 and rounds[-1].stopped


@dataclass(frozen=True)
class Short(ToyTree):
    """Whatever is written into a path fills it: nothing can be drawn behind it."""

    def append(self, task, path, text):
        return replace(super().append(task, path, text), done=True)


def test_where_nothing_can_be_imagined_any_more_the_step_itself_is_drawn():
    rounds = run(Simulate(), Budget(samples=3), sampler=Short())
    whole = [one for round_ in rounds for one in round_.candidates if one.sample.info.get("complete", True)]
    assert len(whole) == 3 and all(len(letters_of(str(one.sample.content))) == LENGTH for one in whole)
    assert rounds[-1].cost.tokens == 3 * LENGTH


def test_best_of_n_says_what_it_ran_out_of():
    assert run(BestOfN(n=4, batch=4), Budget(tokens=2 * LENGTH + 1))[-1].stopped == "tokens"
    assert run(BestOfN(n=4, batch=4), Budget(tokens=1))[-1].stopped == "tokens"
    assert run(BestOfN(n=4, batch=4), Budget(tokens=4 * LENGTH))[-1].stopped == "done"
