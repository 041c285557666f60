"""Batches of drawings for tiny:sketch: what renderers draw is the program's picture, what hands draw is near it."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from tts_playground.dsl import exact, parse
from tts_playground.train.sketch import data, hand
from tts_playground.train.vlm.architecture import build_model, packed_loss
from tts_playground.worlds import programs
from tts_playground.worlds.shape_tables import ShapeTable, table

CPU = torch.device("cpu")
NESTED = (
    "(- (+ (- (Circle 5 8 8) (Circle 4 8 8)) (Quad 4 12 3 5 45) (Circle 2 3 3)) (- (Quad 8 8 2 9 0) (Circle 2 8 8)))"
)


@pytest.fixture(scope="module")
def some():
    return [parse(NESTED), *(programs.program(7, index) for index in range(31))]


def drawn(some, *names, share):
    return hand.draw(table(some), CPU, *names, hand=share).numpy()


def iou(first, second):
    return (first & second).sum() / (first | second).sum()


def test_a_renderer_draws_the_exact_picture(some):
    pictures = drawn(some, 1, share=0.0)
    assert pictures.shape == (32, 128, 128, 3) and pictures.dtype == np.uint8
    # half a pixel of border, or a whole one where edges are fat
    for one, picture in zip(some, pictures, strict=True):
        wanted, found = exact.mask(one, 128), picture[..., 0] < 128
        near = ndimage.binary_dilation(wanted, np.ones((3, 3))) & ~ndimage.binary_erosion(
            wanted, np.ones((3, 3)), border_value=1
        )
        assert not ((wanted != found) & ~near).any()


def test_a_hand_draws_near_it_and_never_the_same_twice(some):
    first, again, other = drawn(some, 1, share=1.0), drawn(some, 1, share=1.0), drawn(some, 2, share=1.0)
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    filled = [ndimage.binary_fill_holes(picture[..., 0] < 128) for picture in first]
    meant = [iou(ndimage.binary_fill_holes(exact.mask(one, 128)), ink) for one, ink in zip(some, filled, strict=True)]
    assert 0.6 < np.median(meant) < 0.99


def test_some_hands_draw_lines_and_some_leave_a_gap():
    disc = [parse("(Circle 5 8 8)")] * 200
    inks = [picture[..., 0] < 128 for picture in drawn(disc, 3, share=1.0)]
    lines = [ink for ink in inks if not ink[60:68, 60:68].any()]
    closed = [ink for ink in lines if ndimage.binary_fill_holes(ink)[64, 64]]
    assert 0.25 < len(lines) / 200 < 0.55
    assert 0.2 < len(closed) / len(lines) < 0.8
    areas = [ink.sum() for ink in lines]
    assert max(areas) > 2 * min(areas)


def test_a_table_holds_every_shape_once_and_operators_behind_what_they_join(some):
    parts = ShapeTable.of(table(some))
    assert len(parts.shapes) == sum(len(one) for one in some) and len(parts.results) == len(some)
    assert len(parts.joins) == len(parts.shapes) - len(some)
    numbers = len(parts.shapes) + np.arange(len(parts.joins))
    assert (parts.joins[:, 1:3] < numbers[:, None]).all() and (np.diff(parts.joins[:, 3]) >= 0).all()


def test_one_turn_a_row_needs_no_mask():
    from tts_playground.train.sketch.trainer import MINIATURE

    torch.manual_seed(0)
    model = build_model(MINIATURE, data.tokenizer().get_vocab_size()).eval()
    packed = data.make(0, seed=1, rows=6, visual_tokens=64)[0]
    parts = [torch.from_numpy(part) for part in (packed.images, packed.ids, packed.segments, packed.positions)]
    parts = [parts[0], *(part.long() for part in parts[1:]), torch.from_numpy(packed.weights)]
    with torch.no_grad():
        assert torch.allclose(packed_loss(model, *parts), packed_loss(model, *parts, single=True), atol=1e-5)
