"""Bands and intervals: do they cover what they say, and where they must."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts_playground.errors import BadInput
from tts_playground.runs.bands import bootstrap, paired_bootstrap, wilson
from tts_playground.runs.curves import curve, expected_best, expected_pick, kl_bound
from tts_playground.runs.fits import correlation, coverage_law, fit_coverage, fit_over_optimisation


def test_the_band_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    ns = [1, 4, 16]
    truth = expected_best(rng.standard_normal((20000, 64)), ns).mean(axis=0)
    hits = np.zeros(3)
    for trial in range(120):
        c = curve(rng.standard_normal(128), ns=ns, draws=200, seed=trial)
        hits += (c.low <= truth) & (truth <= c.high)
    # 120 trials at 95 %: 0.85 lies 5 standard errors below
    assert (hits / 120 > 0.85).all(), hits / 120


def test_the_resampling_without_sorting_is_a_bootstrap():
    values = np.random.default_rng(2).exponential(size=40)
    ours = curve(values, ns=[1, 3], draws=4000)
    picks = np.random.default_rng(3).integers(40, size=(4000, 40))
    plain = expected_best(values[picks], [1, 3])
    spread = np.quantile(plain - plain.mean(axis=0), [0.025, 0.975], axis=0)
    np.testing.assert_allclose(ours.low - ours.mean, spread[0], rtol=0.12)
    np.testing.assert_allclose(ours.high - ours.mean, spread[1], rtol=0.12)


def test_tied_proxies_leave_a_band_as_wide_as_a_plain_bootstrap():
    rng = np.random.default_rng(5)
    proxy, gold = rng.integers(0, 3, size=50).astype(float), rng.standard_normal(50)
    ours = curve(proxy, gold, ns=[1, 8], draws=4000)
    picks = rng.integers(50, size=(4000, 50))
    plain = np.array([expected_pick(proxy[i], gold[i], [1, 8]) for i in picks])
    spread = np.quantile(plain - plain.mean(axis=0), [0.025, 0.975], axis=0)
    np.testing.assert_allclose(ours.low - ours.mean, spread[0], rtol=0.15)
    np.testing.assert_allclose(ours.high - ours.mean, spread[1], rtol=0.15)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.integers(0, 4), min_size=2, max_size=9), min_size=1, max_size=4))
def test_the_band_holds_the_estimate_and_is_repeatable(rows):
    first, second = curve(rows, draws=50), curve(rows, draws=50)
    assert (first.low <= first.mean + 1e-12).all()
    assert (first.mean <= first.high + 1e-12).all()
    np.testing.assert_array_equal(first.low, second.low)


def test_no_success_in_twenty_still_leaves_room():
    c = curve([0.0] * 20, ns=[1, 10])
    assert (c.mean == 0).all()
    assert c.high[0] == pytest.approx(wilson(0, 20).high)
    assert c.high[1] > c.high[0]


def test_a_rate_stays_between_zero_and_one():
    c = curve([[0, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 1]], draws=200)
    assert (c.low >= 0).all()
    assert (c.high <= 1).all()


def test_wilson_matches_published_values_and_refuses_nonsense():
    # Newcombe 1998, table I, method 3: 81/263 and 0/20
    assert (wilson(81, 263).low, wilson(81, 263).high) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert (wilson(0, 20).low, wilson(0, 20).high) == pytest.approx((0, 0.1611), abs=5e-5)
    with pytest.raises(BadInput):
        wilson(3, 2)


def test_pairing_removes_what_prompts_share():
    rng = np.random.default_rng(7)
    base = 10 * rng.standard_normal(200)
    paired = paired_bootstrap(base + 0.5 + 0.1 * rng.standard_normal(200), base)
    assert 0.4 < paired.low < 0.5 < paired.high < 0.6
    alone = bootstrap(base)
    assert alone.high - alone.low > 10 * (paired.high - paired.low)
    with pytest.raises(BadInput, match="paired"):
        paired_bootstrap([1.0, 2.0], [1.0])


def test_the_coverage_law_is_recovered():
    k = np.array([1, 2, 5, 10, 50, 100, 500])
    fit = fit_coverage(k, np.exp(-2.5 * k**-0.4))
    assert (fit.a, fit.b, fit.rmse) == pytest.approx((-2.5, 0.4, 0), abs=1e-6)
    np.testing.assert_allclose(fit(k), np.exp(-2.5 * k**-0.4), atol=1e-6)
    noisy = fit_coverage(k, np.clip(np.exp(-2.5 * k**-0.4) + 0.01 * np.cos(k), 0, 1))
    assert noisy.rmse < 0.01
    with pytest.raises(BadInput):
        fit_coverage([1, 2], [0.0, 1.0])


def test_the_coverage_law_of_a_set_of_questions():
    rates = np.linspace(0.05, 0.9, 12)
    right = [[float(i < round(32 * rate)) for i in range(32)] for rate in rates]
    oracle = curve(right, label="any of N is right", oracle=True)
    law = coverage_law(oracle)
    assert law is not None and law.rmse < 0.02 and law.a < 0 < law.b
    drawn = law.curve(oracle)
    assert drawn.n[-1] == 128 and drawn.oracle and drawn.low is None and (np.diff(drawn.mean) > 0).all()
    assert drawn.mean[0] == pytest.approx(oracle.mean[0], abs=0.05)
    assert "N = 128" in law.sentence(oracle) and f"{drawn.mean[-1]:.3f}" in law.sentence(oracle)
    assert coverage_law(curve([[1.0] * 8], oracle=True)) is None  # always right: nothing to fit


def test_the_over_optimisation_law_is_recovered():
    n = np.arange(1, 201)
    d = np.sqrt(kl_bound(n))
    template = curve(np.arange(400.0), ns=n, bands=False)
    gold = type(template)(n, 1 + d * (2 - 0.8 * d), None, None, pool_size=400)
    fit = fit_over_optimisation(gold)
    assert (fit.base, fit.alpha, fit.beta, fit.peak) == pytest.approx((1, 2, 0.8, 1.25), abs=1e-9)


def test_correlations_agree_with_scipy():
    from scipy import stats

    rng = np.random.default_rng(8)
    x = rng.integers(0, 6, size=80).astype(float)
    y = x + 2 * rng.standard_normal(80)
    ours = correlation(x, y)
    pearson = stats.pearsonr(x, y)
    assert ours.pearson is not None
    assert ours.spearman is not None
    assert ours.pearson.value == pytest.approx(pearson.statistic)
    low, high = pearson.confidence_interval(0.95)
    assert (ours.pearson.low, ours.pearson.high) == pytest.approx((low, high), abs=1e-6)
    assert ours.spearman.value == pytest.approx(stats.spearmanr(x, y).statistic)
    assert correlation([1, 1, 1, 1], [1, 2, 3, 4]).pearson is None
