"""An OpenAI-compatible endpoint that lives in this process: seeds, n, log-probabilities, retries, partial results."""

import base64
import hashlib
import io
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from PIL import Image

from tts_playground.errors import BadInput, CannotDo, ModelUnavailable
from tts_playground.samplers.endpoint import EndpointSampler
from tts_playground.samplers.vlm_settings import AnswerSettings
from tts_playground.testing import check_sampler


@dataclass(frozen=True)
class Asked:
    image: Any
    question: str
    kind: ClassVar[str] = "vqa"


TASK = Asked(Image.new("RGB", (9, 7), "red"), "what is the value of kiwi?")


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server: Any = self.server
        server.asked.append((self.path, asked))
        trouble = server.trouble.pop(0) if server.trouble else 200
        if trouble == "slow":
            time.sleep(0.6)
        if isinstance(trouble, int) and trouble != 200:
            self.send_response(trouble)
            self.end_headers()
            self.wfile.write(b"{}")
            return
        body = json.dumps(self._reply(asked, server.logprobs)).encode()
        try:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass

    def _reply(self, asked, logprobs):
        choices = []
        for place in range(asked["n"]):
            number = int(hashlib.sha256(f"{asked['seed']} {place}".encode()).hexdigest(), 16) % 90
            one: dict[str, Any] = {"index": place, "finish_reason": "stop"}
            one["message"] = {"role": "assistant", "content": f"kiwi {number}\nanswer: {number}"}
            tokens = [{"token": t, "logprob": -0.5, "bytes": None, "top_logprobs": []} for t in ("kiwi", str(number))]
            one["logprobs"] = {"content": tokens} if logprobs else None
            choices.append(one)
        return {"id": "x", "created": 1, "model": asked["model"], "choices": choices, "usage": None}

    def log_message(self, *_):
        pass


@contextmanager
def endpoint(*trouble, logprobs=True):
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.trouble, server.logprobs = [], list(trouble), logprobs
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("per_request", [1, 3])
def test_the_laws_and_what_is_asked(per_request):
    with endpoint() as (server, url):
        sampler = EndpointSampler(url, "some/vlm", AnswerSettings(0.7, 0.9, 5), per_request)
        samples = check_sampler(sampler, TASK, n=8)
    assert len({sample.content for sample in samples}) > 3
    assert samples[0].info["answer"] == samples[0].content.split()[-1]
    assert samples[0].logprob == -1.0 and samples[0].cost.tokens == 2 and samples[0].info["finished"]
    path, asked = server.asked[0]
    assert path == "/v1/chat/completions" and asked["n"] == per_request and asked["model"] == "some/vlm"
    assert (asked["temperature"], asked["top_p"], asked["top_k"], asked["logprobs"]) == (0.7, 0.9, 5, True)
    picture, text = asked["messages"][0]["content"]
    sent = Image.open(io.BytesIO(base64.b64decode(picture["image_url"]["url"].partition(",")[2])))
    assert sent.size == (9, 7) and text["text"] == TASK.question


def test_trouble_that_passes_is_waited_for():
    with endpoint(503, 429, 500) as (server, url):
        sampler = EndpointSampler(url, "m", pause=0.01, workers=1)
        assert len(list(sampler.draw(TASK, range(2)))) == 2
        assert len(server.asked) == 5
    with endpoint("slow") as (server, url):
        sampler = EndpointSampler(url, "m", pause=0.01, timeout=0.3, workers=1)
        assert len(list(sampler.draw(TASK, range(1)))) == 1 and len(server.asked) == 2


def test_a_caller_can_leave_while_a_reply_is_awaited():
    with endpoint("slow") as (server, url):
        coming = EndpointSampler(url, "m", workers=1).stream(TASK, range(6))
        assert next(coming).finished == ()  # nothing has come yet
        coming.close()
        time.sleep(0.9)  # the request under way ends, and no other is made
        assert len(server.asked) == 1
    with endpoint() as (_, url):
        came = [one for report in EndpointSampler(url, "m").stream(TASK, range(3)) for one in report.finished]
    assert [one.index for one in came] == [0, 1, 2]


def test_what_came_before_the_trouble_is_kept():
    with endpoint(200, 200, 500, 500) as (_, url):
        got = []
        with pytest.raises(CannotDo, match="HTTP 500"):
            sampler = EndpointSampler(url, "m", pause=0.01, retries=1, workers=1)
            got.extend(sampler.draw(TASK, range(4)))  # what came before the error stays
    assert [sample.index for sample in got] == [0, 1]


def test_trouble_that_stays_is_one_sentence():
    with endpoint(404) as (server, url), pytest.raises(ModelUnavailable, match="HTTP 404"):
        list(EndpointSampler(url, "m", pause=0.01).draw(TASK, [0]))
    assert len(server.asked) == 1
    with endpoint(400) as (server, url), pytest.raises(CannotDo, match="HTTP 400"):
        list(EndpointSampler(url, "m", pause=0.01).draw(TASK, [0]))
    with pytest.raises(CannotDo, match="is it up"):  # nobody listens here any more
        list(EndpointSampler(url, "m", pause=0.01, retries=1).draw(TASK, [0]))


def test_an_endpoint_without_log_probabilities():
    with endpoint(logprobs=False) as (_, url):
        (sample,) = EndpointSampler(url, "m").draw(TASK, [3])
    assert sample.logprob is None and "model_logprob" not in sample.info and sample.index == 3


def test_settings_that_cannot_be():
    with pytest.raises(BadInput, match="address"):
        EndpointSampler("localhost:80", "m")
    with pytest.raises(BadInput, match="per_request"):
        EndpointSampler("http://x", "m", per_request=0)
