"""Drawings of lines that are thinner than any quad come back as themselves."""

import numpy as np
import pytest
from line_drawings import DRAWINGS, drawn, face, letter, stick_figure

from tts_playground.dsl import edits, reference, render
from tts_playground.dsl.drawings import lined, overlap, price
from tts_playground.dsl.scoring import judge
from tts_playground.dsl.tree import Circle, Difference, Program, Quad
from tts_playground.randomness import generator
from tts_playground.samplers.annealing import FullPicture, annealed, from_lines, nudged
from tts_playground.samplers.from_strokes import ways
from tts_playground.samplers.proposal import BORDERED, LONG, ProposalSampler
from tts_playground.samplers.stroke_lines import StrokeLine, stroke_lines
from tts_playground.tasks.sketch import SketchTask, sketch


@pytest.fixture(scope="module")
def figure():
    return drawn(stick_figure)


def _iou(mask, other):
    return np.count_nonzero(mask & other) / np.count_nonzero(mask | other)


def test_lines_run_along_the_middle_of_the_strokes_and_know_their_width():
    task = drawn(letter)
    lines = stroke_lines(task.mask, task.side)
    assert sum(line.length for line in lines) == pytest.approx(2 * 13.1 + 6.1, rel=0.05)
    widths = np.array([(line.width, line.length) for line in lines])
    assert np.average(widths[:, 0], weights=widths[:, 1]) == pytest.approx(0.45, abs=0.08)
    ends = np.array([place for line in lines for place in (line.start, line.end)])
    for x, y in ((2.8, 2.0), (8.0, 14.0), (13.1, 2.0)):  # y up
        assert np.hypot(*(ends - (x, y)).T).min() < 0.6


def test_a_larger_tolerance_makes_fewer_lines(figure):
    numbers = [len(stroke_lines(figure.mask, figure.side, straight)) for straight in (0.03, 0.1, 0.4)]
    assert numbers[0] > numbers[1] > numbers[2] >= 7


def test_a_dot_is_a_line_of_its_own():
    task = drawn(face)
    lines = stroke_lines(task.mask, task.side)
    for x in (5.7, 10.2):
        (eye,) = [line for line in lines if line.distance(x, 16 - 6.45) < 0.2]
        assert eye.width == pytest.approx(1.0, abs=0.1)


def test_nothing_has_no_lines():
    assert stroke_lines(SketchTask(bytes(256 * 32)).mask, 256) == ()


@pytest.mark.parametrize("angle", [0, 17, 45, 90, 133])
def test_some_way_draws_a_line_that_is_thinner_than_any_quad(angle):
    turn = np.radians(angle)
    start = (8.3 - 3 * np.cos(turn), 7.8 - 3 * np.sin(turn))
    line = StrokeLine(start, (8.3 + 3 * np.cos(turn), 7.8 + 3 * np.sin(turn)), 0.5)
    row, column = np.indices((256, 256))
    x, y = (column + 0.5) / 16, 16 - (row + 0.5) / 16
    along = (x - 8.3) * np.cos(turn) + (y - 7.8) * np.sin(turn)
    across = (y - 7.8) * np.cos(turn) - (x - 8.3) * np.sin(turn)
    meant = (np.abs(along) < 3.2) & (np.abs(across) < 0.25)
    shown = [np.asarray(render(Program(node), 256))[..., 0] == 0 for node in ways(line)]
    assert max(_iou(meant, one) for one in shown) > 0.75
    assert any(isinstance(node, Difference) for node in ways(line))


def test_bits_are_the_reference_picture():
    root = Difference((Circle(6, 8, 8), Quad(8, 8, 3, 9, 30), Circle(2, 4, 9)))
    bits = np.unpackbits(np.frombuffer(reference.bits(reference.geometry(root), 256), np.uint8)).reshape(256, 256)
    assert (bits.astype(bool) == (np.asarray(render(Program(root), 256))[..., 0] == 0)).all()
    assert reference.bits(reference.geometry(None), 64) == bytes(64 * 8)


@pytest.mark.parametrize("whole", [True, False])
def test_annealing_makes_programs_better_and_counts_what_it_paints(figure, whole):
    picture = FullPicture.of(figure, 1.0)
    root = from_lines(picture)
    before, scans = overlap(figure, Program(root)).iou, picture.fit.scans
    better = annealed(picture, root, generator(0), 1600, 0.001, whole=whole)
    assert overlap(figure, Program(better)).iou > before + 0.02
    assert picture.fit.scans - scans == 1600
    assert better == annealed(FullPicture.of(figure, 1.0), root, generator(0), 1600, 0.001, whole=whole)


def test_annealing_begins_with_nothing_and_ends_with_something(figure):
    assert annealed(FullPicture.of(figure, 1.0), None, generator(0), 400, 0.001) is not None


def test_what_annealing_says_a_program_is_worth_is_what_it_is_worth(figure):
    picture = FullPicture.of(figure, 0.6)
    root = from_lines(picture)
    better = annealed(picture, root, generator(3), 800, 0.001)
    assert judge(figure, Program(better), 0.6).merit > judge(figure, Program(root), 0.6).merit


def test_nudges_stay_within_the_language():
    for share in np.linspace(0, 0.999, 40):
        for change in (0.0, 0.3, 0.6, 0.999):
            for leaf in (Circle(1, 0, 15), Circle(15, 15, 0), Quad(0, 15, 1, 15, 179), Quad(15, 0, 15, 1, 0)):
                other = nudged(leaf, share, change)
                values = [getattr(other, name) for name in other.__dataclass_fields__ if name != "angle"]
                assert all(0 <= value <= 15 for value in values)
                assert min(values[0:1] if isinstance(other, Circle) else values[2:4]) >= 1
                assert isinstance(other, Circle) or 0 <= other.angle < 180


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_draw_follows_the_lines(name):
    task = drawn(DRAWINGS[name])
    assert lined(task.mask, task.side)
    (sample,) = ProposalSampler(closeness=1.0).draw(task, [1])
    assert overlap(task, sample.content).iou > 0.75


def test_where_closeness_is_all_a_stick_figure_looks_like_itself(figure):
    found = sketch(figure, n=16, seconds=600, closeness=1)
    assert found.iou > 0.8, "tests/soak has 0.85 and more in 20 s"
    assert not any("left out" in note for note in found.notes)


def test_at_the_defaults_too_a_stick_figure_is_no_block(figure):
    found = sketch(figure)
    assert found.iou > 0.6 and 8 <= len(found.program) <= 40


def test_thin_lines_have_a_lower_price_and_thick_ones_their_old_one(figure):
    thick = SketchTask.of(render(Program(Quad(8, 8, 10, 12, 0))))
    assert price(figure) < 0.1 < 0.18 <= price(thick)


def test_a_long_program_is_changed_by_annealing_alone_where_closeness_is_all(figure):
    sampler = ProposalSampler(closeness=1.0)
    (sample,) = sampler.draw(figure, [1])
    assert edits.length(sample.content.root) > LONG
    near = list(sampler.neighbours(figure, sample))
    assert len(near) == 8 and BORDERED < 1.0
    assert max(overlap(figure, one.content).iou for one in near) > overlap(figure, sample.content).iou
