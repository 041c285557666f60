"""Replies are read leniently and never guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_playground.auditing.parsing import read_digit, read_digit_and_color, read_list


@pytest.mark.parametrize(
    ("reply", "digit"),
    [
        ("7", 7),
        (" 7.", 7),
        ("I choose 7", 7),
        ("There are 3, 5 and 7. I choose 5.", 5),
        ("seven", 7),
        ("Seven!", 7),
        ("The digit is 3", 3),
        ("7 7", 7),
        ("42", None),
        ("7.5", None),
        ("3 or 5", None),
        ("I choose 3, then I choose 5", None),
        ("someone", None),
        ("", None),
    ],
)
def test_a_digit(reply, digit):
    assert read_digit(reply) == digit


@pytest.mark.parametrize(
    ("reply", "pair"),
    [
        ("7 R", (7, "R")),
        ("7r", (7, "R")),
        ("7, red", (7, "R")),
        ("7 (Yellow)", (7, "Y")),
        ("seven blue", (7, "B")),
        ("The digit is 7 and its color is blue", (7, "B")),
        ("blue 7", (7, "B")),
        ("7", (7, None)),
        ("3 R 5 G", (None, None)),
        ("I cannot", (None, None)),
    ],
)
def test_a_digit_and_its_colour(reply, pair):
    assert read_digit_and_color(reply) == pair


def test_a_list():
    assert read_list("7, 3, 12, 5; seven\n2", 4) == [7, 3, 5, 7]
    assert read_list("", 3) == []


@given(st.text(max_size=60))
def test_any_text_is_read_without_a_fault(text):
    assert read_digit(text) in {None, *range(10)}
    digit, letter = read_digit_and_color(text)
    assert digit in {None, *range(10)} and letter in {None, *"RGBY"}
    assert set(read_list(text, 5)) <= set(range(10))
