"""Guidance, truncation and the draw, against plain definitions."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from transformers import LogitsProcessorList, TopKLogitsWarper, TopPLogitsWarper

from tts_playground.models.decode.gumbel import gumbel, stream_starts
from tts_playground.models.decode.sampling import (
    SamplingParams,
    choose,
    distribution,
    guide,
    scale,
    top_tokens,
    truncate,
)


def knobs(n, temperature=1.0, cfg=1.0, top_k=10**6, top_p=1.0):
    full = torch.full
    return SamplingParams(full((n,), temperature), full((n,), cfg), full((n,), top_k), full((n,), top_p), True)


@settings(deadline=None, max_examples=40)
@given(k=st.integers(1, 40), p=st.floats(0.05, 1.0), seed=st.integers(0, 1000))
def test_truncation_equals_transformers(k, p, seed):
    logits = torch.randn(3, 32, generator=torch.Generator().manual_seed(seed)) * 3
    likely = logits.topk(min(k, 32)).values.double().softmax(-1).cumsum(-1)
    assume(bool(((likely - p).abs() > 1e-6).all()))  # a sum that is p to the last bits falls either way
    warpers = LogitsProcessorList([TopKLogitsWarper(min(k, 32)), *([TopPLogitsWarper(p)] if p < 1 else [])])
    theirs = warpers(None, logits.clone())  # type: ignore[arg-type]
    ours = truncate(logits, torch.tensor([k] * 3), torch.tensor([p] * 3))
    assert torch.equal(ours.isfinite(), theirs.isfinite())


@pytest.mark.parametrize(("p", "kept"), [(0.25, 1), (0.26, 2), (0.5, 2), (0.75, 3), (0.76, 4)])
def test_the_smallest_set_that_reaches_p_exactly_is_enough(p, kept):
    """Four tokens of exactly 1/4: the sums on the way are exact, so that "at least p" is told from "more than p"."""
    ours = truncate(torch.zeros(1, 4), torch.tensor([4]), torch.tensor([p]))
    assert ours.isfinite().sum() == kept


def test_a_p_of_one_keeps_what_is_too_small_to_be_summed():
    logits = torch.tensor([[30.0, *range(16)]])
    assert torch.equal(truncate(logits, torch.tensor([17]), torch.tensor([1.0])), logits)


def test_entropy_and_log_probability_are_those_of_torch_distributions():
    logits = torch.randn(5, 32, generator=torch.Generator().manual_seed(2)) * 3
    cut = truncate(logits, torch.tensor([32, 5, 32, 1, 32]), torch.tensor([1.0, 1.0, 0.7, 1.0, 0.3]))
    choice = choose(cut, gumbel(stream_starts([(0, index) for index in range(5)]), 0, 32))
    for row, token, logprob, entropy in zip(cut, choice.token, choice.logprob, choice.entropy, strict=True):
        kept = row.isfinite()
        plain = torch.distributions.Categorical(logits=row[kept].double())
        assert kept[token] and float(logprob) == pytest.approx(float(plain.log_prob(kept[:token].sum())), abs=1e-5)
        assert float(entropy) == pytest.approx(float(plain.entropy()), abs=1e-5)


def test_half_precision_is_left_before_anything_is_divided():
    logits = torch.randn(2, 64).bfloat16()
    assert torch.equal(distribution(logits, None, knobs(2, 0.3)), distribution(logits.float(), None, knobs(2, 0.3)))


def test_settings_are_per_row():
    logits = torch.randn(2, 16)
    both = truncate(logits, torch.tensor([1, 16]), torch.tensor([1.0, 1.0]))
    assert both[0].isfinite().sum() == 1
    assert torch.equal(both[1], logits[1])


def test_guidance_one_is_the_conditional_and_large_guidance_amplifies_the_difference():
    cond, uncond = torch.randn(2, 8), torch.randn(2, 8)
    assert torch.allclose(guide(cond, uncond, torch.ones(2)), cond, atol=1e-6)
    assert torch.allclose(guide(cond, uncond, torch.tensor([3.0, 3.0])), 3 * cond - 2 * uncond, atol=1e-5)


def test_tiny_temperatures_neither_overflow_nor_lose_the_order():
    logits = torch.tensor([[1e4, 1e4 - 0.01, -1e4]])
    cold = scale(logits, torch.tensor([1e-4]))
    assert cold.isfinite().all() and cold[0, 0] == 0 and abs(float(cold[0, 1]) + 100) < 5
    greedy = choose(scale(torch.randn(64, 50), torch.zeros(64)), torch.randn(64, 50))
    assert torch.allclose(greedy.logprob, torch.zeros(64))


def test_the_draw_follows_the_distribution():
    logits = torch.tensor([0.0, 1.0, 2.0, -1.0, 0.5])
    n = 40_000
    noise = gumbel(stream_starts([(1, index) for index in range(n)]), 3, 5)
    counts = torch.bincount(choose(logits.expand(n, -1), noise).token, minlength=5) / n
    expected = logits.softmax(0)
    assert (counts - expected).abs().max() < 4 * (0.25 / n) ** 0.5


def test_noise_is_gumbel_and_depends_on_seed_index_and_position_only():
    starts = stream_starts([(0, 0), (0, 1), (1, 0)])
    noise = gumbel(starts, 5, 100)
    assert torch.equal(gumbel(starts[1:2], 5, 100)[0], noise[1])
    assert torch.equal(gumbel(starts, torch.tensor(5), 100), noise)
    assert torch.equal(gumbel(starts, torch.tensor([5, 5, 5]), 100), noise)
    assert len({tuple(row.tolist()) for row in [*noise, *gumbel(starts, 6, 100)]}) == 6
    many = gumbel(starts[:1], 0, 1_000_000)[0].double().numpy()
    assert abs(many.mean() - np.euler_gamma) < 0.01
    assert abs(many.var() - np.pi**2 / 6) < 0.02
    assert np.isfinite(many).all() and many.max() > 11


def test_top_tokens_report_all_three_distributions():
    cond, uncond = torch.randn(64), torch.randn(64)
    one = knobs(1, temperature=0.7, cfg=4.0)
    top = top_tokens(cond, uncond, one, 20)
    assert len(top.tokens) == 20 and (top.guided.diff() <= 0).all()
    weights = ((uncond + 4 * (cond - uncond)) / 0.7).softmax(-1)
    assert torch.allclose(top.guided, weights[top.tokens], atol=1e-5)
    assert torch.allclose(top.conditional, cond.softmax(-1)[top.tokens])
    assert torch.allclose(top.unconditional, uncond.softmax(-1)[top.tokens])
    assert abs(top.entropy + float((weights * weights.log()).sum())) < 1e-4
    assert distribution(cond[None], None, one).shape == (1, 64)
