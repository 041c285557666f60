"""Intervals against scipy and statsmodels, and by simulation: how often they cover what they say they cover.

The table of ``docs/intervals.md`` is made of the same simulations.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from tts_playground.errors import BadInput
from tts_playground.estimators import intervals

TRIALS = 3000
"""of a coverage of 0.95 the standard error is 0.004"""
RATES = np.arange(0.05, 0.951, 0.05)
DRAWN = {
    "normal": (lambda rng, shape: rng.standard_normal(shape), 0.0),
    "exponential": (lambda rng, shape: rng.exponential(size=shape), 1.0),
    "lognormal": (lambda rng, shape: rng.lognormal(0, 1, shape), float(np.exp(0.5))),
    "near a ceiling": (lambda rng, shape: 1 - 0.05 * rng.exponential(size=shape), 0.95),
}


def coverage(ends, truth):
    low, high = ends
    return np.mean((low <= truth) & (truth <= high))


def values_of(name, count, seed=0):
    """[count, TRIALS] and the true mean."""
    draw, truth = DRAWN[name]
    return draw(np.random.default_rng([seed, count]), (count, TRIALS)), truth


# ------------------------------------------------------------------------------------------------------- coverage


@pytest.mark.parametrize("count", [2, 4, 8, 30])
def test_normal_values_are_covered_as_often_as_it_says(count):
    values, truth = values_of("normal", count)
    assert 0.93 <= coverage(intervals.means(values), truth) <= 0.97


@pytest.mark.parametrize("count", [8, 12, 30])
@pytest.mark.parametrize("name", ["exponential", "lognormal", "near a ceiling"])
def test_skewed_values_are_covered_from_eight_on(name, count):
    values, truth = values_of(name, count)
    assert coverage(intervals.means(values, "skewed"), truth) >= 0.9


@pytest.mark.parametrize("count", [2, 5, 7])
def test_of_fewer_skewed_values_nothing_is_said(count):
    low, high = intervals.means(values_of("lognormal", count)[0], "skewed")
    assert np.isnan(low).all() and np.isnan(high).all()
    found = intervals.mean(np.arange(1.0, count + 1), "skewed")
    assert found.low is None and found.high is None and found.reach == (None, None)
    assert found.words() == intervals.NONE and found.as_dict()["low"] is None


@pytest.mark.parametrize("count", [2, 4, 8])
def test_overlaps_near_their_ceiling_are_shares(count):
    values, truth = values_of("near a ceiling", count)
    assert coverage(intervals.means(np.clip(values, 0, 1), "shares"), truth) >= 0.9


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 16, 30])
def test_every_rate_of_few_checks_is_covered(count):
    """Exactly, over all outcomes: no simulation. Wilson's own interval misses up to one in six here."""
    outcomes = np.arange(count + 1)
    found = [intervals.rate(int(k), count) for k in outcomes]
    low, high = (np.array([getattr(one, end) for one in found])[:, None] for end in ("low", "high"))
    fine = np.arange(0.05, 0.9501, 0.0025)
    covered = (stats.binom.pmf(outcomes[:, None], count, fine) * ((low <= fine) & (fine <= high))).sum(axis=0)
    assert covered.min() >= 0.94


@pytest.mark.parametrize("count", [40, 240])
def test_many_checks_are_covered_on_average(count):
    outcomes = np.arange(count + 1)
    low, high = (end[:, None] for end in intervals.of_rate(outcomes / count, np.full(count + 1, float(count))))
    covered = (stats.binom.pmf(outcomes[:, None], count, RATES) * ((low <= RATES) & (high >= RATES))).sum(axis=0)
    assert covered.mean() >= 0.94 and covered.min() >= 0.925


@pytest.mark.parametrize("repeats", [1, 3, 16])
@pytest.mark.parametrize("prompts", [2, 4, 10, 40])
@pytest.mark.parametrize("alike", [0.0, 0.3, 1.0])
def test_checks_over_prompts_and_repeats_are_covered(prompts, repeats, alike):
    """``alike``: how strongly the repeats of a prompt agree; at 1 they are one observation, at 0 they are many."""
    rng = np.random.default_rng([prompts, repeats, int(10 * alike)])
    covered = []
    for p in RATES:
        shape = (prompts, 600)
        if alike == 0:
            own = np.full(shape, p)
        elif alike == 1:
            own = (rng.random(shape) < p).astype(float)
        else:
            own = rng.beta(p * (1 / alike - 1), (1 - p) * (1 / alike - 1), shape)
        checks = rng.binomial(repeats, own) / repeats
        covered.append(coverage(intervals.means(checks, "shares", each=repeats), p))
    assert np.mean(covered) >= 0.94 and min(covered) >= 0.88


def test_repeats_that_differ_count_for_more_than_prompts_alone():
    table = np.random.default_rng(0).binomial(16, 0.5, size=40) / 16
    wide, narrow = intervals.rate(20, 40), intervals.mean(table, "shares", each=16)
    assert narrow.high - narrow.low < 0.5 * (wide.high - wide.low)


# ------------------------------------------------------------------------------------------------------ references


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_few_values_have_students_interval(level):
    values = np.array([0.31, 0.18, 0.44, 0.29])
    low, high = stats.t.interval(level, 3, values.mean(), stats.sem(values))
    found = intervals.mean(values, level=level)
    assert (found.value, found.low, found.high, found.n) == pytest.approx((values.mean(), low, high, 4))


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize(("successes", "n"), [(0, 3), (2, 2), (3, 5), (38, 39), (0, 40), (37, 40), (81, 263)])
def test_rates_are_statsmodels(successes, n, level):
    method = "beta" if n < intervals.SCARCE else "wilson"
    theirs = proportion_confint(successes, n, 1 - level, method)
    found = intervals.rate(successes, n, level)
    assert (found.low, found.high) == pytest.approx(theirs, abs=1e-9)
    checks = np.r_[np.ones(successes), np.zeros(n - successes)]
    assert intervals.mean(checks, level=level) == found


def test_skew_moves_the_ends_as_a_plain_studentised_bootstrap_does():
    values = np.random.default_rng(3).exponential(size=30)
    rng, middle, error = np.random.default_rng(4), values.mean(), stats.sem(values)
    again = values[rng.integers(30, size=(40_000, 30))]
    t = (again.mean(axis=1) - middle) / (again.std(axis=1) / np.sqrt(29))  # of a resample, as of Efron's plug-in
    student = stats.t.ppf(0.975, 29)
    for level, tail in ((0.95, 0.025), (0.8, 0.1)):
        lower, upper = np.quantile(t, [tail, 1 - tail])
        student = stats.t.ppf(1 - tail, 29)
        found = intervals.mean(values, level=level, draws=40_000)
        assert (found.value - found.low) / error == pytest.approx(max(upper, student), rel=0.02)
        assert (found.high - found.value) / error == pytest.approx(max(-lower, student), rel=0.02)
        assert -lower > 1.1 * student, "so that the order of the ends is told apart"


def test_resamples_of_a_statistic_give_its_percentiles():
    normal = stats.norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    for level in (0.9, 0.95):
        found = intervals.of_resamples(2.0, 2 + 0.1 * normal, 100_000, level)
        reach = 0.1 * stats.norm.ppf(0.5 + level / 2)
        assert (found.low, found.high) == pytest.approx((2 - reach, 2 + reach), abs=1e-4)
    few = intervals.of_resamples(2.0, 2 + 0.1 * normal, 10)
    assert few.high - 2 == pytest.approx(0.1 * stats.t.ppf(0.975, 9) * np.sqrt(10 / 9), rel=1e-3)
    assert intervals.of_resamples(2.0, 2 + 0.1 * normal, 7).low is None
    assert intervals.of_resamples(2.0, np.full(10, 2.0), 100).low is None


def test_pairing_removes_what_prompts_share():
    rng = np.random.default_rng(7)
    base = 10 * rng.standard_normal(200)
    other = base + 0.5 + 0.1 * rng.standard_normal(200)
    paired, alone = intervals.paired(other, base), intervals.mean(base)
    theirs = stats.ttest_rel(other, base).confidence_interval()
    assert (paired.low, paired.high) == pytest.approx((theirs.low, theirs.high), rel=0.02)
    assert alone.high - alone.low > 10 * (paired.high - paired.low)
    with pytest.raises(BadInput, match="paired"):
        intervals.paired([1.0, 2.0], [1.0])


def test_a_difference_of_two_lists_is_welchs():
    rng = np.random.default_rng(9)
    a, b = rng.normal(1, 1, 5), rng.normal(0, 3, 12)
    theirs = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    found = intervals.difference(a, b)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))
    assert intervals.difference([1.0], b).low is None and intervals.difference([1.0, 1.0], [2.0, 2.0]).low is None


# ---------------------------------------------------------------------------------------------------- what has none


@pytest.mark.parametrize("values", [[0.4], [0.4, 0.4, 0.4], [7.0] * 20])
def test_one_value_and_a_constant_have_no_interval(values):
    found = intervals.mean(values)
    assert (found.value, found.low, found.high, found.n) == (pytest.approx(values[0]), None, None, len(values))


def test_a_gain_that_never_differs_has_no_interval():
    assert intervals.paired([1.0, 0.0, 1.0], [1.0, 0.0, 1.0]).low is None
    assert intervals.paired([1.0] * 9, [0.0] * 9).low is None, "gains are no rates: a loss was possible"


def test_where_almost_all_values_are_equal_no_end_can_be_told():
    assert intervals.mean([2.0] * 9 + [5.0]).low is None
    assert intervals.mean([0.0] * 9 + [1.0]).low == pytest.approx(proportion_confint(1, 10, method="beta")[0])


@pytest.mark.parametrize("successes", [0, 3])
def test_all_or_none_of_a_few_leaves_room(successes):
    found = intervals.mean([float(successes > 0)] * 3)
    assert found.high - found.low > 0.6


@pytest.mark.parametrize(
    "wrong", [lambda: intervals.rate(3, 2), lambda: intervals.mean([]), lambda: intervals.mean([1.5, 0.2], "shares")]
)
def test_nonsense_is_refused(wrong):
    with pytest.raises(BadInput):
        wrong()
