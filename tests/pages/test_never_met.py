"""What tiny:math and tiny:vlm have never met, said before a person wonders about its answer."""

from random import Random

import pytest

from tts_playground.pages.math import known_words
from tts_playground.pages.never_met import strange_signs
from tts_playground.pages.t2i import known_words as of_prompts
from tts_playground.pages.vqa import known_words as of_questions
from tts_playground.tasks.image_rewards import rewards_here
from tts_playground.worlds import arithmetic
from tts_playground.worlds.arithmetic.as_typed import as_typed
from tts_playground.worlds.arithmetic.generate import story
from tts_playground.worlds.figure_eval import cases

BEGINS = "tiny:math has never met "


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ("2+2", ""),
        ("what is 12*7+5", ""),
        ("tom buys 3 apples for $4 each. how much does he pay?", ""),
        ("Zorro buys 3 apples.", "this word: Zorro."),
        ("Zorro and Batman jog 3 km.", "these words: Zorro, Batman, jog."),
        ("2^3", "this sign: ^."),
        ("2^3 + √9", "these signs: ^, √."),
        ("sqrt(16) < 5", "this word: sqrt and this sign: <."),
    ],
)
def test_what_it_never_met_is_named(problem, said):
    assert known_words.hint(problem, "tiny:math") == (BEGINS + said if said else "")
    assert known_words.hint(problem, "another/model") == ""


def test_nothing_of_its_world_is_strange():
    rng = Random(0)
    texts = [one.problem for one in arithmetic.math_eval()]
    for index in range(800):
        made = story(3, index)
        texts.append(as_typed(" ".join(made.told), made.family, rng))
    assert not {hint for text in texts if (hint := known_words.hint(text, "tiny:math"))}
    assert set("".join(texts)) >= set(known_words.SIGNS)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Which item is the largest?", ""),
        ("how much are MON and tue together", ""),
        ("which bar is tallest?", "these words: bar, tallest."),
        ("What is the value of Zürich?", "this word: Zürich."),
    ],
)
def test_words_of_a_question_that_it_never_met_are_named_and_one_that_it_knows(question, said):
    told = of_questions.hint(question, "tiny:vlm")
    assert told.startswith(f"tiny:vlm has never met {said} It answers questions such as “which") if said else told == ""
    assert of_questions.hint(question, "Qwen/Qwen2-VL-2B-Instruct") == ""


def test_no_question_of_its_world_is_strange():
    asked = [one.question.text for one in cases()]
    assert len(asked) == 200 and not {one for one in asked if of_questions.hint(one, "tiny:vlm")}


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        ("what is 15% of 80", "a percentage of a number"),
        ("100-250", "numbers below 0"),
        ("-5+3", "numbers below 0"),
        ("5/-3", "numbers below 0"),
        ("1,000,000*2", "numbers over 10,000"),
    ],
)
def test_kinds_of_sums_that_it_never_met_are_named(problem, told):
    assert told in known_words.hint(problem, "tiny:math") and not known_words.hint(problem, "my/model")


@pytest.mark.skipif("geneval" not in rewards_here(), reason="tiny:detector is not here")
def test_what_the_check_of_truth_cannot_read_is_said():
    told = of_prompts.unchecked("a cat \U0001f600 and a purple guitar", "tiny:janus")
    assert "No GenEval-style check of these images: " in told and "not a thing that the detector can find." in told
    assert of_prompts.unchecked("a cat and a purple guitar", "tiny:janus") == ""
    assert of_prompts.unchecked("", "tiny:janus") == "" == of_prompts.unchecked("a cat \U0001f600", "some/other")


def test_what_dresses_a_sign_is_no_sign():
    assert strange_signs("a \u2764\ufe0f b \U0001f468\u200d\U0001f469", "") == ["\u2764", "\U0001f468", "\U0001f469"]
