"""How drawings and programs compare: overlap, length of the contour, and what a primitive must earn."""

import math

import numpy as np
import pytest

from tts_playground.dsl import parse, render
from tts_playground.dsl.drawings import PRICE, WORDS, contour, overlap, price
from tts_playground.tasks.sketch import SketchTask


def drawing(text):
    return SketchTask.of(render(text))


def test_overlap_counts_pixels():
    found = overlap(drawing("(Quad 4 8 4 4 0)"), parse("(Quad 6 8 4 4 0)"))
    assert found.iou == pytest.approx(1 / 3, abs=0.02)
    assert found.f1 == pytest.approx(1 / 2, abs=0.02)
    assert overlap(SketchTask(np.packbits(np.zeros((256, 256), bool)).tobytes()), parse("")).iou == 1.0


@pytest.mark.parametrize(
    ("text", "length"), [("(Circle 4 8 8)", 8 * math.pi), ("(Quad 8 8 6 6 0)", 24), ("(Quad 8 8 6 6 45)", 24)]
)
def test_a_contour_is_about_as_long_as_it_is(text, length):
    task = drawing(text)
    assert contour(task.mask, task.side) == pytest.approx(length, rel=0.25)


def test_a_primitive_must_earn_more_on_a_short_contour_and_never_less_than_the_least():
    short, long = drawing("(Circle 1 8 8)"), drawing("(- (Circle 6 8 8) (Quad 8 8 1 14 0) (Quad 8 8 14 1 0))")
    assert price(short) == pytest.approx(WORDS / contour(short.mask, short.side))
    assert price(short) > price(long) >= PRICE
    assert price(long, least=9.0) == 9.0
