"""The compute-optimal policy on made tables whose best choice, and whose gain, are known."""

import json

import numpy as np
import pytest

from tts_playground.errors import BadInput
from tts_playground.experiments.compute_optimal import Outcome, compute_optimal

BUDGETS = (4, 16, 64)


def table(problems=100, flip=False):
    """Hard problems are solved by "beam" alone, easy ones by "best-of-n" alone; the ease tells which is which."""
    ease = {f"p{i}": i / problems for i in range(problems)}
    rows = []
    for name, easy in ease.items():
        for budget in BUDGETS:
            hard = easy < 0.4
            rows.append(Outcome(name, "best-of-n", budget, float(hard == flip)))
            rows.append(Outcome(name, "beam", budget, float(hard != flip)))
    return rows, ease


def test_each_bin_gets_the_strategy_that_is_best_in_it():
    rows, ease = table()
    found = compute_optimal(rows, ease)
    assert [found.policy.table[place, 16] for place in range(5)] == ["beam"] * 2 + ["best-of-n"] * 3
    assert found.policy.choose(0.05, 64) == "beam" and found.policy.choose(0.99, 4) == "best-of-n"
    assert [len([e for e in ease.values() if found.policy.bin_of(e) == place]) for place in range(5)] == [20] * 5


def test_the_gain_is_that_of_held_out_problems():
    """Of 100 problems best-of-n solves 60; the policy all but those between the borders of a fold and of all."""
    rows, ease = table()
    for one in compute_optimal(rows, ease).gains:
        assert one.baseline.value == pytest.approx(0.6) and 0.85 <= one.policy.value <= 1.0
        assert one.gain.value == pytest.approx(one.policy.value - 0.6)
        assert one.gain.low < one.gain.value < one.gain.high and one.gain.low > 0.15
        assert one.cheaper is None, "best-of-n reaches as much at no budget"


def test_where_strategies_are_luck_nothing_is_gained_on_other_problems():
    """Coins: the best of ten in each bin wins on its own problems, and on others it is a coin again."""
    rng, gains = np.random.default_rng(0), []
    for trial in range(20):
        names = ["best-of-n", *(f"s{i}" for i in range(9))]
        rows = [Outcome(f"p{i}", name, 4, float(rng.random() < 0.5)) for i in range(60) for name in names]
        gains.append(compute_optimal(rows, {f"p{i}": i / 60 for i in range(60)}, seed=trial).gains[0].gain.value)
    assert abs(np.mean(gains)) < 4 * 0.5 * np.sqrt(2 / 60 / 20)


def test_how_much_cheaper_it_is():
    """At 4 the policy reaches what best-of-n reaches at 64."""
    ease = {f"p{i}": 0.5 for i in range(20)}
    reached = {"best-of-n": dict(zip(BUDGETS, (0.2, 0.4, 0.8), strict=True)), "beam": dict.fromkeys(BUDGETS, 0.8)}
    rows = [Outcome(p, name, b, v) for p in ease for name, row in reached.items() for b, v in row.items()]
    found = compute_optimal(rows, ease)
    assert [one.cheaper for one in found.gains] == [16.0, 4.0, 1.0]
    assert json.loads(json.dumps(found.as_dict()))["gains"][0]["gain"]["value"] == pytest.approx(0.6)


def test_what_is_missing_is_said():
    rows, ease = table(10)
    with pytest.raises(BadInput, match="ease of the problem 'p3'"):
        compute_optimal(rows, {name: value for name, value in ease.items() if name != "p3"})
    with pytest.raises(BadInput, match="'best-of-n' was not run on the problem 'p0' at the budget 4"):
        compute_optimal(rows[1:], ease)
    with pytest.raises(BadInput, match="2 folds"):
        compute_optimal(rows, ease, folds=1)
