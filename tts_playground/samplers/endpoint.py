"""Answers from any OpenAI-compatible endpoint that sees pictures (``models.endpoint``).

Sample i is choice ``i % per_request`` of request ``i // per_request``, whose seed is a hash of (seed, request): it does
not depend on how many are asked for, as far as the server honours seeds. What has arrived is kept when a later request
fails: samples are yielded in order, and the error comes after them.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

from tts_playground.core import Cost, Progress, Sample
from tts_playground.errors import BadInput, CannotDo, PlaygroundError
from tts_playground.models.endpoint import address
from tts_playground.models.endpoint.asker import EndpointAsker, conversation, picture_url
from tts_playground.models.endpoint.bill import Bill
from tts_playground.models.endpoint.client import Client
from tts_playground.models.endpoint.manners import Manners
from tts_playground.models.endpoint.reply import EndpointReply
from tts_playground.randomness import key
from tts_playground.samplers.vlm_settings import AnswerPath, AnswerSettings, answer_sample, revising
from tts_playground.typed import typed

VERSION = 1
BEAT = 0.1
"""seconds between two chances to stop"""
NOTHING_SAID = "…"
"""the short answer of a reply that has none: no answer that a question could have"""
log = logging.getLogger(__name__)
FIXED = {"model", "messages", "stream", "n", "seed", "logprobs", "top_logprobs", "temperature", "top_p", "top_k"}
FIXED |= {"max_tokens", "max_completion_tokens"}
"""fields of a request that ``extra_body`` cannot set"""


@dataclass(frozen=True)
@typed
class EndpointSampler:
    """Draws replies for tasks that have an ``image`` and a ``question``.

    Raises:
        BadInput: an address that is none, a number out of its range, or a field that the sampler sets.
    """

    url: str
    """base address, e.g. http://localhost:8000/v1; which key it gets is said in ``models.endpoint.keys``"""
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
    """seconds before the first retry; doubled each time; a server's own Retry-After goes first"""
    workers: int = 4
    """requests at a time"""
    extra_body: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """further fields of the request, e.g. {"chat_template_kwargs": {"enable_thinking": False}}"""
    own: bool = False
    """the address comes from whoever set the environment, a command line for example, and never from a page or a
    request: it then gets ``TTS_PLAYGROUND_ENDPOINT_KEY`` where that key is for no other host"""
    manners: Manners = field(init=False, repr=False, compare=False)
    """what the server turned out not to take"""
    via: str = field(default="", repr=False, compare=False)
    """what its requests say they came through; "" says nothing"""
    bill: Bill = field(default_factory=Bill, repr=False, compare=False)
    """what the server has read and written for it"""

    def __post_init__(self) -> None:
        address.base(self.url)
        if not (1 <= self.per_request <= 64 and self.timeout > 0 and self.retries >= 0 and 1 <= self.workers <= 64):
            raise BadInput("per_request and workers must be 1 to 64, timeout above 0 and retries 0 or more.")
        if taken := FIXED & self.extra_body.keys():
            raise BadInput(f"extra_body cannot set {', '.join(sorted(taken))}; the sampler does.")
        object.__setattr__(self, "manners", Manners(self.model))

    def fingerprint(self) -> Mapping[str, Any]:
        """Everything that decides the distribution."""
        facts = {"sampler": "endpoint", "version": VERSION, "url": self.url, "model": self.model}
        extra = {"extra_body": dict(self.extra_body)} if self.extra_body else {}
        return facts | {"per_request": self.per_request, **self.settings.facts()} | extra

    def draw(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Sample]:
        """One reply per index.

        Raises:
            BadInput: an address that is never asked, or a key that cannot be sent.
            CannotDo: the endpoint cannot be reached or refuses, after the retries; what came before was yielded.
            ModelUnavailable: the endpoint has no such model, or wants a key.
        """
        if not indices:
            return
        for report in self.stream(task, indices, seed=seed):
            yield from report.finished

    def stream(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Progress]:
        """As ``draw``, with a report ten times a second while a reply is awaited, so that a caller can stop.

        Requests run side by side, and are handed out in order; those that have not begun when a caller stops are not
        made.
        """
        wanted = list(dict.fromkeys(index // self.per_request for index in indices))
        messages = self._messages(task)
        client = self._client()
        pool = ThreadPoolExecutor(max(1, min(self.workers, len(wanted))))
        asked: dict[int, Future] = {}
        silent = 0
        try:
            for turn, number in enumerate(wanted):
                asked[number] = pool.submit(self._request, client, messages, seed, number, turn)
            for done, index in enumerate(indices, 1):
                reply = asked[index // self.per_request]
                while not wait([reply], BEAT).done:
                    yield Progress(share=(done - 1) / len(indices))
                choices, trouble, seconds = reply.result()
                place = index % self.per_request
                if place >= len(choices):
                    raise trouble or CannotDo(f"{self.url} gave no reply.")
                silent += choices[place].thinking
                yield Progress((self._sample(choices[place], index, seed, seconds),), (), done / len(indices))
            if silent:
                log.warning("%d of %d replies ended while still thinking; allow longer replies.", silent, len(indices))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            client.close_after(asked.values())

    def revise(
        self, task: Any, attempt: Sample, verdict: str, indices: Sequence[int], *, seed: int = 0
    ) -> Iterator[Sample]:
        """Another reply per index to the question with the attempt and what was said of it; raises as ``draw``."""
        asked = self.drawing(revising(self.settings, attempt, verdict), self.per_request)
        for sample in asked.draw(task, indices, seed=seed):
            yield replace(sample, parent=attempt.index)

    def likely(self, task: Any, k: int = 10) -> list[tuple[str, float]]:
        """An endpoint does not show its logits: nothing."""
        return []

    @property
    def asker(self) -> EndpointAsker:
        """For verifiers that ask the same server."""
        return EndpointAsker(self._client, self.manners, self.extra_body, self.workers)

    def drawing(self, settings: AnswerSettings, per_request: int = 1) -> EndpointSampler:
        """The same server under other settings; what was learnt of it is shared."""
        other = replace(self, settings=settings, per_request=per_request)
        object.__setattr__(other, "manners", self.manners)
        return other

    def _client(self) -> Client:
        return Client(
            self.url,
            self.model,
            own=self.own,
            timeout=self.timeout,
            retries=self.retries,
            pause=self.pause,
            manners=self.manners,
            via=self.via,
            bill=self.bill,
        )

    def _messages(self, task: Any) -> list[dict[str, Any]]:
        return conversation(picture_url(task.image), self.settings.prompt(task.question))

    def _request(
        self, client: Client, messages: list[Any], seed: int, number: int, turn: int
    ) -> tuple[list[EndpointReply], PlaygroundError | None, float]:
        """The choices of one request, the trouble that kept the others away, and its seconds for each.

        A server that gives fewer choices than it was asked for is asked for the others one at a time.
        """
        began, s = time.perf_counter(), self.settings
        found: list[EndpointReply] = []
        if turn > client.failed:
            return found, CannotDo(f"{self.url} is no longer asked."), 0.0
        try:
            while (left := self.per_request - len(found)) > 0:
                together = not found and "n" not in self.manners.dropped
                came = client.complete(
                    messages,
                    n=self.per_request if together else 1,
                    seed=self._seed(seed, number, len(found)),
                    logprobs=True,
                    max_tokens=s.most_tokens,
                    temperature=s.temperature,
                    top_p=s.top_p,
                    top_k=s.top_k or None,
                    **self.extra_body,
                )
                if not came:
                    raise CannotDo(f"{self.url} gave {len(found)} of {self.per_request} replies, and then none.")
                if together and len(came) < self.per_request:
                    self.manners.drop("n")
                found += came[:left]
        except PlaygroundError as error:
            client.failed = min(client.failed, turn)
            return found, error, (time.perf_counter() - began) / max(1, len(found))
        return found, None, (time.perf_counter() - began) / self.per_request

    @staticmethod
    def _seed(seed: int, number: int, place: int) -> int:
        names = (seed, number, "endpoint") if not place else (seed, number, "endpoint", place)
        return key(*names) & 0x7FFFFFFF

    def _sample(self, reply: EndpointReply, index: int, seed: int, seconds: float) -> Sample:
        logprobs, cost = reply.logprobs or (), Cost(tokens=reply.tokens, seconds=seconds)
        path = AnswerPath(index, seed, logprobs=logprobs, done=True, cost=cost)
        why = "it ended while still thinking; allow longer replies" if reply.thinking else "an empty reply"
        text = reply.text or f"{NOTHING_SAID} ({why})"
        made = answer_sample(text, path, finished=reply.finished, tokens=())
        known = math.fsum(reply.logprobs) if reply.logprobs else None
        info = {name: value for name, value in made.info.items() if name != "model_logprob"}
        if not reply.text:
            info |= {"answer": NOTHING_SAID, "lines": [], "thinking": reply.thinking}
        return Sample(text, index, seed, known, made.cost, None, info)
