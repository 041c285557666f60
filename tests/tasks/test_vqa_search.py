"""A search over reasoning steps: every strategy, by both guides, on a random model; its cost and its tree."""

import json

import pytest
import tiny_vlms

from tts_playground.core import Budget
from tts_playground.errors import BadInput, UnknownName
from tts_playground.experiments.comparison import comparable
from tts_playground.experiments.trace import trace
from tts_playground.samplers.vlm_settings import AnswerSettings
from tts_playground.strategies.beam import Beam
from tts_playground.tasks.vqa import VqaTask, vqa_sampler
from tts_playground.tasks.vqa_search import StepSearch, judge_of, reason, search_steps

QUESTION = "what is the value of kiwi?"
VOTES = ("rebase", "adaptive", "confidence")
"""whose answer is the one with the heaviest votes, not the one that the guide likes best"""
SETTINGS = AnswerSettings(most_tokens=24, most_steps=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_vlms.save("tiny", tmp_path_factory.mktemp("vlm")))


@pytest.fixture(scope="module")
def sampler(folder):
    return vqa_sampler(folder, SETTINGS)


@pytest.fixture(scope="module")
def task():
    return VqaTask.of(tiny_vlms.picture(), QUESTION, ["7"])


@pytest.mark.parametrize("guide", ["p_yes", "logprob", "rating"])
@pytest.mark.parametrize("strategy", comparable("vqa"))
def test_every_search_streams_and_ends_with_an_answer(sampler, task, strategy, guide):
    *before, last = search_steps(task, sampler, StepSearch(strategy, guide, 4), seed=1)
    assert last.done and not any(one.done for one in before)
    assert [len(one.rounds) for one in (*before, last)] == list(range(1, len(before) + 2))
    assert 1 <= len(last.finished) <= 4 and last.answer in [one.sample.info["answer"] for one in last.finished]
    assert last.best is not None
    if strategy in VOTES:
        assert any(one.sample is last.best.sample for one in last.finished)
    else:
        assert last.best.reward == max(one.reward for one in last.finished)
    views = sum(len(one.candidates) for one in last.rounds)
    assert last.cost.verifier_calls == (0 if guide == "logprob" or strategy == "confidence" else views)
    assert last.cost.samples == len(last.finished) <= 4
    again = list(search_steps(task, sampler, StepSearch(strategy, guide, 4), seed=1))[-1]
    assert [one.reward for one in again.finished] == [one.reward for one in last.finished]


def test_what_is_dropped_is_paid_for(sampler, task):
    *_, last = search_steps(task, sampler, StepSearch("beam", "logprob", 8))
    shown = trace(last.rounds)
    lanes = {node.lane: node for node in shown.nodes}
    assert last.cost.tokens == shown.spent == sum(node.sample.cost.tokens for node in lanes.values())
    mean = sum(len(one.sample.info["tokens"]) for one in last.finished) / len(last.finished)
    assert last.worth == pytest.approx(last.cost.tokens / mean)
    said = json.loads(json.dumps(last.as_dict() | {"tree": shown.as_dict()}))
    assert said["answer"] == last.answer and said["right"] in (0.0, 1.0)
    assert [one["text"] for one in said["tree"]["nodes"]] == [node.sample.content for node in shown.nodes]


def test_p_yes_sees_every_line_of_an_unfinished_reply(sampler, task):
    (path,) = sampler.step(task, sampler.start(task, [0], seed=0))
    (view,) = sampler.peek(task, [path])
    other = type(view)("quito 3\n" + view.content, 1, info=dict(view.info))
    ours, theirs = judge_of("p_yes", sampler).score(task, [view, other])
    assert ours != theirs
    assert judge_of("logprob", sampler).score(task, [view]) == [view.info["model_logprob"]]


def test_a_search_is_planned_for_its_replies():
    for name in comparable("vqa"):
        for horizon in (1, 2, 16):
            assert StepSearch(name, n=1).plan(horizon)
    assert StepSearch("beam", n=16).plan(16) == Beam(16, 4)
    for wrong, error in (
        (lambda: StepSearch("magic"), UnknownName),
        (lambda: StepSearch("beam", "oracle"), UnknownName),
        (lambda: StepSearch(n=0), BadInput),
        (lambda: StepSearch(n=33), BadInput),
    ):
        with pytest.raises(error):
            wrong()


def test_reason_from_end_to_end(folder):
    picture = tiny_vlms.picture()
    found = reason(picture, QUESTION, model=folder, strategy="smc", n=3, settings=SETTINGS, answers=["7"])
    assert found.done and found.task.right("7") == 1.0 and found.settings == SETTINGS
    blank = reason(picture, QUESTION, model=folder, strategy="smc", n=3, settings=SETTINGS, blank=True)
    assert [one.reward for one in blank.finished] != [one.reward for one in found.finished]
    with pytest.raises(BadInput, match="pauses between steps.*vlm"):
        reason(picture, QUESTION, model="endpoint:some/vlm@http://localhost:1/v1")
    with pytest.raises(BadInput, match="question is empty"):
        reason(picture, " ", model=folder)


def test_closing_the_search_ends_it(sampler, task):
    stream = search_steps(task, sampler, StepSearch("suffix", n=32))
    first = next(stream)
    stream.close()
    assert not first.done and list(stream) == [] and Budget(samples=32).left("samples", first.cost) > 0
