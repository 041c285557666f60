"""Rows that only pad a batch take memory like any other: how many go through a model at once counts them."""

import pytest
import tiny_vlms
import torch

from tts_playground.models.decode import microbatch
from tts_playground.models.decode.linear import RowRule
from tts_playground.models.decode.microbatch import rows_within
from tts_playground.models.vlm import decode, option_probabilities
from tts_playground.models.vlm.model import Vlm


@pytest.mark.parametrize("multiple", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("budget", [0, 5, 15, 16, 31, 33, 100])
def test_what_is_run_fits_or_is_the_least_that_can_be(multiple, budget):
    rule = RowRule(multiple)
    rows = rows_within(budget, 1, rule, least=2)
    assert rule.padded(rows) == rows, "less would waste rows that are paid for"
    assert rows <= budget or rows == rule.padded(2)
    assert rows_within(budget, 1, RowRule(8, 8)) == 8


def test_a_janus_draws_as_many_at_once_as_fit_with_their_padding(random_janus, monkeypatch):
    monkeypatch.setattr(random_janus.steps, "rule", RowRule(16), raising=False)
    monkeypatch.setattr(type(random_janus), "rule", RowRule(16))
    steps = random_janus.steps
    each = 2 * steps.layers * steps.kv_heads * steps.head_dim * 4 * (random_janus.tokens + 128)
    for room, images in ((7 * each, 8), (16 * each, 8), (31 * each, 8), (32 * each, 16)):
        monkeypatch.setattr(microbatch, "CPU_BYTES", room)
        assert microbatch.Limit(random_janus)._first([2] * 40) == images


@pytest.mark.parametrize("kind", ["llava", "qwen2vl", "gemma3"])
def test_replies_and_verifications_are_bounded_by_bytes_on_a_cpu_too(kind, monkeypatch):
    """A LLaVA of 7B in float32 would take 47 GB for 64 rows of 700 tokens."""
    vlm = Vlm(*tiny_vlms.parts(kind))
    prefix = vlm.prefix(tiny_vlms.picture(), "what?")
    assert decode.rows_that_fit(vlm, prefix, 8) == decode.CPU_ROWS
    monkeypatch.setattr(decode, "CPU_BYTES", 1)
    least = decode.rows_that_fit(vlm, prefix, 8)
    assert least == (vlm.steps.rule.padded(1) if prefix.lean is not None else 1)
    prompts = [f"is it {word}?" for word in ("red", "blue", "green", "a cat", "a dog")]
    fed = []
    forward = vlm.forward
    monkeypatch.setattr(vlm, "forward", lambda ids, *rest: fed.append(len(ids)) or forward(ids, *rest))
    few = option_probabilities.next_logprobs(vlm, tiny_vlms.picture(), prompts)
    assert max(fed) <= least
    monkeypatch.undo()
    torch.testing.assert_close(
        few, option_probabilities.next_logprobs(vlm, tiny_vlms.picture(), prompts), atol=1e-4, rtol=0
    )
