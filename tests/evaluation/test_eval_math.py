"""eval math: its keys on a tiny random model, its numbers on hand-made pools, and the file of solutions."""

import json
import re
from functools import partial
from itertools import combinations

import numpy as np
import pytest

from tts_playground.errors import BadInput
from tts_playground.estimators.curves import pass_at_k
from tts_playground.evaluation import math as math_eval_script
from tts_playground.evaluation import math_pool, math_revision, math_steps, math_typed
from tts_playground.evaluation.math_pool import Solutions
from tts_playground.home import CHECKPOINTS
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.tasks.solving import lm_sampler
from tts_playground.train.common.config import TrainConfig, train
from tts_playground.worlds.arithmetic import math_eval
from tts_playground.worlds.arithmetic.as_typed import BARE


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    place = tmp_path_factory.mktemp("math")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTS_PLAYGROUND_HOME", str(place / "home"))
        common = {"miniature": True, "device": "cpu", "workers": 0, "steps": 3, "minutes": 0.2}
        writer = train("tiny-math", TrainConfig(out=place / "math", **common))
        return writer, train("tiny-prm", TrainConfig(out=place / "prm", math=writer, **common))


def said(answers, unique_id=""):
    """Solutions of one line that box these answers."""
    texts = tuple(f"\\boxed{{{one}}}" if one else "no box" for one in answers)
    return Solutions(unique_id, texts, tuple(answers), tuple((text,) for text in texts), (10,) * len(texts))


def judged(rows, rewards, greedy):
    """Pools of the first problems of math-eval, in which "right" stands for the right answer."""
    asked = math_eval(len(rows))

    def filled(row, one):
        return said([one.answer if answer == "right" else answer for answer in row])

    pool = [filled(row, one) for row, one in zip(rows, asked, strict=True)]
    first = [filled([one], problem) for one, problem in zip(greedy, asked, strict=True)]
    scores = [[(reward,) for reward in row] for row in rewards]
    return math_eval_script.JudgedSolutions(asked, first, pool, scores)


def test_numbers_of_a_hand_made_pool():
    rows = [["right", "right", "-1", "-2"], ["right", "-1", "-1", ""]]
    rewards = [[0.2, 0.3, 0.9, 0.1], [0.9, 0.2, 0.2, 1.0]]
    found = math_eval_script.metrics(judged(rows, rewards, ["right", "-1"]))
    value = {name: one.value for name, one in found.items()}
    assert value["greedy"] == 0.5 and value["single"] == value["pass@1"] == value["maj@1"] == 3 / 8
    assert value["pass@4"] == 1.0 and value["best@4"] == 0.0 and value["believed@4"] == pytest.approx(0.95)
    assert value["maj@4"] == 0.5  # two of four, and one of three boxes
    assert value["weighted@4"] == 0.5  # .5 against .9, and .9 against .4: an empty box has no vote
    assert value["maj@4_minus_greedy"] == 0.0 and value["best_peak_k"] == 1
    assert {f"greedy_level{one.level}" for one in math_eval(2)} <= set(found)


def test_curves_over_k_are_means_over_all_subsets():
    rng = np.random.default_rng(1)
    row = rng.choice(["right", "-1", "-2"], 8).tolist()
    rewards = rng.random(8).tolist()
    value = {k: v.value for k, v in math_eval_script.metrics(judged([row], [rewards], ["-1"])).items()}
    good = np.array([one == "right" for one in row])
    subsets = [list(some) for some in combinations(range(8), 4)]
    assert value["pass@4"] == pytest.approx(np.mean([good[some].any() for some in subsets]))
    assert value["best@4"] == pytest.approx(
        np.mean([good[some[np.argmax(np.take(rewards, some))]] for some in subsets])
    )


def test_intervals_hold_their_values():
    rng = np.random.default_rng(0)
    rows = [rng.choice(["right", "-1", "-2"], 6).tolist() for _ in range(20)]
    found = math_eval_script.metrics(judged(rows, rng.random((20, 6)).tolist(), ["right", "-1"] * 10))
    for name, one in found.items():
        assert one.low is None or one.high is None or one.low <= one.value <= one.high, name
    assert found["greedy"].n == 20 and found["greedy_level1"].n == 4


def test_step_numbers_of_hand_made_scores():
    labels = [[[True, True], [True, False]], [[False, False], [True]]] * 5
    scores = [[[0.9, 0.8], [0.7, 0.1]], [[0.6, 0.2], [0.9]]] * 5
    found = math_steps.judging(scores, labels)
    assert found["right_kept"].value == 1.0 and found["first_error_found"].value == 0.5
    assert found["first_error_f1"].value == pytest.approx(2 / 3)
    assert found["step_auroc"].value == 1.0  # no wrong step scores above a right one
    assert all(one.low is None or 0 <= one.low <= one.value <= one.high <= 1 for one in found.values())
    assert "first_error_found" not in math_steps.judging([[[0.9]]] * 3, [[[True]]] * 3)
    assert math_steps.first_wrong([0.9, 0.49, 0.1]) == 1 and math_steps.first_wrong([0.5]) is None


def test_the_threshold_of_the_first_error_is_chosen_elsewhere_and_kept_on_the_card():
    labels = [[[True, True], [True, False]], [[False, False], [True]]] * 5
    scores = [[[0.9, 0.8], [0.7, 0.1]], [[0.6, 0.2], [0.9]]] * 5
    chosen = math_steps.chosen_threshold(scores, labels)
    assert chosen == 0.65  # above .6, so that the first step of the third is named; the nearest to .5 that does so
    found = math_steps.judging(scores, labels, threshold=chosen)
    assert found["first_error_f1"].value == found["first_error_found"].value == found["right_kept"].value == 1.0
    assert math_steps.judging(scores, labels)["first_error_found"].value == 0.5
    assert math_steps.chosen_threshold([[[0.9]]], [[[True]]]) == math_steps.THRESHOLD  # nothing to choose by


@pytest.mark.parametrize("right", [0, 1, 3, 8])
def test_fresh_tries_at_equal_tokens(right):
    for k in (1, 2, 5, 8):
        assert math_revision.any_right(8, right, k) == pytest.approx(pass_at_k(8, right, k))
    assert math_revision.any_right(8, right, 0) == 0
    middle = (pass_at_k(8, right, 1) + pass_at_k(8, right, 2)) / 2
    assert math_revision.any_right(8, right, 1.5) == pytest.approx(middle)
    assert math_revision.any_right(8, right, 99) == float(right > 0)


def test_a_verdict_names_the_first_wrong_step():
    one = math_eval(3)[2]  # three steps, and the answer
    steps = one.solution.split("\n\n")
    wrong = (steps[0], steps[1].replace(" = ", " = 1"), *steps[2:])
    attempt = Solutions("", ("\n\n".join(wrong),), ("",), (wrong,), (1,))
    assert "2" in math_revision.said_of(one, attempt)
    last = (*steps[:-1], steps[-1].replace(one.answer, "-1"))
    assert not any(c.isdigit() for c in math_revision.said_of(one, Solutions("", ("",), ("",), (last,), (1,))))


def test_the_same_expressions_are_asked_in_words_and_as_typed():
    told, typed = math_typed.asked(40)
    assert len(told) == len(typed) == 40 and {one.level for one in told} == {1, 2}
    assert {one.subject for one in told} == set(BARE)
    for one, other in zip(told, typed, strict=True):
        assert one.problem != other.problem and one.answer == other.answer
        keys = [re.sub(r"[^\d()+-]", "", text) for text in (one.problem, other.problem)]
        assert keys[0] == keys[1]


def test_the_whole_script_and_its_card(models, tmp_path, monkeypatch):
    # what has learnt nothing does not end what it writes
    monkeypatch.setattr(math_eval_script, "SolutionSettings", partial(SolutionSettings, max_tokens=64))
    monkeypatch.setattr(math_eval_script, "PRACTISED", (77_500, 3))
    monkeypatch.setattr(math_typed, "PROBLEMS", 4)
    writer, prm = models
    file = tmp_path / "pool.jsonl"
    found = math_eval_script.run(str(writer), str(prm), "", problems=5, n=2, out=file, card=True)["metrics"]
    assert {"greedy", "pass@2", "maj@2", "weighted@2", "best@2", "greedy_level5", "revised", "typed"} <= set(found)
    assert all(m["low"] is None or m["low"] <= m["value"] <= m["high"] for m in found.values())
    assert f"{prm} step_ece" in found and len(file.read_text().splitlines()) == 6
    assert "| weighted@2 |" in (writer / "README.md").read_text()
    card = (prm / "README.md").read_text()
    told = found[f"{prm} threshold"]
    assert 0 < told["value"] < 1 and told["n"] == 3 and "| threshold |" in card
    assert "| step_ece |" in card and "5 problems of math-eval, 2 solutions each at T = 0.8" in card
    for wrong in ({"problems": 4}, {"n": 1}, {"n": 300}):
        with pytest.raises(BadInput, match="5 to 500 problems"):
            math_eval_script.run(str(writer), str(prm), **wrong)


@pytest.mark.parametrize("wrong", ["prm", "judge"])
def test_a_judge_that_is_not_there_is_said_before_anything_is_drawn(models, tmp_path, monkeypatch, wrong):
    monkeypatch.setattr(math_eval_script, "drawn", lambda *rest, **more: pytest.fail("drawn"))
    judges = {"prm": str(models[1]), "judge": ""} | {wrong: str(tmp_path / "nothing")}
    with pytest.raises(BadInput, match="nothing"):
        math_eval_script.run(str(models[0]), **judges, problems=5, n=2)


def test_a_file_of_solutions_goes_on_where_it_ended(models, tmp_path):
    sampler, file = lm_sampler(str(models[0]), SolutionSettings(max_tokens=30)), tmp_path / "pool.jsonl"
    asked = math_eval(4)
    whole = math_pool.drawn(sampler, asked, 2, 0)
    assert math_pool.drawn(sampler, asked[:2], 2, 0, file=file) == whole[:2]
    file.write_bytes(file.read_bytes() + b'{"unique_id": "torn')
    watched = []
    assert math_pool.drawn(sampler, asked, 2, 0, file=file, watch=lambda: watched.append(1)) == whole
    assert len(watched) == 2 and all(json.loads(line) for line in file.read_text().splitlines())
    with pytest.raises(BadInput, match="by another model or with other settings"):
        math_pool.drawn(sampler, asked, 3, 0, file=file)


def test_no_sampler_sees_the_truth():
    assert math_pool.task_of(math_eval(1)[0]).answer == ""


@pytest.mark.skipif(not (CHECKPOINTS / "math" / "config.json").exists(), reason="tiny:math is not here")
def test_the_shipped_model_solves_what_it_should():
    asked = math_eval(20)
    drawn = math_pool.drawn(lm_sampler("tiny:math", SolutionSettings(0.0)), asked, 1, 0)
    from tts_playground.worlds.arithmetic import is_correct

    right = sum(is_correct(one, own.texts[0]) for one, own in zip(asked, drawn, strict=True))
    assert 5 <= right <= 18
