"""Servers of the OpenAI protocol in this process, which record what they are sent and can be told how to misbehave."""

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from PIL import Image


@dataclass(frozen=True)
class Asked:
    """A question about a picture."""

    image: Any = field(default_factory=lambda: Image.new("RGB", (9, 7), "red"))
    question: str = "which animal is it?"
    kind: ClassVar[str] = "vqa"


@dataclass
class Seen:
    """A request."""

    path: str
    headers: Any
    body: dict[str, Any]
    number: int
    """0 for the first of a server"""


@dataclass
class Answer:
    """A response; a body that is no text is sent as JSON. ``cut`` ends the connection in the middle of it."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


def completion(*texts, tokens=2, finish="stop", usage=None, **message):
    """A completion as vLLM sends it."""
    choices = [
        {
            "index": place,
            "finish_reason": finish,
            "message": {"role": "assistant", "content": text, **message},
            "logprobs": {"content": [{"token": "x", "logprob": -0.5, "top_logprobs": []}] * tokens},
        }
        for place, text in enumerate(texts)
    ]
    return {"id": "x", "object": "chat.completion", "choices": choices, "usage": usage}


def well(seen):
    """A server that behaves."""
    return Answer(completion(*["fish"] * seen.body.get("n", 1)))


def refusal(message, status=400, **more):
    """OpenAI's form of an error."""
    return Answer({"error": {"message": message, "type": "invalid_request_error", **more}}, status)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        server: Any = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with server.lock:
            seen = Seen(self.path, self.headers, body, len(server.seen))
            server.seen.append(seen)
            answer = server.play(seen)
        text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        sent = text.encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent[: len(sent) // 2] if answer.cut else sent)

    do_GET = do_POST  # a redirect that is followed may turn into one

    def log_message(self, *_):
        pass


@contextmanager
def serve(play=well):
    """(server, its base address); ``server.seen`` is what it was sent."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.lock, server.play = [], threading.Lock(), play
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


def keys_of(server):
    """The keys that a server was sent; None for a request without one."""
    return [seen.headers.get("Authorization") for seen in server.seen]
