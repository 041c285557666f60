"""Which key reaches which server: seen by the servers themselves, and as a table of addresses."""

import json
import socket

import httpx
import pytest
from endpoint_servers import Answer, Asked, keys_of, refusal, serve, well

from tts_playground import cli
from tts_playground.errors import BadInput, CannotDo, ModelUnavailable
from tts_playground.models.endpoint import wire
from tts_playground.models.endpoint.keys import key_for
from tts_playground.samplers.endpoint import EndpointSampler
from tts_playground.tasks.vqa import vqa_sampler

VARIABLES = (
    "HF_TOKEN",
    "HF_ENDPOINT",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "TTS_PLAYGROUND_ENDPOINT_KEY",
    "TTS_PLAYGROUND_ENDPOINT_URL",
    "TTS_PLAYGROUND_TOKEN_HOSTS",
    "TTS_PLAYGROUND_VLM_MODEL",
)
ALL = {"HF_TOKEN": "hf", "OPENAI_API_KEY": "openai", "TTS_PLAYGROUND_ENDPOINT_KEY": "own"}
ELSEWHERE = "http://127.0.0.1:9/v1"


@pytest.fixture(autouse=True)
def _environment(monkeypatch, tmp_path):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))


def set_all(monkeypatch, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def ask(url, **more):
    return list(EndpointSampler(url, "m", retries=0, **more).draw(Asked(), [0]))


@pytest.mark.parametrize(
    ("environment", "own", "key"),
    [
        (ALL, False, None),  # an address that a page or a request names
        ({"HF_TOKEN": "hf"}, True, None),  # that a command names
        ({"OPENAI_API_KEY": "openai"}, True, None),
        ({"HF_TOKEN": "hf", "TTS_PLAYGROUND_TOKEN_HOSTS": "127.0.0.1, 127.0.0.1:{port} *"}, True, None),  # not https
        (ALL, True, "own"),  # one person gave the key and the command
        (ALL | {"TTS_PLAYGROUND_ENDPOINT_URL": "{url}"}, False, "own"),
        (ALL | {"TTS_PLAYGROUND_ENDPOINT_URL": "http://127.0.0.1:{port}"}, False, "own"),
        (ALL | {"TTS_PLAYGROUND_ENDPOINT_URL": ELSEWHERE}, True, None),
        (ALL | {"TTS_PLAYGROUND_ENDPOINT_URL": "no address"}, True, None),
        (ALL | {"TTS_PLAYGROUND_VLM_MODEL": "endpoint:x@{url}"}, False, "own"),
        (ALL | {"TTS_PLAYGROUND_VLM_MODEL": f"endpoint:x@{ELSEWHERE}"}, True, None),
        (ALL | {"OPENAI_BASE_URL": "{url}/"}, False, "openai"),
        (ALL | {"OPENAI_BASE_URL": ELSEWHERE}, False, None),
    ],
)
def test_what_a_server_is_sent(monkeypatch, environment, own, key):
    with serve() as (server, url):
        port = url.rpartition(":")[2].removesuffix("/v1")
        set_all(monkeypatch, {name: value.format(url=url, port=port) for name, value in environment.items()})
        ask(url, own=own)
    assert keys_of(server) == [key and f"Bearer {key}"]
    assert not any(value in str(server.seen[0].headers) for value in set(ALL.values()) - {key})


@pytest.mark.parametrize(
    ("url", "environment", "key"),
    [
        ("https://router.huggingface.co/v1", {}, "hf"),
        ("https://huggingface.co:443/v1", {}, "hf"),
        ("http://router.huggingface.co/v1", {}, None),
        ("https://router.huggingface.co:8443/v1", {}, None),
        ("https://evil-huggingface.co/v1", {}, None),
        ("https://huggingface.co.evil.example/v1", {}, None),
        ("https://evil.endpoints.huggingface.cloud/v1", {}, None),  # anybody can rent one
        ("https://evil.hf.space/v1", {}, None),
        ("https://mine.aws.endpoints.huggingface.cloud/v1", {"HOSTS": "mine.aws.endpoints.huggingface.cloud"}, "hf"),
        ("https://mine.example/v1", {"HOSTS": "a.example,https://Mine.example/"}, "hf"),
        ("https://mine.example:8443/v1", {"HOSTS": "mine.example"}, None),
        ("https://mine.example:8443/v1", {"HOSTS": "mine.example:8443"}, "hf"),
        ("https://a.mine.example/v1", {"HOSTS": "*.mine.example"}, "hf"),
        ("https://amine.example/v1", {"HOSTS": "*.mine.example"}, None),
        ("https://mine.example/v1", {"HF_ENDPOINT": "https://mine.example"}, "hf"),
        ("http://mine.example/v1", {"HF_ENDPOINT": "http://mine.example"}, None),
        ("https://api.openai.com/v1", {}, "openai"),
        ("http://api.openai.com/v1", {}, None),
        ("https://api.openai.com.evil.example/v1", {}, None),
        ("https://api.openai.com/v1", {"OPENAI_BASE_URL": "https://mine.example/v1"}, None),
        ("https://mine.example/v1", {"OPENAI_BASE_URL": "https://mine.example/v1"}, "openai"),
    ],
)
def test_which_host_gets_which_key(monkeypatch, url, environment, key):
    names = {"HOSTS": "TTS_PLAYGROUND_TOKEN_HOSTS"}
    set_all(monkeypatch, ALL | {names.get(name, name): value for name, value in environment.items()})
    found = key_for(httpx.URL(url))
    assert (found and found.value) == key
    assert key is None or key not in repr(found)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_told_and_not_followed(monkeypatch, status):
    monkeypatch.setenv("TTS_PLAYGROUND_ENDPOINT_KEY", "own")
    with serve() as (other, goal):
        redirect = Answer("", status, {"Location": goal.replace("://", "://u:secret@") + "/chat/completions?k=1"})
        with serve(lambda _: redirect) as (server, url), pytest.raises(CannotDo, match="not followed") as told:
            ask(url, own=True)
    assert other.seen == [] and len(server.seen) == 1
    assert goal in str(told.value) and "secret" not in str(told.value)


def test_being_offline_forbids_the_hub_only(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with serve() as (_, url):
        assert ask(url)[0].content == "fish"
    with pytest.raises(CannotDo, match="HF_HUB_OFFLINE is set"):
        ask("https://router.huggingface.co/v1")


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks5://127.0.0.1:9"])
def test_a_proxy_does_not_stand_before_this_machine(monkeypatch, proxy):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serve() as (_, url):
        assert ask(url)[0].content == "fish"
        assert ask(url.replace("127.0.0.1", "0.0.0.0"))[0].content == "fish"


def test_a_proxy_stands_before_others(monkeypatch):
    with serve() as (proxy, url):
        monkeypatch.setenv("http_proxy", url.removesuffix("/v1"))
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert ask("http://models.example/v1")[0].content == "fish"
    assert proxy.seen[0].path == "http://models.example/v1/chat/completions"


def test_a_command_line_names_the_host_of_its_key(monkeypatch, tmp_path, capsys):
    set_all(monkeypatch, ALL)
    Asked().image.save(tmp_path / "a.png")
    with serve() as (server, url):
        words = ["answer", str(tmp_path / "a.png"), "which?", "--model", f"endpoint:m@v2@{url}", "--n", "1", "--json"]
        with pytest.raises(SystemExit) as left:
            cli.main(words)
    assert left.value.code == 0 and json.loads(capsys.readouterr().out)["samples"][0]["answer"] == "fish"
    assert set(keys_of(server)) == {"Bearer own"} and server.seen[0].body["model"] == "m@v2"


@pytest.mark.parametrize("status", [401, 403, 404])
@pytest.mark.parametrize(
    ("environment", "own", "variable"),
    [
        ({}, False, "TTS_PLAYGROUND_ENDPOINT_KEY"),
        ({"HF_TOKEN": "hf"}, False, "TTS_PLAYGROUND_ENDPOINT_URL"),
        ({"TTS_PLAYGROUND_ENDPOINT_KEY": "own"}, True, "check the key in TTS_PLAYGROUND_ENDPOINT_KEY"),
        ({"OPENAI_BASE_URL": "{url}"}, False, "OPENAI_API_KEY"),
        ({"OPENAI_BASE_URL": "{url}", "OPENAI_API_KEY": "openai"}, False, "check the key in OPENAI_API_KEY"),
    ],
)
def test_a_refusal_names_the_right_variable_and_never_the_key(monkeypatch, status, environment, own, variable):
    play = lambda seen: refusal(f"no: {seen.headers.get('Authorization')}", status)  # noqa: E731
    with serve(play) as (_, url):
        set_all(monkeypatch, {name: value.format(url=url) for name, value in environment.items()})
        with pytest.raises(ModelUnavailable, match=f"HTTP {status}.*{variable}") as told:
            ask(url, own=own)
    assert not any(f"Bearer {value}" in str(told.value) for value in ALL.values())


def test_a_key_that_cannot_be_sent(monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_ENDPOINT_KEY", "sk-secrét")
    with serve() as (server, url), pytest.raises(BadInput, match="TTS_PLAYGROUND_ENDPOINT_KEY") as told:
        ask(url, own=True)
    assert server.seen == [] and "secr" not in str(told.value)


def test_a_name_that_comes_to_stand_for_a_metadata_address(monkeypatch):
    def looked_up(*_, **__):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    with pytest.raises(BadInput, match="metadata"):
        ask("http://harmless.example/v1")


def test_a_peer_is_looked_at_again_once_connected(monkeypatch):
    monkeypatch.setattr(wire.address, "METADATA", {"127.0.0.1"})
    monkeypatch.setattr(wire.address, "refuse_looked_up", lambda _: None)
    with serve() as (_, url), pytest.raises(BadInput, match="metadata"):
        ask(url.replace("127.0.0.1", "localhost"))


def test_an_address_in_the_environment_serves_names_without_one(monkeypatch):
    with serve(well) as (_, url):
        monkeypatch.setenv("TTS_PLAYGROUND_ENDPOINT_URL", url)
        assert vqa_sampler("endpoint:org/some@v2").fingerprint() | {"url": url, "model": "org/some@v2"} == (
            vqa_sampler("endpoint:org/some@v2").fingerprint()
        )
