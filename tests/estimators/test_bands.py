"""Bands of curves: do they cover what they say, by simulation, and where are they not given. And the fitted laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts_playground.errors import BadInput
from tts_playground.estimators.bands import _jackknife
from tts_playground.estimators.curves import curve, expected_best, expected_pick, kl_bound
from tts_playground.estimators.fits import correlation, coverage_law, fit_coverage, fit_over_optimisation
from tts_playground.estimators.intervals import mean, rate

POOLS = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "uniform": lambda rng, shape: rng.random(shape),
    "exponential": lambda rng, shape: rng.exponential(size=shape),
    "overlaps": lambda rng, shape: 1 - 0.1 * rng.exponential(size=shape),
}


@pytest.mark.parametrize("size", [8, 32])
@pytest.mark.parametrize("name", POOLS)
def test_one_prompts_band_covers_up_to_half_of_the_pool(name, size):
    draw, rng, trials = POOLS[name], np.random.default_rng([size, len(name)]), 400
    ns = np.array([1, size // 4, size // 2])
    truth = np.array([draw(rng, (200_000, n)).max(axis=1).mean() for n in ns])
    found = [curve(draw(rng, size), ns=ns, draws=200, seed=trial) for trial in range(trials)]
    covered = np.mean([(c.low <= truth) & (truth <= c.high) for c in found], axis=0)
    # 400 trials at 95 %: 0.92 lies 3 standard errors below; a plain bootstrap covers 0.75 at size // 2
    assert (covered > 0.92).all(), covered


@pytest.mark.parametrize("p", [0.05, 0.3, 0.9])
def test_the_band_of_checks_covers_whoever_chooses(p):
    rng, size, trials = np.random.default_rng(int(100 * p)), 32, 300
    ns, hits, own = np.array([1, 4, 16, 32]), np.zeros(4), np.zeros(4)
    guide = rng.standard_normal((100_000, size))
    chance = 1 / (1 + np.exp(-(guide + np.log(p / (1 - p)))))  # what the guide likes passes more often
    truth = np.array([np.take_along_axis(chance, guide[:, :n].argmax(1)[:, None], 1).mean() for n in ns])
    passes = np.array([1 - (1 - chance.mean()) ** n for n in ns])
    for trial in range(trials):
        gold = (rng.random(size) < chance[trial]).astype(float)
        c, oracle = curve(guide[trial], gold, ns=ns), curve(gold, ns=ns)
        hits += (c.low <= truth) & (truth <= c.high)
        own += (oracle.low <= passes) & (passes <= oracle.high)
    assert (hits / trials >= 0.93).all() and (own / trials >= 0.93).all(), (hits / trials, own / trials)


@pytest.mark.parametrize("prompts", [2, 4, 8])
def test_the_band_over_prompts_covers_a_new_prompt_too(prompts):
    rng, ns, hits = np.random.default_rng(prompts), np.array([1, 8, 16]), np.zeros(3)
    best = np.array([0.0, *(rng.standard_normal((200_000, n)).max(axis=1).mean() for n in ns[1:])])
    for trial in range(300):
        pools = rng.standard_normal((prompts, 1)) + rng.standard_normal((prompts, 16))
        c = curve(pools, ns=ns, seed=trial)
        hits += (c.low <= best) & (best <= c.high)
    assert (hits / 300 >= 0.9).all() and (hits / 300 <= 0.99).all(), hits / 300


def test_beyond_half_of_the_pool_and_below_eight_samples_there_is_no_band():
    values = np.random.default_rng(0).standard_normal(20)
    c = curve(values)
    assert np.isfinite(c.low[:10]).all() and np.isnan(c.low[10:]).all() and np.isnan(c.high[10:]).all()
    assert c.as_dict()["low"][10] is None and c.as_dict()["high"][0] == pytest.approx(c.high[0])
    assert np.isnan(curve(values[:7]).low).all() and np.isnan(curve(np.ones(20) * 0.3).low).all()


def test_one_draw_has_the_interval_of_a_mean():
    values = np.random.default_rng(1).standard_normal(64)
    c, plain = curve(values, ns=[1], draws=4000), mean(values, draws=4000)
    assert (c.low[0], c.high[0]) == pytest.approx((plain.low, plain.high), rel=0.05)


def test_the_jackknife_is_that_of_pools_with_one_sample_left_out():
    pools = np.sort(np.random.default_rng(2).standard_normal((3, 9)), axis=1)
    for n in (1, 3, 4):
        left_out = np.array([expected_best(np.delete(pools, i, axis=1), [n])[:, 0] for i in range(9)])
        assert _jackknife(pools, n) == pytest.approx(np.sqrt(8 / 9 * ((left_out - left_out.mean(0)) ** 2).sum(0)))


def test_a_studentised_bootstrap_done_plainly_gives_the_same_band():
    values = np.sort(np.random.default_rng(3).exponential(size=24))
    for n, level in ((1, 0.95), (6, 0.95), (12, 0.95)):
        own, error = expected_best(values, [n])[0], _jackknife(values[None], n)[0]
        picks = np.sort(np.random.default_rng(4).integers(24, size=(4000, 24)), axis=1)
        t = (expected_best(values[picks], [n])[:, 0] - own) / _jackknife(values[picks], n)
        lower, upper = np.quantile(t, [(1 - level) / 2, (1 + level) / 2])
        from scipy import stats

        student = stats.t.ppf((1 + level) / 2, 24 / n)
        c = curve(values, ns=[n], draws=4000)
        assert c.mean[0] - c.low[0] == pytest.approx(max(upper, student) * error, rel=0.1)
        assert c.high[0] - c.mean[0] == pytest.approx(max(-lower, student) * error, rel=0.1)


def test_tied_proxies_leave_a_band_as_wide_as_a_plain_bootstrap_with_students_t():
    from scipy import stats

    rng = np.random.default_rng(5)
    proxy, gold = rng.integers(0, 3, size=50).astype(float), rng.standard_normal(50)
    ours = curve(proxy, gold, ns=[1, 8], draws=4000)
    picks = rng.integers(50, size=(4000, 50))
    plain = np.array([expected_pick(proxy[i], gold[i], [1, 8]) for i in picks]).std(axis=0, ddof=1)
    reach = stats.t.ppf(0.975, [50, 50 / 8]) * plain
    np.testing.assert_allclose(ours.mean - ours.low, reach, rtol=0.05)
    np.testing.assert_allclose(ours.high - ours.mean, reach, rtol=0.05)


def test_where_nothing_chooses_every_n_is_one_draw():
    gold = np.random.default_rng(6).standard_normal(30)
    c, plain = curve(np.zeros(30), gold), mean(gold)
    assert c.low == pytest.approx(np.full(30, plain.low)) and c.high == pytest.approx(np.full(30, plain.high))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.integers(0, 4), min_size=2, max_size=9), min_size=1, max_size=4))
def test_the_band_holds_the_estimate_and_is_repeatable(rows):
    first, second = curve(rows, draws=50), curve(rows, draws=50)
    assert not (first.low > first.mean + 1e-12).any()
    assert not (first.mean > first.high + 1e-12).any()
    np.testing.assert_array_equal(first.low, second.low)
    np.testing.assert_array_equal(np.isnan(first.low), np.isnan(first.high))


def test_no_success_in_twenty_still_leaves_room():
    c = curve([0.0] * 20, ns=[1, 10])
    assert (c.mean == 0).all()
    assert c.high[0] == pytest.approx(rate(0, 20).high)
    assert c.high[1] > c.high[0]


def test_a_rate_stays_between_zero_and_one():
    c = curve([[0, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 1]], draws=200)
    assert (c.low >= 0).all()
    assert (c.high <= 1).all()


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
    rates = np.linspace(0.05, 0.9, 30)
    right = [[float(i < round(32 * rate)) for i in range(32)] for rate in rates]
    oracle = curve(right, label="any of N is right", oracle=True)
    law = coverage_law(oracle)
    assert law is not None and law.rmse < 0.02 and law.a < 0 < law.b
    drawn = law.curve(oracle)
    assert drawn.n[-1] == 128 and drawn.oracle and drawn.low is None and (np.diff(drawn.mean) > 0).all()
    assert drawn.mean[0] == pytest.approx(oracle.mean[0], abs=0.05)
    told = law.sentence(oracle)
    assert (
        "N = 128" in told and f"{drawn.mean[-1]:.3f}" in told and "30 questions" in told and f"{law.rmse:.3f}" in told
    )
    assert f"{float(law(32)) - oracle.mean[-1]:+.3f} at N = 32" in told
    assert coverage_law(curve(right[:29], oracle=True)) is None  # too few questions for a law
    assert coverage_law(curve([[1.0] * 8] * 30, oracle=True)) is None  # always right: nothing to fit


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
