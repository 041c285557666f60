"""Servers of the OpenAI protocol in this process, which record what they are sent and can be told how to misbehave."""

import json
import math
import random
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


ENDS = "<|im_end|>"
OPTIONAL = ("temperature", "top_p", "top_k", "seed", "logprobs", "top_logprobs", "n")


def said_to(seen):
    """The text of a request's question."""
    return next(part["text"] for part in seen.body["messages"][-1]["content"] if part["type"] == "text")


def vllm(tree_of, most=20):
    """A server as vLLM: ``tree_of(prompt)`` says {tokens so far: {token: probability}}; a reply ends outside of it.

    Seeds, n, max_tokens, logprobs, top_logprobs (up to ``most``) and usage are as there.
    """

    def choice(body, tree, place):
        dice, said, rows = random.Random(f"{body.get('seed')} {place}"), (), []
        while said in tree and len(said) < body["max_tokens"]:
            chances = tree[said]
            token = dice.choices(list(chances), list(chances.values()))[0]
            likely = sorted(chances, key=lambda one: -chances[one])[: body.get("top_logprobs", 0)]
            tops = [{"token": one, "logprob": math.log(chances[one]), "bytes": None} for one in likely]
            rows.append({"token": token, "logprob": math.log(chances[token]), "top_logprobs": tops})
            said = (*said, token)
        ended = said not in tree
        message = {"role": "assistant", "content": "".join(said).replace(ENDS, "")}
        logprobs = {"content": rows} if body.get("logprobs") else None
        return {
            "index": place,
            "finish_reason": "stop" if ended else "length",
            "message": message,
            "logprobs": logprobs,
        }

    def play(seen):
        body = seen.body
        if body.get("top_logprobs", 0) > most:
            return refusal(
                f"Requested sample logprobs of {body['top_logprobs']}, which is greater than max allowed: {most}"
            )
        tree = tree_of(said_to(seen))
        choices = [choice(body, tree, place) for place in range(body.get("n", 1))]
        spent = sum(len(one["logprobs"]["content"]) if one["logprobs"] else 1 for one in choices)
        usage = {"prompt_tokens": 300, "completion_tokens": spent, "total_tokens": 300 + spent}
        return Answer({"id": "x", "object": "chat.completion", "choices": choices, "usage": usage})

    return play


def bare(seen):
    """A server that refuses everything optional, one thing at a time, and sends a bill."""
    given = [name for name in OPTIONAL if name in seen.body]
    if given:
        return refusal(f"Unknown parameter: '{given[0]}'", param=given[0])
    reply = completion("7", tokens=0, usage={"prompt_tokens": 300, "completion_tokens": 5})
    reply["choices"][0]["logprobs"] = None
    return Answer(reply)


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
