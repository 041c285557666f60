"""A drawing's contour shows the shapes that it is made of, where they overlap, cut and hide one another too."""

import numpy as np
import pytest

from tts_playground.dsl import parse, render
from tts_playground.dsl.drawings import overlap
from tts_playground.dsl.tree import Circle, Program, Quad
from tts_playground.samplers import contour_shapes as module
from tts_playground.samplers.contour_shapes import contour_shapes
from tts_playground.samplers.from_contour import from_contour
from tts_playground.samplers.proposal import fitter
from tts_playground.tasks.sketch import SketchTask


def task_of(text):
    return SketchTask.of(render(text))


def shapes_of(text, angles=()):
    task = task_of(text)
    return contour_shapes(task.mask, task.side, angles)


@pytest.mark.parametrize(
    "text", ["(Circle 5 8 8)", "(Circle 2 3 12)", "(Quad 8 8 6 10 0)", "(Quad 8 8 7 5 45)", "(Quad 3 12 4 4 0)"]
)
def test_a_single_shape_is_the_longest_stretch_of_its_contour(text):
    assert shapes_of(text).full[0] == parse(text).root


def test_a_quad_is_found_at_the_angle_that_it_was_looked_for():
    text = "(Quad 8 8 9 4 30)"
    assert Quad(8, 8, 9, 4, 30) in shapes_of(text, (30,)).full
    assert Quad(8, 8, 9, 4, 30) not in shapes_of(text).full


@pytest.mark.parametrize(
    ("text", "full", "cut"),
    [
        ("(- (Circle 6 8 8) (Circle 3 8 8))", [Circle(6, 8, 8)], [Circle(3, 8, 8)]),
        ("(- (Quad 8 8 12 12 0) (Circle 3 8 8))", [Quad(8, 8, 12, 12, 0)], [Circle(3, 8, 8)]),
        ("(+ (Circle 4 5 8) (Circle 4 10 8))", [Circle(4, 5, 8), Circle(4, 10, 8)], []),
        ("(+ (Quad 8 8 14 3 0) (Quad 8 8 3 14 0))", [Quad(8, 8, 14, 3, 0), Quad(8, 8, 3, 14, 0)], []),
    ],
)
def test_ink_and_paper_within_an_edge_are_told_apart(text, full, cut):
    found = shapes_of(text)
    assert set(full) <= set(found.full)
    assert set(cut) <= set(found.cut)
    assert not set(cut) & set(found.full)


def test_a_shape_of_which_only_an_arc_is_seen_is_found():
    """The disc is cut by a quad to less than half of itself."""
    assert Circle(6, 8, 8) in shapes_of("(- (Circle 6 8 8) (Quad 4 8 8 15 0))").full


def test_a_blank_and_a_full_canvas_have_no_contour():
    blank = np.packbits(np.zeros((256, 256), bool)).tobytes()
    full = np.packbits(np.ones((256, 256), bool)).tobytes()
    for mask in (blank, full):
        assert contour_shapes(mask, 256).full == contour_shapes(mask, 256).cut == ()


def test_no_more_than_the_most_are_found_and_each_explains_enough_that_others_do_not():
    dots = " ".join(f"(Circle 1 {x} {y})" for x in range(2, 15, 4) for y in range(2, 15, 4))
    assert len(shapes_of(f"(+ {dots})").full) == module.MOST


def test_the_contours_length_is_that_of_the_shape():
    points = module._contour(task_of("(Circle 5 8 8)").ink)
    assert points.length.sum() == pytest.approx(2 * np.pi * 5, rel=0.03)
    outward = (points.normal * (points.place - (8, 8))).sum(1) / np.hypot(*(points.place - (8, 8)).T)
    assert outward.min() > module.FACING


@pytest.mark.parametrize(
    "text",
    [
        "(Circle 5 8 8)",
        "(- (Circle 6 8 8) (Circle 3 8 8))",
        "(+ (Quad 8 4 12 4 0) (Quad 8 11 3 9 0))",
        "(- (+ (Circle 5 6 8) (Circle 5 10 8)) (Quad 8 8 15 2 0))",
        "(+ (- (Circle 5 6 8) (Circle 4 8 8)) (Quad 12 12 3 2 45))",
    ],
)
def test_a_program_is_put_together_from_them_exactly(text):
    fit = fitter(task_of(text), 64)
    root = from_contour(fit, None, 0.0, np.random.default_rng(0))
    assert overlap(task_of(text), Program(root)).iou > 0.995
    assert fit.scans > 0


def test_at_temperature_zero_chance_has_no_say():
    task = task_of("(- (+ (Circle 5 6 8) (Circle 5 10 8)) (Quad 8 8 15 2 0))")
    found = {str(Program(from_contour(fitter(task, 64), None, 0.0, np.random.default_rng(s)))) for s in range(4)}
    assert len(found) == 1


def test_it_grows_what_is_there_and_never_makes_it_worse():
    task = task_of("(+ (Circle 4 4 8) (Quad 11 8 5 9 0))")
    fit = fitter(task, 64)
    half = parse("(Circle 4 4 8)").root
    grown = from_contour(fit, half, 0.0, np.random.default_rng(0))
    assert fit.worth(grown) > fit.worth(half)
    whole = parse("(+ (Circle 4 4 8) (Quad 11 8 5 9 0))").root
    again = from_contour(fit, whole, 0.0, np.random.default_rng(0))
    assert fit.worth(again) == fit.worth(whole)


def test_without_shapes_the_program_stays_as_it_is():
    fit = fitter(task_of("(Circle 5 8 8)"), 64)
    fit.contour = None
    root = parse("(Circle 4 8 8)").root
    assert from_contour(fit, root, 1.0, np.random.default_rng(0)) is root
    assert from_contour(fit, None, 1.0, np.random.default_rng(0)) is None


def test_the_opening_example_is_found_in_one_draw():
    from tts_playground.pages.sketch.examples import picture
    from tts_playground.samplers.proposal import ProposalSampler

    task = SketchTask.of(picture("biohazard"))
    (sample,) = ProposalSampler(temperature=0.0).draw(task, [0])
    assert overlap(task, sample.content).iou > 0.99
