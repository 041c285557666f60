"""Answers as text: one form for what says the same, and the three measures of truth."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tts_playground.answers import (
    agree,
    anls,
    canonical,
    contains,
    distance,
    exact,
    final_answer,
    groups,
    solution_answer,
    steps_of,
)
from tts_playground.answers.equality import equal
from tts_playground.tasks.problem_sets import problem_of


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("49", "49"),
        ("apple 12\nkiwi 37\n12 + 37 = 49\nanswer: 49", "49"),
        ("answer: 4\nno.\nFinal answer: 5.", "5"),
        ("The answer is: 12 km", "12 km"),
        ("I count them.\nThere are three", "There are three"),
        ("**Answer:** 7", "7"),
        ("  ", ""),
        ("answer:", ""),
    ],
)
def test_the_short_answer_of_a_reply(reply, answer):
    assert final_answer(reply) == answer


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Apple", "apple."),
        ("1,200 km", "twelve hundred kilometres"),
        ("$5", "5 dollars"),
        ("USD 5", "$5.0"),
        ("45%", "45 percent"),
        ("forty-five", "45"),
        ("one hundred and five", "105"),
        ("two million", "2,000,000"),
        ("3 million", "3000000"),
        ("an hour", "hour"),
        ("New-York", "new york"),
        ("12.50", "12.5"),
        ("３", "3"),
        ("-4", "-4.0"),
    ],
)
def test_what_says_the_same_has_one_form(one, other):
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(("one", "other"), [("2017", "2018"), ("12 km", "12 kg"), ("-4", "4"), ("apple", "apples pie")])
def test_what_differs_stays_different(one, other):
    assert not agree(canonical(one), canonical(other))


def test_near_numbers_agree_and_whole_ones_must_be_equal():
    assert agree("33.3", "33.33") and agree("33", "33.3") and agree("12 percent", "12")
    assert (
        not agree("33.3", "33.4") and not agree("1000", "1001") and not agree("0.1", "0.14") and not agree("1", "1.4")
    )


def test_groups_take_the_commonest_form():
    assert groups(["33.3", "33.33", "33.33", "7", "seven", "kiwi"]) == ["33.33"] * 3 + ["7", "7", "kiwi"]
    assert groups([]) == []
    assert groups(["12", "12 km", "12 km", "12 kg"]) == ["12 km", "12 km", "12 km", "12 kg"]


def test_measures_of_truth():
    truths = ["Coca Cola", "Coca Cola Company"]
    assert anls("CocaCola", truths) == pytest.approx(8 / 9)
    assert anls("Cola", truths) == 0
    assert anls("", [""]) == 1 and anls("x", []) == 0
    assert contains("1", ["2017"]) is False and contains("in 2017", ["1"]) is True
    assert exact("The Coca cola", truths) and not exact("Cola", truths) and exact("forty", ["40"])


def test_steps_are_the_lines():
    assert steps_of("a 1\n\n b 2 \nanswer: 3") == ("a 1", "b 2", "answer: 3")


words = st.text(alphabet=st.characters(codec="utf-8"), max_size=30)


@settings(max_examples=200, deadline=None)
@given(words)
@example("9999999999999999")
@example("1MN")
@example("A1MN")
@example(".00000001 and -0.0 and +7.50")
def test_one_form_is_final(text):
    once = canonical(text)
    assert canonical(once) == once or agree(canonical(once), once)


@settings(max_examples=100, deadline=None)
@given(words, words, words)
def test_edit_distance_is_a_metric(a, b, c):
    assert distance(a, a) == 0 and distance(a, b) == distance(b, a)
    assert distance(a, c) <= distance(a, b) + distance(b, c)
    assert 0 <= anls(a, [b]) <= 1


@settings(max_examples=100, deadline=None)
@given(st.lists(words, max_size=8), st.randoms())
def test_groups_do_not_depend_on_the_order(answers, rng):
    place = list(range(len(answers)))
    rng.shuffle(place)
    mixed = groups([answers[i] for i in place])
    assert mixed == [groups(answers)[i] for i in place]


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        ("## Step 1: 2 + 3 = 5.\n\nTherefore, the final answer is: $\\boxed{5}$. I hope it is correct.", "5"),
        ("so \\boxed{\\text{Monday}}", "Monday"),
        ("The answer is 12.", "12"),
        ("we get 3 and then 1,200 km", "1200"),
        ("it is -3/4 of it", "-3/4"),
        ("## Step 1: and again\n\n## Step 2: and again", "2"),
        ("## Step: and again\n\nand again", ""),
        ("", ""),
    ],
)
def test_a_solution_answers_by_its_box_its_sentence_or_its_last_number(solution, answer):
    assert solution_answer(solution) == answer


BOXES = (
    (r"\frac{x+1}{2}", r"\frac{x+1}{2}", r"\frac{x+1}{2}"),
    (r"\frac{1}{a+b}", r"\frac{1}{a+b}", r"\frac{1}{a+b}"),
    (r"\frac{2}{3}x", r"\frac{2}{3}x", r"\frac{2x}{3}"),
    (r"3\frac{1}{2}", "3 1/2", "3.5"),
    (r"\dfrac{7}{9}", "7/9", "7/9"),
    (r"-\frac{3}{4}", "-3/4", "-.75"),
    (r"2^{\frac12}", r"2^{\frac12}", r"\sqrt2"),
    (".5", ".5", "0.5"),
    ("...5", "5", "5"),
    (r"\text{(B)}", "B", "B"),
    ("a) 5", "a) 5", "a) 5"),
    (r"6\text{ cm}^2", r"6\text{ cm}^2", "6"),
)
"""(what stands in a box, what is answered, the truth)"""


@pytest.mark.parametrize(("box", "answer", "truth"), BOXES)
def test_mathematics_in_a_box_keeps_its_value(box, answer, truth):
    text = f"## Step 1: so it is.\n\nTherefore, the final answer is: $\\boxed{{{box}}}$. I hope it is correct."
    assert solution_answer(text) == answer
    assert equal(truth, solution_answer(text))


def test_a_truth_that_stands_in_a_solution_alone_is_read_as_a_solution_is():
    row = {"problem": "p", "solution": r"so $\boxed{\frac{x+1}{2}}$"}
    assert problem_of(0, row).answer == r"\frac{x+1}{2}"
