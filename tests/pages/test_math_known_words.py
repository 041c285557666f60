"""What tiny:math has never met, said before a person wonders about its answer."""

from random import Random

import pytest

from tts_playground.pages.math import known_words
from tts_playground.worlds import arithmetic
from tts_playground.worlds.arithmetic.as_typed import as_typed
from tts_playground.worlds.arithmetic.generate import story

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
