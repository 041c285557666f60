"""The GPU's token loop, run eagerly: position in a tensor, masked attention over a padded cache, lent slots."""

import pytest
import torch
from test_image_rows import PROMPT, ROWS, finish

from tts_playground.models.decode.llama import LlamaSteps
from tts_playground.models.decode.slots import Slots
from tts_playground.models.janus import cuda_graph_batch as module
from tts_playground.models.janus.cuda_graph_batch import GraphBatch, open_batch, products, sdpa
from tts_playground.models.janus.decode_batch import DecodeBatch
from tts_playground.models.janus.model import Janus


@pytest.fixture(scope="module")
def plain_janus(random_janus):
    """The same weights as a GPU holds them: not packed for a CPU."""
    janus = Janus(random_janus.model, random_janus.processor)
    janus.steps = LlamaSteps(janus.language_model)
    janus._head = janus._lean_head()
    return janus


@pytest.mark.parametrize("look", [sdpa, products])
def test_the_body_draws_what_the_cpu_loop_draws_and_slots_are_lent_again(random_janus, plain_janus, look):
    plain_janus.slots = Slots()
    expected = finish(DecodeBatch(random_janus, random_janus.prefix(PROMPT), ROWS))
    slots = []
    for prompt in (PROMPT, "a cat", PROMPT):
        batch = GraphBatch(plain_janus, plain_janus.prefix(prompt), ROWS)
        batch.slot.eager, batch.slot.attention = True, look
        finish(batch)
        if prompt == PROMPT:
            assert torch.equal(batch.tokens, expected.tokens)
            assert torch.allclose(batch.logprobs, expected.logprobs, atol=1e-3)
        slots.append(batch.slot)
        batch.close()
    assert slots[0] is slots[1] is slots[2]
    other = GraphBatch(plain_janus, plain_janus.prefix(PROMPT), ROWS[:2])
    assert other.slot is not slots[0]


def test_going_on_from_pieces_works_in_a_used_slot(plain_janus):
    plain_janus.slots = Slots()
    prefix = plain_janus.prefix(PROMPT)
    whole = finish(DecodeBatch(plain_janus, prefix, ROWS))
    first = GraphBatch(plain_janus, prefix, ROWS)
    first.slot.eager = True
    for _ in first.run(7):
        pass
    later = [
        type(r)(r.seed, r.index, r.temperature, r.cfg, r.top_k, r.top_p, tuple(row), (first.piece(i),))
        for i, (r, row) in enumerate(zip(ROWS, first.tokens[:, :7].tolist(), strict=True))
    ]
    first.close()
    second = GraphBatch(plain_janus, prefix, later)
    assert second.slot is first.slot
    assert torch.equal(finish(second).tokens, whole.tokens)


def test_a_cpu_takes_the_plain_batch(random_janus):
    assert type(open_batch(random_janus, random_janus.prefix(PROMPT), ROWS)) is DecodeBatch


def test_an_attention_whose_bits_vary_is_not_taken_however_fast(plain_janus, monkeypatch):
    calls = iter(range(1000))

    def varying(query, keys, values, mask):
        return products(query, keys, values, mask) + 1e-3 * (next(calls) == 17)

    monkeypatch.setattr(module, "sdpa", varying)
    monkeypatch.setattr(module, "_milliseconds", lambda look, *_: float(look is products))
    steps = plain_janus.steps
    cache = torch.zeros(steps.layers, 2, 3, steps.kv_heads, 128, steps.head_dim)
    assert module._faster(cache, steps, 5) is products
    assert not cache[..., :5, :].any()
    assert not cache[1:].any()
