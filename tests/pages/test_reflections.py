"""The homework's reflections: each answer is what the page's own numbers say, or says what to press for them."""

from typing import Any

import pytest

from tts_playground.core import Cost, Sample
from tts_playground.dsl import Program, parse
from tts_playground.pages.sketch import learn_state, reflections, tour
from tts_playground.pages.sketch.learn_state import LearnRun
from tts_playground.pages.sketch.replies import DrawingReplies
from tts_playground.pages.sketch.tour_stop import LearnFindings, SketchEvidence
from tts_playground.pages.tour import NotYet

CIRCLE = "(Circle 3 8 8)"


def seen(**found: Any) -> SketchEvidence:
    return SketchEvidence(None, None, LearnFindings(**found))


def reply(index: int, text: str, program: str = "", read: str = "in the text", error: str = "") -> Sample:
    content = parse(program) if program else Program()
    info = {"reply": text, "read": read, "error": error, "closed": False}
    return Sample(content, index, 0, None, Cost(samples=1, tokens=10 * (index + 1)), info=info)


REPLIES = DrawingReplies(
    "tiny:sketch",
    False,
    (
        reply(0, CIRCLE, CIRCLE),
        reply(1, f"Here it is: {CIRCLE}.", CIRCLE),
        reply(2, "(Circle 3 8 8", CIRCLE, "in the text; brackets put right"),
        reply(3, "I see nothing.", error="no shape"),
    ),
    (0.8, 0.8, 0.8, 0.0),
)


@pytest.mark.parametrize("stop", [one for one in tour.REFLECTIONS if one.key != "prompt"], ids=lambda one: one.key)
def test_without_findings_each_says_what_to_press(stop):
    told = stop.answer(seen())
    assert isinstance(told, NotYet) and "guess again" in told


@pytest.mark.parametrize("stop", (*tour.STOPS[:1], *tour.STOPS[2:4]), ids=lambda one: one.key)
def test_without_a_drawing_the_first_questions_wait_too(stop):
    assert isinstance(stop.answer(seen()), NotYet)


def test_replies_as_they_are_against_replies_that_are_searched():
    told = reflections.reading(seen(replies=REPLIES))
    assert told == (
        "Of 4 replies of tiny:sketch, 1 is a program and nothing else. Looking for one in the text reads 3, 1 of them"
        " with brackets put right. Mean IoU: 0.20 for replies taken as they are, 0.60 for replies that are searched."
    )
    assert reflections.direct(seen(replies=REPLIES)).startswith(
        "Replies of tiny:sketch take 25 tokens on average, and 1 of 4 are the program alone."
    )


def test_what_the_prompt_says_is_counted_and_no_example_is_a_test():
    from tts_playground.dsl.instructions import EXAMPLES

    barred = learn_state.held_out()
    assert not any(parse(text) in barred for _, text in EXAMPLES)
    assert f"{len(EXAMPLES)} examples" in reflections.prompt(seen())


def test_data_sets_are_compared_by_their_reports():
    sets = learn_state.judged(
        [
            learn_state.DataSet("evolved", (CIRCLE, CIRCLE, f"(+ {CIRCLE} (Circle 2 8 8))", "(Quad 8 8 4 4 0)")),
            learn_state.DataSet("hand-written", (CIRCLE, "(Circle 2 4 4)", "(Quad 3 3 4 4 0)", "(Quad 9 9 9 2 45)")),
        ]
    )
    learned = seen(sets=sets)
    assert reflections.variety(learned).startswith("50 % of its 4 pictures came before; 0 % of “hand-written”.")
    assert reflections.faults(learned).startswith(
        "Of the evolved data set: operands without effect: 50 %; pictures that came before: 50 %; programs with"
    )
    told = reflections.better(learned)
    assert told.startswith("Written by rules, better in ") and "pictures that came before (0.00, evolved 0.50)" in told
    assert isinstance(reflections.better(seen(sets={"evolved": sets["evolved"]})), NotYet)


def test_more_passes_are_judged_by_what_was_held_back():
    losses = tuple((step, 2.0 - 0.1 * step) for step in range(1, 9))
    facts = {"trained_weights": 5, "weights": 1000, "rows": 48, "settings": {}}
    bare = reflections.epochs(seen(run=LearnRun(losses, 8, "a", "", facts)))
    assert bare.startswith("On what it was shown, the mean loss of the last 2 steps is 1.25, of the 2 before 1.45")
    assert bare.endswith("learning by heart.")
    for after, words in ((1.3, "0.05 above that of what it was shown: more passes may still help"), (1.9, "by heart.")):
        held = {"before": 2.0, "after": after, "rows": 12}
        told = reflections.epochs(seen(run=LearnRun(losses, 8, "a", "", {**facts, "held_out": held})))
        assert told.rstrip(".").endswith(words.rstrip("."))


def test_every_question_has_its_own_key_and_the_chain_goes_on():
    cards = tour.tour_cards()
    assert len(cards) == len(tour.STOPS) + len(tour.REFLECTIONS)
    assert cards["training"].after == "reading" and cards["reading"].before == "training"
    assert tour.named("downstream") is tour.REFLECTIONS[-1]
