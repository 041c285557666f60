"""Programs out of replies: prose, fences, several candidates, broken brackets; and the automaton of prefixes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts_playground.dsl import generate, parse
from tts_playground.dsl.extraction import extract
from tts_playground.dsl.instructions import EXAMPLES, describe_picture, vary
from tts_playground.dsl.prefixes import ProgramPrefix

DISC, BOTH = "(Circle 3 8 8)", "(+ (Circle 3 8 8) (Quad 1 2 3 4 0))"


@pytest.mark.parametrize(
    ("reply", "program"),
    [
        (DISC, DISC),
        (f"Sure! The picture shows a disc: {DISC}. Hope that helps.", DISC),
        (f"```lisp\n{BOTH}\n```", BOTH),
        (f"A first try is (Circle 1 1 1).\n```\n{BOTH}\n```\nnot (Circle 2 2 2)", BOTH),
        (f"{BOTH}\nHere {DISC} is the disc on the left.", BOTH),
        (f"The left part is {DISC}. All of it: {BOTH[:-1]}", BOTH),
        ("(Circle 1 1 1), no, rather (Circle 2 2 2)", "(Circle 2 2 2)"),
        (BOTH + "))", BOTH),
        ("(+ (Circle 3 8 8) (Quad 1 2", DISC),
        ("(\u2212 (Circle 3 8 8) (Circle 1 8 8))", "(- (Circle 3 8 8) (Circle 1 8 8))"),
        ("(+\n  (Circle 3 8 8)\n  (Quad 1 2 3 4 0))", BOTH),
    ],
)
def test_the_program_is_found(reply, program):
    found = extract(reply)
    assert found.program == parse(program) and not found.error and found.how
    assert parse(found.text) == found.program


def test_repairs_are_owned_up_to():
    assert extract(BOTH[:-1]).repaired and "brackets put right" in extract(BOTH[:-1]).how
    assert not extract(BOTH).repaired


@pytest.mark.parametrize("reply", ["I see nothing.", "(Circle 20 8 8)", "(Circle 3 8", "(+ )", "(" * 5000 + "+"])
def test_what_holds_no_program_does_not_parse(reply):
    found = extract(reply)
    assert found.program is None and found.error


def test_a_silent_reply_is_the_empty_program():
    assert extract("  ").program == parse("")


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="()+-Circle Quad0123456789 `\n", max_size=80))
def test_any_reply_is_survived(reply):
    found = extract(reply)
    assert (found.program is None) == bool(found.error)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.data())
def test_every_program_is_found_in_prose_and_every_prefix_can_end(index, data):
    text = str(generate(3, index))
    assert extract(f"Well... {text} it is!").text == text
    end = data.draw(st.integers(0, len(text)))
    state = ProgramPrefix().advance(text[:end])
    assert state is not None and state.complete == (end == len(text))
    parse(text[:end] + state.ending())


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_walk_of_the_automaton_is_a_program(data):
    text, state = "", ProgramPrefix()
    for _ in range(40):
        letters = [c for c in "()+-CirclQeuad 0123456789" if state.advance(c) is not None]
        assert letters
        letter = data.draw(st.sampled_from(letters))
        text, state = text + letter, state.advance(letter)
    parse(text + state.ending())


@pytest.mark.parametrize(
    "text", [")", "Circle", "(Circle 3)", "(Circle 16", "(Circle 01", "(+ (Circle 1 1 1))", "(Q 1"]
)
def test_what_is_no_prefix(text):
    assert ProgramPrefix().advance(text) is None


def test_instructions_hold_programs_that_parse():
    for _, text in EXAMPLES:
        assert len(parse(text)) >= 1 and text in describe_picture()
    assert "(Circle 1 2 3)" in vary(["(Circle 1 2 3)"], 2, "Use quads.") and "Use quads." in vary(
        [DISC], 1, "Use quads."
    )
