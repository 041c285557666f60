"""Solutions in steps from an OpenAI-compatible endpoint, such as vLLM's (Kwon et al. 2023).

A half-written solution is the last message of a conversation that goes on (``continue_final_message``), or the end of a
plain text; ``stop`` ends it at a blank line. The server's prefix caching makes sending it again cheap.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, Literal

from tts_playground.errors import BadInput, CannotDo, PlaygroundError
from tts_playground.models.endpoint import address
from tts_playground.models.endpoint.bill import Bill
from tts_playground.models.endpoint.client import Client
from tts_playground.models.endpoint.manners import Manners
from tts_playground.models.endpoint.reply import EndpointReply
from tts_playground.models.lm.prompts import plain_text
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.samplers.lm_text import Continuation, Continuer, TextSteps, Wanted, settings_facts
from tts_playground.typed import typed

VERSION = 1
BEAT = 0.1
"""seconds between two chances to stop"""
FIXED = {"model", "messages", "prompt", "stream", "n", "seed", "logprobs", "temperature", "top_p", "top_k", "stop"}
FIXED |= {"max_tokens", "max_completion_tokens", "min_tokens", "include_stop_str_in_output"}
FIXED |= {"continue_final_message", "add_generation_prompt"}
"""fields of a request that ``extra_body`` cannot set"""


@dataclass(frozen=True)
@typed
class EndpointSolutions(TextSteps):
    """Draws solutions for tasks that have a ``problem`` and a ``system_prompt``.

    Raises:
        BadInput: an address that is none, a number out of its range, or a field that the sampler sets.
    """

    url: str
    """base address, e.g. http://localhost:8000/v1; which key it gets is said in ``models.endpoint.keys``"""
    model: str
    """as the endpoint calls it"""
    settings: SolutionSettings = field(default=SolutionSettings())
    api: Literal["chat", "completions"] = "chat"
    """"chat" continues a conversation, "completions" a plain text, as base models want it"""
    timeout: float = 120.0
    """seconds for one request"""
    retries: int = 4
    """further tries after trouble that may pass"""
    pause: float = 1.0
    """seconds before the first retry; doubled each time"""
    workers: int = 16
    """requests at a time, 1 to 256"""
    extra_body: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """further fields of the request"""
    own: bool = False
    """see ``samplers.endpoint.EndpointSampler``"""
    manners: Manners = field(init=False, repr=False, compare=False)
    """what the server turned out not to take"""
    via: str = field(default="", repr=False, compare=False)
    """what its requests say they came through; "" says nothing"""
    bill: Bill = field(default_factory=Bill, repr=False, compare=False)
    """what the server has read and written for it"""

    def __post_init__(self) -> None:
        address.base(self.url)
        if not (self.timeout > 0 and self.retries >= 0 and 1 <= self.workers <= 256):
            raise BadInput("workers must be 1 to 256, timeout above 0 and retries 0 or more.")
        if taken := FIXED & self.extra_body.keys():
            raise BadInput(f"extra_body cannot set {', '.join(sorted(taken))}; the sampler does.")
        if self.settings.chat_template:
            raise BadInput("An endpoint writes conversations by its own chat template; leave chat_template out.")
        object.__setattr__(self, "manners", Manners(self.model))

    def fingerprint(self) -> Mapping[str, Any]:
        """Everything that decides the distribution."""
        facts = {"sampler": "lm-endpoint", "version": VERSION, "url": self.url, "model": self.model, "api": self.api}
        extra = {"extra_body": dict(self.extra_body)} if self.extra_body else {}
        return {**facts, **settings_facts(self.settings), **extra}

    def continuer(self) -> Continuer:
        """Requests side by side, as many as ``workers``."""
        return _Requests(self)


class _Requests:
    """A pool of requests; made when the first is sent, and given back when none is left."""

    def __init__(self, sampler: EndpointSolutions) -> None:
        self._sampler = sampler
        self._pool: ThreadPoolExecutor | None = None
        self._client: Client | None = None
        self._asked: dict[int, Future[Continuation]] = {}
        self._trouble: PlaygroundError | None = None

    def submit(self, number: int, wanted: Wanted) -> None:
        s = self._sampler
        if self._trouble is not None:
            return  # it is raised once those that are under way have come
        if self._client is None or self._pool is None:
            self._client = Client(
                s.url,
                s.model,
                own=s.own,
                timeout=s.timeout,
                retries=s.retries,
                pause=s.pause,
                manners=s.manners,
                texts=s.api == "completions",
                via=s.via,
                bill=s.bill,
            )
            self._pool = ThreadPoolExecutor(s.workers)
        self._asked[number] = self._pool.submit(self._ask, self._client, wanted)

    def collect(self) -> list[tuple[int, Continuation]]:
        done = wait(self._asked.values(), BEAT, FIRST_COMPLETED).done
        found: list[tuple[int, Continuation]] = []
        for number in [number for number, one in self._asked.items() if one in done]:
            try:
                found.append((number, self._asked.pop(number).result()))
            except PlaygroundError as error:
                self._trouble = self._trouble or error
        if self._trouble is not None and not found:
            trouble, self._trouble = self._trouble, None
            self.forget(list(self._asked))
            raise trouble
        if not self._asked:
            self._close()
        return found

    def forget(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            if (one := self._asked.pop(number, None)) is not None:
                one.cancel()
        if not self._asked:
            self._close()

    def _close(self) -> None:
        if self._pool is not None and self._client is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._client.close_after([])
        self._pool = self._client = None

    def _ask(self, client: Client, wanted: Wanted) -> Continuation:
        began, s = time.perf_counter(), self._sampler
        more: dict[str, Any] = {"logprobs": True}
        told: list[Any] | str = list(wanted.turns)
        if s.api == "completions":
            told, more = plain_text(wanted.turns) + wanted.text, {"logprobs": 1}
        elif wanted.text:
            told = [*wanted.turns, {"role": "assistant", "content": wanted.text}]
            more |= {"continue_final_message": True, "add_generation_prompt": False}
        if wanted.stop:
            more |= {"stop": list(wanted.stop), "include_stop_str_in_output": True}
        came = client.complete(
            told,
            seed=wanted.seed,
            max_tokens=wanted.most,
            temperature=wanted.temperature,
            top_p=s.settings.top_p,
            top_k=s.settings.top_k or None,
            min_tokens=wanted.at_least or None,
            **more,
            **s.extra_body,
        )
        if not came:
            raise CannotDo(f"{s.url} gave no reply.")
        return _continuation(came[0], wanted, time.perf_counter() - began)


def _continuation(reply: EndpointReply, wanted: Wanted, seconds: float) -> Continuation:
    """What a reply says; a server that leaves the stop string out but names it gets it back."""
    text = reply.raw
    stopped = next((one for one in wanted.stop if text.endswith(one)), None)
    if stopped is None and reply.stopped_at in wanted.stop:
        stopped = reply.stopped_at
        text += str(stopped)
    ended = not reply.cut and stopped is None
    return Continuation(text, reply.tokens, reply.logprobs, ended, reply.cut, seconds)
