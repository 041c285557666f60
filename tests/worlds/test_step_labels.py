"""Which steps of a solution are right, however it was written: hand-made cases, and the world's own spoilt ones."""

from random import Random

import pytest

from tts_playground.worlds.arithmetic import MathProblem, is_correct, step_labels
from tts_playground.worlds.arithmetic.generate import problem_of, story
from tts_playground.worlds.arithmetic.spoiling import spoilt, verdict
from tts_playground.worlds.arithmetic.writing import CAREFUL, PLAIN, SHORT, solution

END = "Therefore, the final answer is: $\\boxed{%s}$. I hope it is correct."
PLATES = MathProblem(
    "Paul buys 13 plates at 18 dollars each and a pen for 6 dollars. How many dollars does he pay?",
    "## Step 1: The plates cost 13 × 18 = 234 dollars.\n\n## Step 2: That is 234 + 6 = 240 dollars.\n\n" + END % 240,
    "240",
    "shopping",
    2,
    "",
)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        (PLATES.solution, [True, True, True]),
        ("He pays 13 × 18 + 6 = 240.\n\n" + END % 240, [True, True]),  # steps joined
        ("18 × 13 = 18 × 10 + 18 × 3 = 180 + 54 = 234.\n\n234 + 6 = 240\n\n" + END % "240", [True] * 3),
        ("13 \\times 18 = 234\n\n" + END % "240.0", [True, True]),
        ("13 × 18 = 244\n\n244 + 6 = 250\n\n" + END % 250, [False, False, False]),
        ("13 × 18 = 234\n\n234 - 6 = 228\n\n" + END % 228, [True, False, False]),
        ("13 × 18 = 234\n\n234 + 6 = 240\n\n" + END % 241, [True, True, False]),
        ("13 × 18 = 244\n\n244 + 6 = 240\n\n" + END % 240, [False, False, False]),  # right by accident
        ("13 × 18 = = 234 )\n\n" + END % 240, [False, False]),
        ("so many words\n\n" + END % 240, [True, True]),
        ("so many words\n\n" + END % "many", [True, False]),
        ("1/0 = 3\n\n" + END % 240, [False, False]),
        ("", []),
        ("\n\n\n\n", []),
    ],
)
def test_steps_as_people_and_models_write_them(text, labels):
    assert step_labels(PLATES, text) == labels


@pytest.mark.parametrize("style", [PLAIN, SHORT, CAREFUL])
def test_every_style_is_right_in_every_step(style):
    rng = Random(4)
    for index in range(150):
        made = story(21, index)
        text = solution(made, style, rng)
        problem = problem_of(made)
        assert is_correct(problem, text) and all(step_labels(problem, text)), (problem.problem, text)


def test_most_spoilt_solutions_are_wrong_from_the_spoilt_step_on():
    rng, seen = Random(5), 0
    for index in range(150):
        made = story(22, index)
        found = spoilt(made, PLAIN, rng)
        if found is None:
            continue
        labels = step_labels(problem_of(made), found[0])
        seen += not all(labels)
        assert all(labels) or not any(labels[labels.index(False) :])
    assert seen > 120


def test_whatever_is_drawn_can_be_judged():
    rng = Random(6)
    for _ in range(300):
        text = "".join(rng.choice("0123456789 =+-×÷()/.,\n\\boxed{}$abc") for _ in range(120))
        assert len(step_labels(PLATES, text)) == len([part for part in text.split("\n\n") if part.strip()])
    assert not any(step_labels(PLATES, "9" * 5000 + " = 1\n\n" + "(" * 5000 + "1 = 1")[:1])


def test_verdicts_name_the_step():
    assert "step 3" in verdict(3).lower() and not any(sign.isdigit() for sign in verdict())


def test_a_longer_reach_joins_more_calculations_and_stays_right():
    steps = {3: 0, 20: 0}
    for reach in steps:
        for index in range(80):
            made = story(23, index)
            text = solution(made, SHORT, Random(index), joining=1.0, reach=reach)
            problem = problem_of(made)
            assert is_correct(problem, text) and all(step_labels(problem, text)), (problem.problem, text)
            steps[reach] += text.count("## Step")
    assert steps[20] < 0.85 * steps[3]
