"""The estimators against brute-force enumeration of every subset, on pools small enough to enumerate."""

from __future__ import annotations

from itertools import combinations
from math import comb, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts_playground.errors import BadInput
from tts_playground.estimators.curves import (
    best_weights,
    curve,
    expected_best,
    expected_pick,
    grid,
    kl_bound,
    pass_at_k,
)
from tts_playground.estimators.voting import expected_majority, majority_curve

# few distinct values, so that ties are the rule
POOL = st.lists(st.tuples(st.integers(-2, 3), st.integers(-3, 3)), min_size=1, max_size=7)
quick = settings(deadline=None, max_examples=80)


def over_subsets(size: int, value) -> list[float]:
    return [float(np.mean([value(list(s)) for s in combinations(range(size), n)])) for n in range(1, size + 1)]


@quick
@given(POOL)
def test_best_and_pick_equal_enumeration(pool):
    proxy, gold = np.array(pool, dtype=float).T
    m = len(pool)
    ns = np.arange(1, m + 1)

    def pick(subset):
        top = proxy[subset].max()
        return np.mean([gold[i] for i in subset if proxy[i] == top])

    np.testing.assert_allclose(expected_best(proxy, ns), over_subsets(m, lambda s: proxy[s].max()), atol=1e-12)
    np.testing.assert_allclose(expected_pick(proxy, gold, ns), over_subsets(m, pick), atol=1e-12)


@quick
@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_pass_at_k_equals_its_definition_and_the_best_of_binary_rewards(passed):
    n, c = len(passed), sum(passed)
    ks = np.arange(1, n + 1)
    np.testing.assert_allclose(pass_at_k(n, c, ks), [1 - comb(n - c, k) / comb(n, k) for k in ks], atol=1e-12)
    np.testing.assert_allclose(pass_at_k(n, c, ks), expected_best(np.array(passed, float), ks), atol=1e-12)
    assert pass_at_k(n, c, 1) == pytest.approx(c / n)


def test_pass_at_k_broadcasts_over_prompts():
    both = pass_at_k(10, [0, 3], [1, 2, 10])
    assert both.shape == (2, 3)
    np.testing.assert_array_equal(both[0], 0)
    assert both[1, 2] == 1


@quick
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 1), st.integers(0, 2)), min_size=1, max_size=7),
    st.booleans(),
)
def test_majority_equals_enumeration_with_ties(pool, weighted):
    answers, right = [p[0] for p in pool], np.array([p[1] for p in pool], float)
    weights = np.array([p[2] for p in pool], float) if weighted else np.ones(len(pool))
    worth = {a: np.mean([r for b, r in zip(answers, right, strict=True) if a == b]) for a in answers}

    def vote(subset):
        votes: dict[str, float] = {}
        for i in subset:
            votes[answers[i]] = votes.get(answers[i], 0.0) + weights[i]
        top = max(votes.values())
        return np.mean([worth[a] for a, v in votes.items() if v == top])

    ns = np.arange(1, len(pool) + 1)
    got = expected_majority(answers, right, ns, weights=weights if weighted else None)
    np.testing.assert_allclose(got, over_subsets(len(pool), vote), atol=1e-9)


def test_majority_by_random_orders_agrees_with_enumeration():
    rng = np.random.default_rng(4)
    answers = rng.choice(list("abcd"), size=13, p=[0.4, 0.3, 0.2, 0.1]).tolist()
    right = np.array([a == "a" for a in answers], float)
    ns = np.arange(1, 14)
    exact = expected_majority(answers, right, ns)
    by_chance = expected_majority(answers, right, ns, exact_up_to=0, draws=4000)
    # 4000 orders of a 0/1 outcome: a standard error below 0.008
    np.testing.assert_allclose(by_chance, exact, atol=0.035)


def test_majority_of_one_is_the_mean_and_weights_can_overrule_heads():
    answers, right = ["x", "x", "y"], [0.0, 0.0, 1.0]
    assert expected_majority(answers, right, [1])[0] == pytest.approx(1 / 3)
    assert expected_majority(answers, right, [3])[0] == 0
    assert expected_majority(answers, right, [3], weights=[0.1, 0.1, 0.9])[0] == 1


@quick
@given(st.integers(1, 300), st.data())
def test_weights_are_a_distribution_that_moves_up_with_n(m, data):
    n = data.draw(st.integers(1, m))
    (row,) = best_weights(m, [n])
    assert row.sum() == pytest.approx(1)
    assert (row >= 0).all()
    assert (row[: n - 1] == 0).all()
    assert (np.diff(row) >= -1e-15).all()


def test_weights_stay_exact_in_large_pools():
    m, n = 4096, 1500
    (row,) = best_weights(m, [n])
    for i in (n, 3000, m):
        assert row[i - 1] == pytest.approx(comb(i - 1, n - 1) / comb(m, n), rel=1e-9)


@quick
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.floats(-5, 5))
def test_best_of_n_rises_is_shift_equivariant_and_ends_at_the_maximum(rewards, shift):
    values = np.array(rewards)
    ns = np.arange(1, len(values) + 1)
    best = expected_best(values, ns)
    scale = 1e-9 * (1 + np.abs(values).max())
    assert (np.diff(best) >= -scale).all()
    assert best[0] == pytest.approx(values.mean(), abs=scale)
    assert best[-1] == pytest.approx(values.max(), abs=scale)
    np.testing.assert_allclose(expected_best(values + shift, ns), best + shift, atol=scale)
    np.testing.assert_allclose(expected_best(values[::-1], ns), best, atol=scale)


def test_the_grid_is_log_spaced_and_ends_at_both_ends():
    assert grid(5).tolist() == [1, 2, 3, 4, 5]
    points = grid(4096)
    assert points[0] == 1
    assert points[-1] == 4096
    assert len(points) <= 64
    assert (np.diff(points) > 0).all()


def test_kl_bound_at_known_points():
    np.testing.assert_allclose(kl_bound([1, 2, 4]), [0, log(2) - 0.5, log(4) - 0.75])


def test_a_curve_averages_prompts_with_pools_of_different_size():
    first, second = [0.0, 1.0, 2.0], [5.0, 6.0, 7.0, 8.0]
    both = curve([first, second], bands=False)
    assert both.pool_size == 3
    assert both.prompts == 2
    expected = (expected_best(first, [1, 2, 3]) + expected_best(second, [1, 2, 3])) / 2
    np.testing.assert_allclose(both.mean, expected)
    assert both.at(2) == pytest.approx(expected[1])
    assert set(both.as_dict()) >= {"n", "mean", "label", "oracle", "pool_size"}


def test_a_curve_of_gold_uses_the_proxy_to_choose():
    proxy, gold = [0.0, 1.0, 1.0], [9.0, 2.0, 4.0]
    assert curve(proxy, gold, bands=False).mean[-1] == pytest.approx(3)


def test_majority_curve_has_bands_over_prompts_only():
    answers, gold = [["a", "a", "b"], ["c", "d", "d"]], [[1, 1, 0], [0, 1, 1]]
    two = majority_curve(answers, gold)
    assert two.mean[-1] == 1
    assert two.low is not None
    assert majority_curve(answers[:1], gold[:1]).low is None


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: curve([]), "several|at least one"),
        (lambda: curve([1.0, float("nan")]), "finite"),
        (lambda: curve([1.0, 2.0], ns=[3]), "between 1 and the 2"),
        (lambda: curve([1.0, 2.0], ns=[0]), "between 1"),
        (lambda: curve([1.0, 2.0], [1.0]), "same shape"),
        (lambda: pass_at_k(3, 4, 1), "between 0 and 3"),
        (lambda: expected_majority(["a"], [1.0], [1], weights=[-1.0]), "negative"),
        (lambda: grid(0), "at least one"),
    ],
)
def test_bad_input_is_one_sentence(call, says):
    with pytest.raises(BadInput, match=says):
        call()
