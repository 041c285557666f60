"""Who is local, who is a visitor, and who is not answered: requests against a served app."""

import json
import socket
from importlib.util import find_spec
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest
from starlette.testclient import TestClient

from tts_playground import registry
from tts_playground.errors import UnknownName
from tts_playground.pages import access
from tts_playground.pages.access import Door, is_local
from tts_playground.ui import shell

PROXIES = (
    "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Real-IP", "Forwarded", "Via",
    "CF-Connecting-IP", "CF-Ray", "CDN-Loop", "True-Client-IP", "X-Client-IP", "X-Cluster-Client-IP", "X-Original-Host",
    "X-Envoy-External-Address", "X-Amzn-Trace-Id", "X-Azure-ClientIP", "Fly-Client-IP", "Fastly-Client-IP",
    "Tailscale-User-Login", "Ngrok-Trace", "DO-Connecting-IP", "Remote-User", "Client-IP", "Proxy-Connection",
    "X-Whatever-Comes-Next",
)  # fmt: skip
LOCAL = [
    {},
    {"Host": "localhost:{port}"},
    {"Host": "[::1]:{port}"},
    {"Host": "127.1.2.3"},
    {"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "http://localhost", "Host": "LOCALHOST:80"},
    {"X-Gradio-User": "api", "X-Requested-With": "XMLHttpRequest"},
    {"X-Stainless-Lang": "python"},  # of the openai package
]
VISITOR = [
    *({name: "127.0.0.1"} for name in PROXIES),
    {"Sec-Fetch-Site": "cross-site"},
    {"Host": "lab.example"},
    {"Host": "a.tunnel.example:443"},
    {"Origin": "https://lab.example"},  # a proxy that gives the app a Host of its own
]
STRANGE_HOST = [
    "evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil.example", "localhost@evil.example",
    "evil@localhost", "localhost/evil", "evil.example/localhost", "localhost#", "127.0.0.1?", "tunnel.example",
    "notlab.example", "0.0.0.0:{port}", "10.0.0.7", "[::2]", "", "local\thost",
]  # fmt: skip
STRANGE_ORIGIN = [
    "http://evil.example",
    "null",
    "http://127.0.0.1:1",
    "https://127.0.0.1",
    "http://localhost:{port}",
    "",
]


def _free():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def _app():
    def who(request: gr.Request):
        return "local" if is_local(request) else "visitor"

    def stream(request: gr.Request):
        yield who(request)

    def name(text: str):
        try:
            return type(registry.resolve("reward", text)).__name__
        except UnknownName as error:
            return str(error)

    def names(text: str):
        yield name(text)

    with gr.Blocks(analytics_enabled=False) as app:
        text, told = gr.Textbox(), gr.Textbox()
        for handler, given in ((who, None), (stream, None), (name, text), (names, text)):
            gr.Button().click(handler, given, told, api_name=handler.__name__)
        gr.Button().click(who, None, told, api_name="at_once", queue=False)
        gr.Button().click(name, text, told, api_name="name_at_once", queue=False)
    app.queue()
    return app


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """(a small app on loopback, the same one for a network); hosts are named."""
    patch, apps = pytest.MonkeyPatch(), []
    patch.setenv(access.HOSTS, "lab.example, *.tunnel.example")
    patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
    for name in ("127.0.0.1", "0.0.0.0"):
        app, port = _app(), _free()
        shell.serve(app, block=False, quiet=True, server_name=name, server_port=port)
        apps.append(app)
    yield apps
    for app in apps:
        app.close()
    patch.undo()


@pytest.fixture
def home(served):
    return served[0]


@pytest.fixture
def wide(served):
    return served[1]


def _filled(headers, port):
    return {name: value.replace("{port}", str(port)) for name, value in headers.items()}


def _call(app, name, headers, data=()):
    """What an endpoint says through the queue, or the HTTP status of a refusal."""
    base, headers = f"http://127.0.0.1:{app.server_port}/gradio_api/call/{name}", _filled(headers, app.server_port)
    asked = httpx.post(base, json={"data": list(data)}, headers=headers)
    if asked.status_code != 200:
        return asked.status_code
    told = httpx.get(f"{base}/{asked.json()['event_id']}", headers=headers, timeout=60).text
    return json.loads(told.rpartition("data: ")[2])[0]


@pytest.mark.parametrize("headers", LOCAL, ids=str)
def test_who_sits_at_the_machine_is_local(home, wide, headers):
    assert _call(home, "who", headers) == "local"
    assert _call(wide, "who", headers) == "local"


@pytest.mark.parametrize("headers", VISITOR, ids=str)
def test_who_comes_through_something_else_is_a_visitor(home, headers):
    assert _call(home, "who", headers) == "visitor"
    assert _call(home, "stream", headers) == "visitor"


@pytest.mark.parametrize("host", STRANGE_HOST)
def test_hosts_that_nobody_named_are_visitors_of_a_network_and_refused_at_home(home, wide, host):
    assert _call(home, "who", {"Host": host}) == 421
    assert _call(wide, "who", {"Host": host}) == "visitor"


@pytest.mark.parametrize("origin", STRANGE_ORIGIN)
def test_pages_of_other_sites_drive_nothing_here(home, wide, origin):
    assert _call(home, "who", {"Origin": origin}) == 403
    assert _call(wide, "who", {"Origin": origin}) == 403  # its Host is loopback: somebody's browser at this machine
    assert _call(wide, "who", {"Origin": origin, "Host": "a-space.hf.space"}) == "visitor"


ROUTES = [
    ("GET", "", {}),
    ("GET", "config", {}),
    ("GET", "theme.css", {}),
    ("GET", "gradio_api/queue/data?session_hash=x", {}),
    ("GET", "gradio_api/heartbeat/x", {}),
    ("POST", "gradio_api/queue/join", {"json": {"data": [], "fn_index": 0, "session_hash": "x"}}),
    ("POST", "gradio_api/queue/join", {"content": "{}", "headers": {"Content-Type": "text/plain"}}),
    ("POST", "gradio_api/run/at_once", {"json": {"data": []}}),
    ("POST", "gradio_api/upload", {"files": {"files": b"x"}}),
    ("POST", "gradio_api/component_server", {"json": {}}),
    ("POST", "gradio_api/mcp/", {"json": {}}),
]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: " ".join(route[:2]))
@pytest.mark.parametrize(
    ("headers", "status"), [({"Host": "evil.example"}, 421), ({"Origin": "https://evil.example"}, 403)], ids=str
)
def test_refusals_are_one_sentence_on_every_route(home, route, headers, status):
    method, path, rest = route
    sent = {**rest, "headers": {**rest.get("headers", {}), **headers}}
    answer = httpx.request(method, f"http://127.0.0.1:{home.server_port}/{path}", **sent)
    assert answer.status_code == status and access.HOSTS in answer.json()["detail"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_websockets_are_refused_too(home):
    from starlette.websockets import WebSocketDisconnect

    client = TestClient(home.app, base_url="http://evil.example", client=("127.0.0.1", 5))
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/queue"):
        pass
    assert closed.value.code == 1008 and "host" in closed.value.reason


@pytest.mark.parametrize("peer", ["10.0.0.7", "testclient", "2001:db8::1", "::ffff:10.0.0.7"])
def test_another_machine_is_never_local(wide, peer):
    for host in ("127.0.0.1", "localhost", "192.168.0.9"):
        client = TestClient(wide.app, base_url=f"http://{host}", client=(peer, 5))
        assert client.get("/").status_code == 200
        assert client.post("/gradio_api/run/at_once", json={"data": []}).json()["data"] == ["visitor"]


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_every_way_to_write_this_machine_is_local(wide, peer):
    client = TestClient(wide.app, base_url="http://localhost", client=(peer, 5))
    assert client.post("/gradio_api/run/at_once", json={"data": []}).json()["data"] == ["local"]


def test_uvicorn_takes_the_peer_from_a_header_and_makes_nobody_local_by_that(wide):
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

    trusting = ProxyHeadersMiddleware(wide.app, trusted_hosts="*")
    client = TestClient(trusting, base_url="http://localhost", client=("10.0.0.7", 5))  # type: ignore[arg-type]
    said = client.post("/gradio_api/run/at_once", json={"data": []}, headers={"X-Forwarded-For": "127.0.0.1"})
    assert said.json()["data"] == ["visitor"]


def _raw(app, path, body, minor):
    """What is answered to HTTP/1.``minor`` with no header more than it takes."""
    sent = json.dumps(body).encode()
    head = f"POST /{path} HTTP/1.{minor}\r\nHost: 127.0.0.1:{app.server_port}\r\nConnection: close\r\n"
    head += "Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", app.server_port)) as line:
        line.sendall(f"{head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent)
        with line.makefile("rb") as answer:
            return answer.read().decode()


def test_http_1_0_is_a_proxys(home):
    """What nginx sends with nothing but proxy_pass: its own Host, and no header that tells of the person."""
    assert '"data":["visitor"]' in _raw(home, "gradio_api/run/at_once", {"data": []}, 0)
    assert '"data":["local"]' in _raw(home, "gradio_api/run/at_once", {"data": []}, 1)


def test_what_gradio_writes_to_disk_by_itself_is_not_a_visitors(home):
    address = f"http://127.0.0.1:{home.server_port}/gradio_api/"
    visitor = {"X-Real-IP": "10.0.0.7"}
    assert httpx.get(f"{address}deep_link?session_hash=x", headers=visitor).status_code == 403
    assert httpx.post(f"{address}process_recording", headers=visitor).status_code == 403
    assert httpx.get(f"{address}deep_link?session_hash=x").status_code == 200


@pytest.mark.parametrize("name", ["name", "names"])
def test_only_registered_names_are_resolved_for_a_request(home, name):
    target = "tts_playground.testing:TableReward"
    assert "no reward called" in _call(home, name, {}, [target])
    assert _call(home, name, {}, ["sharpness"]) == "Sharpness"
    assert registry.load("reward", target).__name__ == "TableReward"  # Python's own business


def test_only_registered_names_are_resolved_outside_the_queue(home):
    client = TestClient(home.app, base_url="http://localhost", client=("127.0.0.1", 5))
    said = client.post("/gradio_api/run/name_at_once", json={"data": ["os:getcwd"]})
    assert "no reward called" in said.json()["data"][0]


def test_nobody_is_nobody():
    assert not is_local(None) and not is_local(SimpleNamespace(client=None, headers={"host": "localhost"}))


def test_the_door_follows_the_environment(monkeypatch):
    for name in ("GRADIO_SERVER_NAME", "GRADIO_ROOT_PATH", "SPACE_HOST", access.HOSTS):
        monkeypatch.delenv(name, raising=False)
    assert Door.of() == Door(True) and Door.of("0.0.0.0") == Door(False) and Door.of("[::1]") == Door(True)
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    monkeypatch.setenv("SPACE_HOST", "me-app.hf.space")
    monkeypatch.setenv("GRADIO_ROOT_PATH", "https://lab.example/app")
    monkeypatch.setenv(access.HOSTS, " https://A.example:8443/ ,, *.b.example")
    door = Door.of()
    assert not door.loopback
    assert [door.knows(h) for h in ("me-app.hf.space", "lab.example", "a.example", "x.b.example")] == [True] * 4
    assert not door.knows("b.example") and not door.knows("xb.example") and not door.knows("")


@pytest.mark.skipif(find_spec("mcp") is None, reason="mcp is not installed")
def test_a_tool_call_is_its_callers(home):
    """Gradio hands queued tools on to itself, by HTTP/1.1 from 127.0.0.1 and with the Host that the caller sent."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "who", "arguments": {}}}
    assert '"text":"local"' in _raw(home, "gradio_api/mcp/", call, 1)
    assert '"text":"visitor"' in _raw(home, "gradio_api/mcp/", call, 0)
    kind = {"Accept": "application/json, text/event-stream", "X-Real-IP": "10.0.0.7"}
    said = httpx.post(f"http://127.0.0.1:{home.server_port}/gradio_api/mcp/", json=call, headers=kind, timeout=60)
    assert '"text":"visitor"' in said.text
