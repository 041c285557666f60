"""Judging models that write programs: intervals, paired comparisons."""

import pytest

from tts_playground.dsl.extraction import extract
from tts_playground.dsl.metrics import Metrics
from tts_playground.errors import BadInput
from tts_playground.evaluation.programs import Judged, baseline, compare, drawn, hard_four
from tts_playground.tasks.zero_shot import Answer
from tts_playground.worlds import heldout


def judged(replies, targets):
    said = tuple(Answer(reply, extract(reply)) for reply in replies)
    return Judged(Metrics([answer.text for answer in said], targets), said, tuple(targets))


def test_perfect_and_broken_replies():
    targets = heldout.targets(12)
    right = judged([row["program"] for row in targets], targets)
    assert right.metrics.f1_score == 1.0 and right.intervals()["f1_score"].low is None  # nothing varies
    wrong = judged(["I cannot say."] * 12, targets)
    assert wrong.metrics.parse_rate == 0.0 and drawn(wrong.answers[0]) is None
    half = judged([row["program"] if i % 2 else "no" for i, row in enumerate(targets)], targets)
    interval = half.intervals()["parse_rate"]
    assert interval.value == 0.5 and interval.low < 0.5 < interval.high and interval.n == 12
    table = compare(wrong.metrics, right.metrics)
    assert table["f1_score"]["difference"] == 1.0 and table["f1_score"]["low"] is None
    table = compare(half.metrics, right.metrics)
    assert 0 < table["parse_rate"]["low"] < 0.5 < table["parse_rate"]["high"] < 1
    few = judged([targets[0]["program"], "no"], targets[:2])
    assert few.intervals()["parse_rate"].low is None and compare(few.metrics, few.metrics)["recall"]["high"] is None


def test_pairs_are_kept():
    targets = heldout.targets(6)
    a = judged([targets[0]["program"]] * 6, targets).metrics
    table = compare(a, a)
    assert all(row["difference"] == 0 and row["low"] is row["high"] is None for row in table.values())
    assert "low" not in compare(a, judged(["(Circle 1 1 1)"], targets[:1]).metrics)["recall"]
    with pytest.raises(BadInput, match="missing"):
        compare(a, {"recall": 1.0})


def test_the_baseline_is_white():
    four = hard_four()
    assert baseline(four).precision == 1.0 and baseline(four).recall == 0.0 and len(four) == 4
