from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from dsl_programs import PROGRAMS
from hypothesis import given, settings
from hypothesis import strategies as st

from tts_playground.dsl import Circle, Difference, DSLError, Program, Quad, Union, parse, text, unparse


def test_reads_each_kind_of_node() -> None:
    disc, square = Circle(3, 8, 9), Quad(1, 2, 4, 5, 270)
    assert parse("(Circle 3 8 9)") == Program(disc)
    assert parse("(+ (Circle 3 8 9) (Quad 1 2 4 5 270))") == Program(Union((disc, square)))
    assert parse("(-(Quad 1 2 4 5 270)\n\t(Circle 003 8 9)(Circle 3 8 9))") == Program(Difference((square, disc, disc)))


@pytest.mark.parametrize("blank", ["", "  ", "\n\t\r\n", "\u00a0"])
def test_white_space_is_the_empty_program(blank: str) -> None:
    assert parse(blank) == Program()
    assert str(Program()) == ""
    assert len(Program()) == 0


@given(PROGRAMS)
@settings(deadline=None)
def test_parse_undoes_unparse(program: Program) -> None:
    assert parse(unparse(program)) == program
    assert parse(unparse(program).replace(" ", " \n ").replace("(", "( ")) == program


@given(
    st.text(
        st.sampled_from("()+- 0123456789\n.") | st.sampled_from(["Circle", "Quad"]).map(lambda word: word[0]),
        max_size=40,
    )
)
@settings(deadline=None)
def test_any_other_text_is_a_dsl_error(noise: str) -> None:
    if not noise.strip():
        return
    with pytest.raises(DSLError):
        parse(noise)


ERRORS = [
    ("(Circle 3 8)", 1, 12, "the y, a number 0-15", "found ')'"),
    ("(Circle 16 8 8)", 1, 9, "the radius, a number 0-15", "found 16"),
    ("(Circle -1 8 8)", 1, 9, "the radius, a number 0-15", "found '-1'"),
    ("(Circle 3.5 8 8)", 1, 10, "the x, a number 0-15", "whole numbers"),
    ("(Circle 3 88)", 1, 13, "the y, a number 0-15", "found ')'"),
    ("(Quad 5 5 4 6 360)", 1, 15, "the angle, a number 0-359", "found 360"),
    ("(Quad 1 1 1 1 " + "9" * 6000 + ")", 1, 15, "the angle, a number 0-359", "found 999999999999..."),
    ("(+\n  (Circle 3 8 8)\n  (Quad 1 2 x 4 5))", 3, 13, "the width, a number 0-15", "found 'x'"),
    ("(Circle 3 8 8", 1, 14, "')'", "the end of the text"),
    ("(+ (Circle 3 8 8))", 1, 18, "'('", "two or more shapes"),
    ("(+ (Circle 3 8 8)", 1, 18, "'('", "the end of the text"),
    ("(* (Circle 3 8 8) (Circle 2 2 2))", 1, 2, "'Circle'", "found '*'"),
    ("(circle 3 8 8)", 1, 2, "'Circle'", "a shape is (Circle radius x y)"),
    ("(Circle 3 8 8) (Circle 2 2 2)", 1, 16, "the end of the program", "join several shapes"),
    ("(Circle 3 8 8))", 1, 15, "the end of the program", "closed already"),
    ("((Circle 3 8 8))", 1, 2, "'+'", "found '('"),
    ("hello", 1, 1, "'('", "found 'hello'"),
    ("(Circle 99 1 1)x", 1, 9, "the radius, a number 0-15", "found 99"),
    ("(Circle 3 8 8)\x00", 1, 15, "the end of the program", "found '\\x00'"),
]


@pytest.mark.parametrize(("program", "line", "column", "expected", "says"), ERRORS)
def test_errors_say_where_and_what(program: str, line: int, column: int, expected: str, says: str) -> None:
    with pytest.raises(DSLError) as caught:
        parse(program)
    error = caught.value
    assert (error.line, error.column) == (line, column)
    assert expected in error.expected
    assert says in str(error)
    shown, caret = error.caret.splitlines()
    assert caret.strip() == "^"
    lines = program.split("\n")[line - 1]
    assert caret.index("^") == len(shown) or shown[caret.index("^")] == lines[column - 1]


def test_a_caret_stays_in_place_in_a_long_line() -> None:
    with pytest.raises(DSLError) as caught:
        parse("(+ " + "(Circle 1 2 3) " * 100 + "(Circle x 1 1))")
    shown, caret = caught.value.caret.splitlines()
    assert len(shown) <= 100
    assert shown[caret.index("^")] == "x"


def test_what_the_language_promises_is_accepted() -> None:
    assert len(parse("(+ " + "(Circle 1 1 1) " * 256 + ")")) == 256
    deep = "(+ " * 64 + "(Circle 1 1 1)" + " (Quad 1 1 1 1 0))" * 64
    assert parse(unparse(parse(deep))) == parse(deep)
    assert hash(parse(deep)) == hash(parse(deep))
    assert parse("(Circle 1 1 1)" + " " * (16 * 1024)) == Program(Circle(1, 1, 1))


@pytest.mark.parametrize(
    ("program", "limit"),
    [
        ("(Circle 1 1 1)" + " " * text.MAX_TEXT, f"{text.MAX_TEXT} characters"),
        ("(+ " + "(Circle 1 1 1) " * (text.MAX_PRIMITIVES + 1) + ")", f"{text.MAX_PRIMITIVES} primitives"),
        ("(+ " * text.MAX_DEPTH + "(Circle 1 1 1)" + " (Circle 1 1 1))" * text.MAX_DEPTH, f"limit of {text.MAX_DEPTH}"),
        ("(" * 30_000, f"limit of {text.MAX_DEPTH}"),
    ],
)
def test_over_a_limit_the_limit_is_named(program: str, limit: str) -> None:
    with pytest.raises(DSLError, match=limit):
        parse(program)


def test_the_limits_themselves_are_within() -> None:
    depth = text.MAX_DEPTH - 1
    deepest = "(- " * depth + "(Circle 1 1 1)" + " (Circle 1 1 1))" * depth
    assert unparse(parse(deepest)) == deepest
    longest = unparse(Program(Union((Quad(15, 15, 15, 15, 359),) * text.MAX_PRIMITIVES)))
    assert len(parse(longest)) == text.MAX_PRIMITIVES


def _deep(levels: int) -> Program:
    node = Circle(1, 1, 1)
    for _ in range(levels):
        node = Union((node, Circle(1, 1, 1)))
    return Program(node)


@pytest.mark.parametrize(
    ("program", "says"),
    [
        (Program(Circle(16, 0, 0)), "the radius, a number 0-15, but found 16"),
        (Program(Quad(0, 0, 1, -1, 0)), "the height"),
        (Program(Circle(1.5, 0, 0)), "the radius"),  # type: ignore[arg-type]
        (Program(Union((Circle(1, 1, 1),))), "two or more operands, not 1"),
        (Program("circle"), "not str"),  # type: ignore[arg-type]
        (_deep(2000), "nested deeper"),
    ],
)
def test_trees_built_by_hand_are_checked(program: Program, says: str) -> None:
    with pytest.raises(DSLError, match=says):
        unparse(program)


def test_only_text_is_read() -> None:
    with pytest.raises(DSLError, match="not int"):
        parse(3)  # type: ignore[arg-type]


def test_threads_share_the_parser() -> None:
    programs = [f"(+ (Circle {i % 16} 1 2) (Quad 1 2 3 {i % 16} {i}))" for i in range(300)]
    with ThreadPoolExecutor(4) as pool:
        assert [unparse(program) for program in pool.map(parse, programs)] == programs


def test_importing_the_package_imports_no_parser_and_no_geometry() -> None:
    code = "import sys, tts_playground.dsl; print([m for m in ('lark', 'shapely', 'PIL', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
