"""What tours of all tabs have in common: cards, and answers in sentences that numbers support."""

import numpy as np
import pytest

from tts_playground.auditing.scripted import SCRIPTS
from tts_playground.pages.audit import page_state as audit_state
from tts_playground.pages.audit import tour as audit_tour
from tts_playground.pages.audit.view_settings import AuditView
from tts_playground.pages.math import tour as math_tour
from tts_playground.pages.math.page_state import MathPageState
from tts_playground.pages.math.view_settings import MathView
from tts_playground.pages.sketch import tour as sketch_tour
from tts_playground.pages.t2i import guided_experiments, tour_answers
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.tour_answers import Evidence
from tts_playground.pages.t2i.view_settings import T2iView
from tts_playground.pages.tour import JudgedAnswer, NotYet, cards
from tts_playground.pages.vqa import tour as vqa_tour
from tts_playground.pages.vqa.tour import AnswerEvidence


def test_where_something_has_to_be_done_first_one_can_guess_again():
    card = cards("t2i", [("one", "1 One", "Which?", ("this", "that"), "t2i-curve")])["one"]
    told = card.shown(guess="this", answer=NotYet("Press “Draw”, then guess again."))
    assert told.count("data-guess=") == 2 and "You said" not in told and "guess again" in told
    assert card.shown(guess="this", answer="It is that.").count("data-guess=") == 0


def test_a_guess_is_judged_where_the_answer_knows_which_is_right():
    card = cards("vqa", [("one", "1 One", "Which?", ("this", "that", "both"), "vqa-curve")])["one"]
    told = JudgedAnswer("It is 0.5.", "this", "both")
    assert "You said: both. That is right. It is 0.5." in card.shown(guess="both", answer=told)
    assert "You said: that. Not so here: “this” or “both”. It is 0.5." in card.shown(guess="that", answer=told)
    assert "You said: that. It is 0.5." in card.shown(guess="that", answer=JudgedAnswer("It is 0.5."))
    assert "right" not in card.shown(guess="this", answer=NotYet("Press “Draw”."))


def judged(stop, *seen):
    told = stop.answer(*seen)
    assert isinstance(told, JudgedAnswer) and set(told.right) <= set(stop.guesses) and told.right
    return told.right


def test_what_an_audit_finds_judges_the_guesses():
    for model, off, cause, temperature in (
        ("scripted:loves-7", ("1 to 10 %", "more than 10 %"), "the digit", "less fair"),
        ("scripted:likes-the-middle", ("1 to 10 %",), "the condition", "less fair"),
        ("scripted:fair", ("less than 1 %",), "", "the same"),
    ):
        *_, work = audit_state.audit(AuditView(model=model))
        report = work.report()
        assert judged(audit_tour.named("even"), work, report)[0] in off
        if cause:
            assert judged(audit_tour.named("cause"), work, report) in ((cause,), ("the place",))
        assert judged(audit_tour.named("temperature"), work, report) == (temperature,)
        assert judged(audit_tour.named("script"), work, report) == (SCRIPTS[model][0],)
        assert judged(audit_tour.named("draws"), work, report)


def test_questions_with_one_right_answer_are_judged_on_all_tabs():
    nothing = AnswerEvidence(None, None)
    for key, right in (("once", "about 57 %"), ("cut", "top-p"), ("hot", "uniform")):
        assert judged(vqa_tour.named(key), nothing) == (right,)
    assert judged(sketch_tour.named("prompt"), None) == ("the grammar and examples",)
    stop = guided_experiments.named("temperature")
    (best,) = judged(stop, Evidence(GalleryState(T2iView(prompt="a cat and a purple guitar"))))
    assert f"adds most at {best}." in stop.answer(Evidence(GalleryState(T2iView(prompt="a cat and a purple guitar"))))


def test_a_title_that_asks_gets_no_full_stop():
    card = cards("vqa", [("n", "3.2 Which N?", "Up to which?", ("1", "4"), "vqa-set-curve")])["n"]
    assert "<b>3.2 Which N?</b> Up to which?" in card.shown()


@pytest.mark.parametrize("key", [one.key for one in guided_experiments.STOPS if one.action != "sweep"])
def test_without_images_the_image_tab_asks_for_them_first(key):
    view = guided_experiments.named(key).view(T2iView(prompt="a prompt of which nothing was drawn"))
    assert isinstance(guided_experiments.named(key).answer(Evidence(GalleryState(view))), NotYet)


def test_the_sweep_that_ships_is_called_by_its_prompt():
    stop = guided_experiments.named("temperature")
    told = stop.answer(Evidence(GalleryState(T2iView(prompt="a prompt of which nothing was drawn"))))
    assert told.startswith("On “a cat and a purple guitar”, choosing among 8 adds most at T = ")
    assert stop.answer(Evidence(GalleryState(T2iView(prompt="a cat and a purple guitar")))).startswith("Choosing among")


def test_other_tabs_ask_for_what_is_missing():
    nothing = AnswerEvidence(None, None)
    assert isinstance(vqa_tour.named("votes").answer(nothing), NotYet)
    assert isinstance(vqa_tour.named("cheaper").answer(nothing), NotYet)
    assert isinstance(sketch_tour.FIRST, NotYet) and isinstance(sketch_tour.POOL, NotYet)
    assert isinstance(math_tour.STOPS[0].answer(MathPageState(MathView())), NotYet)
    assert tour_answers.DRAW_FIRST.endswith("then guess again.")


def test_the_audits_answers_speak_of_points_and_of_a_script_by_its_name():
    *_, work = audit_state.audit(AuditView(model="scripted:loves-7"))
    cause = audit_tour.named("cause").answer(work, work.report())
    assert "points of 100 higher" in cause and " % higher" not in cause
    named = audit_tour.named("script").answer(work, work.report())
    assert "It is the script “loves 7: three times as readily”." in named


def test_strategies_are_called_by_their_titles_in_menus_legends_and_sentences():
    from tts_playground.estimators.curves import Curve
    from tts_playground.estimators.intervals import Interval
    from tts_playground.experiments.comparison import Comparison, StrategyPoint
    from tts_playground.pages.strategy_names import called, title, titled
    from tts_playground.pages.t2i import strategy_comparison
    from tts_playground.ui.t2i import strategy_comparison_view

    assert [title(name) for name in ("dvts", "best_of_n", "one of my own")] == ["DVTS", "best-of-N", "one of my own"]
    assert called("smc") == "Particles (SMC)"
    assert ("PARM", "parm") in strategy_comparison_view._titled(["parm"])
    points = tuple(
        StrategyPoint(name, Interval(value, value - 0.01, value + 0.01, 8), {"samples": 4.0}, budget=4)
        for name, value in (("parm", 0.9), ("dvts", 0.1))
    )
    line = Curve(np.array([1, 2, 3, 4]), np.array([0.4, 0.44, 0.47, 0.5]), None, None)
    found = strategy_comparison.Beyond(Comparison(line, points), "geneval")
    told = strategy_comparison.verdict(found)
    assert "PARM wins: 0.900" in told and "DVTS is clearly worse: 0.100." in told
    figure = strategy_comparison.figure(found, "n")
    assert {trace.name for trace in figure.data} >= {"PARM", "DVTS"}
    assert [point.label for point in titled(points)] == ["PARM", "DVTS"] and points[0].label == "parm"
