"""The language at its edges: pixels by exact fractions, limits, one spelling for many, and what a table holds."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice, permutations

import numpy as np
import pytest
from dsl_programs import PROGRAMS
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tts_playground.dsl import (
    Circle,
    Difference,
    Difficulty,
    Program,
    Quad,
    Union,
    generate,
    mask,
    parse,
    render,
    stream,
    tidy,
)
from tts_playground.dsl import masks as masks_module
from tts_playground.dsl.drawings import overlap
from tts_playground.dsl.exact import membership
from tts_playground.dsl.extraction import extract
from tts_playground.dsl.generator import coverage
from tts_playground.dsl.masks import MaskEngine, count
from tts_playground.dsl.prefixes import ProgramPrefix
from tts_playground.dsl.raster import differs, disagreement
from tts_playground.dsl.surgery import normal_form
from tts_playground.dsl.text import MAX_TEXT
from tts_playground.dsl.tree import MAX_DEPTH, MAX_PRIMITIVES
from tts_playground.tasks.sketch import SketchTask

NUMBER = st.integers(0, 15)
DISC = "(Circle 3 8 8)"

# ---------------------------------------------------------------------------------------------------------- pixels


def centres(size):
    """(row, column, x, y) of every pixel, exactly."""
    unit = Fraction(16, size)
    for row in range(size):
        for column in range(size):
            yield row, column, (column + Fraction(1, 2)) * unit, 16 - (row + Fraction(1, 2)) * unit


@settings(deadline=None, max_examples=25)
@given(NUMBER, NUMBER, NUMBER, st.sampled_from([16, 24, 40]))
@pytest.mark.parametrize("small", [False, True])
def test_a_disc_is_closed(small, radius, x, y, size):
    """At 24 and 40 pixels some centres lie on the circle itself; at a radius of 0 there is nothing all the same."""
    disc = Circle(radius % 3 if small else radius, x, y)
    wanted = np.zeros((size, size), bool)
    for row, column, px, py in centres(size):
        wanted[row, column] = disc.radius > 0 and (px - x) ** 2 + (py - y) ** 2 <= disc.radius**2
    assert np.array_equal(membership(disc, size), wanted)


@settings(deadline=None, max_examples=40)
@given(NUMBER, NUMBER, NUMBER, NUMBER, st.sampled_from([0, 90, 180, 270]), st.sampled_from([16, 24, 40]))
def test_an_upright_quad_owns_its_left_and_bottom_edge_only(x, y, width, height, angle, size):
    """At 16 and 24 pixels centres lie on the edges of odd sides."""
    wide, high = (height, width) if angle % 180 else (width, height)
    wanted = np.zeros((size, size), bool)
    for row, column, px, py in centres(size):
        dx, dy = 2 * (px - x), 2 * (py - y)
        wanted[row, column] = -wide <= dx < wide and -high <= dy < high
    assert np.array_equal(membership(Quad(x, y, width, height, angle), size), wanted)


def test_a_drawing_is_compared_with_the_picture_as_data_sets_drew_it():
    """A ring painted after a disc erases it in the reference, and only there."""
    text = "(+ (Circle 3 8 8) (- (Circle 6 8 8) (Circle 4 8 8)))"
    assert differs(text) > 0.05
    assert overlap(SketchTask.of(render(text)), parse(text)).iou == 1.0
    assert overlap(SketchTask.of(render(text, mode="exact")), parse(text)).iou < 0.9


@pytest.mark.parametrize(("size", "border", "solid"), [(64, 2, 3), (256, 4, 5), (512, 10, 11)])
def test_a_border_is_thinner_than_five_in_256(size, border, solid):
    blank = Image.new("RGB", (size, size), "white")
    for thick in (border, solid):
        other = blank.copy()
        other.paste("black", (10, 10, 10 + thick, 50))
        wanted = thick * 40 / size**2 if thick == solid else 0
        assert disagreement(blank, other) == pytest.approx(wanted)


# ------------------------------------------------------------------------------------------------------- text


def test_text_of_exactly_the_longest_length_is_read_and_zeros_may_lead():
    shape = "(Circle 1 1 1)"
    assert parse(shape + " " * (MAX_TEXT - len(shape))).root == Circle(1, 1, 1)
    assert parse("(Circle 000003 08 008)").root == Circle(3, 8, 8)


def nested(depth):
    return "(+ (Circle 1 1 1) " * (depth - 1) + "(Circle 1 1 1)" + ")" * (depth - 1)


def test_the_automaton_goes_as_deep_as_the_parser_and_no_deeper():
    deepest = ProgramPrefix().advance(nested(MAX_DEPTH))
    assert deepest is not None and deepest.complete and parse(nested(MAX_DEPTH))
    assert ProgramPrefix().advance(nested(MAX_DEPTH + 1)) is None


def test_the_automaton_takes_as_many_primitives_as_the_parser_and_no_more():
    flat = f"(+ {' '.join(['(Circle 1 1 1)'] * MAX_PRIMITIVES)}"
    longest = ProgramPrefix().advance(flat)
    assert longest is not None and longest.advance(")") and longest.advance(" (Circle 1 1 1)") is None
    assert parse(flat + ")")


@pytest.mark.parametrize("left", [1, 2, 3])
def test_an_open_operator_keeps_room_for_its_other_operand(left):
    """Of two nested ones the inner may not take the primitive that the outer still needs."""
    state = ProgramPrefix().advance(f"(+ (+ {' '.join(['(Circle 1 1 1)'] * (MAX_PRIMITIVES - left))}")
    for _ in range(left - 1):
        assert state is not None
        state = state.advance(" (Circle 1 1 1)")
    assert state is not None and state.advance("(") is None
    done = state.advance(state.ending())
    assert done is not None and done.complete and done.primitives == MAX_PRIMITIVES


@pytest.mark.parametrize("operator", ["(+", "(- "])
@pytest.mark.parametrize("left", [0, 1, 2, 3])
def test_from_wherever_the_automaton_gets_to_a_program_can_be_ended(operator, left):
    """Also one step before a limit, where an operator would have no room for its operands."""
    deep = "(+ (Circle 1 1 1) " * (MAX_DEPTH - 1 - left)
    wide = f"(+ {' '.join(['(Circle 1 1 1)'] * (MAX_PRIMITIVES - left))}"
    for text, room in ((deep, left >= 1), (wide, left >= 2)):
        state = ProgramPrefix().advance(text)
        assert state is not None and parse(text + state.ending())
        inside = state.advance(operator)
        assert (inside is not None) == room
        assert inside is None or parse(text + operator + inside.ending())


@pytest.mark.parametrize("text", ["(Circle 15 0 15)", "(Quad 15 15 15 15 359)", "(Quad 0 0 0 0 0)"])
def test_the_automaton_takes_the_largest_and_smallest_numbers(text):
    state = ProgramPrefix().advance(text)
    assert state is not None and state.complete and parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "(Circle 16",
        "(Circle 1 16",
        "(Quad 1 1 1 16",
        "(Quad 1 1 1 1 360",
        "(Circle 01",
        "(Circle 1 00",
        "(+ (Circle 1 1 1))",
    ],
)
def test_the_automaton_refuses_what_is_too_large_has_zeros_before_it_or_one_operand(text):
    assert ProgramPrefix().advance(text) is None


def test_a_sound_program_in_prose_beats_a_broken_one_in_a_fence():
    found = extract(f"```\n(+ {DISC} (Circle 1 1 1)\n``` or rather {DISC.replace('3', '5')}")
    assert found.program == parse("(Circle 5 8 8)") and not found.repaired


def test_what_comes_after_the_longest_text_is_not_looked_at_and_deep_replies_end():
    assert extract("x" * MAX_TEXT + DISC).program is None
    assert extract("x" * (MAX_TEXT - len(DISC)) + DISC).program == parse(DISC)
    deep = extract("(+ (Circle 1 1 1) " * 1500 + "(Circle 1 1 1)" + ")" * 1500)
    assert deep.program is not None and parse(deep.text) == deep.program and deep.repaired


# ------------------------------------------------------------------------------------------------------ generator


def test_both_ends_of_the_coverage_are_kept():
    for low, high in ((0.0, 0.03), (0.4, 0.5)):
        for index in range(20):
            assert low <= coverage(generate(6, index, Difficulty(coverage=(low, high))).root) <= high


def test_doubles_are_left_out_only_when_asked():
    easy = Difficulty(primitives=(1, 1), radius=(3, 3), centre=(7, 8), circles=1)
    every = list(islice(stream(0, easy, distinct=False), 12))
    assert every == [generate(0, index, easy) for index in range(12)] and len(set(every)) < 12
    assert list(islice(stream(0, easy), len(set(every)))) == list(dict.fromkeys(every))


# ---------------------------------------------------------------------------------------------------------- masks


@pytest.mark.parametrize("size", [16, 32])
def test_a_scan_of_a_full_canvas_counts_every_pixel(size):
    """The count needs one bit more than any pixel's number."""
    engine = MaskEngine(size)
    full = ~engine.empty()
    ink, blank = engine.scan(full, full)
    areas = [count(engine.mask(engine.scanner.primitive(i))) for i in (0, int(ink.argmax()))]
    assert ink.max() == blank.max() == size * size == areas[1] and ink[0] == blank[0] == areas[0]


def test_the_table_holds_the_smallest_of_quads_that_the_canvas_cuts_alike():
    """All four end at x = 7.5 and begin left of the canvas."""
    scanner = MaskEngine(64).scanner
    held = {scanner.primitive(i) for i in range(len(scanner))}
    alike = [Quad(x, 8, 2 * (7 - x) + 1, 3, 0) for x in range(4)]
    assert len({membership(quad, 64).tobytes() for quad in alike}) == 1
    assert [quad in held for quad in alike] == [False, False, False, True]


def test_kept_masks_stay_within_their_bytes(monkeypatch):
    monkeypatch.setattr(masks_module, "KEPT_BYTES", 10 * 512)
    engine = MaskEngine(64)
    for place in range(64):
        disc = Circle(3, place % 16, place // 16)
        assert np.array_equal(engine.unpack(engine.mask(disc)).astype(bool), membership(disc, 64))
        assert len(engine._masks) <= 10


# ---------------------------------------------------------------------------------------------------------- tidy


def test_of_two_that_cover_the_same_the_shorter_stays():
    same = "(- (Quad 8 8 6 4 0) (Quad 5 8 2 4 0) (Quad 11 8 2 4 0))"
    assert np.array_equal(mask(parse(same)), mask(parse("(Quad 8 8 4 4 0)")))
    for text in (f"(+ (Quad 8 8 4 4 0) {same})", f"(+ {same} (Quad 8 8 4 4 0))"):
        assert str(tidy(parse(text))) == "(Quad 8 8 4 4 0)"


def test_what_shows_only_after_a_first_pass_is_tidied_too():
    """Without the pointless hole the first disc turns out to hide the second."""
    text = "(+ (+ (- (Circle 3 9 8) (Quad 10 8 2 1 180)) (- (Circle 2 9 8) (Quad 9 9 3 1 45))) (Circle 3 6 9))"
    assert str(tidy(parse(text), 64)) == "(+ (Circle 3 6 9) (Circle 3 9 8))"


@given(PROGRAMS)
@settings(deadline=None, max_examples=100)
def test_a_normal_form_draws_the_same_and_is_its_own(program: Program) -> None:
    spelled = normal_form(program)
    assert np.array_equal(mask(spelled, 64), mask(program, 64))
    assert normal_form(spelled) == spelled and len(spelled) <= len(program)


def test_a_normal_form_does_not_depend_on_the_order_of_operands():
    parts = [Circle(3, 4, 4), Quad(10, 10, 4, 3, 45), Circle(2, 12, 4)]
    spelled = {normal_form(Program(Union(order))) for order in permutations(parts)}
    assert [str(one) for one in spelled] == ["(+ (Circle 3 4 4) (Circle 2 12 4) (Quad 10 10 4 3 45))"]
    whole, *holes = Circle(7, 8, 8), Circle(2, 6, 8), Circle(1, 11, 8)
    minus = {normal_form(Program(Difference((whole, *order)))) for order in permutations(holes)}
    assert [str(one) for one in minus] == ["(- (Circle 7 8 8) (Circle 2 6 8) (Circle 1 11 8))"]
