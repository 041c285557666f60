"""The gateway as an ASGI application: routes, turns, streams, and an end for who hangs up."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from typing import Any

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from tts_playground import jsontext, registry
from tts_playground.gateway import fields, shapes
from tts_playground.gateway.catalogue import Catalogue
from tts_playground.gateway.guard import Gone, Guard, check_values, loops, onward
from tts_playground.gateway.line import Line
from tts_playground.gateway.outcome import Replies
from tts_playground.gateway.planning import Order, checked
from tts_playground.gateway.sending import Sender, stream
from tts_playground.gateway.shapes import Completion, Refused, refused
from tts_playground.gateway.working import Working
from tts_playground.pages.fair_queue import address_of

log = logging.getLogger(__name__)
ROOT = "/v1"
CHAT = ["chat", "completions"]
NAMED = 2
"""parts that an address may name before its service: the strategy and the judge"""


class Gateway:
    """Answers ``/v1``.

    Args:
        catalogue: what is served.
        guard: who is answered.
        at_once: requests at work at a time.
    """

    def __init__(self, catalogue: Catalogue, guard: Guard, at_once: int = 2) -> None:
        self.catalogue, self.guard, self.line = catalogue, guard, Line(at_once)
        self.since, self._name = int(time.time()), f"tts-playground-{secrets.token_hex(8)}"
        self._works: set[Working] = set()

    def stop(self) -> None:
        """End all that is at work or waits."""
        for work in list(self._works):
            work.give_up()

    @property
    def at_work(self) -> int:
        """Requests that wait or are at work, those included whose client has gone and that have not ended yet."""
        return len(self._works)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        request, sender = Request(scope), Sender(send)
        try:
            self.guard.admit(request)
            named, service, rest = routed(scope["path"])
            if service == "models":
                _only(request, "GET")
                await sender.json(200, self._models(rest))
            else:
                _only(request, "POST")
                await self._chat(request, receive, sender, named)
        except Gone:
            log.info("a client has hung up")
        except Exception as error:
            if not isinstance(error, Refused):
                log.exception("a request to %s has failed", scope["path"])
            told = refused(error)
            await sender.json(told.status, told.body, told.headers)

    def _models(self, wanted: str) -> dict[str, Any]:
        if not wanted:
            return shapes.model_list(self.catalogue, self.since)
        try:
            return shapes.model_entry(self.catalogue.model(wanted), self.catalogue, self.since)
        except LookupError as error:
            raise refused(error) from error

    async def _chat(self, request: Request, receive: Receive, sender: Sender, named: tuple[str, ...]) -> None:
        if loops(request.headers.getlist("via"), self._name):
            raise Refused(508, "This gateway is its own upstream; who runs it must name another one.", "loop")
        data = await self.guard.body(request, receive)
        try:
            order = await asyncio.to_thread(self._order, data, named, ", ".join(request.headers.getlist("via")))
            address = address_of(request.client.host if request.client else "", "", trusted=False)
            await self._work(order, address, receive, sender)
        finally:
            self.guard.release(len(data))

    def _order(self, data: bytes, named: tuple[str, ...], via: str) -> Order:
        check_values(data)
        try:
            try:
                body = jsontext.parsed(data)
            except ValueError as error:
                raise Refused(400, f"The body cannot be read as JSON: {error}.", "json") from error
            asked = fields.read(body, named)
            with registry.registered_only():
                model, judge = checked(asked, self.catalogue)
        except Refused:
            raise
        except Exception as error:
            told = refused(error)
            if told.status == 500:
                log.exception("a request cannot be read")
            raise told from error
        own = bool(model.url) and self.catalogue.sends_key
        return Order(asked, model, judge, own, onward(via, self._name) if model.url else "")

    async def _work(self, order: Order, address: str, receive: Receive, sender: Sender) -> None:
        """Have it done while the client listens; whatever ends first ends the other."""
        work = Working(order, self.line, address)
        self._works.add(work)
        work.task.add_done_callback(lambda _: self._works.discard(work))
        completion = Completion(order.model.id)
        told = stream(work, sender, completion) if order.asked.stream else _whole(work, sender, completion)
        answering, leaving = asyncio.ensure_future(told), asyncio.ensure_future(_hung_up(receive))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                raise Gone
            answering.result()
        finally:
            work.give_up()
            answering.cancel()
            leaving.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)


async def _whole(work: Working, sender: Sender, completion: Completion) -> None:
    async for event in work.events():
        if isinstance(event, Replies):
            await sender.json(200, completion.finished(event))


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def routed(path: str) -> tuple[tuple[str, ...], str, str]:
    """(what the address names, "chat" or "models", what follows).

    Raises:
        Refused: there is no such service (404).
    """
    parts = path.removeprefix(ROOT).strip("/").split("/")
    for count in range(NAMED + 1):
        named, rest = tuple(parts[:count]), parts[count:]
        if rest == CHAT:
            return named, "chat", ""
        if rest[:1] == ["models"]:
            return named, "models", "/".join(rest[1:])
    raise Refused(404, f"There is nothing here; {ROOT}/models and {ROOT}/chat/completions are served.", "not_found")


def _only(request: Request, method: str) -> None:
    if request.method != method:
        raise Refused(405, f"This address takes {method} alone.", "method", (("allow", method),))
