"""The noise against SplitMix64 as it was published, against the formula of Gumbel's distribution, and at its ends."""

from math import log, log1p

import numpy as np
import pytest
import torch

from tts_playground import randomness
from tts_playground.models.decode.gumbel import gumbel, stream_start, stream_starts

MASK = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15
PUBLISHED = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]
"""what Vigna's C code (prng.di.unimi.it/splitmix64.c) gives for the seed 1234567"""


def mixed(state):
    """The published mix, on Python's own integers."""
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
    return state ^ (state >> 31)


def unmixed(value):
    """The state that ``mixed`` turns into ``value``: the mix is a bijection."""
    for bits, factor in ((31, 0x94D049BB133111EB), (27, 0xBF58476D1CE4E5B9), (30, None)):
        state = value
        for _ in range(64 // bits + 1):
            state = value ^ (state >> bits)
        value = state if factor is None else state * pow(factor, -1, 1 << 64) & MASK
    return value


def start_at(state):
    """A stream whose first number comes from ``state``, as torch keeps it."""
    return torch.tensor([state - (1 << 64) if state >> 63 else state])


def gumbel_of(number):
    """-log(-log(1 - u)) of a uniform of 63 bits."""
    return -log(-log1p(-(number >> 1) * 2.0**-63))


def test_the_reference_is_the_published_one():
    assert [mixed((1234567 + i * GAMMA) & MASK) for i in range(1, 6)] == PUBLISHED
    assert all(mixed(unmixed(value)) == value for value in (0, 1, 12345, MASK, *PUBLISHED))


def test_numbers_are_those_of_splitmix64():
    first = gumbel(start_at((1234567 + GAMMA) & MASK), 0, 5)[0]
    assert first.tolist() == pytest.approx([gumbel_of(number) for number in PUBLISHED], rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("tokens", [5, 64, 100])
def test_every_position_has_numbers_of_its_own_a_whole_number_of_vectors_on(tokens):
    """A position takes its tokens rounded up to 64, so that no number ever serves two positions."""
    state, width = 0xFEDCBA9876543210, -(-tokens // 64) * 64
    for position in (0, 1, 2, 575):
        own = gumbel(start_at(state), position, tokens)[0].tolist()
        counters = range(position * width, position * width + tokens)
        wanted = [gumbel_of(mixed((state + i * GAMMA) & MASK)) for i in counters]
        assert own == pytest.approx(wanted, rel=1e-4, abs=1e-5)
    rows = torch.cat([gumbel(start_at(state), position, tokens)[0] for position in range(4)])
    assert len(rows.unique()) == 4 * tokens, "successive tokens share no noise"


@pytest.mark.parametrize("power", [2, 20, 43])
def test_the_upper_tail_goes_on_beyond_what_a_float_tells_from_one(power):
    """Uniforms near 0, of which 24 bits would make one and the same number."""
    noise = float(gumbel(start_at(unmixed(1 << power)), 0, 1)[0, 0])
    assert noise == pytest.approx((64 - power) * log(2), rel=1e-5)


def test_both_ends_are_finite():
    ends = [float(gumbel(start_at(unmixed(value)), 0, 1)[0, 0]) for value in (0, MASK)]
    assert ends == pytest.approx([62 * log(2), -log(24 * log(2))], rel=1e-4)


def test_a_stream_is_named_by_all_of_seed_index_and_purpose():
    names = [(seed, index, name) for seed in (0, 1) for index in (0, 1) for name in ("image tokens", "answer tokens")]
    starts = [stream_start(*name) for name in names]
    assert len(set(starts)) == len(names)
    for name, start in zip(names, starts, strict=True):
        assert start % (1 << 64) == randomness.key(*name) & MASK and -(1 << 63) <= start < 1 << 63
    pairs = [(0, 0), (0, 1), (1, 0)]
    assert stream_starts(pairs, "x").tolist() == [stream_start(*pair, "x") for pair in pairs]
    assert stream_starts(pairs).tolist() == [stream_start(*pair, "image tokens") for pair in pairs]


def test_positions_and_tokens_are_uncorrelated():
    rows = torch.stack([gumbel(stream_starts([(7, 3)]), position, 4096)[0] for position in range(8)]).double().numpy()
    among = np.corrcoef(rows) - np.eye(8)
    # 28 correlations of 4096 pairs: a standard error of 1/64 each
    assert np.abs(among).max() < 4.5 / 64
    along = [np.corrcoef(rows[0, :-lag], rows[0, lag:])[0, 1] for lag in (1, 2, 63, 64)]
    assert np.abs(along).max() < 4.5 / 64
