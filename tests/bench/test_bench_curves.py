"""The peers of ``bench curves`` compute the same curve, so that comparing their times is fair."""

from __future__ import annotations

import numpy as np

from tts_playground.bench import curves as bench
from tts_playground.estimators.curves import expected_best, grid


def test_the_peers_agree_with_the_exact_curve():
    values = np.random.default_rng(0).standard_normal((2, 1500))
    ns = grid(1500, 20)
    exact = expected_best(values, ns)
    np.testing.assert_allclose(bench.comb_loop(values, ns), exact, atol=1e-9)
    np.testing.assert_allclose(bench.gammaln_loop(values, ns), exact, atol=1e-9)
    # 400 resampled maxima: noisy, but around the truth
    np.testing.assert_allclose(bench.resampled(values, ns, 400), exact, atol=0.25)
