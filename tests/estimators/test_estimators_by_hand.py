"""Curves, bands, intervals, votes and laws where one number can be reckoned another way, and what is passed on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, stats
from statsmodels.stats.proportion import proportion_confint

from tts_playground.errors import BadInput
from tts_playground.estimators import intervals, voting
from tts_playground.estimators.curves import Curve, best_weights, curve, expected_best, kl_bound, pass_at_k
from tts_playground.estimators.fits import (
    OverOptimisationFit,
    correlation,
    coverage_law,
    fit_coverage,
    fit_over_optimisation,
)
from tts_playground.estimators.voting import expected_majority, majority_curve

VALUES = np.random.default_rng(0).standard_normal(64)

# ---------------------------------------------------------------------------------------------------------- curves


def test_between_its_points_a_curve_is_straight_in_log_n():
    c = curve(VALUES, ns=[1, 4, 16], bands=False)
    assert [c.at(n) for n in (1, 4, 16)] == pytest.approx(expected_best(VALUES, [1, 4, 16]))
    assert c.at(2) == pytest.approx((c.mean[0] + c.mean[1]) / 2)
    assert c.at(8) == pytest.approx((c.mean[1] + c.mean[2]) / 2)
    for outside in (0, 17):
        with pytest.raises(BadInput, match="covers N from 1 to 16"):
            c.at(outside)


def test_a_band_is_read_off_at_the_points_where_there_is_one():
    c = curve(VALUES, ns=[1, 4, 16, 64])
    assert c.low is not None and c.high is not None
    assert c.ends(4) == (c.low[1], c.high[1]) and c.ends(16) == (c.low[2], c.high[2])
    assert [c.ends(n) for n in (64, 8, 65, 0)] == [None] * 4  # beyond half of the pool; between; outside
    assert curve(VALUES, ns=[1, 4], bands=False).ends(4) is None


def test_what_a_curve_is_told_it_tells():
    told = {"label": "by length", "oracle": True, "measure": "words"}
    c = curve([[1.0, 2.0, 3.0], [4.0, 5.0]], unit={"tokens": 7.0}, bands=False, **told)
    assert {name: getattr(c, name) for name in told} == told and c.unit == {"tokens": 7.0}
    assert (c.prompts, c.pool_size, c.n.tolist(), c.low) == (2, 2, [1, 2], None)
    assert {name: c.as_dict()[name] for name in told} == told


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: pass_at_k(3, -1, 1), "between 0 and 3"),
        (lambda: expected_best([1.0, 2.0, 3.0], [1.5]), "whole numbers"),
        (lambda: expected_best([1.0, 2.0], []), "whole numbers"),
        (lambda: expected_majority(["a", "b"], [1.0], [1]), "as many as"),
        (lambda: majority_curve([["a"]], []), "one row"),
        (lambda: correlation([1, 2, 3], [1, 2, 4]), "at least four"),
    ],
)
def test_nonsense_is_refused(call, says):
    with pytest.raises(BadInput, match=says):
        call()


@pytest.mark.parametrize("shape", [(20,), (9, 4)])
def test_the_seed_decides_what_is_resampled(shape):
    rows = np.random.default_rng(1).exponential(size=shape)
    tied = np.round(np.random.default_rng(2).random(20) * 3)
    kinds = [lambda seed: curve(rows, ns=[1, 2], seed=seed)]
    kinds += [lambda seed: curve(tied, rows, ns=[1, 2], seed=seed)] if len(shape) == 1 else []
    for make in kinds:
        one, again, other = make(1), make(1), make(2)
        np.testing.assert_array_equal(one.high, again.high)
        assert one.high[1] != other.high[1] and one.mean[1] == other.mean[1]


# ---------------------------------------------------------------------------------------------------------- bands


def test_the_band_of_an_oracle_is_that_of_its_rate_n_times_over():
    checks = np.repeat([1.0, 0.0], [3, 17])
    ns = np.array([1, 2, 7, 20])
    c = curve(checks, ns=ns, oracle=True)
    low, high = proportion_confint(3, 20, 0.05, "beta")
    np.testing.assert_allclose(c.low, np.minimum(1 - (1 - low) ** ns, c.mean), rtol=1e-9)
    np.testing.assert_allclose(c.high, np.maximum(1 - (1 - high) ** ns, c.mean), rtol=1e-9)


def test_a_proxys_checks_count_as_the_geometric_mean_of_both_bounds():
    """M/N (Hoeffding) and Kish's 1 / sum(w^2) observations; the weights here are counted from the definition."""
    rng, size = np.random.default_rng(3), 24
    proxy, gold, ns = rng.permutation(24) + 0.5, (rng.random(24) < 0.4).astype(float), np.array([1, 3, 8])
    c = curve(proxy, gold, ns=ns)
    for i, n in enumerate(ns):
        w = stats.hypergeom  # P(the i-th largest is the best of n): i is drawn, and none of the i - 1 above it
        weights = [w.pmf(0, size, above, n) - w.pmf(0, size, above + 1, n) for above in range(size)]
        assert sum(weights) == pytest.approx(1)
        worth = np.sqrt(size / n / np.square(weights).sum())
        low, high = proportion_confint(c.mean[i] * worth, worth, 0.05, "beta")
        assert (c.low[i], c.high[i]) == pytest.approx((low, high), rel=1e-6)


def test_overlaps_have_bands_between_zero_and_one_and_other_values_have_none_cut():
    near = np.array([0.7, 0.8, 0.999, 0.999, 0.998, 0.997, 0.996, 0.995, 1.0, 1.0, 0.99, 0.98])
    ceiling, floor, moved = (curve(values, ns=[1, 4]) for values in (near, 1 - near, near + 2))
    assert (moved.high > 3).any(), "so that there is something to cut"
    np.testing.assert_allclose(ceiling.high, np.minimum(moved.high - 2, 1), atol=1e-9)
    assert (floor.low >= 0).all() and (floor.low == 0).any()


def test_prompts_that_all_pass_leave_room_for_one_that_does_not():
    c = curve([[1.0, 1.0, 1.0]] * 4)
    low, _ = proportion_confint(4, 4, 0.05, "beta")
    np.testing.assert_allclose(c.low, low, rtol=1e-6)
    votes = majority_curve([["a", "a", "b"]] * 4, [[1, 1, 0]] * 4)
    assert votes.low is not None and votes.low[2] == pytest.approx(low, rel=1e-6) and votes.high[2] == 1


def test_between_sixteen_places_the_reach_is_straight_in_log_n():
    dense = curve(VALUES, ns=np.arange(1, 33))
    places = np.unique(np.linspace(0, 31, 16).round().astype(int)) + 1
    exact = curve(VALUES, ns=places)
    for reach, known in (
        (dense.high - dense.mean, exact.high - exact.mean),
        (dense.mean - dense.low, exact.mean - exact.low),
    ):
        np.testing.assert_allclose(reach[places - 1], known, rtol=1e-9)
        between = np.interp(np.log(np.arange(1, 33)), np.log(places), known)
        np.testing.assert_allclose(reach, between, rtol=1e-9)


def test_a_band_says_95_percent():
    """At N = 1 of normal values Student's t alone decides: level and degrees of freedom, from scipy's table."""
    for size in (40, 120):
        values = stats.norm.ppf((np.arange(size) + 0.5) / size)  # no skew, so that no resample reaches further
        c = curve(values, ns=[1, 2], draws=4000)
        reach = stats.t.ppf(0.975, size) * stats.sem(values)
        assert c.high[0] - c.mean[0] == pytest.approx(reach, rel=0.06)
        assert c.mean[0] - c.low[0] == pytest.approx(reach, rel=0.06)
    rng = np.random.default_rng(6)
    plain = rng.integers(0, 3, size=50).astype(float), rng.standard_normal(50)
    tied = curve(*plain, ns=[1], draws=8000)
    assert tied.high[0] - tied.mean[0] == pytest.approx(stats.t.ppf(0.975, 50) * stats.sem(plain[1]), rel=0.04)
    pools = rng.standard_normal((5, 1))
    few = curve(pools, ns=[1])
    low, high = stats.t.interval(0.95, 4, pools.mean(), stats.sem(pools[:, 0]))
    assert (few.low[0], few.high[0]) == pytest.approx((low, high))


def test_resamples_are_centred_on_the_pool_and_not_on_themselves():
    """Maxima of resamples lie below the pool's own by a known amount: the upper end has to make up for it."""
    values, n = np.sort(np.random.default_rng(7).exponential(size=24)), 10
    picks = np.sort(np.random.default_rng(8).integers(24, size=(20_000, 24)), axis=1)
    again = expected_best(values[picks], [n])[:, 0]
    own = expected_best(values, [n])[0]
    assert own - again.mean() > 0.1, "so that the two centres are told apart"
    left_out = lambda rows: np.array([expected_best(np.delete(rows, i, axis=1), [n])[:, 0] for i in range(24)])  # noqa: E731
    error = lambda rows: np.sqrt(23 * left_out(rows).var(axis=0))  # noqa: E731
    t = (again - own) / error(values[picks])
    c = curve(values, ns=[n], draws=20_000)
    reach = max(-np.quantile(t, 0.025), stats.t.ppf(0.975, 24 / n)) * error(values[None])[0]
    assert -np.quantile(t, 0.025) > 1.2 * stats.t.ppf(0.975, 24 / n)
    assert c.high[0] - c.mean[0] == pytest.approx(reach, rel=0.05)


# ---------------------------------------------------------------------------------------------------------- intervals


def test_an_interval_says_95_percent_unless_told_otherwise():
    values = np.array([0.31, 0.18, 0.44, 0.29])
    low, high = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
    found = intervals.mean(values)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.reach == pytest.approx((values.mean() - low, high - values.mean()))
    skewed = intervals.mean(np.random.default_rng(1).exponential(size=20))
    assert skewed.reach[0] < skewed.reach[1] and skewed.high == pytest.approx(skewed.value + skewed.reach[1])
    assert (intervals.rate(3, 10).low, intervals.rate(3, 10).high) == pytest.approx(
        proportion_confint(3, 10, 0.05, "beta")
    )


def test_seeds_of_intervals():
    values = np.random.default_rng(2).exponential(size=20)
    assert intervals.mean(values, seed=1) == intervals.mean(values, seed=1) != intervals.mean(values, seed=2)
    pair = values, np.zeros(20)
    assert intervals.paired(*pair, seed=1) == intervals.paired(*pair, seed=1) != intervals.paired(*pair, seed=2)


def test_resamples_of_eight_are_enough():
    again = np.random.default_rng(3).standard_normal(2000)
    assert intervals.of_resamples(0.0, again, 7).low is None and intervals.of_resamples(0.0, again, 8).low is not None


def test_a_cluster_that_always_agrees_is_one_observation():
    """0/1 values that are equal within clusters of five: the plain interval of 50 would miss one time in three."""
    rng, clusters, covered, plain = np.random.default_rng(4), np.repeat(np.arange(10), 5), 0, 0
    for _ in range(300):
        values = (rng.random(10) < 0.3).repeat(5).astype(float)
        found, naive = intervals.clustered(values, clusters), intervals.mean(values)
        covered += found.low <= 0.3 <= found.high
        plain += naive.low <= 0.3 <= naive.high
    assert covered / 300 >= 0.94 and plain / 300 < 0.8


def test_clusters_whose_members_have_nothing_in_common_cost_little():
    rng, clusters = np.random.default_rng(8), np.repeat(np.arange(60), 5)
    values = (rng.random(300) < 0.4).astype(float)
    found, apart = intervals.clustered(values, clusters), intervals.rate(int(values.sum()), 300)
    assert 0.8 < (found.high - found.low) / (apart.high - apart.low) < 1.25


def test_repeats_that_agree_too_well_count_no_more_than_they_are():
    """Ten prompts of four repeats are at most 40 outcomes, less what Student's t asks for (Korn and Graubard)."""
    rates = np.array([0.5] * 9 + [0.75])
    n = 40 * (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 9)) ** 2
    found = intervals.mean(rates, "shares", each=4)
    assert (found.low, found.high) == pytest.approx(proportion_confint(rates.mean() * n, n, 0.05, "beta"))


@pytest.mark.parametrize("values", [(0.1, 0.7), (1 / 3, 2.0), (1e6 + 0.1, 1e6 + 0.2), (-0.3, 5.1)])
def test_resamples_without_any_spread_tell_nothing_whatever_rounding_leaves(values):
    usual, other = values
    assert intervals.mean([usual] * 9 + [other], "values").low is None


def test_clusters_of_unequal_size_are_statsmodels_cluster_robust_mean():
    import statsmodels.api as sm

    rng = np.random.default_rng(5)
    clusters = np.repeat(np.arange(7), [1, 8, 3, 5, 2, 9, 4])
    values = 5 + rng.normal(size=7)[clusters] + rng.normal(size=len(clusters))
    kwds = {"groups": clusters, "use_correction": False}
    theirs = sm.OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds=kwds, use_t=True)
    wide = stats.t.ppf(0.975, 6) * theirs.bse[0] * np.sqrt(7 / 6)
    found = intervals.clustered(values, clusters)
    assert (found.value, found.low, found.high) == pytest.approx(theirs.params[0] + np.array([0, -wide, wide]))


def test_shares_that_never_differ_say_nothing_unless_they_are_all_or_none():
    assert intervals.clustered([0.4] * 6, range(6)).low is None
    low, _ = proportion_confint(6, 6, 0.05, "beta")
    assert intervals.clustered([1.0] * 6, range(6)).low == pytest.approx(low)
    assert intervals.clustered([1.0] * 6, [0, 0, 1, 1, 2, 2]).low == pytest.approx(
        proportion_confint(3, 3, 0.05, "beta")[0]
    )


# ---------------------------------------------------------------------------------------------------------- votes


def test_every_prompt_has_its_own_weights_and_draws_of_the_seed():
    answers, gold = [["x", "x", "y"], ["x", "x", "y"]], [[0.0, 0.0, 1.0]] * 2
    weights = [[1.0, 1.0, 1.0], [0.1, 0.1, 0.9]]
    assert majority_curve(answers, gold, weights=weights, ns=[3]).mean[0] == pytest.approx(0.5)
    many = np.random.default_rng(6).choice(list("abcdef"), size=30).tolist()
    right = [float(answer in "abc") for answer in many]
    one, again, other = (majority_curve([many] * 2, [right] * 2, ns=[15], seed=seed).mean[0] for seed in (1, 1, 2))
    assert one == again != other


def test_small_votes_beside_a_large_one_still_tie():
    """Where b's large vote is left out, the rounding of its sum must not decide between a and b."""
    weights = [1e6, 0.3e-6, 0.1e-6, 0.2e-6]
    found = expected_majority(["b", "a", "b", "b"], [0.0, 1.0, 0.0, 0.0], [3], weights=weights)
    assert found[0] == pytest.approx(0.5 / 4), "in the other three of four subsets b wins"


def test_blocks_of_random_orders_add_up_to_the_orders_asked_for(monkeypatch):
    answers, right = list("aabbbccd"), [1.0, 1.0, 0, 0, 0, 0, 0, 1.0]
    exact = expected_majority(answers, right, [3, 5])
    monkeypatch.setattr(voting, "_BLOCK", 5 * 4 * 700)
    found = expected_majority(answers, right, [3, 5], exact_up_to=0, draws=5000)
    # 5000 orders of an outcome in [0, 1]: a standard error of at most 0.007
    np.testing.assert_allclose(found, exact, atol=0.03)
    everyone = expected_majority(answers, np.ones(8), [3, 5], exact_up_to=0, draws=5000)
    np.testing.assert_allclose(everyone, 1.0, rtol=1e-12)


# ---------------------------------------------------------------------------------------------------------- laws


def test_spearmans_interval_is_bonett_and_wrights():
    rng = np.random.default_rng(7)
    x = rng.standard_normal(40)
    y = x + rng.standard_normal(40)
    found, rho = correlation(x, y).spearman, stats.spearmanr(x, y).statistic
    half = stats.norm.ppf(0.975) * np.sqrt((1 + rho**2 / 2) / 37)
    assert (found.low, found.high) == pytest.approx(np.tanh(np.arctanh(rho) + np.array([-half, half])), abs=1e-6)


@pytest.mark.parametrize("pair", [([1, 1, 1, 1], [1, 2, 3, 4]), ([1, 2, 3, 4], [1, 1, 1, 1])])
def test_what_never_varies_correlates_with_nothing(pair):
    found = correlation(*pair)
    assert found.pearson is None and found.spearman is None


def test_the_coverage_law_is_the_least_squares_fit_of_scipy():
    k = np.array([1, 2, 4, 8, 16, 32, 64.0])
    c = np.array([0.11, 0.13, 0.35, 0.34, 0.62, 0.65, 0.83])
    fit = fit_coverage(k, c)
    (a, b), _ = optimize.curve_fit(lambda x, a, b: np.exp(a * x**-b), k, c, p0=(-2, 0.5), xtol=1e-12, ftol=1e-12)
    assert (fit.a, fit.b) == pytest.approx((a, b), rel=1e-5)
    assert fit.rmse == pytest.approx(np.sqrt(np.mean((c - np.exp(a * k**-b)) ** 2)), rel=1e-6)


def test_laws_are_fitted_up_to_half_of_the_pool():
    """Beyond it the estimate leans on few samples; here what stands there is wrong on purpose."""
    n = np.arange(1, 41)
    spoilt = np.where(n > 20, 0.99, np.exp(-2.0 * n**-0.5))
    template = Curve(n, spoilt, None, None, oracle=True, pool_size=40, prompts=30)
    law = coverage_law(template)
    assert law is not None and (law.a, law.b) == pytest.approx((-2.0, 0.5), abs=1e-6)
    d = np.sqrt(kl_bound(n))
    gold = replace(template, mean=np.where(n > 20, -9.0, 1 + d * (2 - 0.8 * d)))
    found = fit_over_optimisation(gold)
    assert (found.base, found.alpha, found.beta) == pytest.approx((1, 2, 0.8), abs=1e-9)


def test_where_gold_is_highest():
    peaks = [OverOptimisationFit(0.0, alpha, beta, 0.0).peak for alpha, beta in ((2, 0.5), (2, 0), (2, -1), (-1, 1))]
    assert peaks == [2.0, float("inf"), float("inf"), 0.0]


def test_weights_count_subsets():
    """Of 5 the i-th smallest is the best of C(i - 1, 1) pairs out of 10."""
    assert best_weights(5, [2])[0] * 10 == pytest.approx([0, 1, 2, 3, 4])
