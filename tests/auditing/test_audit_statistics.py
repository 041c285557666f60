"""Statistics of choices against closed forms, scipy's own tests, and simulation."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from tts_playground.auditing import statistics as s
from tts_playground.errors import BadInput
from tts_playground.randomness import generator

counts = st.lists(st.integers(20, 400), min_size=2, max_size=9)
weights = st.lists(st.floats(0.01, 1.0), min_size=2, max_size=9)


@given(counts)
@settings(deadline=None)
def test_chi_square_is_scipys(row):
    statistic, p_value = s.chi_square(row)
    theirs = stats.chisquare(row)
    assert statistic[0] == pytest.approx(theirs.statistic)
    assert p_value[0] == pytest.approx(theirs.pvalue)


@pytest.mark.parametrize(("n", "k"), [(1000, 4), (1000, 9), (50, 4), (16, 9), (12, 2)])
def test_a_fair_chooser_is_accused_once_in_a_hundred_times(n, k):
    pictures = 20_000
    uniform = generator("fair", n, k).multinomial(n, np.full(k, 1 / k), size=pictures)
    rate = (s.chi_square(uniform)[1] < 0.01).mean()
    error = 3 * np.sqrt(0.01 * 0.99 / pictures)
    # with few picks the statistic takes few values, so that the test may only be more careful than asked
    assert rate < 0.01 + error
    if n >= 1000:
        assert rate > 0.01 - error
    assert not s.holm(s.chi_square(uniform[:2000])[1]).any()


def test_cramers_v_from_never_to_always():
    fair, always = [250, 250, 250, 250], [1000, 0, 0, 0]
    for row, expected in ((fair, 0.0), (always, 1.0)):
        statistic, _ = s.chi_square(row)
        assert s.cramers_v(statistic, 1000, 4)[0] == pytest.approx(expected)
        assert s.cramers_v(statistic, 1000, 4, corrected=True)[0] == pytest.approx(expected, abs=2e-3)
    assert s.cramers_v([5.0], [0], 4)[0] == 0


def test_the_noise_floor_is_what_fair_picks_show_and_the_correction_takes_it_away():
    n, k = 200, 4
    uniform = generator("floor").multinomial(n, np.full(k, 1 / k), size=20_000)
    statistic, _ = s.chi_square(uniform)
    assert s.cramers_v(statistic, n, k).mean() == pytest.approx(s.noise_floor(n, k), rel=0.01)
    assert s.noise_floor(n, k) == pytest.approx(1 / np.sqrt(n), rel=0.1)
    p = np.array([0.4, 0.2, 0.2, 0.2])
    biased = generator("bias").multinomial(n, p, size=20_000)
    statistic, _ = s.chi_square(biased)
    assert np.sqrt((s.cramers_v(statistic, n, k) ** 2).mean()) == pytest.approx(s.expected_v(p, n)[0], rel=0.01)
    corrected = s.cramers_v(statistic, n, k, corrected=True)
    assert np.sqrt((corrected**2).mean()) == pytest.approx(s.true_v(p)[0], rel=0.03)


def test_corrected_v_takes_off_exactly_the_degrees_of_freedom():
    """By enumeration: over all outcomes of 60 picks between two cells, V squared averages to its closed form."""
    n, p = 60, np.array([0.9, 0.1])
    ones = np.arange(n + 1)
    chance = stats.binom.pmf(ones, n, p[0])
    statistic = ((ones - n / 2) ** 2 + (n - ones - n / 2) ** 2) / (n / 2)
    excess = 2 * (1 - (p**2).sum()) + n * 2 * ((p - 0.5) ** 2).sum() - 1
    assert (s.cramers_v(statistic, n, 2, corrected=True) ** 2) @ chance == pytest.approx(excess / n, rel=1e-9)
    fair = stats.multinomial(7, np.full(3, 1 / 3))
    outcomes = [(a, b, 7 - a - b) for a in range(8) for b in range(8 - a)]
    expected = sum(fair.pmf(row) * stats.chisquare(row).statistic for row in outcomes)
    assert expected == pytest.approx(2)  # k - 1: what a fair chooser shows on average
    assert s.cramers_v([expected], 7, 3, corrected=True)[0] == pytest.approx(0, abs=1e-6)
    assert s.cramers_v([27.0], 200, 4, corrected=True)[0] == pytest.approx(0.2)


@given(weights)
@settings(deadline=None)
def test_distances_lie_between_fair_and_certain(row):
    p = np.array(row) / sum(row)
    assert 0 <= s.entropy(p)[0] <= 1 + 1e-12
    assert 0 <= s.total_variation(p)[0] <= 1 - 1 / len(row) + 1e-12
    assert 0 <= s.true_v(p)[0] <= 1 + 1e-12
    assert s.total_variation(p, p)[0] == 0
    big = p * 10_000_000
    assert s.cramers_v(s.chi_square(big)[0], big.sum(), len(row))[0] == pytest.approx(s.true_v(p)[0])


@given(weights, st.integers(1, 5000))
@settings(deadline=None)
def test_power_grows_with_n_from_alpha(row, n):
    p = np.array(row) / sum(row)
    here, more = s.power(p, np.array([n, 2 * n]))[:, 0]
    assert 0.01 <= here <= more + 1e-9 <= 1 + 1e-9
    assert s.power(np.full(4, 0.25), n)[0] == pytest.approx(0.01)


def test_power_is_the_share_of_samples_that_are_rejected():
    p, n = np.array([0.31, 0.23, 0.23, 0.23]), 400
    drawn = generator("power").multinomial(n, p, size=20_000)
    assert (s.chi_square(drawn)[1] < 0.01).mean() == pytest.approx(s.power(p, n)[0], abs=0.015)


@given(st.integers(1, 100_000), st.integers(2, 9), st.floats(0.001, 0.999))
@example(35_609, 2, 0.5)
@settings(deadline=None)
def test_binomial_quantiles_are_scipys(n, k, q):
    ours, theirs = s.binomial_quantile(q, n, 1 / k), stats.binom.ppf(q, n, 1 / k)
    # where q is a value of the distribution function itself, rounding alone decides between two neighbours
    assert ours == theirs or stats.binom.cdf(min(ours, theirs), n, 1 / k) == pytest.approx(q, abs=1e-12)


@given(st.integers(1, 5000))
@settings(deadline=None)
def test_power_is_scipys_noncentral_chi_square(n):
    p = np.array([0.25 + 0.01, 0.25 - 0.01, 0.25, 0.25])
    threshold = stats.chi2.isf(0.01, 3)
    assert s.power(p, n)[0] == pytest.approx(stats.ncx2.sf(threshold, 3, n * 4 * 2e-4), abs=1e-9)


def test_holm_by_hand():
    assert s.holm([0.001, 0.012, 0.02, 0.2], alpha=0.05).tolist() == [True, True, True, False]
    assert s.holm([0.001, 0.02, 0.03, 0.2], alpha=0.05).tolist() == [True, False, False, False]
    assert s.holm([]).tolist() == []


def test_holm_is_statsmodels_holm():
    values = generator("holm").random(200) ** 4
    assert s.holm(values).tolist() == multipletests(values, alpha=0.01, method="holm")[0].tolist()
    assert 0 < s.holm(values).sum() < 200


def test_intervals_over_clusters_are_wider_than_over_pictures():
    noise = generator("clusters in a test")
    clusters = np.repeat(np.arange(20), 10)
    values = noise.normal(size=20)[clusters] + 0.1 * noise.normal(size=200)
    together, apart = s.cluster_mean(values, clusters), s.cluster_mean(values)
    assert together.value == apart.value == pytest.approx(values.mean())
    assert together.high - together.low > 2 * (apart.high - apart.low)


@pytest.mark.parametrize("count", [4, 10, 40])
@pytest.mark.parametrize("kind", ["normal", "beta"])
def test_intervals_over_clusters_cover_the_truth_as_often_as_they_say(count, kind):
    noise, hits, trials = generator("coverage", count, kind), 0, 400
    for _ in range(trials):
        if kind == "normal":
            truth, values = 0.0, np.repeat(noise.normal(size=count), 3) + noise.normal(size=3 * count)
        else:
            truth, values = 0.25, noise.beta(2, 6, size=count).repeat(3)
        found = s.cluster_mean(values, np.repeat(np.arange(count), 3))
        hits += found.low <= truth <= found.high
    # 400 trials at 95 %: 3 standard errors are 0.03
    assert 0.92 <= hits / trials <= 0.99


def test_clusters_of_unequal_size_are_the_cluster_robust_mean_of_statsmodels():
    import statsmodels.api as sm

    noise = generator("unequal clusters")
    clusters = np.repeat(np.arange(7), noise.integers(1, 9, size=7))
    values = 5 + noise.normal(size=7)[clusters] + noise.normal(size=len(clusters))
    theirs = sm.OLS(values, np.ones(len(values))).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False}, use_t=True
    )
    wide = stats.t.ppf(0.975, 6) * theirs.bse[0] * np.sqrt(7 / 6)
    found = s.cluster_mean(values, clusters)
    assert (found.value, found.low, found.high) == pytest.approx(theirs.params[0] + np.array([0, -wide, wide]))
    assert found.n == len(values)


@pytest.mark.parametrize("bad", [[[-1, 2]], [[1.0]], [[np.nan, 1]], [[[1, 2]]]])
def test_what_is_no_table_of_picks_is_refused(bad):
    with pytest.raises(BadInput, match="table"):
        s.chi_square(bad)
