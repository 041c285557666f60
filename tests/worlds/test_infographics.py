"""Figures and questions: the same for ever, true to the numbers, diverse, and with near misses that are wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts_playground import randomness
from tts_playground.worlds import figure_eval
from tts_playground.worlds.charts import CHARTS, draw
from tts_playground.worlds.infographics import (
    FREQUENCIES,
    TRAIN_FONTS,
    UNSEEN_FONT,
    UNSEEN_KIND,
    UNSEEN_PALETTE,
    Figure,
    Style,
    figure,
    font,
    value_size,
)
from tts_playground.worlds.layout import Draw
from tts_playground.worlds.questions import (
    EASY,
    MAKERS,
    ask,
    askable,
    closeness,
    final_answer,
    misread,
    pick_kind,
    wrong_reply,
)
from tts_playground.worlds.wording import SHARES, TEMPLATES

PLAIN = Style("DejaVuSans", "plain", (255, 255, 255), False, False)
FRUIT = Figure("bar", "fruit", ("apple", "kiwi", "plum"), (12, 37, 5), ("red", "green", "blue"), "cat", 1, PLAIN)


def numbers(*names):
    return randomness.generator("test", *names).random(60).tolist()


def replies_to(kind, one=FRUIT, tries=30):
    return [ask(one, kind, Draw(numbers(kind, i))) for i in range(tries)]


@pytest.mark.parametrize(
    ("kind", "text", "answer"),
    [
        ("highest", "", "kiwi"),
        ("lowest", "", "plum"),
        ("most", "", "37"),
        ("least", "", "5"),
        ("total", "", "54"),
        ("count", "", "3"),
        ("title", "", "fruit"),
        ("sum", "apple and kiwi", "49"),
        ("difference", "plum and kiwi", "32"),
        ("label_of", "37", "kiwi"),
        ("read", "apple", "12"),
        ("color_of", "plum", "blue"),
        ("of_color", "red", "apple"),
        ("compare", "apple or plum", "apple"),
        ("above", "10", "2"),
    ],
)
def test_answers_are_read_off_the_numbers(kind, text, answer):
    hits = [q for q in replies_to(kind, tries=120) if text in q.text]
    assert hits and all(q.answer == answer and final_answer(q.reply) == answer for q in hits)


def test_reasoning_is_one_step_a_line_and_ends_with_the_answer():
    question = next(q for q in replies_to("sum", tries=100) if "apple and kiwi" in q.text)
    assert question.reply == "apple 12\nkiwi 37\n12 + 37 = 49\nanswer: 49"
    tables = [ask(figure(0, i), "read", Draw(numbers(i))) for i in range(200) if figure(0, i).kind == "pictogram"]
    assert any(" x " in q.reply for q in tables)


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 10_000))
def test_every_question_is_sound_and_its_misses_are_wrong(index):
    one = figure(3, index)
    assert len(set(one.values)) == len(one.labels) == len(set(one.labels)) == len(one.colors)
    drawn = numbers(index)
    question = ask(one, pick_kind(one, Draw(drawn)), Draw(drawn))
    assert question.answer and question.answer not in question.misses
    wrong = wrong_reply(one, question, drawn, Draw(numbers("wrong", index)))
    assert wrong == "" or final_answer(wrong) != question.answer
    assert misread(one, Draw(drawn)).labels == one.labels


def test_most_wrong_replies_reason_like_right_ones():
    wrong = []
    for i in range(60):
        drawn = numbers("reason", i)
        wrong.append(wrong_reply(FRUIT, ask(FRUIT, "sum", Draw(drawn)), drawn, Draw(numbers("w", i))))
    assert all(text.count("\n") == 3 for text in wrong)


def test_figures_are_deterministic_and_pictures_too():
    assert [figure(7, i) for i in range(20)] == [figure(7, i) for i in range(20)]
    assert len({figure(7, i) for i in range(50)}) == 50
    assert np.array_equal(np.asarray(draw(figure(7, 3))), np.asarray(draw(figure(7, 3))))
    assert np.asarray(draw(figure(7, 3))).shape == (128, 128, 3)


@pytest.mark.parametrize("kind", CHARTS)
def test_every_kind_shows_its_numbers(kind):
    one = Figure(kind, "fruit", ("apple", "kiwi"), (12, 37), ("red", "green"), "cat", 1, PLAIN)
    other = Figure(kind, "fruit", ("apple", "kiwi"), (12, 38), ("red", "green"), "cat", 1, PLAIN)
    if kind != "pictogram":
        assert not np.array_equal(np.asarray(draw(one)), np.asarray(draw(other)))
    assert np.ptp(np.asarray(draw(one))) > 150


@pytest.mark.parametrize("name", (*TRAIN_FONTS, UNSEEN_FONT))
def test_digits_are_ten_pixels_high(name):
    left, top, right, bottom = font(name, value_size(name)).getbbox("8")
    assert bottom - top >= 10 and right - left >= 5


def test_training_never_sees_what_is_kept_for_the_evaluation():
    seen = [figure(1, i) for i in range(400)]
    assert {one.kind for one in seen} == set(FREQUENCIES)
    assert UNSEEN_KIND not in FREQUENCIES
    assert {one.style.font for one in seen} == set(TRAIN_FONTS)
    assert UNSEEN_PALETTE not in {one.style.palette for one in seen}
    texts = {q.text for kind in ("highest", "count") for q in replies_to(kind, tries=60)}
    assert not texts & {TEMPLATES["highest"][-1], TEMPLATES["count"][-1]}
    assert ask(FRUIT, "highest", Draw(numbers(0)), unseen=True).text == TEMPLATES["highest"][-1]


def test_the_evaluation_is_the_file_and_diverse():
    cases = figure_eval.cases()
    assert len(cases) == 200 and len({case.key for case in cases}) == 200
    assert all(figure_eval.make_case(i) == case for i, case in enumerate(cases))
    assert sum(case.plausible >= 30 for case in cases) >= 0.6 * 200
    by_unseen = {name: [c for c in cases if c.unseen == name] for name in ("kind", "font", "palette", "wording")}
    assert all(len(found) == 25 for found in by_unseen.values())
    assert {c.figure.kind for c in by_unseen["kind"]} == {UNSEEN_KIND}
    assert {c.figure.style.font for c in by_unseen["font"]} == {UNSEEN_FONT}
    assert {c.figure.style.palette for c in by_unseen["palette"]} == {UNSEEN_PALETTE}


def test_kinds_come_by_their_shares_and_easy_ones_first():
    assert set(MAKERS) == set(SHARES) == set(TEMPLATES) and abs(sum(SHARES.values()) - 1) < 1e-9
    kinds = [pick_kind(FRUIT, Draw(numbers("kind", i))) for i in range(600)]
    assert abs(kinds.count("read") / 600 - 0.2) < 0.06
    assert {pick_kind(FRUIT, Draw(numbers(i)), easy=1.0) for i in range(100)} <= set(EASY)
    assert not askable(figure(0, 1), "sum") or figure(0, 1).kind != "number"


def test_ratings_are_ten_for_the_truth_and_more_for_nearer_numbers():
    assert closeness("40", "40") == 10
    assert closeness("40", "41") > closeness("40", "50") > closeness("40", "90")
    assert closeness("kiwi", "plum") == 1
