"""Chat completions of one endpoint: tries again what may pass, leaves out what the server does not take."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Any

from tts_playground.errors import Cancelled, CannotDo, ModelUnavailable
from tts_playground.models.endpoint import address, keys
from tts_playground.models.endpoint.bill import Bill
from tts_playground.models.endpoint.manners import LEFT_OUT, RENAMED, Manners
from tts_playground.models.endpoint.reply import PER_TOKEN, EndpointReply, replies_in
from tts_playground.models.endpoint.wire import Trouble, Wire

PATIENCE = 120.0
"""seconds that a request waits for a server that loads its model or asks to come back later, all waits together"""


class RequestRefused(CannotDo):
    """A server takes a request for a mistake, in its own words."""

    def __init__(self, sentence: str, status: int, said: str) -> None:
        super().__init__(sentence)
        self.status, self.said = status, said


class Client:
    """Asks one model of one endpoint; threads may share it.

    Args:
        url, model: as in ``EndpointSampler``.
        own: see ``keys.key_for``.
        timeout: seconds for one request.
        retries: further tries after trouble that may pass.
        pause: seconds before the first retry where the server names no time; doubled each time.
        manners: what is known of the server.
        texts: plain texts are completed, and not conversations.
        via: what its requests say they came through; "" says nothing.
        bill: where what the server reads and writes is added up.

    Raises:
        BadInput: an address that cannot be, or that is never asked. CannotDo: the hub, while offline.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        own: bool = False,
        timeout: float = 120.0,
        retries: int = 4,
        pause: float = 1.0,
        manners: Manners | None = None,
        texts: bool = False,
        via: str = "",
        bill: Bill | None = None,
    ) -> None:
        self.url, self.model, self.retries, self.pause = url, model, retries, pause
        self.manners, self.bill = manners or Manners(model), bill or Bill()
        self.stop = threading.Event()
        """set it to give up waiting"""
        self.failed: float = math.inf
        """the first turn that failed, as its user counts; later ones need not be asked"""
        self._told = "prompt" if texts else "messages"
        self.wire = Wire(url, own, timeout, self.stop, address.TEXT if texts else address.CHAT, via)

    def complete(self, told: list[Any] | str, /, **wanted: Any) -> list[EndpointReply]:
        """The replies to a conversation, or what completes a text.

        Args:
            told: messages as the protocol has them, or a text where ``texts`` are completed.
            wanted: further fields of the request; None is left out. Those in ``manners.LEFT_OUT`` are done without
                where the server does not take them.

        Raises:
            ModelUnavailable: no such model, or a key is missing.
            CannotDo: the endpoint cannot be reached or refuses, after the retries.
            Cancelled: ``stop`` was set.
        """
        full: dict[str, Any] = {"model": self.model, self._told: told}
        full |= {name: value for name, value in wanted.items() if value is not None}
        attempt, lessons, waited = 0, len(LEFT_OUT) + len(RENAMED) + 1, 0.0
        while True:
            if self.stop.is_set():
                raise Cancelled("The endpoint is no longer asked.")
            sent = self.manners.fitted(full)
            try:
                return self._billed(self.wire.ask(sent), wanted.get("max_tokens"))
            except Trouble as trouble:
                if lessons and not trouble.hopeless and self._learnt(trouble, sent, full):
                    lessons -= 1
                    continue
                if not trouble.passing or (attempt >= self.retries and not trouble.loading):
                    raise self._translated(trouble, _shows_pictures(told)) from trouble
                wait = self._wait(trouble, attempt)
                asked_for = trouble.wait is not None or trouble.loading
                waited += wait if asked_for else 0.0
                if waited > PATIENCE:
                    raise self._impatient(trouble) from trouble
                attempt += not trouble.loading
                self._rest(wait)

    def close_after(self, asked: Iterable[Future[Any]]) -> None:
        """Stop waiting, end the requests under way, and give the connections back."""
        self.stop.set()
        self.wire.hang_up()
        left = [one for one in asked if not one.done()]
        lock, count = threading.Lock(), [len(left)]

        def ended(_: Any) -> None:
            with lock:
                count[0] -= 1
                if count[0]:
                    return
            self.wire.close()

        if not left:
            self.wire.close()
        for one in left:
            one.add_done_callback(ended)

    def _billed(self, body: Mapping[str, Any], most: int | None) -> list[EndpointReply]:
        replies = replies_in(body, most)
        if any(reply.estimated for reply in replies):
            self.manners.note(
                "tokens",
                f"{self.model} does not say how many tokens it writes; one is counted for each {PER_TOKEN} characters.",
            )
        bound = None if most is None else most * len(replies)
        self.bill.add(body.get("usage"), sum(reply.tokens for reply in replies), bound)
        return replies

    def _learnt(self, trouble: Trouble, sent: Mapping[str, Any], full: Mapping[str, Any]) -> bool:
        """Whether there is something to leave out; another thread may have learnt it meanwhile."""
        learnt = self.manners.learn(trouble.status, trouble.said, trouble.named, sent)
        return learnt or (not trouble.passing and self.manners.fitted(full) != sent)

    def _wait(self, trouble: Trouble, attempt: int) -> float:
        if trouble.loading:
            return max(self.pause, min(trouble.wait or 0.0, 10.0))  # it may be ready before it said
        return self.pause * 2**attempt if trouble.wait is None else trouble.wait

    def _rest(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise Cancelled("The endpoint is no longer asked.")

    def _impatient(self, trouble: Trouble) -> CannotDo:
        if trouble.loading:
            return CannotDo(f"{self.url} was still loading {self.model!r} after {PATIENCE:g} s; try again later.")
        return CannotDo(
            f"{self.url} wants to be asked again in {trouble.wait or 0:.0f} s (HTTP {trouble.status}), and at most "
            f"{PATIENCE:g} s are waited; try again later."
        )

    def _translated(self, trouble: Trouble, pictures: bool) -> CannotDo:
        """The one sentence for trouble that stays, with a request with or without pictures."""
        status, said = trouble.status, trouble.said
        perhaps = "is it up, and does it see pictures?" if pictures else "is it up?"
        if status in (401, 403, 404):
            quoted = f"; it says “{said}”" if said else ""
            hint = keys.advice(self.wire.place, self.wire.key)
            return ModelUnavailable(
                f"{self.url} refuses {self.model!r} (HTTP {status}){quoted}; check its name and address, and {hint}."
            )
        if status is None:
            return CannotDo(f"{self.url} gave no reply ({said}); {perhaps}")
        if not said:
            return CannotDo(f"{self.url} gave no reply (HTTP {status}); {perhaps}")
        if status < 400:
            return CannotDo(f"{self.url} gave no completion: {said.rstrip('.')}.")
        return RequestRefused(f"{self.url} refuses (HTTP {status}): “{said.rstrip('.')}”.", status, said)


def _shows_pictures(told: list[Any] | str) -> bool:
    """Whether a conversation holds a picture."""
    messages = [one for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []
    parts = [part for one in messages if isinstance(one.get("content"), list) for part in one["content"]]
    return any(isinstance(part, Mapping) and part.get("type") == "image_url" for part in parts)
