"""Programs of CSGNet and of tree diffusion are read as what they draw, and what was converted is said."""

import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tts_playground.dsl import DSLError, Program, generate, mask, parse
from tts_playground.dsl.spellings import read_spelled, triangle

SIDE = 256


def iou(a, b):
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


def disc(x, y, radius):
    """A disc by centre and radius as shares of the side, y from the top: bool (SIDE, SIDE)."""
    rows, columns = (np.mgrid[:SIDE, :SIDE] + 0.5) / SIDE
    return np.hypot(columns - x, rows - y) <= radius


def polygon(*corners):
    """A polygon by corners as shares of the side, y from the top."""
    image = Image.new("1", (SIDE, SIDE))
    ImageDraw.Draw(image).polygon([(x * SIDE, y * SIDE) for x, y in corners], fill=1)
    return np.asarray(image)


def square(x, y, radius):
    half = radius / math.sqrt(2)
    return polygon((x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half))


def pointed(x, y, radius):
    """CSGNet's triangle."""
    reach = radius * math.sqrt(3) / 2
    return polygon((x, y - radius), (x + reach, y + radius / 2), (x - reach, y + radius / 2))


C, S, T = disc(0.5, 0.5, 5 / 16), square(0.5, 0.25, 3 / 16), pointed(0.5, 0.5, 4 / 16)


@pytest.mark.parametrize(
    ("text", "picture", "least"),
    [
        ("c(32,32,20)", C, 0.98),
        ("s(32,16,12)", S, 0.85),
        ("t(32,32,16)", T, 0.92),
        ("c(32,32,20)s(32,16,12)+", C | S, 0.95),
        ("c(32,32,20)s(32,16,12)-", C & ~S, 0.95),
        ("c(32,32,20)t(32,32,16)-", C & ~T, 0.88),
        ("c(32,32,20)s(32,16,12)*", C & S, 0.8),
        ("c(32,32,20)\n s( 32, 16, 12 ) t(32,32,16) + - $", C & ~(S | T), 0.85),
    ],
)
def test_postfix_draws_what_csgnet_draws(text, picture, least):
    found = read_spelled(text)
    assert iou(mask(found.program, SIDE), picture) > least
    assert "CSGNet" in found.note and "y is turned" in found.note
    assert ("triangle" in found.note) == ("t(" in text) and ("square" in found.note) == ("s(" in text)
    assert ("(- a (- a b))" in found.note) == ("*" in text)


@pytest.mark.parametrize("pixels", range(8, 36, 4))
def test_triangles_of_every_size_keep_their_shape(pixels):
    """All sizes and places that CSGNet's data have: multiples of 4 and of 8, within the canvas."""
    worst = 1.0
    for x in range(8, 64, 8):
        for y in range(8, 64, 8):
            if pixels <= min(x, y, 64 - x, 64 - y):
                drawn = mask(Program(triangle(x / 4, 16 - y / 4, pixels / 4)), SIDE)
                worst = min(worst, iou(drawn, pointed(x / 64, y / 64, pixels / 64)))
    assert worst > 0.65


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("(Quad 8 A 3 5 G)", "(Quad 8 6 3 5 0)"),
        ("(- (Circle 5 8 3) (Quad F C 3 A H))", "(- (Circle 5 8 13) (Quad 15 4 3 10 315))"),
        ("(+ (Circle A 8 8)\n (Quad 8 8 4 4 N))", "(+ (Circle 10 8 8) (Quad 8 8 4 4 45))"),
    ],
)
def test_letters_are_read_as_tree_diffusion_writes_them(text, meant):
    found = read_spelled(text)
    assert found.program == parse(meant)
    assert "tree-diffusion" in found.note and "moved" not in found.note and "left to right" not in found.note


def test_what_is_not_the_same_is_said():
    assert "1 shape moved" in read_spelled("(Quad 8 0 3 5 G)").note
    assert "2 shapes moved" in read_spelled("c(32,0,8)c(32,0,16)+").note
    assert "left to right" in read_spelled("(- (Circle A 8 8) (+ (Circle 2 8 8) (Circle 1 8 8)))").note
    assert "left to right" not in read_spelled("(+ (Circle A 8 8) (+ (Circle 2 8 8) (Circle 1 8 8)))").note
    assert "rounded to whole" in read_spelled("c(33,32,8)").note


@pytest.mark.parametrize("index", range(20))
def test_a_program_of_the_language_itself_is_read_as_it_is(index):
    program = generate(5, index)
    found = read_spelled(str(program))
    assert found.program == program and found.note == ""


@pytest.mark.parametrize("text", ["(Foo)", "(Circle 3 88)", "(Circle 3 8", "hello", "(+ (Circle 3 8 8))"])
def test_what_is_in_no_spelling_gets_the_languages_own_words(text):
    with pytest.raises(DSLError) as own:
        parse(text)
    with pytest.raises(DSLError) as found:
        read_spelled(text)
    assert str(found.value) == str(own.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("c(32,32,20)+", "column 12: '\\+' needs two shapes"),
        ("c(1,2,3) c(1,2,3)", "2 shapes are left"),
        ("c(32,32,20)x(1,2,3)+", "column 12: expected c\\(x,y,r\\)"),
        ("c(32,32", "column 1: expected c"),
        ("(Quad 8 10 3 3 G)", "expected the y, 0-F, but found '10'"),
        ("(Quad 8 A 3 3 0)", "expected the angle, G-N, but found '0'"),
        ("(Quad 8 A 3 3)", "5 numbers, not 4"),
        ("(+ (Circle A 3 3) (Quad 8 8 3 3 G)", "'\\)'"),
        ("c(8,8,8)" + "c(8,8,8)*" * 4000, "characters"),
        ("c(8,8,8)" + "c(8,8,8)*" * 12, "primitives"),
        ("c(8,8,8)" * 200 + "+" * 199, "deep"),
    ],
)
def test_faults_are_one_sentence_with_their_place(text, words):
    with pytest.raises(DSLError, match=words):
        read_spelled(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("c(9999,9999,12)", "1 shape moved by up to 2,484.8 units to stay"),
        ("c(32,0,12)", "1 shape moved by up to a unit to stay"),
        ("c(70,32,8)c(80,32,8)+", "2 shapes moved by up to 5 units to stay"),
        ("c(32,32,9999)", "1 shape made smaller by up to 2,484.8 units, for no radius and no side is above 15"),
        ("s(32,32,64)", "1 shape made smaller by up to 7.7 units"),
        ("t(32,32,60)", "1 shape made smaller by up to 11 units"),
    ],
)
def test_how_far_shapes_are_moved_and_made_smaller_is_said_truly(text, says):
    assert says in read_spelled(text).note


def test_what_fits_the_canvas_is_neither_moved_nor_made_smaller():
    note = read_spelled("c(32,32,16)s(32,24,8)-t(16,16,32)+").note
    assert "moved" not in note and "smaller" not in note
