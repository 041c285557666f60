"""Solutions in steps from an OpenAI-compatible endpoint, such as vLLM's (Kwon et al. 2023).

A half-written solution is the last message of a conversation that goes on (``continue_final_message``), or the end of a
plain text; ``stop`` ends it at a blank line. The server's prefix caching makes sending it again cheap. From a server
that goes on with no half-written reply, whole solutions come in one request each, and nothing can search over their
steps. Tokens that a server does not count are estimated, one for four characters and at least one a step.
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
from tts_playground.models.endpoint.client import Client, RequestRefused
from tts_playground.models.endpoint.manners import Manners, refuses_to_continue
from tts_playground.models.lm.prompts import plain_text
from tts_playground.samplers.continuing import Continuation, Continuer, Wanted
from tts_playground.samplers.lm_endpoint_reply import continuation
from tts_playground.samplers.lm_settings import BREAK, SolutionSettings
from tts_playground.samplers.lm_text import TextSteps, settings_facts
from tts_playground.typed import typed

VERSION = 2
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
        """What continues a text; ``anew`` where the server goes on with none, and whole solutions will do."""
        began, s = time.perf_counter(), self._sampler
        goes_on = s.api == "chat" and bool(wanted.text)
        if goes_on and wanted.fresh and not s.manners.continues:
            return _anew(0, 0.0)
        whole = wanted.fresh and not s.manners.continues
        try:
            came = client.complete(
                self._told(wanted, goes_on),
                seed=wanted.seed,
                max_tokens=wanted.most,
                temperature=wanted.temperature,
                top_p=s.settings.top_p,
                top_k=s.settings.top_k or None,
                min_tokens=wanted.at_least or None,
                logprobs=1 if s.api == "completions" else True,
                **self._going_on(wanted, goes_on, whole),
                **s.extra_body,
            )
        except RequestRefused as refused:
            if not (goes_on and refuses_to_continue(refused.status, refused.said)):
                raise
            return self._cut_short(wanted, f"HTTP {refused.status}: “{refused.said.rstrip('.')}”", _anew(0, 0.0))
        if not came:
            raise CannotDo(f"{s.url} gave no reply.")
        seconds = time.perf_counter() - began
        found = continuation(came[0], wanted, seconds, whole=whole)
        if found is None:
            return self._cut_short(wanted, "it begins the reply anew", _anew(came[0].tokens, seconds))
        return found

    def _told(self, wanted: Wanted, goes_on: bool) -> list[Any] | str:
        if self._sampler.api == "completions":
            return plain_text(wanted.turns) + wanted.text
        return [*wanted.turns, *([{"role": "assistant", "content": wanted.text}] if goes_on else [])]

    @staticmethod
    def _going_on(wanted: Wanted, goes_on: bool, whole: bool) -> dict[str, Any]:
        """Fields that say where a reply begins and ends."""
        stop = [one for one in wanted.stop if not (whole and one == BREAK)]
        fields: dict[str, Any] = {"stop": stop, "include_stop_str_in_output": True} if stop else {}
        return fields | ({"continue_final_message": True, "add_generation_prompt": False} if goes_on else {})

    def _cut_short(self, wanted: Wanted, why: str, instead: Continuation) -> Continuation:
        """``instead``, where the text can be begun anew; the server is not asked to go on with another."""
        if not wanted.fresh:
            raise CannotDo(
                f"{self._sampler.url} cannot go on with a half-written reply ({why}), which a search over steps needs: "
                'serve the model with vLLM or SGLang, ask for plain texts (api="completions" of EndpointSolutions), or '
                "draw whole solutions with best-of-n."
            )
        self._sampler.manners.cannot_continue(why)
        return instead


def _anew(tokens: int, seconds: float) -> Continuation:
    return Continuation("", tokens, None, False, False, seconds, anew=True)
