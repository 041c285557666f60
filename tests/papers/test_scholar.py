"""Searching for a paper: a server that answers as Semantic Scholar's does, and others that do not."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from tts_playground.cli import main
from tts_playground.errors import BadInput, CannotDo
from tts_playground.papers.paper import own
from tts_playground.papers.scholar import VARIABLE, search

ROW = {
    "paperId": "0a" * 20,
    "title": "ARMAP: Scaling Autonomous Agents\u001b[31m via Automatic Reward Modeling",
    "authors": [{"authorId": "1", "name": "A. First"}, {"authorId": "2", "name": "B. Second"}, {"name": None}],
    "year": 2025,
    "publicationDate": "2025-02-17",
    "externalIds": {"ArXiv": "2502.12130", "CorpusId": 1},
}
BARE = {"paperId": "0b" * 20, "title": "Without a number", "authors": None, "year": 1999, "externalIds": None}
BAD = [
    {"title": "nothing to link to"},
    {"paperId": "0c" * 20, "title": ""},
    "no row",
    {"paperId": "../x", "title": "t"},
]


class Scholar(ThreadingHTTPServer):
    """Answers each request with ``reply``: (status, body, headers)."""

    daemon_threads = True

    def __init__(self):
        self.asked, self.reply = [], (200, {"total": 2, "data": [ROW, BARE, *BAD]}, {})
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/graph/v1"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        status, body, headers = self.server.reply
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format, *args):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    with Scholar() as server:
        monkeypatch.setenv(VARIABLE, server.url)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def test_it_asks_as_the_api_wants_it_and_reads_what_can_be_used(server):
    first, second = search("  ARMAP\n ", 3)
    asked = urlsplit(server.asked[0])
    assert asked.path == "/graph/v1/paper/search"
    wanted = ["title,authors,year,publicationDate,externalIds"]
    assert parse_qs(asked.query) == {"query": ["ARMAP"], "limit": ["3"], "fields": wanted}
    assert (first.key, first.link, first.date) == ("2502.12130", "https://arxiv.org/abs/2502.12130", "2025-02-17")
    assert first.authors == ("A. First", "B. Second") and "\x1b" not in first.title and first.own
    assert second.link == f"https://www.semanticscholar.org/paper/{'0b' * 20}" and second.date == "1999"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ((429, {}, {"Retry-After": "17"}), r"too often.*\(429\); try again in 17 s"),
        ((429, {}, {}), "a minute"),
        ((500, {}, {}), "status 500"),
        ((302, b"", {"Location": "https://example.org/"}), "status 302"),
        ((200, b"<html>", {}), "no JSON"),
        ((200, b"[" * 5000, {}), "no JSON"),
        ((200, {"data": "x"}, {}), "no list of papers"),
        ((200, b" " * (2 << 20), {}), "more than 1 MB"),
        ((200, {"data": []}, {"Content-Length": "999"}), "no connection"),
    ],
)
def test_what_goes_wrong_is_one_sentence(server, reply, words):
    server.reply = reply
    with pytest.raises(CannotDo, match=words):
        search("ARMAP")


def test_nobody_there_and_bad_arguments_are_one_sentence(server):
    with socket.socket() as free:  # bound, and never listening
        free.bind(("127.0.0.1", 0))
        with pytest.raises(CannotDo, match="go online"):
            search("ARMAP", url=f"http://127.0.0.1:{free.getsockname()[1]}")
    for wrong in ({"name": " "}, {"name": "a" * 501}, {"name": "a", "most": 21}, {"name": "a", "url": "ftp://x"}):
        with pytest.raises(BadInput):
            search(**wrong)
    assert not server.asked


@pytest.fixture
def run(server, capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as leaving:
            main([str(one) for one in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return leaving.value.code, out, err

    return call


def test_the_verb_adds_what_it_finds_once(run):
    code, out, _ = run("papers", "search", "ARMAP", "--say", "Rewards from trajectories.", "--task", "text", "--json")
    added = json.loads(out)["added"]
    assert code == 0 and (added["key"], added["says"], added["tasks"]) == (
        "2502.12130",
        "Rewards from trajectories.",
        ["text"],
    )
    assert [one.key for one in own()] == ["2502.12130"]
    again = json.loads(run("papers", "search", "ARMAP", "--json")[1])
    assert again["added"] is None and again["known"]["key"] == "2502.12130"
    assert "already" in run("papers", "search", "ARMAP")[1]
    assert json.loads(run("papers", "search", "ARMAP", "--pick", 2, "--json")[1])["added"]["date"] == "1999"
    assert json.loads(run("papers", "search", "ARMAP", "--pick", 0, "--json")[1])["added"] is None
    listed = json.loads(run("papers", "--json")[1])["papers"]
    assert [one["own"] for one in listed[:3]] == [True, True, False]
    assert "(yours)" in run("papers", "list", "armap")[1]
    assert run("papers", "remove", "2502.12130")[0] == 0 and len(own()) == 1


def test_the_verb_fails_with_a_sentence(run, server):
    assert run("papers", "search", "ARMAP", "--pick", 3)[0] == 1
    assert run("papers", "--task", "nosuch")[0] == run("papers", "search", "x", "--task", "nosuch")[0] == 2
    assert run("papers", "remove", "nosuch")[0] == 2
    server.reply = (429, {}, {})
    code, out, err = run("papers", "search", "ARMAP", "--json")
    assert code == 1 and "429" in err and "429" in json.loads(out)["error"]
    assert [one.key for one in own()] == []


def test_lists_filter(run):
    code, out, _ = run("papers", "list", "tree", "search", "--task", "text", "--json")
    found = json.loads(out)["papers"]
    assert code == 0 and "agent-tree-search" in [one["key"] for one in found] and len(found) < 10
    best = next(one for one in found if one["key"] == "agent-tree-search")
    assert best["became"] == [{"strategy": "best-first"}] and best["try"] == ["?tab=math&strategy=best-first"]
    assert "leave words out" in run("papers", "list", "xyzzy")[1]
