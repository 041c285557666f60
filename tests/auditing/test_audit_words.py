"""Verdicts: what pictures cannot carry is not worded, and a fair chooser stands beside."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tts_playground
from tts_playground.auditing import calibration_words, fair, statistics
from tts_playground.auditing.effects import Effect, effects
from tts_playground.auditing.fair import fair_numbers, fair_reach
from tts_playground.auditing.report import analyze
from tts_playground.auditing.verdict import VerdictLine, sentences, share
from tts_playground.pages.audit import render
from tts_playground.randomness import generator

REPORT = tts_playground.audit("scripted:planted", per_cond=2)
ends = st.floats(-1.5, 1.5)


@st.composite
def effect(draw):
    level = draw(st.sampled_from([("digit", "7"), ("place", "top left"), ("colour", "R"), ("condition", "size")]))
    low, mid, high = sorted(draw(st.lists(ends, min_size=3, max_size=3)))
    mid = float(np.clip(mid, -1, 1))
    ratios = sorted(draw(st.lists(st.floats(-12, 12), min_size=3, max_size=3)))
    a, b, c = (float(np.exp(value)) for value in ratios)
    return Effect(*level, mid, max(-1.0, low), min(1.0, high), b, a, c, 9, low, high)


@given(st.lists(effect(), min_size=1, max_size=8), st.floats(0, 1), st.sampled_from([10, 1000]))
@settings(deadline=None, max_examples=300)
def test_no_effect_makes_an_impossible_sentence(found, distance, n):
    summary = {**REPORT.summary, "mean_total_variation": distance, "n": n}
    for said in sentences(summary, found, list(REPORT.rows)):
        assert isinstance(said, VerdictLine)
        assert all(float(number) <= 100 for number in re.findall(r"([\d.]+) %", said.text)), said
        assert "nearly 0" not in said.text and "1000 times" not in said.text
        assert all(0.05 <= float(times) <= 20 for times in re.findall(r"about ([\d.]+) times", said.text))
        assert "nan" not in said.text and not re.search(r"\d%", said.text)


def test_a_chooser_of_one_digit_alone_is_told_in_words():
    always = replace(REPORT.effects[0], estimate=0.74, ratio=5000.0, ratio_low=900.0, ratio_high=9e4, sure_low=0.5)
    said = sentences(REPORT.summary, [replace(always, sure_high=0.9)], list(REPORT.rows))
    assert any("nearly always picks" in one.text and "74 points" in one.text for one in said)


def test_a_preference_is_for_what_is_picked_and_none_needs_what_could_be():
    always = replace(REPORT.effects[0], estimate=0.74, ratio=5000.0, ratio_low=900.0, ratio_high=9e4, sure_low=0.5)
    said = " ".join(one.text for one in sentences(REPORT.summary, [always], list(REPORT.rows)))
    assert "if it can pick" not in said and re.search(r"picks \S+ where another digit could be picked", said)


def test_what_is_not_known_of_several_factors_is_said_with_or():
    said = " ".join(tts_playground.audit("scripted:loves-7", per_cond=1).verdict)
    assert re.search(r"Too few pictures to tell whether the [a-z]+(, the [a-z]+)* or the [a-z]+ matters", said)


def test_exact_chances_stand_beside_a_fair_choosers_exact_ones_at_any_n():
    rows = tts_playground.audit("scripted:loves-7", per_cond=10).rows
    for n in (10, 1000):
        report = analyze(rows, n)
        assert "to be fair (none for a fair chooser)" in report.verdict[0]
        told = {name: value for name, value, _ in render.numbers(report.summary)}
        assert told["off even"].endswith("fair 0 %") and told["Cramer's V"].endswith("fair 0.000")
    few = analyze(rows, 10).verdict
    assert "10 draws a picture could hardly tell" in few[1] and "23 of 100" in few[1]
    assert not any("could hardly tell" in line for line in analyze(rows, 1000).verdict)
    drawn = tts_playground.audit("scripted:loves-7", per_cond=10, protocol="sampled", samples=40)
    assert "for 40 draws of a fair chooser" in drawn.verdict[0]


def test_invalid_replies_are_named():
    found = tts_playground.audit("scripted:hasty", protocol="sampled", samples=40, per_cond=3)
    (said,) = [line for line in found.verdict if "invalid" in line]
    assert "name no digit at all (“I cannot choose at random.”)" in said
    assert not any("invalid" in line for line in tts_playground.audit("scripted:fair", per_cond=2).verdict)


@pytest.mark.parametrize("n", [10, 200])
def test_numbers_of_a_fair_chooser_are_those_of_simulated_ones(n):
    p = generator("fair test").multinomial(n, [0.25] * 4, size=20_000) / n
    found = fair_numbers(n, 4)
    assert found.distance == pytest.approx(statistics.total_variation(p).mean(), rel=0.02)
    assert found.entropy == pytest.approx(statistics.entropy(p).mean(), rel=0.01)


def test_a_fair_chooser_of_many_picks_is_the_limit_of_one_of_fewer():
    below, above = fair_numbers(fair.MANY, 4), fair_numbers(fair.MANY + 1, 4)
    assert above.distance == pytest.approx(below.distance, rel=1e-5)
    assert 1 - above.entropy == pytest.approx(1 - below.entropy, rel=1e-3)
    assert fair_numbers(10**15, 4).distance < 1e-7


def test_effects_of_fair_choosers_lie_where_they_are_said_to_lie():
    scenes, n = [row.picture.scene for row in tts_playground.audit("scripted:fair", per_cond=6).rows], 50
    reach = fair_reach(scenes, n)
    draws, inside = generator("fair effects"), []
    for _ in range(15):
        shares = draws.multinomial(n, [0.25] * 4, size=len(scenes)) / n
        inside += [abs(e.estimate) <= reach[e.factor, e.level] for e in effects(scenes, shares, refits=2)]
    assert 0.96 <= np.mean(inside) <= 1


def test_each_calibration_says_why():
    report = tts_playground.audit("scripted:loves-7", per_cond=4)
    told = calibration_words.sentences(report.calibrations, report.rows, report.blank, report.samples)
    assert list(told) == ["contextual", "batch", "pride", "oracle"]
    assert "helps" in told["contextual"] and "it says 7 in 25 % of replies" in told["contextual"]
    assert "needs every layout" in told["pride"] and "ceiling" in told["oracle"]
    moved = tts_playground.audit("scripted:loves-7", per_cond=4, permute=True)
    assert "PriDe helps" in calibration_words.sentences(moved.calibrations, moved.rows, moved.blank, 1000)["pride"]


def test_a_calibration_whose_change_covers_zero_is_no_help():
    report = tts_playground.audit("scripted:loves-7", per_cond=4)
    unclear = [replace(one, change=replace(one.change, low=-0.2, high=0.1)) for one in report.calibrations]
    told = calibration_words.sentences(unclear, report.rows, report.blank, report.samples)
    assert re.fullmatch(r"Contextual makes no clear change: from \d+ % off even to [\d.]+ %.", told["contextual"])
    contextual = report.calibrations[1]
    assert contextual.change.value == pytest.approx(contextual.distance.value - report.calibrations[0].distance.value)


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0 %"), (0.004, "0.4 %"), (0.23, "23 %"), (0.999, "99.9 %"), (1, "100 %")]
)
def test_shares_in_words(value, words):
    assert share(value) == words
