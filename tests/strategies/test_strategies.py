"""Every strategy keeps the laws on a task of letters, stays in its budget, and finds what it should."""

import numpy as np
import pytest

from tts_playground.core import Budget, Cost
from tts_playground.errors import BadInput
from tts_playground.strategies.beam import Beam
from tts_playground.strategies.best_of_n import BestOfN
from tts_playground.strategies.gridar import GridAR
from tts_playground.strategies.parm import PARM
from tts_playground.strategies.refine import Refine
from tts_playground.strategies.smc import SMC, Weights
from tts_playground.strategies.suffix import Suffix
from tts_playground.testing import ScriptedSampler, TableReward, TextTask, check_strategy

TASK = TextTask()
LETTERS = TableReward({"a": 1, "b": 2, "c": 3, "d": 4})
STRATEGIES = [
    BestOfN(),
    BestOfN(n=7, batch=3),
    Refine(),
    Refine(starts=1, patience=2),
    SMC(sharpness=0.5),
    SMC(particles=6, sharpness=0.2, potential="difference"),
    SMC(potential="sum", sharpness=0.1),
    SMC(potential="reward", threshold=1.0),
    Beam(),
    Beam(width=3, children=2),
    PARM(),
    PARM(paths=5, keep=0.3, looks=()),
    GridAR(),
    GridAR(width=3, reject=0.9, pieces=(0.5,)),
    Suffix(),
    Suffix(starts=1, neighbours=3),
]
BUDGETS = [
    Budget(samples=1),
    Budget(samples=13),
    Budget(tokens=18),
    Budget(verifier_calls=9),
    Budget(samples=40, tokens=90),
]


@pytest.mark.parametrize("budget", BUDGETS, ids=str)
@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
def test_laws(strategy, budget):
    check_strategy(strategy, TASK, ScriptedSampler(), LETTERS, budget=budget)


@pytest.mark.parametrize("strategy", [Refine(), SMC(), Beam(), Suffix()], ids=str)
def test_search_finds_the_best_word_where_few_draws_do_not(strategy):
    budget = Budget(samples=60)
    best = list(strategy.run(TASK, ScriptedSampler(length=6), LETTERS, budget=budget))[-1].best
    drawn = list(BestOfN(n=4).run(TASK, ScriptedSampler(length=6), LETTERS, budget=budget))[-1].best
    assert best.reward >= 22 > drawn.reward


def test_best_of_n_scores_the_samples_of_the_sampler():
    rounds = list(BestOfN(n=6, batch=4).run(TASK, ScriptedSampler(), LETTERS, budget=Budget(samples=99), seed=3))
    words = [scored.sample.content for r in rounds for scored in r.candidates]
    assert words == [s.content for s in ScriptedSampler().draw(TASK, range(6), seed=3)]
    assert rounds[-1].stopped == "done"
    assert rounds[-1].cost.samples == 6


def test_refine_stops_where_no_neighbour_is_better():
    rounds = list(Refine(starts=2, patience=50).run(TASK, ScriptedSampler(), LETTERS, budget=Budget()))
    assert rounds[-1].stopped == "done"
    assert rounds[-1].best.sample.content == "dddd"


def test_time_is_a_limit_too():
    rounds = list(BestOfN().run(TASK, ScriptedSampler(), LETTERS, budget=Budget(seconds=0.02)))
    assert rounds[-1].stopped == "seconds"
    assert rounds[-1].best is not None


@pytest.mark.parametrize("strategy", [BestOfN(), SMC(), Beam(), PARM(), GridAR(), Suffix()], ids=str)
def test_a_run_without_an_end_is_refused(strategy):
    with pytest.raises(BadInput, match="never end"):
        next(strategy.run(TASK, ScriptedSampler(), LETTERS, budget=Budget()))


@pytest.mark.parametrize("strategy", [SMC(), Beam(), BestOfN(), PARM(), GridAR()], ids=str)
def test_candidates_that_are_finished_at_once_still_count(strategy):
    rounds = list(strategy.run(TASK, ScriptedSampler(length=0), LETTERS, budget=Budget(samples=10)))
    assert rounds[-1].best.sample.content == ""
    assert rounds[-1].cost.samples == 10


@pytest.mark.parametrize("potential", ["max", "difference", "sum", "reward"])
def test_potentials_multiply_to_the_target(potential):
    weights = Weights(SMC(sharpness=2.0, potential=potential), 2)
    weights.update([0, 1], [1.0, 0.5], [False, False])
    weights.update([0, 1], [0.5, 3.0], [False, True])
    weights.update([0], [2.0], [True])
    assert weights.log == pytest.approx([2.0 * 2.0, 2.0 * 3.0])


@pytest.mark.parametrize("rewards", [[0, -1], [0, -1, -2, -0.5], [-1, 0, -1], [-3, -1, -2], [2, 0, 1], [0, 0, 1]])
@pytest.mark.parametrize("potential", ["max", "difference", "sum", "reward"])
def test_weights_on_the_way_are_the_potentials_of_the_definition(potential, rewards):
    """A first reward of exactly 0, negative rewards and falls count like any others (Singhal et al. 2025, table 1)."""
    from itertools import accumulate, pairwise

    steps = {
        "max": accumulate(rewards, max),
        "difference": (after - before for before, after in pairwise([0, *rewards])),
        "sum": accumulate(rewards),
        "reward": rewards,
    }[potential]
    weights = Weights(SMC(sharpness=2.0, potential=potential), 1)
    for reward, wanted in zip(rewards, accumulate(steps), strict=True):
        weights.update([0], [float(reward)], [False])
        assert weights.log[0] == pytest.approx(2.0 * wanted)
    weights.resample(np.random.default_rng(0))
    weights.update([0], [-5.0], [True])
    assert weights.log[0] == pytest.approx(2.0 * (-5.0 - wanted))


def test_resampling_prefers_the_heavy_and_forgets_no_past():
    weights = Weights(SMC(sharpness=1.0), 4)
    weights.update([0, 1, 2, 3], [9.0, 0.0, 0.0, 0.0], [False] * 4)
    assert weights.effective() < 1.1
    chosen = weights.resample(np.random.default_rng(0))
    assert chosen.count(0) >= 3
    assert weights.effective() == pytest.approx(4)
    weights.update([0], [10.0], [True])
    assert weights.log[0] == pytest.approx(1.0), "what was paid before resampling is divided out"


@pytest.mark.parametrize(
    "build",
    [
        lambda: BestOfN(n=0),
        lambda: Refine(starts=0),
        lambda: SMC(particles=0),
        lambda: SMC(potential="none"),
        lambda: Beam(width=0),
        lambda: PARM(keep=0),
        lambda: PARM(looks=(1.0,)),
        lambda: GridAR(reject=1.0),
        lambda: Suffix(neighbours=0),
    ],
)
def test_settings_out_of_range_are_refused(build):
    with pytest.raises(BadInput):
        build()


def test_costs_count_prefix_scores():
    rounds = list(SMC(particles=2).run(TASK, ScriptedSampler(length=3), LETTERS, budget=Budget(samples=2)))
    assert rounds[-1].cost.tokens == 6
    assert rounds[-1].cost.verifier_calls == 6
    assert rounds[-1].cost.samples == 2
    assert LETTERS.unit_cost == Cost(verifier_calls=1)
