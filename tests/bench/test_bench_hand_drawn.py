"""What people drew: the shipped drawings are whole, have their notice, and are read as what was meant."""

import numpy as np
import pytest

from tts_playground.bench import hand_drawn
from tts_playground.bench.ideal_shapes import EVERY, fitted
from tts_playground.tasks.drawing import read_drawing

SHAPES = hand_drawn.shapes()


def _iou(a, b):
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


def test_the_drawings_ship_with_their_notice():
    assert len(SHAPES) == hand_drawn.NUMBER <= 40
    assert all(one.file.is_file() for one in SHAPES)
    assert "CC BY 4.0" in (hand_drawn.FOLDER / "LICENSE.txt").read_text("utf-8")


@pytest.mark.parametrize("kind", ["rectangle", "triangle", "ellipse"])
def test_most_are_read_as_what_was_meant(kind):
    overlaps = [_iou(read_drawing(one.file).mask, one.meant()) for one in SHAPES if one.kind == kind]
    assert np.mean(overlaps) > 0.72
    assert np.mean(np.array(overlaps) < hand_drawn.UNREAD) <= 0.25


def test_the_rows_compare_with_the_same_search_on_what_was_meant():
    first, ideal, unread, length, time, renders = hand_drawn.rows(2, 0.3, False)
    assert 0 < first["ours"] <= 1 and 0 < first["peer"] <= 1
    assert first["ratio"] == pytest.approx(first["ours"] / first["peer"])
    assert 0.5 < ideal["ours"] <= 1 and unread["peer"] == 0.0
    assert 0 <= unread["ours"] <= 1 and length["ours"] >= 1 and time["ours"] > 0 < renders["ours"]


@pytest.mark.parametrize("kind", ["rectangle", "triangle", "ellipse"])
def test_an_ideal_shape_is_found_where_it_is(kind):
    meant = [one.meant() for one in SHAPES if one.kind == kind]
    found = [_iou(fitted(mask, kind), mask[::EVERY, ::EVERY]) for mask in meant]
    assert np.median(found) > 0.97 and min(found) > 0.85  # the thinnest are four pixels wide, of which two are seen
