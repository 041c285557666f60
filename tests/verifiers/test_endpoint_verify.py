"""P(yes) and rating of an endpoint, from the likeliest tokens that it shows; the truth is enumerated by hand."""

import logging

import pytest
from endpoint_servers import ENDS, Asked, bare, completion, refusal, said_to, serve, vllm, well
from endpoint_servers import Answer as Sent

from tts_playground.core import Sample
from tts_playground.errors import CannotDo
from tts_playground.samplers.endpoint import EndpointSampler
from tts_playground.tasks.vqa import answer, guide_of, judges
from tts_playground.tasks.vqa_search import judge_of
from tts_playground.testing import check_reward

CAT, DOG = Sample("cat", 0, 0), Sample("dog", 1, 0)


def judge(play, name, samples=(CAT,), **more):
    """(scores, server, sampler) of one verifier of a server."""
    with serve(play) as (server, url):
        sampler = EndpointSampler(url, "m", retries=0, **more)
        (found,) = [one for one in judges(sampler) if one.name == name]
        try:
            scores = found.score(Asked(), list(samples))
        except CannotDo as error:
            scores = str(error)
    return scores, server, sampler


YES = {
    "plain": ({(): {"yes": 0.5, "no": 0.25, "maybe": 0.25}}, 2 / 3),
    "spellings": ({(): {"Yes": 0.3, " yes": 0.2, "YES": 0.1, " No": 0.1, "NO": 0.1, "I": 0.2}}, 0.6 / 0.8),
    "marks of spaces": ({(): {"ĠYes": 0.25, "▁yes": 0.25, "Ġno": 0.25, "▁No": 0.25}}, 0.5),
    "a stop behind it": ({(): {"Yes.": 0.6, "No,": 0.2, "Nobody": 0.2}}, 0.75),
    "no no in sight": ({(): {"Yes": 0.9, "Sure": 0.1}}, 1.0),
    "a space of its own": ({(): {"▁": 0.99, "x": 0.01}, ("▁",): {"yes": 0.6, "no": 0.4}}, 0.6),
    "in two tokens": (
        {(): {"Y": 0.6, "N": 0.4}, ("Y",): {"es": 0.5, "ep": 0.5}, ("N",): {"o": 0.5, "ever": 0.5}},
        0.6,
    ),
}


@pytest.mark.parametrize("case", YES)
@pytest.mark.parametrize("most", [20, 6])
def test_p_yes_is_the_share_of_all_spellings(case, most):
    tree, truth = YES[case]
    (score,), server, _ = judge(vllm(lambda _: tree, most), "p_yes")
    assert score == pytest.approx(truth)
    sent = server.seen[0].body
    assert (sent["logprobs"], sent["top_logprobs"], sent["max_tokens"], sent["temperature"]) == (True, 20, 1, 1.0)
    assert "Proposed answer: cat" in said_to(server.seen[0])
    if most == 6:
        assert {seen.body["top_logprobs"] for seen in server.seen[1:]} == {6}  # as many as the server said


RATINGS = {
    "ten is a token": ({(): {"10": 0.25, "1": 0.0001, "8": 0.75}}, 8.5, 1),
    "ten is two tokens": (
        {(): {"1": 0.4, "8": 0.4, "9": 0.2}, ("1",): {"0": 0.75, ENDS: 0.25}},
        (10 * 0.3 + 0.1 + 3.2 + 1.8),
        2,
    ),
    "one and a space": ({(): {"1": 1.0}, ("1",): {"0": 0.5, " ": 0.25, "": 0.25}}, 5.5, 2),
    "a space before": ({(): {"▁": 1.0}, ("▁",): {"1": 0.5, "2": 0.5}, ("▁", "1"): {"0": 0.5, ENDS: 0.5}}, 3.75, 2),
    "no number as well": ({(): {"5": 0.5, "I": 0.5}}, 5.0, 1),
}


@pytest.mark.parametrize("case", RATINGS)
def test_the_expected_rating(case):
    tree, truth, requests = RATINGS[case]
    (score,), server, _ = judge(vllm(lambda _: tree), "rating")
    assert score == pytest.approx(truth, abs=2e-3) and len(server.seen) == requests


def test_a_server_that_gives_one_reply_at_a_time_tells_as_much():
    tree, truth, _ = RATINGS["ten is two tokens"]
    honest = vllm(lambda _: tree)
    play = lambda seen: refusal("Unknown parameter: 'n'") if "n" in seen.body else honest(seen)  # noqa: E731
    (score,), server, _ = judge(play, "rating")
    assert score == pytest.approx(truth) and len(server.seen) <= 1 + 1 + 8


def by_answer(prompt):
    return {(): {"yes": 0.8, "no": 0.2} if "answer: cat" in prompt else {"yes": 0.1, "no": 0.9}}


def test_equal_answers_are_asked_once_and_the_law_holds():
    scores, server, sampler = judge(vllm(by_answer), "p_yes", [CAT, DOG, CAT, DOG])
    assert scores == pytest.approx([0.8, 0.1, 0.8, 0.1]) and len(server.seen) == 2
    assert guide_of(sampler) is None
    with serve(vllm(by_answer)) as (_, url):
        check_reward(judges(EndpointSampler(url, "m"))[0], Asked(), [CAT, DOG, CAT])


def test_a_search_may_be_guided_by_an_endpoint():
    with serve(vllm(by_answer)) as (_, url):
        judge = judge_of("p_yes", EndpointSampler(url, "m"))
        assert judge.score(Asked(), [Sample("dog\nanswer: cat", 0, 0, info={"answer": "dog"})]) == pytest.approx([0.8])


MUTE = {
    "refuses": lambda seen: refusal("logprobs is not supported") if "logprobs" in seen.body else well(seen),
    "refuses the likeliest": lambda seen: (
        refusal("top_logprobs is not supported") if "top_logprobs" in seen.body else well(seen)
    ),
    "is silent": well,
    "null": lambda _: Sent(completion("yes", logprobs=None)),
    "bare": bare,
}


@pytest.mark.parametrize("case", MUTE)
def test_a_server_without_likeliest_tokens_is_asked_once(case, caplog):
    with serve(MUTE[case]) as (server, url), caplog.at_level(logging.WARNING):
        sampler = EndpointSampler(url, "m")
        asked = 0
        for one in judges(sampler)[:2]:
            with pytest.raises(CannotDo, match="top_logprobs"):
                one.score(Asked(), [CAT, DOG])
            asked = asked or len(server.seen)
        assert len(server.seen) == asked  # the second knows without asking
    notes = [record.message for record in caplog.records]
    assert len(notes) == len(set(notes)) and any("logprobs" in note for note in notes)


@pytest.mark.parametrize(
    ("play", "match"),
    [
        (vllm(lambda _: {(): {"<think>": 1.0}}), "does not begin its reply with one of yes, no"),
        (lambda _: refusal("The vision add-on is not loaded", 200), "The vision add-on is not loaded"),
    ],
)
def test_why_there_is_no_verifier_is_said_once(play, match, caplog):
    said, _, sampler = judge(play, "p_yes", [CAT, DOG])
    assert match in said and len([one for one in sampler.manners.notes.values() if match in one]) == 1
    assert caplog.text.count(match) == 1


def answers_then_judges(prompt):
    """A model that says cat or dog, and believes in cats."""
    if "Proposed answer" not in prompt:
        return {(): {"cat": 0.5, "dog": 0.5}}
    good = "answer: cat" in prompt
    if "Rate" in prompt:
        return {(): {"9": 0.5, "7": 0.5} if good else {"2": 1.0}}
    return {(): {"Yes": 0.9, "No": 0.1} if good else {"Yes": 0.2, "No": 0.8}}


def test_answers_from_end_to_end():
    with serve(vllm(answers_then_judges)) as (_, url):
        found = answer(Asked().image, "which?", model=f"endpoint:a/b@c@{url}", n=12)
    assert set(found.scores) == {"p_yes", "rating", "logprob"} and set(found.answers) == {"cat", "dog"}
    for said, p, rating in zip(found.answers, found.scores["p_yes"], found.scores["rating"], strict=True):
        assert (p, rating) == pytest.approx((0.9, 8.0) if said == "cat" else (0.2, 2.0))
    assert found.answers[found.picks["verifier"]] == "cat"
    assert found.cost.tokens == 12 and found.cost.verifier_calls == 24 and found.model == "a/b@c"


def test_answers_of_a_server_that_refuses_everything_optional():
    with serve(bare) as (_, url):
        found = answer(Asked().image, "which?", model=f"endpoint:m@{url}", n=3)
    assert found.answers == ["7"] * 3 and found.scores == {} and found.cost.tokens == 15  # from its bill
    assert found.cost.verifier_calls == 0 and "verifier" not in found.picks
