"""The arithmetic world: exact, repeatable, of the level that is asked for, and math-eval as its script makes it."""

import re
import subprocess
import sys
from collections import Counter
from random import Random

import pytest

from tts_playground.answers.numbers import read_number
from tts_playground.errors import BadInput
from tts_playground.worlds import arithmetic
from tts_playground.worlds.arithmetic import benchmark, heldout
from tts_playground.worlds.arithmetic.as_typed import BARE, as_typed, typed_expression
from tts_playground.worlds.arithmetic.calculations import calculations
from tts_playground.worlds.arithmetic.checking import steps_of
from tts_playground.worlds.arithmetic.generate import SPLITS, story
from tts_playground.worlds.arithmetic.make_words import PATH as WORDS
from tts_playground.worlds.arithmetic.story import Story


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("level", range(1, 6))
def test_solutions_are_right_and_as_long_as_their_level_says(split, level):
    for one in arithmetic.problems(11, 12, split, level=level):
        steps = steps_of(one.solution)
        assert one.level == level and len(steps) - 1 in ((5, 6) if level == 5 else (level,))
        assert steps[0].startswith("## Step 1: ") and "final answer is: $\\boxed{" in steps[-1]
        found = [sum_ for step in steps[:-1] for sum_ in calculations(step)]
        assert len(found) == len(steps) - 1 and all(sum_.holds for sum_ in found)
        assert found[-1].result == read_number(one.answer)
        assert arithmetic.is_correct(one, one.solution)
        assert arithmetic.step_labels(one, one.solution) == [True] * len(steps)


def test_a_problem_is_the_same_wherever_it_is_drawn():
    assert arithmetic.problems(3, 8)[5:] == arithmetic.problems(3, 3, start=5)
    code = "from tts_playground.worlds.arithmetic import problems; print(problems(3, 4))"
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert told == {f"{arithmetic.problems(3, 4)}\n"}
    with pytest.raises(BadInput, match="no split called 'test'"):
        arithmetic.problems(0, 1, "test")


def test_training_does_not_give_numbers_that_are_held_out():
    givens = [
        [part.value for step in story(5, index).steps for part in step.node.parts if not part.op]
        for index in range(600)
    ]
    shown = [{one for one in given if isinstance(one, int) and heldout.reserved_number(one)} for given in givens]
    assert set().union(*shown) <= {17} and sum(map(bool, shown)) <= 6  # 17 as a divisor; see ``heldout.RANGES``


@pytest.mark.parametrize("kind", heldout.KINDS)
def test_a_held_out_problem_shows_what_is_held_out(kind):
    assert all(story(6, index, kind).touched for index in range(30))
    assert not any(story(6, index, split).touched for index in range(30) for split in ("train", "seen"))


def test_math_eval_is_what_the_script_makes():
    shipped = arithmetic.math_eval()
    assert shipped[:30] == benchmark.make(6)
    assert benchmark.lines(shipped) == benchmark.PATH.read_text(encoding="utf-8")


def test_math_eval_is_a_hundred_a_level_and_a_third_of_each_kind():
    shipped = arithmetic.math_eval()
    assert Counter(one.level for one in shipped) == dict.fromkeys(range(1, 6), 100)
    told = Counter((one.level, benchmark.kind_of(one)) for one in shipped)
    assert len(told) == 15 and set(told.values()) == {33, 34}
    assert len({one.problem for one in shipped}) == len({one.unique_id for one in shipped}) == 500
    assert all(arithmetic.step_labels(one, one.solution)[-1] for one in shipped)
    assert all(len({one.level for one in shipped[:n]}) == 5 for n in (5, 15, 100))


def test_training_comes_across_every_word_of_math_eval():
    told = Counter(word for index in range(6000) for word in re.findall("[A-Za-z]+", " ".join(story(5, index).told)))
    asked = {word for one in arithmetic.math_eval() for word in re.findall("[A-Za-z]+", one.problem)}
    assert not {word for word in asked if told[word] < 3}


def test_what_training_alone_says_is_said_in_known_words_and_is_no_wording_of_the_others(monkeypatch):
    known, found = set(WORDS.read_text(encoding="utf-8").split()), set()

    def worded(made, name, *options, also=()):
        assert not set(also) & set(options)
        found.update(also)
        return original(made, name, *options, also=also)

    original = Story.worded
    monkeypatch.setattr(Story, "worded", worded)
    for index in range(800):
        story(8, index)
    texts = {word for text in found for word in re.findall(" ?[A-Za-z]+", f" {text}")}
    assert len(found) > 300 and {word.replace(" ", "▁") for word in texts} <= known


@pytest.mark.parametrize("told", ["Calculate 12 × (7 - 5).", "What is 1/2 ÷ 3?"])
def test_an_expression_is_typed_with_the_signs_of_a_keyboard(told):
    found = {typed_expression(told, Random(index)) for index in range(400)}
    plain = {re.sub("[^0-9()+*/x×÷-]", "", text).replace("x", "*").replace("×", "*") for text in found}
    if "×" in told:
        assert plain == {"12*(7-5)"} and {"12*(7-5)", "12 x (7 - 5) =", "what is 12*(7-5)"} <= found
    else:
        assert plain == {"1/2/3", "1/2÷3"}
    assert len(found) > 30 and told not in found


def test_what_is_typed_asks_the_same():
    """Signs instead of words, no capitals, no mark at the end; numbers and what is asked for stay."""
    changed = 0
    for index in range(400):
        made = story(9, index)
        told = " ".join(made.told)
        typed = as_typed(told, made.family, Random(index))
        assert re.findall(r"\d+", typed) == re.findall(r"\d+", told)
        changed += typed != told
        if made.family not in BARE:
            plain = re.sub(r"\$(\d+)", r"\1 dollars", typed.replace("%", " percent")).rstrip(".?")
            assert plain.lower() == told.replace("1 dollar ", "1 dollars ").rstrip(".?").lower()
    assert 40 < changed < 120
