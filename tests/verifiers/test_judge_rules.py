"""The judge's rules: thresholds by what is asked, and colours of the surest things."""

import numpy as np
import pytest

from tts_playground.errors import BadInput
from tts_playground.models.detector import Detection
from tts_playground.verifiers import geneval
from tts_playground.verifiers.checks import check
from tts_playground.verifiers.english import parse
from tts_playground.verifiers.geneval import GenEval

NOUNS = ("apple", "cat")


def apple(score, color="red", at=0.0, noun="apple"):
    return Detection(noun, (at, 0.0, at + 10.0, 10.0), score, color)


def passes(prompt, *found):
    return check(parse(prompt, NOUNS), found).passed


def test_a_colour_is_judged_on_the_surest_things_asked_for():
    assert passes("a red apple", apple(0.9), apple(0.6, "green"))
    assert not passes("a red apple", apple(0.9, "green"), apple(0.6))
    assert "seen: green" in check(parse("a red apple", NOUNS), [apple(0.9, "green"), apple(0.6)]).reason
    assert passes("two red apples", apple(0.9), apple(0.8), apple(0.6, "green"))
    assert not passes("two red apples", apple(0.9), apple(0.8, "green"), apple(0.6))
    assert not passes("two red apples", apple(0.9), apple(0.8), apple(0.6)), "exactly two"


def test_of_a_noun_in_two_colours_the_surest_two_count():
    green, red = apple(0.9, "green"), apple(0.7, at=50)
    assert passes("a green apple left of a red apple", green, red)
    assert not passes("a green apple left of a red apple", green, apple(0.8, "blue", 20), red)
    assert not passes("a red apple left of a green apple", green, red)


def test_what_has_no_colour_asked_for_is_counted_as_before():
    assert passes("two apples", apple(0.9), apple(0.6, "green")) and not passes("two apples", apple(0.9))
    assert passes("an apple", apple(0.9), apple(0.8), apple(0.7)) and passes("a cat", apple(1, noun="cat"))


class Seen:
    """A detector that sees what it is told, from its threshold on."""

    nouns = NOUNS

    def __init__(self, found, threshold):
        self.found, self.threshold = found, threshold

    def detect(self, pictures):
        return [[one for one in self.found if one.score >= self.threshold] for _ in pictures]


@pytest.mark.parametrize(
    ("detector", "settings", "plain", "counting"),
    [
        ("tiny:detector", {}, 0.5, 0.5),
        ("some/detector", {}, 0.3, 0.9),
        ("tiny:detector", {"threshold": 0.2}, 0.2, 0.5),
        ("tiny:detector", {"threshold": 0.3, "counting_threshold": 0.9}, 0.3, 0.9),
        ("some/detector", {"threshold": 0.0, "counting_threshold": 0.0}, 0.0, 0.0),
    ],
)
def test_thresholds_are_those_of_the_kind(monkeypatch, detector, settings, plain, counting):
    """GenEval's evaluation code: 0.3, and 0.9 where things are counted; each as a setting of the judge."""
    judge, canvas = GenEval(detector, **settings), np.full((64, 64, 3), 255, np.uint8)
    assert judge.least == (plain, counting)
    for prompt, least in (("a cat", plain), ("one cat", counting)):
        for score in (least - 0.01, least):
            found = [apple(score, noun="cat")]
            monkeypatch.setattr(geneval, "_detector", lambda name, device, threshold, f=found: Seen(f, threshold))
            assert judge.judge_images(prompt, [canvas])[0].passed is (score >= least and score >= 0)


def test_the_revision_names_thresholds_and_rules(monkeypatch):
    monkeypatch.setattr(geneval, "revision_of", lambda folder: "weights")
    monkeypatch.setattr(geneval, "where", str)
    told = {GenEval(*given).revision for given in (("a",), ("a", "hue", 0.4), ("a", "clip"), ("tiny:detector",))}
    told.add(GenEval("a", counting_threshold=0.8).revision)
    assert len(told) == 5 and GenEval("tiny:detector").revision == "weights-hue-0.5-0.5-2"


@pytest.mark.parametrize("wrong", [-0.1, 1.1])
def test_a_threshold_is_a_score(wrong):
    with pytest.raises(BadInput, match="0 to 1"):
        GenEval(counting_threshold=wrong)
