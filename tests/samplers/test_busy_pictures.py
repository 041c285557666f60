"""Pictures that no drawing is: noise, textures and fine dots end in a program, and in time."""

import time
import warnings

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tts_playground.dsl import edits
from tts_playground.dsl.masks import count
from tts_playground.dsl.tree import MAX_PRIMITIVES
from tts_playground.samplers.annealing import MOST_LINES, FullPicture
from tts_playground.samplers.contour_shapes import POINTS, _contour
from tts_playground.samplers.program_fitter import shrink
from tts_playground.samplers.proposal import ProposalSampler
from tts_playground.samplers.stroke_lines import stroke_lines
from tts_playground.tasks.sketch import SketchTask, sketch

RANDOM = np.random.default_rng(0)
NOISE = SketchTask(np.packbits(RANDOM.random((256, 256)) < 0.5).tobytes())
BLOCKS = SketchTask(np.packbits(np.kron(RANDOM.random((32, 32)) < 0.4, np.ones((8, 8), bool))).tobytes())


def _squares(side, apart, first=100):
    image = Image.new("L", (256, 256), 255)
    for x in range(first, 256, apart):
        for y in range(first, 256, apart):
            ImageDraw.Draw(image).rectangle((x, y, x + side - 1, y + side - 1), fill=0)
    return image


def _grid(step):
    image = Image.new("L", (256, 256), 255)
    for at in range(0, 256, step):
        ImageDraw.Draw(image).line((at, 0, at, 255), fill=0)
        ImageDraw.Draw(image).line((0, at, 255, at), fill=0)
    return image


@pytest.mark.parametrize("picture", [_squares(2, 999), _squares(1, 16, 0), _squares(2, 16, 5)])
@pytest.mark.parametrize("closeness", [0.0, 0.6, 1.0])
def test_ink_finer_than_the_grid_of_the_search_ends_in_a_program(picture, closeness):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = sketch(picture, n=8, seconds=600.0, closeness=closeness)
    assert len(found.program) > 0 and found.iou > 0


def test_fine_ink_does_not_vanish_when_it_is_scaled_to_the_grid():
    task = SketchTask.of(_squares(2, 999))
    ink, blank = shrink(task.mask, task.side, 64)
    assert count(ink) == 1 and not (ink & blank).any()


@pytest.mark.parametrize("task", [NOISE, BLOCKS, SketchTask.of(_grid(8))])
def test_a_busy_picture_ends_about_at_its_limit_with_a_program(task):
    before = time.perf_counter()
    found = sketch(task, seconds=1.0)
    assert time.perf_counter() - before < 30
    assert found.stopped == "seconds"
    assert 0 < len(found.program) < MAX_PRIMITIVES / 2


def test_a_start_takes_the_longest_lines_and_evenly_many_points_of_a_busy_picture():
    lines = FullPicture.of(NOISE, 1.0).lines
    assert len(lines) == MOST_LINES
    assert lines[0].length == stroke_lines(NOISE.mask, 256, 0.12)[0].length
    every, some = (_contour(one) for one in (NOISE.ink[:64, :64], NOISE.ink))
    assert len(every.length) < POINTS == len(some.length)


def test_walks_and_crossings_stay_far_from_the_longest_program():
    sampler = ProposalSampler(closeness=1.0)
    found = list(sampler.draw(BLOCKS, [0, 2]))
    near = [one.content for one, _ in zip(sampler.neighbours(BLOCKS, found[0]), range(2), strict=False)]
    made = [*(one.content for one in found), *near]
    assert all(edits.length(one.root) < MAX_PRIMITIVES / 2 for one in made)
