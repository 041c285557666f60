"""Who is answered: the Host that is asked for, the key, and the bounds of what is sent."""

from __future__ import annotations

import asyncio
import hmac
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.types import Receive

from tts_playground.errors import BadInput
from tts_playground.gateway.shapes import Refused
from tts_playground.pages.access import Door, is_local

KEY = "TTS_PLAYGROUND_GATEWAY_KEY"
BODY = 8 << 20
"""bytes of one request"""
HELD = 128 << 20
"""bytes of all requests that are being read, wait or are at work"""
VALUES = 200_000
"""commas and brackets in one request: each value takes a hundred bytes once it is read"""
PATIENCE = 60.0
"""seconds in which a body must have come"""


VIA = 1000
"""characters of Via that are passed on"""
NOT_PLAIN = r"[^\x20-\x7e]"


class Gone(Exception):
    """Whoever asked has hung up."""


@dataclass(eq=False)
class Guard:
    """What stands before a gateway."""

    door: Door
    key: str = ""
    """"" lets in who is local, and nobody else"""
    _held: int = field(default=0, init=False)

    def admit(self, request: Request) -> None:
        """Refuse who is not answered.

        Raises:
            Refused: the Host or the page that asks is a stranger's (421, 403), or the key is missing or wrong (401).
        """
        pairs = [(name.decode("latin-1"), value.decode("latin-1").strip()) for name, value in request.headers.raw]
        if (told := self.door.refusal(pairs)) is not None:
            raise Refused(told[0], told[1], "host")
        if not self.key:
            if request.scope.get("http_version") == "1.0" or not is_local(request):
                raise Refused(401, f"This gateway answers its own machine alone; who runs it can set {KEY}.", "no_key")
            return
        given = request.headers.getlist("authorization")
        scheme, _, value = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        right = hmac.compare_digest(value.strip().encode("latin-1"), self.key.encode())
        if scheme.lower() != "bearer" or not right:
            what = "is wrong" if value else "is missing"
            raise Refused(
                401, f"The key of this gateway {what}; send it as “Authorization: Bearer KEY”.", "invalid_key"
            )

    async def body(self, request: Request, receive: Receive) -> bytes:
        """What is sent; it counts as held until ``release``.

        Raises:
            Refused: it is no JSON by its name (415), too large (413), too slow (408), or too much is held (429).
            Gone: it will never be whole.
        """
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refused(415, "Send JSON, with the Content-Type application/json.", "content_type")
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise Refused(415, "Send the JSON as it is, not packed.", "content_encoding")
        declared = request.headers.get("content-length", "0")
        if not declared.isdigit() or len(declared) > 18 or int(declared) > BODY:
            raise Refused(413, f"This request is larger than {BODY >> 20} MB; send less.", "too_large")
        pieces: list[bytes] = []
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Gone
                    self._hold(message.get("body", b""), pieces)
                    if not message.get("more_body", False):
                        return b"".join(pieces)
        except BaseException as error:
            self.release(sum(map(len, pieces)))
            if isinstance(error, TimeoutError):
                raise Refused(408, f"This request did not come within {PATIENCE:g} s.", "too_slow") from error
            raise

    def release(self, size: int) -> None:
        """So many bytes are held no longer."""
        self._held -= size

    def _hold(self, piece: bytes, pieces: list[bytes]) -> None:
        self._held += len(piece)
        pieces.append(piece)
        if sum(map(len, pieces)) > BODY:
            raise Refused(413, f"This request is larger than {BODY >> 20} MB; send less.", "too_large")
        if self._held > HELD:
            raise Refused(429, "Too much is waiting here; try again later.", "rate_limit_exceeded", RETRY)


RETRY = (("retry-after", "10"),)


def check_values(data: bytes) -> None:
    """Refuse JSON of more values than any conversation has.

    Raises:
        Refused: it is one (413).
    """
    if sum(map(data.count, (b",", b"[", b"{"))) > VALUES:
        raise Refused(413, f"This request holds more than {VALUES:,} values; send fewer.", "too_many_values")


def key_of_environment() -> str:
    """The key that clients must send, from ``TTS_PLAYGROUND_GATEWAY_KEY``; "" where there is none.

    Raises:
        BadInput: it cannot be sent.
    """
    value = os.environ.get(KEY, "").strip()
    if value and not re.fullmatch(r"[\x21-\x7e]+", value):
        raise BadInput(f"{KEY} holds characters that no key has (a space or a letter beyond ASCII); set it anew.")
    return value


def require_key(door: Door, key: str) -> None:
    """Refuse to serve others than this machine without a key.

    Raises:
        BadInput: the gateway listens elsewhere than on loopback, or answers further hosts, and there is no key.
    """
    if not key and (not door.loopback or door.named):
        raise BadInput(f"A gateway that others can reach needs a key: set {KEY}, or listen on 127.0.0.1 alone.")


def loops(headers: Iterable[str], name: str) -> bool:
    """Whether a request has come through the gateway called ``name`` before (Via, RFC 9110)."""
    return any(name in value for value in headers)


def onward(via: str, name: str) -> str:
    """What a request to an upstream says that it came through; of a long way, the end."""
    return f"{re.sub(NOT_PLAIN, '?', via)[-VIA:]}, 1.1 {name}".lstrip(", ")
