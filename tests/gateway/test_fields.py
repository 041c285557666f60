"""Field by field: what is refused by name, what changes nothing, and what lies out of its bounds."""

import json

import httpx
import pytest
from talk import ADD, ASKED

from tts_playground.gateway import fields


def post(served, body, path="", **headers):
    data = body if isinstance(body, (bytes, str)) else json.dumps(body)
    headers = {"Content-Type": "application/json"} | headers
    return httpx.post(f"{served.address}{path}/chat/completions", content=data, headers=headers)


def refused(answer, status=400):
    """The sentence of a refusal in OpenAI's form."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"} and error["message"].endswith((".", "?", "”."))
    assert answer.headers["content-type"] == "application/json"
    return error["message"]


IGNORED = {
    "user": "me",
    "safety_identifier": "x",
    "metadata": {"a": "b"},
    "store": True,
    "service_tier": "auto",
    "prompt_cache_key": "k",
    "prompt_cache_retention": "24h",
    "prediction": {"type": "content", "content": "x"},
    "parallel_tool_calls": False,
    "prompt_cache_options": {},
}
FINE = {
    "frequency_penalty": 0,
    "presence_penalty": 0.0,
    "logit_bias": {},
    "logprobs": False,
    "top_logprobs": 0,
    "tools": [],
    "tool_choice": "none",
    "response_format": {"type": "text"},
    "modalities": ["text"],
}


def test_what_changes_nothing_is_taken(served):
    assert set(IGNORED) == set(fields.IGNORED)
    plain = post(served, ASKED).json()["choices"]
    nulls = dict.fromkeys([*fields.ONLY, "n", "temperature", "stop", "stream_options", "strategy", "settings"])
    for more in (IGNORED, FINE, nulls):
        assert post(served, ASKED | more).json()["choices"] == plain


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("frequency_penalty", 0.5),
        ("presence_penalty", -1),
        ("logit_bias", {"5": 10}),
        ("logprobs", True),
        ("logprobs", 0),
        ("top_logprobs", 5),
        ("tools", [{"type": "function", "function": {"name": "f"}}]),
        ("functions", [{"name": "f"}]),
        ("tool_choice", "required"),
        ("function_call", {"name": "f"}),
        ("response_format", {"type": "json_object"}),
        ("modalities", ["text", "audio"]),
        ("audio", {"voice": "alloy"}),
        ("reasoning_effort", "high"),
        ("verbosity", "low"),
        ("web_search_options", {}),
        ("moderation", {}),
    ],
)
def test_what_asks_for_what_there_is_not_is_refused_by_name(served, name, value):
    assert refused(post(served, ASKED | {name: value})) == f"{name} is not supported here; leave it out."


@pytest.mark.parametrize("name", ["temprature", "base_url", "api_base", "upstream", "model_path", "prm_path", "n_", ""])
def test_unknown_fields_are_refused_by_name(served, name):
    assert f"There is no field called {name!r}" in refused(post(served, ASKED | {name: "http://127.0.0.1:9"}))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"n": 0}, "n must lie between 1 and 16; got 0"),
        ({"n": 17}, "n must lie between 1 and 16"),
        ({"n": 1.5}, "n must be a whole number, not 1.5"),
        ({"n": True}, "n must be a whole number, not True"),
        ({"n": "2"}, "n must be a whole number, not '2'"),
        ({"n": 10**400}, "n must lie between 1 and 16"),
        ({"max_tokens": 10_000}, "max_tokens must lie between 1 and 2048; got 10000"),
        ({"max_completion_tokens": 0}, "max_completion_tokens must lie between 1 and 2048"),
        ({"max_completion_tokens": 5}, "max_tokens and max_completion_tokens say the same"),
        ({"temperature": -0.1}, "temperature must lie between 0 and 5"),
        ({"temperature": float("nan")}, "temperature must be a number"),
        ({"temperature": float("inf")}, "temperature must lie between 0 and 5"),
        ({"temperature": 10**400}, "temperature must be a number"),
        ({"temperature": "hot"}, "temperature must be a number, not 'hot'"),
        ({"temperature": [1]}, "temperature must be a number"),
        ({"top_p": 0}, "top_p must lie between"),
        ({"top_p": 1.01}, "top_p must lie between"),
        ({"seed": 2**63}, "seed must lie between"),
        ({"stop": [""]}, "1 to 200 characters"),
        ({"stop": ["x"] * 9}, "at most 8 texts"),
        ({"stop": ["x" * 201]}, "1 to 200 characters"),
        ({"stop": [7]}, "stop must be a text"),
        ({"stop": {"a": 1}}, "stop must be a text, or a list"),
        ({"stream": 1}, "stream must be true or false"),
        ({"stream_options": {"include_usage": True}}, "stream_options is for streams"),
        ({"stream": True, "stream_options": {"x": 1}}, "include_usage alone"),
        ({"stream": True, "stream_options": {"include_usage": 1}}, "include_usage must be true or false"),
        ({"model": None}, "model must be a text, not nothing"),
        ({"model": ["math"]}, "model must be a text"),
        ({"trace": "no"}, "trace must be true or false"),
        ({"width": 4}, "width is for a search; name its strategy"),
        ({"reward": "judge"}, "reward is for a search"),
        ({"settings": {}}, "settings is for a search"),
    ],
)
def test_values_that_cannot_be_used_are_one_sentence(served, more, says):
    assert says in refused(post(served, ASKED | more))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"strategy": "bem"}, "There is no strategy called 'bem'; did you mean 'beam'?"),
        ({"strategy": "os:system"}, "There is no strategy called 'os:system'"),
        ({"strategy": "parm"}, "strategy 'parm'"),
        ({"strategy": 5}, "strategy must be a text"),
        ({"strategy": "beam", "reward": "prn"}, "There is no judge called 'prn'"),
        ({"strategy": "beam", "reward": "prm:/etc"}, "There is no judge called 'prm:/etc'"),
        ({"strategy": "beam", "reward": "prm:some/model"}, "There is no judge called"),
        ({"strategy": "beam", "reward": "0.5*prm+0.5*prm"}, "There is no judge called"),
        ({"strategy": "beam", "reward": "os:system"}, "There is no judge called"),
        ({"strategy": "beam", "width": 65}, "width must lie between 1 and 64"),
        ({"strategy": "beam", "width": float("nan")}, "width must be a whole number"),
        ({"strategy": "beam", "width": 4, "n": 5}, "n is 5, but a search of width 4 gives no more"),
        ({"strategy": "beam", "aggregation": "sum"}, "There is no aggregation called 'sum'"),
        ({"strategy": "beam", "pick": "worst"}, "There is no pick called 'worst'"),
        ({"strategy": "beam", "settings": []}, "settings must be an object"),
        ({"strategy": "beam", "settings": {"lookahead": 1e9}}, "settings.lookahead must be at most 64"),
        ({"strategy": "beam", "settings": {"lookahead": float("nan")}}, "settings.lookahead must be at most 64"),
        ({"strategy": "beam", "settings": {"lookahead": 1.5}}, "lookahead must be a whole number"),
        ({"strategy": "beam", "settings": {"lookahead": -1}}, "a lookahead of 0 or more"),
        ({"strategy": "beam", "settings": {"children": {"a": 1}}}, "settings.children must be a number, a word"),
        ({"strategy": "beam", "settings": {"width": 5}}, "no setting of 'beam' called 'width'"),
        ({"strategy": "beam", "settings": {"rollout": "wild"}}, "rollout must be one of"),
        ({"strategy": "tournament", "settings": {"judge": "prm:/etc"}}, "no setting of 'tournament' called 'judge'"),
        ({"strategy": "budget-forcing", "settings": {"word": "x"}}, "no setting of 'budget-forcing' called 'word'"),
        ({"strategy": "best-of-n", "settings": {"n": 9}}, "no setting of 'best-of-n' called 'n'"),
        ({"strategy": "mcts", "settings": {"__class__": 1}}, "no setting of 'mcts'"),
    ],
)
def test_searches_that_cannot_be_are_one_sentence(served, more, says):
    assert says in refused(post(served, ASKED | {"messages": ADD} | more))


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        (None, "messages must be a list"),
        ([], "messages must be a list of at least one"),
        ("hi", "messages must be a list"),
        ({"role": "user"}, "messages must be a list"),
        (["hi"], "messages[0] must be an object"),
        ([{"role": "user", "content": None}], "messages[0].content must be a text or a list of parts, not nothing"),
        ([{"role": "user", "content": 5}], "messages[0].content must be a text or a list"),
        ([{"role": "user", "content": ["hi"]}], "messages[0].content[0].type must be text or image_url"),
        ([{"role": "user", "content": [{"type": "text"}]}], "messages[0].content[0].text must be a text"),
        ([{"role": "user", "content": " "}], "problem is empty"),
        ([{"role": "user"}], "messages[0].content must be"),
        ([{"role": "tool", "content": "x"}], "messages[0].role must be system, developer, user or assistant"),
        ([{"role": ["user"], "content": "x"}], "messages[0].role must be"),
        ([{"role": "user", "content": "x", "weight": 1}], "messages[0] has the field 'weight'"),
        ([{"role": "assistant", "content": "x"}], "The last message must be the user's"),
        ([{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "The last message must be"),
        ([{"role": "system", "content": "x"}], "The last message must be"),
        ([{"role": "assistant", "content": "", "tool_calls": [{"id": "1"}]}, *ADD], "messages[0].tool_calls cannot"),
        ([{"role": "user", "content": "x\ud800"}], "holds a character at place 2 that no text has"),
        ([{"role": "user", "content": "x\x00"}], "holds a character at place 2"),
        ([{"role": "user", "content": "x"}] * 201, "There are 201 messages; at most 200"),
        ([{"role": "user", "content": "x" * 60_000}] * 2, "more than 100,000 characters together"),
        ([{"role": "user", "content": "x" * 20_001}], "at most 20,000 are read"),
        ([{"role": "user", "content": "what " * 3000}], "this model holds 256; shorten it"),
    ],
)
def test_conversations_that_cannot_be_are_one_sentence(served, messages, says):
    assert says in refused(post(served, ASKED | {"messages": messages}))
