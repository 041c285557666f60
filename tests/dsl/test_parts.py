"""What counts as a part of a drawing: pieces, holes and limbs; a sharp corner is none."""

import numpy as np
import pytest

from tts_playground.dsl import mask, parse
from tts_playground.dsl.parts import LARGEST, left_out, parts, weights

SIDE = 256
TRIANGLE = "(- (Quad 8 8 12 11 0) (Quad 15 9 8 14 30) (Quad 1 9 8 14 150))"
LEGS = "(+ (Circle 4 8 11) (Quad 6 4 1 7 0) (Quad 10 4 1 7 0))"
FACE = "(- (Circle 7 8 8) (Circle 1 5 10) (Circle 1 11 10) (Quad 8 5 6 1 0))"


def packed(text):
    return np.packbits(mask(parse(text), SIDE)).tobytes()


@pytest.mark.parametrize(
    ("text", "pieces", "holes"),
    [
        ("(Circle 5 8 8)", 1, 0),
        ("(Quad 8 8 10 10 0)", 1, 0),
        ("(Quad 8 8 10 10 45)", 1, 0),
        (TRIANGLE, 1, 0),
        ("(+ (Circle 2 4 8) (Circle 2 12 8))", 2, 0),
        (LEGS, 3, 0),
        (FACE, 1, 3),
        ("(- (Circle 6 8 8) (Circle 3 8 8))", 1, 1),
    ],
)
def test_pieces_holes_and_limbs_are_parts_and_corners_are_not(text, pieces, holes):
    found = parts(packed(text), SIDE)
    assert [sum(not one.hole for one in found), sum(one.hole for one in found)] == [pieces, holes]


def test_small_parts_weigh_more_than_their_area_and_no_more_than_the_most():
    drawing = mask(parse(FACE), SIDE)
    counts = weights(packed(FACE), SIDE, 0.5)
    assert counts[drawing].max() == 1
    eye = counts[int(SIDE * 6 / 16), int(SIDE * 5 / 16)]
    assert 1 < eye <= LARGEST
    assert weights(packed(FACE), SIDE, 0.0).max() == 1
    assert weights(packed(TRIANGLE), SIDE, 0.5).max() == 1


def test_parts_that_a_picture_lacks_are_left_out():
    out = left_out(packed(FACE), SIDE, mask(parse("(Circle 7 8 8)"), SIDE))
    assert [one.hole for one in out] == [True] * 3
    (leg,) = left_out(packed(LEGS), SIDE, mask(parse("(+ (Circle 4 8 11) (Quad 6 4 1 7 0))"), SIDE))
    assert leg.centre[1] > 0.5 and not leg.hole
    assert left_out(packed(FACE), SIDE, mask(parse(FACE), SIDE)) == []
