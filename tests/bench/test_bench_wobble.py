"""Wobbly drawings: as shaky as they say, the same every time, and read as the shapes they outline."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import KDTree

from tts_playground.bench import wobble
from tts_playground.bench.wobble import GAP, JITTER, SIDE, WAVELENGTH, wobbly
from tts_playground.dsl import generate, parse, render
from tts_playground.dsl.strokes import components
from tts_playground.randomness import generator
from tts_playground.tasks.drawing import read_drawing

STEP = 0.1


def circle(radius: float) -> np.ndarray:
    turn = np.arange(0, 2 * np.pi, STEP / radius)
    return 8 + radius * np.stack([np.cos(turn), np.sin(turn)], 1)


@pytest.mark.parametrize("stroke", [False, True])
def test_the_same_seed_and_index_give_the_same_drawing_and_others_another(stroke):
    program = parse("(- (Circle 6 8 8) (Quad 8 10 3 3 0))")
    first = np.asarray(wobbly(program, 1, 2, stroke=stroke))
    assert first.shape == (SIDE, SIDE)
    assert np.array_equal(first, np.asarray(wobbly(program, 1, 2, stroke=stroke)))
    for seed, index in ((1, 3), (2, 2)):
        assert not np.array_equal(first, np.asarray(wobbly(program, seed, index, stroke=stroke)))


@pytest.mark.parametrize("radius", [1.0, 3.0, 6.0])
def test_the_contour_strays_by_the_jitter_in_waves_that_are_long_enough(radius):
    true = circle(radius)
    for index in range(5):
        moved = wobble._wander(true, generator(0, index, "test"))
        shift = np.linalg.norm(moved - 8, axis=1) - radius
        assert np.sqrt(np.mean(shift**2)) == pytest.approx(JITTER, rel=0.05)
        power = np.abs(np.fft.rfft(shift)) ** 2
        shortest = int(2 * np.pi * radius / WAVELENGTH)
        assert power[1 : shortest + 1].sum() > 0.99 * power[1:].sum()


def test_the_filled_drawing_is_off_by_the_jitter():
    program = parse("(Quad 8 8 10 10 0)")
    edges = []
    for picture in (render(program), wobbly(program, 3, 0)):
        ink = np.asarray(picture.convert("L")) < 128
        edges.append(np.argwhere(ink & ~ndimage.binary_erosion(ink)) / 16)
    distance = KDTree(edges[0]).query(edges[1])[0]
    assert 0.5 * JITTER < np.sqrt(np.mean(distance**2)) < 1.5 * JITTER


def test_a_stroke_leaves_one_gap_a_contour_no_wider_than_said():
    for index in range(8):
        ink = np.asarray(wobbly(parse("(Circle 5 8 8)"), 4, index, stroke=True)) < 128
        assert components(ink).max() == 1
        away = np.hypot(*(np.argwhere(ink) - 127.5).T)
        angles = np.sort(np.arctan2(*(np.argwhere(ink)[(away > 60) & (away < 100)] - 127.5).T))
        open_for = max(np.diff(angles).max(), angles[0] + 2 * np.pi - angles[-1]) * 5
        assert open_for < GAP + 3 * STEP


def test_wobbly_outlines_are_read_as_the_shapes_they_stand_for():
    overlaps = []
    for index in range(12):
        program = generate(77, index)
        filled, outlined = (read_drawing(wobbly(program, 78, index, stroke=stroke)).mask for stroke in (False, True))
        overlaps.append((filled & outlined).sum() / (filled | outlined).sum())
    assert np.median(overlaps) > 0.95
    assert min(overlaps) > 0.8
