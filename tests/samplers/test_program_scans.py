"""Scans that are kept are those that would be made, and are kept apart by all that they depend on."""

import numpy as np
import pytest

from tts_playground.dsl.masks import engine
from tts_playground.samplers.program_fitter import Fitter
from tts_playground.samplers.program_scans import scanned

ENGINE = engine(64)


def noise(seed):
    return ENGINE.pack(np.random.default_rng(seed).random((64, 64)) < 0.4)


def fitters():
    """By all that a scan depends on beside the pixels: what they count, and which angles are tried."""
    ink, weights = noise(1), np.random.default_rng(2).integers(1, 4, (64, 64))
    return [
        Fitter(ink, ~ink, weights=weights if weighed else None, angles=angles)
        for weighed in (False, True)
        for angles in ((), (30,), (30, 20), (20, 30))
    ]


def test_what_is_kept_is_what_would_be_scanned():
    rasters = [(noise(3), noise(4)), (noise(4), noise(3)), (noise(3), ENGINE.empty())]
    kept = [fit.scan(*pair) for fit in fitters() for pair in rasters]
    again = [fit.scan(*pair) for fit in fitters() for pair in rasters]
    for number, (fit, pair) in enumerate((fit, pair) for fit in fitters() for pair in rasters):
        scanned.cache_clear()
        for counts, before, after in zip(fit.scan(*pair), kept[number], again[number], strict=True):
            assert np.array_equal(counts, before) and np.array_equal(counts, after)


@pytest.mark.parametrize("fit", fitters())
def test_a_scan_counts_what_single_masks_weigh(fit):
    ink, blank = noise(5), noise(6)
    upright = len(fit.engine.scanner)  # turned quads are counted roughly
    for counts, raster in zip(fit.scan(ink, blank), (ink, blank), strict=True):
        assert len(counts) == upright + sum(len(quads) for quads in fit.turned)
        for index in np.random.default_rng(7).integers(0, upright, 50):
            assert counts[index] == fit.weigh(ENGINE.mask(fit.primitive(int(index))) & raster)


def test_nobody_can_spoil_what_others_get():
    fit = fitters()[0]
    counts, _ = fit.scan(noise(8), noise(9))
    with pytest.raises(ValueError, match="read-only"):
        counts[0] = 1
    scores = fit.scores(fit.places(None)[0])
    scores[:] = 0  # these are the caller's own
    assert fit.scores(fit.places(None)[0]).max() > 0


def test_not_all_scans_are_kept():
    scanned.cache_clear()
    fit = fitters()[0]
    for seed in range(100):
        fit.scan(noise(seed), noise(seed))
    assert scanned.cache_info().currsize <= 16
