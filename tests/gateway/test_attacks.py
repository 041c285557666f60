"""What comes over the network and is no ordinary request: against a really served gateway, by raw HTTP."""

import hmac
import json
import socket
import time
from urllib.parse import urlsplit

import httpx
import openai
import pytest
from talk import ASKED, ask
from test_fields import post, refused

from tts_playground.errors import BadInput
from tts_playground.gateway import guard
from tts_playground.gateway.server import GatewayServer
from tts_playground.pages.access import Door


def raw(served, data, wait=30.0):
    """What comes back for some bytes."""
    place = urlsplit(served.address)
    with socket.create_connection((place.hostname, place.port), timeout=wait) as line:
        line.sendall(data)
        came = b""
        while piece := line.recv(1 << 16):
            came += piece
        return came.decode()


def head(served, method="POST", path="/v1/chat/completions", version="1.1", **headers):
    lines = {"Host": urlsplit(served.address).netloc, "Content-Type": "application/json", "Connection": "close"}
    named = [f"{name.replace('_', '-')}: {value}" for name, value in (lines | headers).items()]
    return "\r\n".join([f"{method} {path} HTTP/{version}", *named, "", ""]).encode()


# ------------------------------------------------------------------------------------------------------------- bodies


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "cannot be read as JSON"),
        (b"{", "cannot be read as JSON"),
        (b"hi", "cannot be read as JSON"),
        (b"[]", "The body must be a JSON object, not a list"),
        (b"null", "The body must be a JSON object, not nothing"),
        (b'"x"', "The body must be a JSON object"),
        (b"\xff\xfe\x00", "cannot be read as JSON"),
        (b'{"n": ' + b"9" * 5000 + b"}", "cannot be read as JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"model":' * 100_000, "nested too deeply"),
        (b'{"messages": ' + b"[" * 65 + b"]" * 65 + b"}", "nested too deeply"),
        (b'{"settings": NaN, "strategy": "beam"}', "settings must be an object"),
    ],
)
def test_bodies_that_cannot_be_read_are_one_sentence(served, body, says):
    assert says in refused(post(served, body))


def test_huge_bodies_are_not_read_to_their_end(served):
    assert "larger than 8 MB" in refused(post(served, b" " * (guard.BODY + 1)), 413)
    chunks = (b" " * (1 << 20) for _ in range(9))
    answer = httpx.post(
        f"{served.address}/chat/completions", content=chunks, headers={"Content-Type": "application/json"}
    )
    assert "larger than 8 MB" in refused(answer, 413)
    for length in ("99999999999999999999", "-1", "1e3"):
        assert raw(served, head(served, Content_Length=length)).split()[1] in ("400", "413")
    assert "more than 200,000 values" in refused(post(served, b"[" + b"0," * 200_001 + b"0]"), 413)
    assert served.gateway.guard._held == 0


def test_too_much_at_once_is_refused_for_now(served, monkeypatch):
    monkeypatch.setattr(guard, "HELD", 1000)
    answer = post(served, ASKED | {"user": "x" * 2000})
    assert "Too much is waiting here" in refused(answer, 429) and answer.headers["retry-after"]
    assert served.gateway.guard._held == 0 and post(served, ASKED).status_code == 200


def test_a_body_that_does_not_come_is_given_up(served, monkeypatch):
    monkeypatch.setattr(guard, "PATIENCE", 0.3)
    came = raw(served, head(served, Content_Length="100") + b'{"mod')
    assert " 408 " in came and "did not come within" in came and served.gateway.guard._held == 0


def test_one_who_hangs_up_in_the_body_leaves_nothing(served):
    place = urlsplit(served.address)
    with socket.create_connection((place.hostname, place.port)) as line:
        line.sendall(head(served, Content_Length="100000") + b"x" * 50_000)
    end = time.monotonic() + 30
    while served.gateway.guard._held and time.monotonic() < end:
        time.sleep(0.01)
    assert served.gateway.guard._held == 0


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/json5"],
)
def test_only_json_by_its_name_is_read(served, kind):
    answer = post(served, ASKED, **{"Content-Type": kind})
    assert "Content-Type application/json" in refused(answer, 415)
    assert post(served, ASKED, **{"Content-Type": "Application/JSON; charset=utf-8"}).status_code == 200


def test_packed_bodies_are_not_unpacked(served):
    assert "not packed" in refused(post(served, b"x", **{"Content-Encoding": "gzip"}), 415)


# ------------------------------------------------------------------------------------------------------ names and paths


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc",
        "tiny:prm",
        "meta-llama/Llama-3.2-1B-Instruct",
        "endpoint:m@http://127.0.0.1:9/v1",
        "vllm:x/y",
        "os:system",
        "math ",
        "MATH",
        "x" * 100_000,
        "\u202emath",
    ],
)
def test_no_request_names_a_model_that_is_not_listed(served, name):
    assert "There is no model called" in refused(post(served, ASKED | {"model": name}), 404)
    if len(name) < 1000 and not name.startswith(("/", ".")):  # paths that httpx itself puts right
        assert "There is no model called" in refused(httpx.get(f"{served.address}/models/{name}"), 404)


def test_how_the_operator_reaches_a_model_is_not_told(served, folders):
    told = httpx.get(f"{served.address}/models").text + post(served, ASKED).text
    assert not any(folder in told for folder in folders)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "", 404),
        ("GET", "/", 404),
        ("POST", "/completions", 404),
        ("POST", "/embeddings", 404),
        ("POST", "/a/b/c/chat/completions", 404),
        ("POST", "/models", 405),
        ("GET", "/chat/completions", 405),
        ("DELETE", "/chat/completions", 405),
        ("PUT", "/beam/chat/completions", 405),
        ("POST", "/../v1/chat/completionsx", 404),
        ("POST", "/bem/chat/completions", 400),
        ("POST", "/beam/%2e%2e/chat/completions", 400),
    ],
)
def test_other_addresses_and_methods_are_one_sentence(served, method, path, status):
    body = {"content": json.dumps(ASKED), "headers": {"Content-Type": "application/json"}}
    refused(httpx.request(method, served.address + path, **(body if method == "POST" else {})), status)


def test_the_root_is_nothing(served):
    refused(httpx.get(served.address.removesuffix("/v1")), 404)


# --------------------------------------------------------------------------------------------------------- who may ask


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.7", "localhost@evil.example"])
def test_other_hosts_are_not_answered(served, host):
    assert "does not answer to the host" in refused(post(served, ASKED, Host=host), 421)
    assert " 421 " in raw(served, head(served, "GET", "/v1/models", Host=host))


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1"])
def test_pages_of_other_sites_are_not_answered_and_get_no_leave(served, origin):
    assert "does not answer pages of other sites" in refused(post(served, ASKED, Origin=origin), 403)
    asking = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    leave = httpx.options(f"{served.address}/chat/completions", headers=asking)
    assert leave.status_code == 403 and not [name for name in leave.headers if name.startswith("access-control")]


def test_a_page_of_its_own_gets_no_leave_either(served):
    leave = httpx.options(f"{served.address}/chat/completions", headers={"Access-Control-Request-Method": "POST"})
    assert leave.status_code == 405 and not [name for name in leave.headers if name.startswith("access-control")]


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Via", "Forwarded", "CF-Connecting-IP", "X-Real-IP"])
def test_who_comes_through_a_proxy_needs_a_key(served, name):
    assert "answers its own machine alone" in refused(post(served, ASKED, **{name: "127.0.0.1"}), 401)


def test_http_1_0_is_a_proxys(served):
    assert " 401 " in raw(served, head(served, "GET", "/v1/models", "1.0"))


@pytest.fixture
def locked(serve, folders, monkeypatch):
    """A gateway with a key."""
    monkeypatch.setenv(guard.KEY, "s3cret-KEY")
    return serve([f"math={folders[0]}"])


def test_a_key_is_asked_of_everybody_and_compared_in_constant_time(locked, monkeypatch):
    compared = []
    right = hmac.compare_digest

    def seen(one, other):
        compared.append((one, other))
        return right(one, other)

    monkeypatch.setattr(hmac, "compare_digest", seen)
    key = {"Authorization": "Bearer s3cret-KEY"}
    assert post(locked, ASKED, **key).status_code == 200
    assert post(locked, ASKED, **key, **{"X-Forwarded-For": "192.0.2.1"}).status_code == 200
    wrong = ["Bearer s3cret-KEx", "Bearer", "s3cret-KEY", "Basic s3cret-KEY", "Bearer s3cret-KEY x"]
    for value in wrong:
        assert "The key of this gateway" in refused(post(locked, ASKED, Authorization=value), 401)
        assert httpx.get(f"{locked.address}/models", headers={"Authorization": value}).status_code == 401
    assert "is missing" in refused(post(locked, ASKED), 401)
    assert " 401 " in raw(locked, head(locked, "GET", "/v1/models", Authorization="Bearer "))
    assert (b"s3cret-KEx", b"s3cret-KEY") in compared
    twice = head(locked, "GET", "/v1/models", Authorization="Bearer s3cret-KEY\r\nAuthorization: Bearer s3cret-KEY")
    assert " 401 " in raw(locked, twice)
    odd = head(locked, "GET", "/v1/models").replace(
        b"Connection", "Authorization: Bearer schlüssel\r\nConnection".encode()
    )
    assert " 401 " in raw(locked, odd)


def test_the_real_client_is_told_of_a_wrong_key(locked):
    good = openai.OpenAI(base_url=locked.address, api_key="s3cret-KEY", max_retries=0)
    assert ask(good).choices
    bad = openai.OpenAI(base_url=locked.address, api_key="wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError, match="The key of this gateway is wrong"):
        ask(bad)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "lab.example"])
def test_off_loopback_nothing_starts_without_a_key(host, monkeypatch):
    monkeypatch.delenv(guard.KEY, raising=False)
    with pytest.raises(BadInput, match="needs a key: set TTS_PLAYGROUND_GATEWAY_KEY"):
        GatewayServer.bound(["tiny:math"], host=host, port=0)


@pytest.mark.parametrize("host", ["", "no such host", "192.0.2.1"])
def test_a_host_that_is_none_of_this_machines_is_one_sentence(host, monkeypatch):
    monkeypatch.setenv(guard.KEY, "k")
    with pytest.raises(BadInput, match="no address of this machine"):
        GatewayServer.bound(["tiny:math"], host=host, port=0)


def test_nor_where_a_proxy_leads_to_it(monkeypatch):
    monkeypatch.delenv(guard.KEY, raising=False)
    monkeypatch.setenv("TTS_PLAYGROUND_HOSTS", "lab.example")
    with pytest.raises(BadInput, match="needs a key"):
        GatewayServer.bound(["tiny:math"], port=0)


def test_with_a_key_it_is_there_for_others(folders, monkeypatch):
    monkeypatch.setenv(guard.KEY, "k")
    server = GatewayServer.bound([f"math={folders[0]}"], host="0.0.0.0", port=0)
    running = server.in_background()
    try:
        port = urlsplit(server.address).port
        headers = {"Authorization": "Bearer k", "Host": "lab.example"}
        assert httpx.get(f"http://127.0.0.1:{port}/v1/models", headers=headers).status_code == 200
        assert httpx.get(f"http://127.0.0.1:{port}/v1/models").status_code == 401
    finally:
        running.stop()


def test_a_key_that_cannot_be_sent_is_refused(monkeypatch):
    monkeypatch.setenv(guard.KEY, "two words")
    with pytest.raises(BadInput, match="characters that no key has"):
        guard.key_of_environment()
    with pytest.raises(BadInput):
        guard.require_key(Door(loopback=False), "")


def test_every_answer_is_taken_for_what_it_is(served):
    for answer in (post(served, ASKED), post(served, b"{"), httpx.get(f"{served.address}/models")):
        assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


def test_a_fault_of_our_own_is_one_sentence_and_logged(served, monkeypatch, caplog):
    from tts_playground.gateway import searching

    monkeypatch.setattr(searching, "task_for", lambda *given: 1 / 0)
    assert refused(post(served, ASKED), 500) == "The gateway failed at this request; its log says more."
    assert "ZeroDivisionError" in caplog.text
