"""Rows of different lengths against each row alone and transformers' whole forward, with and without packing."""

import pytest
import torch
from test_lean_steps import PACKS, SHAPES, model

from tts_playground.models.decode.decoder import prefill
from tts_playground.models.decode.llama import LlamaSteps
from tts_playground.models.decode.packed_llama import PackedLlama
from tts_playground.models.decode.ragged import BLOCK, PackedRaggedRows, blocks, ragged_rows

KINDS = [LlamaSteps, pytest.param(PackedLlama, marks=PACKS)]


def inputs(count, length=12, width=32):
    return torch.randn(count, length, width, generator=torch.Generator().manual_seed(2))


def decoded(steps, embeds, starts, seats, order):
    """Hidden states of each row from its start on, all rows in one batch of ``seats``; ``order``: who sits where."""
    rows = ragged_rows(steps, seats, 1)
    model_, found = steps.whole, {}
    for seat, row in enumerate(order):
        if starts[row]:
            _, cache = prefill(model_, embeds[row : row + 1, : starts[row]])
            rows.take(seat, [steps.own(cache)])
        else:
            rows.take(seat, [])
    at = {seat: starts[row] for seat, row in enumerate(order)}
    while at:
        x = torch.zeros(seats, embeds.shape[2])
        for seat, place in at.items():
            x[seat] = embeds[order[seat], place]
        hidden = rows.forward(x, list(at))
        for seat in list(at):
            found.setdefault(order[seat], []).append(hidden[seat].clone())
            at[seat] += 1
            if at[seat] == embeds.shape[1]:
                rows.leave(seat)
                del at[seat]
    return {row: torch.stack(states) for row, states in found.items()}


def steps_of(kind, shape="plain"):
    whole = model(**SHAPES[shape])
    made = kind(whole)
    made.whole = whole
    return made


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
@torch.inference_mode()
def test_rows_of_all_lengths_are_the_whole_forward(kind, shape):
    steps, embeds, starts = steps_of(kind, shape), inputs(5), [0, 3, 7, 1, 10]
    whole = steps.whole(inputs_embeds=embeds).last_hidden_state
    for row, states in decoded(steps, embeds, starts, 8, [3, 1, 4, 0, 2]).items():
        assert torch.allclose(states, whole[row, starts[row] :], atol=1e-4), row


@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_a_row_has_the_same_bits_alone_and_among_longer_ones(kind):
    steps = steps_of(kind)
    embeds, starts = inputs(40, length=3 * BLOCK), [(17 * row) % 100 for row in range(40)]
    steps.whole.config.max_position_embeddings = 512
    multiple = steps.rule.multiple
    together = decoded(steps, embeds, starts, steps.rule.padded(40), list(range(40)))
    for row in (0, 7, 23, 39):
        alone = decoded(steps, embeds, starts, multiple, [row])
        assert torch.equal(alone[row], together[row]), row


@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_who_comes_next_sees_nothing_of_who_left_and_seats_move(kind):
    steps, embeds = steps_of(kind), inputs(3, length=6)
    rows = ragged_rows(steps, 2, 4)
    rows.take(0, [])
    for place in range(6):
        rows.forward(torch.stack([embeds[0, place] * 1e4, embeds[0, place]]), [0])
    rows.leave(0)
    rows.add(2)
    rows.take(0, [])
    rows.take(3, [])
    for place in range(3):
        x = torch.stack([embeds[1, place], embeds[0, 0], embeds[0, 0], embeds[2, place]])
        hidden = rows.forward(x, [0, 3])
    rows.select([3, 0])
    assert rows.places == [3, 3] and rows.seats == 2
    whole = steps.whole(inputs_embeds=embeds).last_hidden_state
    assert torch.allclose(hidden[0], whole[1, 2], atol=1e-4) and torch.allclose(hidden[3], whole[2, 2], atol=1e-4)
    hidden = rows.forward(torch.stack([embeds[2, 3], embeds[1, 3]]), [0, 1])
    assert torch.allclose(hidden[0], whole[2, 3], atol=1e-4) and torch.allclose(hidden[1], whole[1, 3], atol=1e-4)
    piece = rows.piece(1, 2)
    assert piece.shape == (steps.layers, 2, 1, steps.kv_heads, 2, steps.head_dim)
    assert isinstance(rows, PackedRaggedRows) == (kind is PackedLlama)


def test_lengths_are_whole_blocks():
    assert [blocks(length) for length in (0, 1, BLOCK, BLOCK + 1)] == [BLOCK, BLOCK, BLOCK, 2 * BLOCK]
