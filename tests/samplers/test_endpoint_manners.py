"""Servers as people have them: each refuses, leaves out or garbles something, and the right thing comes of it."""

import logging
from email.utils import formatdate

import pytest
from endpoint_servers import Answer, Asked, completion, refusal, serve, well

from tts_playground.errors import BadInput, CannotDo, ModelUnavailable
from tts_playground.models.endpoint import client as clients
from tts_playground.samplers.endpoint import EndpointSampler
from tts_playground.samplers.vlm_settings import AnswerSettings

OPTIONAL = ("temperature", "top_p", "top_k", "seed", "logprobs", "n")


@pytest.fixture
def waits(monkeypatch):
    """The waits between tries, which are not waited."""
    found = []
    monkeypatch.setattr(clients.Client, "_rest", lambda self, seconds: found.append(seconds))
    return found


def draw(play, count=1, **more):
    """(samples, error or None, server, sampler) of a server that answers by ``play``."""
    more = {"workers": 1, "settings": AnswerSettings(0.7, 0.9, 5)} | more
    with serve(play) as (server, url):
        sampler, found, trouble = EndpointSampler(url, "m", **more), [], None
        try:
            for sample in sampler.draw(Asked(), range(count)):
                found.append(sample)  # noqa: PERF402  what came before an error is kept
        except CannotDo as error:
            trouble = error
    return found, trouble, server, sampler


def without(name, message, status=400, **more):
    """Refuses a parameter where it is given."""
    return lambda seen: refusal(message, status, **more) if name in seen.body else well(seen)


def detail(name):
    """FastAPI's form of a refusal."""
    return Answer({"detail": [{"loc": ["body", name], "msg": "Extra inputs are not permitted", "type": "x"}]}, 422)


REFUSALS = {
    "max_tokens": without(
        "max_tokens",
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        code="unsupported_parameter",
    ),
    "logprobs": without("logprobs", "logprobs is not supported"),
    "temperature": without(
        "temperature",
        "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) is supported.",
        param="temperature",
    ),
    "top_k": without("top_k", "Unrecognized request argument supplied: top_k"),
    "seed": lambda seen: detail("seed") if "seed" in seen.body else well(seen),
    "n": without("n", "n must be 1 when using greedy sampling, got 1", 400),
    "top_p": without("top_p", "unknown field `top_p`, expected one of `messages`, `temperature`, `seed`, `n`"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_parameter_that_is_refused_is_left_out_with_one_note(name, caplog):
    with caplog.at_level(logging.WARNING):
        samples, trouble, server, sampler = draw(REFUSALS[name], 3)
    assert trouble is None and [one.content for one in samples] == ["fish"] * 3
    assert len(server.seen) == 4  # the refusal is learnt once
    assert name in server.seen[0].body and all(name not in seen.body for seen in server.seen[1:])
    others = server.seen[0].body.keys() - {name}
    assert all(others <= seen.body.keys() for seen in server.seen)
    assert list(sampler.manners.notes) == [name] and len(caplog.records) == 1 and name in caplog.text
    if name == "max_tokens":
        assert server.seen[1].body["max_completion_tokens"] == server.seen[0].body["max_tokens"]


@pytest.mark.parametrize("status", [400, 422, 200])
def test_a_server_that_refuses_everything_optional(status):
    def play(seen):
        given = [name for name in OPTIONAL if name in seen.body]
        return refusal(f"Unknown parameter: '{given[0]}'", status) if given else well(seen)

    samples, trouble, server, sampler = draw(play, 4, per_request=2)
    assert trouble is None and len(samples) == 4 and len(server.seen) == len(OPTIONAL) + 4
    assert set(sampler.manners.notes) == set(OPTIONAL)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("This model's maximum context length is 4096 tokens. However, you requested 5000 tokens", 400),
        ("'max_tokens' or 'max_completion_tokens' is too large: 96. The maximum context length is 90", 400),
        ("Invalid 'temperature': must be between 0 and 1", 400),
        ("This model does not support image input", 400),
        ("The vision add-on is not loaded", 200),
        ("CUDA out of memory. Tried to allocate 2 GiB", 500),
        ("You exceeded your current quota", 429),
    ],
)
def test_what_a_server_says_is_quoted_at_once(said, status, waits):
    samples, trouble, server, _ = draw(lambda _: refusal(said, status), 2)
    assert samples == [] and said in str(trouble) and len(server.seen) == 1 and waits == []


@pytest.mark.parametrize(
    "body",
    [
        {"error": "it is broken"},
        {"error": {"message": "it is broken"}},
        {"object": "error", "message": "it is broken", "code": 400},
        {"detail": "it is broken"},
        {"detail": [{"loc": ["body"], "msg": "it is broken"}]},
        {"error": {"message": "it is\x1b[31m \r\n\u202ebroken\x00"}},
        "it is broken",
    ],
)
def test_wherever_a_server_says_it(body):
    _, trouble, _, _ = draw(lambda _: Answer(body, 400))
    said = str(trouble)
    assert "HTTP 400" in said and "broken" in said and "it is" in said
    assert said.isprintable()


def test_a_long_quotation_is_shortened_and_holds_no_marks_of_html():
    _, trouble, _, _ = draw(lambda _: refusal("<img src=x onerror=alert(1)>" + "so " * 5000))
    assert len(str(trouble)) < 500 and "<" not in str(trouble) and "…" in str(trouble)


@pytest.mark.parametrize(
    ("play", "match"),
    [
        (lambda _: Answer("<!doctype html><html><title>Sign in\n</title></html>"), "a web page .“Sign in”"),
        (lambda _: Answer(""), "an empty reply"),
        (lambda _: Answer("ok then"), "ok then"),
        (
            lambda _: Answer('data: {"choices": [{"delta": {"content": "fi"}}]}\n\ndata: [DONE]\n\n'),
            "a stream, although",
        ),
        (lambda _: Answer('{"choices": [{"message": {"content": "fi'), "a reply that breaks off in the middle"),
        (lambda _: Answer({}), "no chat completion"),
        (lambda _: Answer([1]), "no chat completion"),
        (lambda _: Answer({"choices": []}), "0 of 1 replies"),
        (lambda _: Answer({"choices": [None, 3]}), "0 of 1 replies"),
        (lambda _: Answer(completion("fish"), cut=True), "the connection broke"),
        (lambda _: Answer("{}", 503), "HTTP 503"),
        (lambda _: Answer("[" * 100_000, 400), "HTTP 400"),
    ],
)
def test_no_completion_is_one_sentence(play, match, waits):
    samples, trouble, _, _ = draw(play, retries=1)
    assert samples == []
    with pytest.raises(CannotDo, match=match):
        raise trouble


def test_a_connection_that_is_cut_in_the_middle_of_sixteen(waits):
    play = lambda seen: Answer(completion("fish"), cut=seen.number >= 7)  # noqa: E731
    samples, trouble, _, _ = draw(play, 16, retries=1)
    assert [one.index for one in samples] == list(range(7)) and "the connection broke" in str(trouble)


THINKING = "ended while still thinking"


@pytest.mark.parametrize(
    ("reply", "text", "answer"),
    [
        (completion("<think>a cat? no</think>\n fish"), "fish", "fish"),
        (completion("a cat? no</think> fish"), "fish", "fish"),  # the template has opened it
        (completion("[THINK]a cat?[/THINK]fish"), "fish", "fish"),
        (completion("<think>answer: cat"), THINKING, "…"),
        (completion("<think></think>", reasoning="a cat"), THINKING, "…"),
        (completion(None, finish="length", reasoning_content="answer: cat"), THINKING, "…"),
        (completion(None, finish="length"), THINKING, "…"),
        (completion(""), "an empty reply", "…"),
        (completion(None, refusal="I will not say."), "I will not say.", "I will not say"),
        (
            completion([{"type": "text", "text": "fi"}, {"type": "image"}, {"type": "text", "text": "sh"}]),
            "fish",
            "fish",
        ),
        (completion("it swims\nanswer: fish", finish="length"), "it swims\nanswer: fish", "fish"),
    ],
)
def test_what_is_an_answer(reply, text, answer, caplog):
    (sample,), trouble, _, _ = draw(lambda _: Answer(reply))
    assert trouble is None and text in sample.content and sample.info["answer"] == answer
    assert sample.info["finished"] == (reply["choices"][0]["finish_reason"] == "stop" and text != THINKING)
    assert ("1 of 1 replies ended while still thinking" in caplog.text) == (text == THINKING)


@pytest.mark.parametrize(
    ("logprobs", "known"),
    [
        ({"content": [{"logprob": -1.0}, {"logprob": -0.25}]}, -1.25),
        ({"tokens": ["fi", "sh"], "token_logprobs": [-1.0, -0.25], "text_offset": [0, 2]}, -1.25),
        ({"content": [{"logprob": -1.0}, {"logprob": -9999.0}]}, None),
        ({"content": [{"logprob": None}]}, None),
        ({"content": [{"token": "fish"}]}, None),
        ({"content": []}, None),
        ({"content": None}, None),
        (None, None),
        ([-1.0], None),
    ],
)
def test_log_probabilities_in_all_their_forms(logprobs, known):
    reply = completion("fish", usage={"completion_tokens": 7, "prompt_tokens": 90})
    reply["choices"][0]["logprobs"] = logprobs
    (sample,), _, _, _ = draw(lambda _: Answer(reply))
    assert sample.logprob == known and sample.cost.tokens == 7  # the bill counts


def test_a_bill_for_several_choices_is_shared_out():
    play = lambda _: Answer(completion("a", "b", "c", tokens=0, usage={"completion_tokens": 8}))  # noqa: E731
    samples, _, _, _ = draw(play, 3, per_request=3)
    assert [one.cost.tokens for one in samples] == [3, 3, 2]


@pytest.mark.parametrize("given", [1, 3])
def test_choices_that_are_missing_are_asked_for(given):
    play = lambda seen: Answer(completion(*[f"fish {seen.body['seed']}"] * min(given, seen.body.get("n", 1))))  # noqa: E731
    samples, trouble, server, _ = draw(play, 8, per_request=4)
    assert trouble is None and len(samples) == 8 and len(server.seen) == 1 + (4 - given) + 4
    again, _, _, _ = draw(play, 8, per_request=4)
    assert [one.content for one in again] == [one.content for one in samples]


def test_choices_that_came_are_kept_when_the_others_do_not(waits):
    def play(seen):
        return Answer(completion("fish", "cat")) if seen.number == 0 else refusal("no more today")

    samples, trouble, _, _ = draw(play, 4, per_request=4)
    assert [one.content for one in samples] == ["fish", "cat"] and "no more today" in str(trouble)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0"}, 0.0),
        ({"retry-after-ms": "1500", "Retry-After": "2"}, 1.5),
        ({"Retry-After": formatdate(0)}, 0.0),  # long ago
        ({"Retry-After": "soon"}, 1.0),
        ({"Retry-After": "-5"}, 1.0),
        ({}, 1.0),
    ],
)
def test_a_server_says_when_to_come_back(headers, wait, waits):
    def play(seen):
        return well(seen) if seen.number else Answer({"error": "slow down"}, 429, headers)

    samples, trouble, _, _ = draw(play)
    assert trouble is None and len(samples) == 1 and waits == [wait]


def test_nobody_waits_for_an_hour(waits):
    samples, trouble, server, _ = draw(lambda _: Answer({"error": "later"}, 429, {"Retry-After": "3600"}))
    assert samples == [] and waits == [] and len(server.seen) == 1
    assert "3600 s (HTTP 429)" in str(trouble) and "120 s" in str(trouble)


def test_a_server_that_loads_its_model_is_waited_for(waits):
    loading = Answer({"error": {"message": "Loading model", "code": 503}}, 503)
    samples, trouble, _, _ = draw(lambda seen: loading if seen.number < 20 else well(seen))
    assert trouble is None and len(samples) == 1 and waits == [1.0] * 20
    waits.clear()
    samples, trouble, _, _ = draw(lambda _: loading)
    assert samples == [] and "still loading 'm' after 120 s" in str(trouble) and sum(waits) == 120


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/", "/v1/chat/completions"])
def test_base_addresses_and_names_of_models(path):
    with serve() as (server, url):
        name = "@org/some@v2:latest"
        sampler = EndpointSampler(url.removesuffix("/v1") + path, name)
        assert len(list(sampler.draw(Asked(), [0]))) == 1
    assert server.seen[0].path == "/v1/chat/completions" and server.seen[0].body["model"] == name


def test_further_fields_of_a_request():
    extra = {"chat_template_kwargs": {"enable_thinking": False}}
    _, _, server, sampler = draw(well, extra_body=extra)
    assert server.seen[0].body["chat_template_kwargs"] == {"enable_thinking": False}
    assert sampler.fingerprint()["extra_body"] == extra and hash(sampler)
    assert "extra_body" not in EndpointSampler(sampler.url, "m").fingerprint()
    with pytest.raises(BadInput, match="messages"):
        EndpointSampler(sampler.url, "m", extra_body={"messages": []})


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_a_missing_model_is_no_refused_parameter(temperature):
    settings = AnswerSettings(temperature)
    play = lambda _: refusal("The model `m` does not exist (n=1, seed is not supported)", 404)  # noqa: E731
    _, trouble, server, _ = draw(play, settings=settings)
    assert isinstance(trouble, ModelUnavailable) and "does not exist" in str(trouble) and len(server.seen) == 1
