"""Endpoints behind the gateway: what they are sent and bill, whose key they get, and that none is the gateway."""

import json

import httpx
import openai
import pytest
from endpoint_servers import Answer, completion, keys_of, refusal, vllm, well
from endpoint_servers import serve as endpoint
from talk import ADD, ASKED, ask, at, texts
from test_pictures import ASKED as ABOUT
from test_pictures import SEEN
from text_servers import chat, trimming

from tts_playground.errors import BadInput
from tts_playground.gateway import catalogue
from tts_playground.gateway.guard import onward
from tts_playground.gateway.server import GatewayServer


def billed(server):
    """What a server of ``text_servers`` has read and written."""
    return [(9, len(one["choices"][0]["logprobs"]["content"])) for one in server.told]


@pytest.fixture
def upstream():
    """(server, its address), which remembers what it answers."""
    told = []

    def play(seen):
        answer = chat(seen)
        told.append(answer.body)
        return answer

    with endpoint(play) as (server, url):
        server.told = told
        yield server, url


def test_a_plain_reply_is_one_request_and_the_bill_is_the_upstreams(upstream, serve):
    server, url = upstream
    served = serve([f"far=endpoint:m@{url}"])
    found = ask(at(served), model="far", n=3, stop="so", temperature=0.7, top_p=0.9)
    assert len(server.seen) == 3 and len(set(texts(found))) == 3
    said = [one["choices"][0]["message"]["content"] for one in server.told]
    assert {text.split("so")[0].strip() for text in said} == set(texts(found))
    sent = server.seen[0].body
    assert sent["model"] == "m" and sent["messages"] == ASKED["messages"] and sent["stop"] == ["so"]
    assert sent["temperature"] == 0.7 and sent["top_p"] == 0.9 and sent["max_tokens"] == 24
    assert not {"strategy", "continue_final_message"} & set(sent)
    assert found.usage.completion_tokens == sum(written for _, written in billed(server))
    assert found.usage.prompt_tokens == 9 * 3


@pytest.mark.parametrize("strategy", ["beam", "best-of-n", "adaptive", "mcts"])
def test_a_search_bills_all_that_it_had_drawn(strategy, upstream, serve, folders):
    server, url = upstream
    served = serve([f"far=endpoint:m@{url}"], [f"judge=prm:{folders[1]}"])
    found = ask(at(served, strategy, "judge"), model="far", messages=ADD, extra_body={"width": 6})
    assert found.usage.completion_tokens == sum(written for _, written in billed(server))
    assert found.usage.prompt_tokens == sum(read for read, _ in billed(server))
    assert found.usage.completion_tokens >= found.tts["cost"]["tokens"]


def test_blank_replies_are_paid_for_too(serve):
    told = []

    def play(seen):
        told.append(trimming(seen).body)
        return Answer(told[-1])

    with endpoint(play) as (_, url):
        found = ask(
            at(serve([f"far=endpoint:m@{url}"]), "beam", "none"), model="far", messages=ADD, extra_body={"width": 4}
        )
    assert found.usage.completion_tokens == sum(one["usage"]["completion_tokens"] for one in told)


def test_pictures_go_upstream_as_data_urls(serve):
    with endpoint(well) as (server, url):
        served = serve([f"far=endpoint:m@{url}"])
        messages = [{"role": "user", "content": [ABOUT, SEEN]}]
        found = ask(at(served), model="far", messages=messages, n=2)
    assert texts(found) == ["fish", "fish"]
    parts = server.seen[0].body["messages"][0]["content"]
    assert parts[0]["image_url"]["url"].startswith("data:image/png;base64,")


def test_judging_is_billed_too(serve):
    tree = {(): {"yes": 0.7, "no": 0.2, "fish": 0.1}}
    with endpoint(vllm(lambda prompt: tree)) as (server, url):
        served = serve([f"far=endpoint:m@{url}"])
        messages = [{"role": "user", "content": [ABOUT, SEEN]}]
        how = {"strategy": "best-of-n", "reward": "p_yes", "width": 3}
        found = ask(at(served), model="far", messages=messages, extra_body=how)
        asked = len(server.seen)
    assert found.usage.prompt_tokens == 300 * asked and found.tts["candidates"][0]["reward"] is not None


def test_trouble_upstream_is_one_sentence_of_the_gateways(serve):
    burning = pytest.raises(openai.APIStatusError, match="the cluster is on fire")
    with endpoint(lambda seen: refusal("the cluster is on fire", 400)) as (_, url), burning as told:
        ask(at(serve([f"far=endpoint:m@{url}"])), model="far")
    assert told.value.status_code == 502 and told.value.response.headers["x-should-retry"] == "false"


def test_what_no_completion_is_ends_in_a_sentence(serve):
    silent = pytest.raises(openai.APIStatusError, match="gave no reply")
    with endpoint(lambda seen: Answer(completion())) as (_, url), silent:
        ask(at(serve([f"far=endpoint:m@{url}"])), model="far")


# --------------------------------------------------------------------------------------------------------------- keys


def test_the_operators_key_goes_to_the_one_upstream(serve, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_ENDPOINT_KEY", "secret")
    with endpoint(chat) as (server, url):
        ask(at(serve([f"far=endpoint:m@{url}"])), model="far")
    assert set(keys_of(server)) == {"Bearer secret"}


def test_with_several_upstreams_it_goes_to_the_one_that_the_environment_names(serve, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_ENDPOINT_KEY", "secret")
    with endpoint(chat) as (one, url), endpoint(chat) as (other, second):
        served = serve([f"far=endpoint:m@{url}", f"further=endpoint:m@{second}"])
        ask(at(served), model="far")
        monkeypatch.setenv("TTS_PLAYGROUND_ENDPOINT_URL", second)
        ask(at(served), model="further")
    assert keys_of(one) == [None] and keys_of(other) == ["Bearer secret"]


def test_the_clients_own_key_goes_nowhere(serve):
    with endpoint(chat) as (server, url):
        ask(at(serve([f"far=endpoint:m@{url}"])), model="far")
    assert keys_of(server) == [None]


# --------------------------------------------------------------------------------------------- the gateway as its own


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "127.0.0.2", "2130706433"])
def test_an_upstream_that_is_the_gateway_is_refused_at_the_start(host):
    with GatewayServer.bound(["tiny:math"], port=0)._socket as held:
        listed = catalogue.read([f"far=endpoint:m@http://{host}:{held.getsockname()[1]}/v1"])
        with pytest.raises(BadInput, match="is this gateway itself"):
            catalogue.refuse_itself(listed, "127.0.0.1", held.getsockname()[1])
        catalogue.refuse_itself(listed, "127.0.0.1", 1)


def test_a_machine_elsewhere_is_not_the_gateway():
    listed = catalogue.read(["far=endpoint:m@http://192.0.2.7:8080/v1"])
    catalogue.refuse_itself(listed, "127.0.0.1", 8080)


def test_a_gateway_that_reaches_itself_by_another_way_is_found_out(serve):
    served = []

    def relay(seen):  # a proxy that nobody could have known of
        headers = {"Via": seen.headers["Via"], "Content-Type": "application/json"}
        answer = httpx.post(f"{served[0].address}/chat/completions", json=seen.body, headers=headers)
        return Answer(answer.text, answer.status_code)

    with endpoint(relay) as (server, url):
        served.append(serve([f"far=endpoint:far@{url}"]))
        # who comes through a proxy needs a key, so that the gateway asks itself with the one that it was given
        served[0].gateway.guard.key = "k"
        client = openai.OpenAI(base_url=served[0].address, api_key="k", max_retries=0)
        with pytest.raises(openai.APIStatusError, match="key of this gateway is missing"):
            ask(client, model="far")
        served[0].gateway.guard.admit = lambda request: None
        with pytest.raises(openai.APIStatusError, match="is its own upstream") as told:
            ask(client, model="far")
        via = [seen.headers["Via"] for seen in server.seen]
    assert told.value.status_code == 502 and len(via) == 2 and all("tts-playground-" in one for one in via)


def test_what_a_client_says_it_came_through_is_passed_on_within_bounds():
    assert onward("", "me") == "1.1 me" and onward("1.1 a", "me") == "1.1 a, 1.1 me"
    assert onward("ü\r\n" * 9000, "me").isascii() and len(onward("x" * 9000, "me")) < 1020


def test_via_grows_with_every_gateway(serve):
    with endpoint(chat) as (server, url):
        inner = serve([f"m=endpoint:m@{url}"])
        inner.gateway.guard.admit = lambda request: None
        ask(at(serve([f"far=endpoint:m@{inner.address}"])), model="far")
    assert server.seen[0].headers["Via"].count("tts-playground-") == 2
    assert json.dumps(server.seen[0].body)
