"""Answers from any OpenAI-compatible endpoint that sees pictures, through huggingface_hub's client.

Sample i is choice ``i % per_request`` of request ``i // per_request``, whose seed is a hash of (seed, request): it does
not depend on how many are asked for, as far as the server honours seeds. What has arrived is kept when a later request
fails: samples are yielded in order, and the error comes after them.
"""

from __future__ import annotations

import base64
import io
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from tts_playground.core import Cost, Sample
from tts_playground.errors import BadInput, CannotDo, ModelUnavailable
from tts_playground.randomness import key
from tts_playground.samplers.answering import AnswerPath, AnswerSettings, answer_sample
from tts_playground.typed import typed

VERSION = 1
RETRIED = {408, 409, 425, 429, 500, 502, 503, 504}
"""answers of a server that may be different next time"""
BEAT = 0.1
"""seconds between two chances to stop"""


@dataclass(frozen=True)
@typed
class EndpointSampler:
    """Draws replies for tasks that have an ``image`` and a ``question``."""

    url: str
    """base address, e.g. http://localhost:8000/v1; the token is read from HF_TOKEN or OPENAI_API_KEY"""
    model: str
    """as the endpoint calls it"""
    settings: AnswerSettings = field(default=AnswerSettings())
    per_request: int = 1
    """choices in one request (the ``n`` of the protocol), 1 to 64"""
    timeout: float = 120.0
    """seconds for one request"""
    retries: int = 4
    """further tries after trouble that may pass"""
    pause: float = 1.0
    """seconds before the first retry; doubled each time"""
    workers: int = 4
    """requests at a time"""

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise BadInput(f"An endpoint is an address like http://localhost:8000/v1, not {self.url!r}.")
        if not (1 <= self.per_request <= 64 and self.timeout > 0 and self.retries >= 0 and 1 <= self.workers <= 64):
            raise BadInput("per_request and workers must be 1 to 64, timeout above 0 and retries 0 or more.")

    def fingerprint(self) -> Mapping[str, Any]:
        """Everything that decides the distribution."""
        facts = {"sampler": "endpoint", "version": VERSION, "url": self.url, "model": self.model}
        return facts | {"per_request": self.per_request, **self.settings.facts()}

    def draw(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Sample]:
        """One reply per index.

        Raises:
            CannotDo: the endpoint cannot be reached or refuses, after the retries; what came before was yielded.
            ModelUnavailable: the endpoint has no such model, or wants a token.
        """
        if not indices:
            return
        yield from (sample for sample in self.arriving(task, indices, seed=seed) if sample is not None)

    def arriving(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Sample | None]:
        """As ``draw``, with None ten times a second while a reply is awaited, so that a caller can stop.

        Requests run side by side, and are handed out in order; those that have not begun when a caller stops are not
        made.
        """
        wanted = list(dict.fromkeys(index // self.per_request for index in indices))
        messages = self._messages(task)
        pool = ThreadPoolExecutor(max(1, min(self.workers, len(wanted))))
        try:
            asked: dict[int, Future] = {number: pool.submit(self._request, messages, seed, number) for number in wanted}
            for index in indices:
                reply = asked[index // self.per_request]
                while not wait([reply], BEAT).done:
                    yield None
                choices, seconds = reply.result()
                yield self._sample(choices[index % self.per_request], index, seed, seconds)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def likely(self, task: Any, k: int = 10) -> list[tuple[str, float]]:
        """An endpoint does not show its logits: nothing."""
        return []

    def _messages(self, task: Any) -> list[dict[str, Any]]:
        file = io.BytesIO()
        task.image.convert("RGB").save(file, "PNG")
        url = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
        text = {"type": "text", "text": self.settings.prompt(task.question)}
        return [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}, text]}]

    def _request(self, messages: list[Any], seed: int, number: int) -> tuple[list[Any], float]:
        """The choices of one request, and its seconds for each."""
        from huggingface_hub import InferenceClient

        token = os.environ.get("HF_TOKEN") or os.environ.get("OPENAI_API_KEY") or "none"
        client, s = InferenceClient(base_url=self.url, api_key=token, timeout=self.timeout), self.settings
        began = time.perf_counter()
        for attempt in range(self.retries + 1):
            try:
                reply = client.chat_completion(
                    messages,
                    model=self.model,
                    n=self.per_request,
                    seed=key(seed, number, "endpoint") & 0x7FFFFFFF,
                    logprobs=True,
                    max_tokens=s.most_tokens,
                    temperature=s.temperature,
                    top_p=s.top_p,
                    extra_body={"top_k": s.top_k} if s.top_k else None,
                )
                if len(reply.choices) < self.per_request:
                    raise CannotDo(f"{self.url} gave {len(reply.choices)} of {self.per_request} replies; use n = 1.")
                return list(reply.choices), (time.perf_counter() - began) / self.per_request
            except Exception as error:
                self._refused(error, last=attempt == self.retries)
                time.sleep(self.pause * 2**attempt)
        raise AssertionError("the last try returns or raises")

    def _refused(self, error: Exception, *, last: bool) -> None:
        """Translate an error that will not pass, or that came at the last try."""
        from huggingface_hub.errors import OfflineModeIsEnabled

        if isinstance(error, CannotDo):
            raise error
        if isinstance(error, OfflineModeIsEnabled):
            raise CannotDo(
                f"HF_HUB_OFFLINE is set, so huggingface_hub asks no endpoint, not even {self.url}; unset it to use one."
            ) from error
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status in (401, 403, 404):
            raise ModelUnavailable(
                f"{self.url} refuses {self.model!r} (HTTP {status}); check its name, the address and HF_TOKEN."
            ) from error
        passing = status in RETRIED or (status is None and isinstance(error, (OSError, TimeoutError)))
        passing = passing or type(error).__module__.startswith(("httpx", "httpcore"))
        if last or not passing:
            what = f"HTTP {status}" if status else type(error).__name__
            raise CannotDo(f"{self.url} gave no reply ({what}); is it up, and does it see pictures?") from error

    def _sample(self, choice: Any, index: int, seed: int, seconds: float) -> Sample:
        text = (choice.message.content or "").strip()
        tokens = getattr(choice.logprobs, "content", None) or []
        logprobs = tuple(float(token.logprob) for token in tokens)
        path = AnswerPath(index, seed, logprobs=logprobs, done=True, cost=Cost(tokens=len(tokens), seconds=seconds))
        made = answer_sample(text, path, finished=choice.finish_reason != "length", tokens=())
        known = math.fsum(logprobs) if logprobs else None
        info = {name: value for name, value in made.info.items() if name != "model_logprob"}
        return Sample(text, index, seed, known, made.cost, None, info)
