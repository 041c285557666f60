"""Failure modes, counted by hand on verdicts that are known."""

from dataclasses import dataclass

import pytest

from tts_playground.core import Verdict
from tts_playground.evaluation.failure_modes import failure_modes
from tts_playground.models.detector import Detection
from tts_playground.verifiers.checks import FAULTS, check, fault_kinds
from tts_playground.verifiers.english import parse

NOUNS = ("apple", "cat", "dog")
APPLE = Detection("apple", (0, 0, 10, 10), 0.9, "red")
CAT = Detection("cat", (30, 0, 40, 10), 0.9, "blue")


@pytest.mark.parametrize(
    ("prompt", "found", "background", "kinds"),
    [
        ("a red apple", [APPLE], "", ()),
        ("a red apple", [], "", ("missing",)),
        ("a dog and a cat", [CAT], "", ("missing",)),
        ("two red apples", [APPLE], "", ("number",)),
        ("at most one cat", [CAT, CAT], "", ("number",)),
        ("a green apple", [APPLE], "", ("colour",)),
        ("an apple right of a cat", [APPLE, CAT], "", ("position",)),
        ("an apple left of a dog", [APPLE], "", ("missing", "position")),
        ("a red apple on a white background", [APPLE], "black", ("background",)),
        ("two green apples on a white background", [APPLE, APPLE], "black", ("colour", "background")),
    ],
)
def test_each_sentence_of_the_judge_says_its_kind(prompt, found, background, kinds):
    verdict = check(parse(prompt, NOUNS), found, background)
    assert fault_kinds(verdict) == kinds and set(kinds) <= set(FAULTS)


@dataclass
class Scripted:
    """A judge that was told what it sees."""

    verdicts: dict

    def judge_images(self, prompt, images):
        return [check(self.request(prompt), self.verdicts[one]) for one in images]

    def request(self, prompt):
        return parse(prompt, NOUNS)


JUDGE = Scripted({"both": [APPLE, CAT], "apple": [APPLE], "cat": [CAT], "none": [], "two": [APPLE, APPLE]})
PICTURES = {
    "an apple left of a cat": ["both", "apple", "cat", "both"],
    "two red apples": ["two", "apple", "none", "two"],
}
SCORES = {"an apple left of a cat": [4, 1, 5, 3], "two red apples": [9, 8, 2, 7]}


def test_faults_are_counted_by_what_was_asked():
    found = failure_modes(PICTURES, SCORES, JUDGE)
    assert found.faults == {"missing": 3, "position": 2, "number": 1}
    assert {name: interval.value for name, interval in found.asked.items()} == {
        "position": 0.5,
        "several things": 0.5,
        "number": 0.5,
        "colour": 0.5,
    }
    # missing: 3.5 - (1 + 5) / 2 = 0.5 and 8 - 2 = 6; position 0.5; number 8 - 8 = 0
    assert found.gaps == pytest.approx({"missing": 3.25, "position": 0.5, "number": 0.0})
    # pairs that pass above pairs that fail: (4>1, 3>1) of 4, and (9>8, 9>2, 7>2) of 4
    assert found.told_apart.value == pytest.approx((2 / 4 + 3 / 4) / 2)
    assert found.examples["number"] == ("two red apples", 1, "asked for exactly 2 red apples, found 1")
    assert found.as_dict()["told_apart"]["n"] == 2


def test_scores_are_no_must_and_all_fine_is_no_fault():
    found = failure_modes({"an apple left of a cat": ["both", "both"]}, {"an apple left of a cat": [1, 2]}, JUDGE)
    assert (found.faults, found.gaps, found.told_apart, found.examples) == ({}, {}, None, {})
    assert failure_modes(PICTURES, None, JUDGE).gaps == {}
    assert fault_kinds(Verdict(1.0, True, "found an apple")) == ()
