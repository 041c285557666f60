"""Linear layers against plain matrix products, and which numbers of rows keep a row's bits."""

import numpy as np
import pytest
import torch

from tts_playground.models.decode.linear import PACK_AT_MOST, Dense, PackedLinear, RowRule, can_pack, row_rule

ROOM = torch.empty(0)
KINDS = [Dense, pytest.param(PackedLinear, marks=pytest.mark.skipif(not can_pack(ROOM, 0), reason="no oneDNN here"))]


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_products_and_what_is_fused_with_them(kind, biased):
    noise = torch.Generator().manual_seed(0)
    weight, bias, x, other = (torch.randn(*shape, generator=noise) for shape in ((5, 7), (5,), (8, 7), (8, 5)))
    layer = kind(weight, bias if biased else None)
    plain = x.double().numpy() @ weight.double().numpy().T + (bias.double().numpy() if biased else 0)
    beside = other.double().numpy()
    for ours, theirs in (
        (layer(x), plain),
        (layer.silu(x), plain / (1 + np.exp(-plain))),
        (layer.times(x, other.clone()), plain * beside),
        (layer.plus(x, other.clone()), plain + beside),
    ):
        np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-5)


@pytest.mark.parametrize(
    ("multiple", "rows", "padded"), [(1, 5, 5), (4, 1, 4), (4, 4, 4), (4, 5, 8), (8, 64, 64), (8, 65, 72)]
)
def test_rows_are_padded_up_to_the_next_multiple(multiple, rows, padded):
    assert RowRule(multiple).padded(rows) == padded


class Grouped:
    """A product whose bits change unless its rows come in groups of ``size``; 0: they always change."""

    def __init__(self, size):
        self.size = size

    def __call__(self, x):
        whole = self.size and len(x) % self.size == 0
        return x if whole else x + len(x)


@pytest.mark.parametrize(
    ("sizes", "rule"),
    [([1], RowRule(2)), ([4], RowRule(4)), ([16, 4], RowRule(16)), ([4, 16], RowRule(16)), ([2, 0], RowRule(8, 8))],
)
def test_the_rule_is_the_smallest_multiple_at_which_every_layer_agrees(sizes, rule):
    assert row_rule([(Grouped(size), 3) for size in sizes]) == rule  # type: ignore[arg-type]


def test_only_small_weights_in_single_precision_are_packed():
    here = torch.backends.mkldnn.is_available()
    assert can_pack(torch.empty(2, 2), PACK_AT_MOST) == here
    assert not can_pack(torch.empty(2, 2), PACK_AT_MOST + 1)
    assert not can_pack(torch.empty(2, 2, dtype=torch.bfloat16), 8)
    assert not can_pack(torch.empty(2, 2, device="meta"), 8)
