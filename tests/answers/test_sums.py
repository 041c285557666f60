"""Plain sums as people type them: their exact values, and what is none."""

from fractions import Fraction

import pytest

from tts_playground.answers.equality import equal
from tts_playground.answers.sums import sum_of
from tts_playground.tasks.reasoning import truth_of
from tts_playground.worlds.arithmetic.benchmark import math_eval


@pytest.mark.parametrize(
    ("problem", "value"),
    [
        ("12*7+5", 89),
        ("what is 1/2+1/3", Fraction(5, 6)),
        ("What is 15% of 80?", 12),
        ("20% of 50 + 10", 20),
        ("0.1+0.2", Fraction(3, 10)),
        ("100-250", -150),
        ("-5 + 3 = ?", -2),
        ("(3+4)×(5−2)", 21),
        ("3 x 4", 12),
        ("1,200+300 =", 1500),
        ("2^3", 8),
        ("Calculate 12 ÷ 5.", Fraction(12, 5)),
    ],
)
def test_a_plain_sum_has_its_value(problem, value):
    assert sum_of(problem) == value and truth_of(problem) == str(value)


@pytest.mark.parametrize(
    "problem",
    [
        "", "5", "-5", "1/0", "2(3)", "1 2 + 3", "2+2=4", "3x", "10 - 3 -", "9**9**9**9", "2**999", "2**.5", "50%",
        "__import__('os')", "Tom has 5 apples and 3 more.", "1+" * 500 + "1", "(" * 150 + "1+1" + ")" * 20, "1.2.3+1",
    ],
)  # fmt: skip
def test_what_is_no_plain_sum_has_none(problem):
    assert sum_of(problem) is None and truth_of(problem) == ""


def test_the_world_says_the_same_of_its_expressions():
    sums = [(one.answer, value) for one in math_eval() if (value := sum_of(one.problem)) is not None]
    assert len(sums) >= 30 and all(equal(answer, str(value)) for answer, value in sums)
