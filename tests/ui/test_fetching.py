"""Pictures by their address on the web: public addresses only, within bounds, and the app fetches nothing else."""

import asyncio
import gzip
import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import pytest
from PIL import Image

from tts_playground.errors import BadInput
from tts_playground.ui.edge import fetching
from tts_playground.ui.gradio_patches import fetched


class Site(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self):
        self.asked.append(self.path)
        stream = io.BytesIO()
        Image.new("RGB", (3, 3)).save(stream, "PNG")
        kind = self.path.split("/")[1]
        if kind in ("round", "inside"):
            self.send_response(302)
            self.send_header("Location", "/round" if kind == "round" else "http://169.254.169.254/latest")
            self.end_headers()
        elif kind == "gone":
            self.send_error(404)
        else:
            self.send_response(200)
            if kind == "packed":
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            if kind == "endless":
                while True:
                    self.wfile.write(bytes(1 << 20))
            self.wfile.write(gzip.compress(bytes(1 << 26)) if kind == "packed" else stream.getvalue())

    def log_message(self, *_):
        pass


@pytest.fixture
def site():
    """The port of a server on this machine."""
    Site.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def public(monkeypatch):
    """One name of the web stands for this machine."""
    before = fetching._number

    async def number(url):
        return "127.0.0.1" if url.host == "pictures.example" else await before(url)

    monkeypatch.setattr(fetching, "_number", number)


INSIDE = """127.0.0.1 10.0.0.1 192.168.0.1 169.254.169.254 100.100.100.200 0.0.0.0 224.0.0.1 ::1 fe80::1%1 fd00:ec2::254
::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 64:ff9b:1::a9fe:a9fe 2002:a9fe:a9fe:: 2001:0:a9fe:a9fe:: ::a9fe:a9fe name"""


@pytest.mark.parametrize("number", INSIDE.split())
def test_what_lies_behind_the_server_is_not_public(number):
    assert not fetching.is_public(number)


@pytest.mark.parametrize("number", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_the_web_is_public(number):
    assert fetching.is_public(number)


def test_a_picture_of_the_web_is_fetched(site, public, tmp_path):
    value = [{"path": f"http://pictures.example:{site}/a/../../b.png", "url": "x"}, 3]
    one, other = asyncio.run(fetched(value, str(tmp_path)))
    assert (Image.open(one["path"]).size, other, one["url"]) == ((3, 3), 3, None)
    assert one["path"].startswith(f"{tmp_path}/") and one["path"].endswith("/b.png")


def test_what_comes_packed_is_not_unpacked(site, public, tmp_path):
    path = asyncio.run(fetching.fetch(f"http://pictures.example:{site}/packed", str(tmp_path)))
    assert Path(path).stat().st_size < 100_000


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("endless", "larger than 20 MB"),
        ("round", "sends on more than 5"),
        ("inside", "not one of the public web"),
        ("gone", "HTTP 404"),
    ],
)
def test_bounds(site, public, tmp_path, path, says):
    with pytest.raises(BadInput, match=says):
        asyncio.run(fetching.fetch(f"http://pictures.example:{site}/{path}", str(tmp_path)))
    assert not list(tmp_path.iterdir())


def test_a_server_that_keeps_one_waiting_is_left(site, public, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "PATIENCE", 0.01)
    with pytest.raises(BadInput, match="did not come"):
        asyncio.run(fetching.fetch(f"http://pictures.example:{site}/endless", str(tmp_path)))


@pytest.mark.parametrize("url", ["http://a:b@pictures.example/", "http://", "https://[", "http://pictures.invalid/"])
def test_odd_addresses(tmp_path, url):
    with pytest.raises(BadInput):
        asyncio.run(fetching.fetch(url, str(tmp_path)))


def test_the_app_asks_nobody_inside(address, site):
    picture = {"path": f"http://127.0.0.1:{site}/a.png", "meta": {"_type": "gradio.FileData"}}
    known = httpx.get(f"{address}gradio_api/info").json()["named_endpoints"]["/sketch"]["parameters"]
    values = [picture, *(one["parameter_default"] for one in known[1:])]
    said = httpx.post(f"{address}gradio_api/call/sketch", json={"data": values}).json()
    answer = httpx.get(f"{address}gradio_api/call/sketch/{said['event_id']}", timeout=30).text
    assert "not one of the public web" in answer and not Site.asked


@pytest.mark.parametrize("path", ["file=http://", "file=https://", "file=%68ttp://", "file=HTTP://", "proxy=http://"])
def test_the_app_is_no_relay(address, site, path):
    answer = httpx.get(f"{address}gradio_api/{path}127.0.0.1:{site}/a.png")
    assert (answer.status_code, Site.asked) == (403, [])
    assert "fetches no other" in answer.text
