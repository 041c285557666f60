from __future__ import annotations

import numpy as np
import pytest
from dsl_programs import PROGRAMS, without_one
from hypothesis import given, settings

from tts_playground.dsl import Circle, Difference, DSLError, Node, Program, Quad, Union, mask, parse, tidy
from tts_playground.dsl.raster import differs
from tts_playground.errors import BadInput

CASES = [
    # hidden, doubled, empty and pointless operands
    ("(+ (Circle 5 8 8) (Circle 2 8 8))", "(Circle 5 8 8)"),
    ("(+ (Circle 2 8 8) (Circle 2 8 8))", "(Circle 2 8 8)"),
    ("(- (Circle 3 4 4) (Circle 2 12 12))", "(Circle 3 4 4)"),
    ("(- (Circle 3 4 4) (Circle 3 4 4))", ""),
    ("(+ (Circle 0 3 3) (Quad 8 8 0 4 45))", ""),
    # hidden by a distant relative: the hole is filled again by the quad outside the difference
    ("(+ (- (Circle 5 8 8) (Circle 1 8 8)) (Quad 8 8 4 4 0))", "(Circle 5 8 8)"),
    # subtracting what lies outside of a shape taken away
    ("(- (Circle 5 8 8) (- (Circle 2 8 8) (Circle 1 15 15)))", "(- (Circle 5 8 8) (Circle 2 8 8))"),
    # flattening
    ("(+ (Circle 3 3 3) (+ (Circle 2 9 9) (Circle 1 14 3)))", "(+ (Circle 3 3 3) (Circle 2 9 9) (Circle 1 14 3))"),
    ("(- (- (Circle 6 8 8) (Circle 2 6 8)) (Circle 1 10 8))", "(- (Circle 6 8 8) (Circle 2 6 8) (Circle 1 10 8))"),
    ("(- (Circle 6 8 8) (+ (Circle 1 10 8) (Circle 2 6 8)))", "(- (Circle 6 8 8) (Circle 2 6 8) (Circle 1 10 8))"),
    # one way to say a quad, and an order
    ("(Quad 8 8 2 6 270)", "(Quad 8 8 6 2 0)"),
    ("(Quad 8 8 2 6 135)", "(Quad 8 8 6 2 45)"),
    ("(+ (Circle 1 3 3) (Circle 4 10 10))", "(+ (Circle 4 10 10) (Circle 1 3 3))"),
]


@pytest.mark.parametrize(("messy", "clean"), CASES)
def test_examples(messy: str, clean: str) -> None:
    assert str(tidy(parse(messy))) == clean


@given(PROGRAMS)
@settings(deadline=None, max_examples=150)
def test_laws(program: Program) -> None:
    tidied = tidy(program)
    assert (mask(tidied, 256) == mask(program, 256)).all()
    assert len(tidied) <= len(program)
    assert tidy(tidied) == tidied
    assert parse(str(tidied)) == tidied


@given(PROGRAMS)
@settings(deadline=None)
def test_every_operand_that_is_left_shows(program: Program) -> None:
    root = tidy(program, 64).root
    if root is None:
        assert not mask(program, 64).any()
        return
    whole = mask(Program(root), 64)
    for smaller in without_one(root):
        assert (mask(Program(smaller), 64) != whole).any()


def _kinds_under(node: Node) -> list[tuple[type, int, type]]:
    if isinstance(node, (Circle, Quad)):
        return []
    here = [(type(node), place, type(operand)) for place, operand in enumerate(node.operands)]
    return here + [entry for operand in node.operands for entry in _kinds_under(operand)]


@given(PROGRAMS)
@settings(deadline=None)
def test_no_operator_is_nested_in_vain(program: Program) -> None:
    root = tidy(program, 64).root
    for kind, place, child in _kinds_under(root) if root else []:
        assert (kind, child) != (Union, Union)
        assert not (kind is Difference and child is (Difference if place == 0 else Union))


def test_operands_stay_where_the_reference_raster_minds_their_order() -> None:
    kept = parse("(+ (- (Circle 5 8 8) (Circle 4 8 8)) (Circle 3 8 8))")
    assert differs(kept) == 0
    assert differs(tidy(kept)) == 0
    assert np.array_equal(mask(tidy(kept)), mask(kept))


def test_the_size_is_stated_and_checked() -> None:
    sliver = parse("(- (Circle 5 8 8) (- (Circle 5 8 8) (Quad 8 8 15 15 1)))")
    assert (mask(tidy(sliver, 32), 32) == mask(sliver, 32)).all()
    with pytest.raises(BadInput, match="multiple of 16"):
        tidy(sliver, 50)
    with pytest.raises(DSLError):
        tidy(Program(Circle(99, 0, 0)))


def test_a_long_program_is_tidied_in_a_moment() -> None:
    copies = " ".join(f"(Circle {i % 5 + 1} {i % 16} {i // 64})" for i in range(1024))
    program = parse(f"(+ {copies})")
    tidied = tidy(program, 64)
    assert len(tidied) < 200
    assert (mask(tidied, 64) == mask(program, 64)).all()
