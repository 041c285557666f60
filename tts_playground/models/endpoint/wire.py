"""One request to an endpoint and what comes back: bounded, without redirects, with the key of its host only."""

from __future__ import annotations

import re
import socket
import threading
import time
import urllib.request
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from tts_playground import jsontext
from tts_playground.errors import CannotDo, whole
from tts_playground.models.endpoint import address, keys, words

if TYPE_CHECKING:
    import httpx

RETRIED = {408, 409, 425, 429, 500, 502, 503, 504}
"""answers of a server that may be different next time"""
LARGEST = 64 << 20
"""bytes of a reply: 64 choices of 4096 tokens with their log-probabilities stay below"""
CONNECT = 10.0
"""seconds for a connection"""
_HOPELESS = re.compile(r"out of memory|outofmemory|insufficient[_ ]quota|exceeded your current quota", re.IGNORECASE)
_LOADING = re.compile(r"\bloading\b|is starting|warming up|not ready", re.IGNORECASE)


class Trouble(Exception):
    """A request that gave no completion."""

    def __init__(self, said: str, status: int | None = None, body: Any = None, wait: float | None = None) -> None:
        super().__init__(said)
        self.said = said
        """the server's sentence where it gave one, else what happened; fit to be quoted"""
        self.status = status
        self.named = words.names_in(body)
        """parameters that the refusal points at"""
        self.wait = wait
        """seconds after which the server wants to be asked again"""
        self.hopeless = bool(_HOPELESS.search(said))
        self.passing = not self.hopeless and (status is None or status in RETRIED)
        """whether it may be different next time"""
        self.loading = self.passing and status is not None and bool(_LOADING.search(said))


@dataclass
class Wire:
    """The connections to one endpoint; threads may share it.

    Raises:
        BadInput: an address that cannot be, or that is never asked. CannotDo: the hub, while offline.
    """

    url: str
    own: bool = False
    """see ``keys.key_for``"""
    timeout: float = 120.0
    """seconds for one request"""
    stop: threading.Event = field(default_factory=threading.Event)
    service: str = address.CHAT
    """what lies below the base address"""
    via: str = ""
    """what the request says it came through (the Via of RFC 9110); "" says nothing"""
    key: keys.Key | None = field(default=None, init=False, repr=False)
    """the one that was sent last"""

    def __post_init__(self) -> None:
        import httpx

        parsed = address.base(self.url)
        address.refuse_looked_up(parsed)
        self.place = parsed.copy_with(path=parsed.path + self.service)
        _refuse_while_offline(self.place)
        limits = httpx.Timeout(self.timeout, connect=min(self.timeout, CONNECT))
        # a proxy of the environment cannot reach this machine's own servers
        here = address.is_loopback(parsed.host)
        try:
            # made here, since without trust_env a client would not hear of SSL_CERT_FILE
            verify = False if here and parsed.scheme == "http" else httpx.create_ssl_context()
            # a connection for each request, since _Deadline and the look at who answers begin when it is made
            once = httpx.Limits(max_keepalive_connections=0)
            self._http = httpx.Client(
                timeout=limits, trust_env=not here, verify=verify, follow_redirects=False, limits=once
            )
        except (ImportError, ValueError, OSError) as error:
            why = words.clean(str(error))
            raise CannotDo(f"No connection to {self.url} can be made ({why}); see the proxy variables.") from error
        self._direct = here or not urllib.request.getproxies()
        self._under_way: set[_Deadline] = set()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def hang_up(self) -> None:
        """End the requests under way: a server that sees its client go writes no further."""
        for deadline in list(self._under_way):
            deadline.end()

    def ask(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The completion that the server sends.

        Raises:
            Trouble: it sends none.
        """
        import httpx

        self.key = key = keys.key_for(self.place, own=self.own)
        headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {key.value}"} if key else {})
        headers |= {"Via": self.via} if self.via else {}
        deadline = _Deadline(self.timeout, self.place.host if self._direct else None)
        self._under_way.add(deadline)
        try:
            more = {"headers": headers, "extensions": {"trace": deadline.trace}}
            with deadline, self._http.stream("POST", self.place, json=body, **more) as response:
                text = self._read(response)
        except httpx.TimeoutException as error:
            raise Trouble(f"no reply within {self.timeout:g} s") from error
        except httpx.ConnectError as error:
            raise Trouble("nobody answers there") from error
        except httpx.ProxyError as error:
            raise Trouble("the proxy of the environment does not reach it") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            if deadline.passed:
                raise Trouble(f"no whole reply within {self.timeout:g} s") from error
            raise Trouble("the connection broke") from error
        finally:
            self._under_way.discard(deadline)
        return _understood(response, text, [key.value] if key else [])

    def _read(self, response: httpx.Response) -> str:
        """The body as text, if it is not too large and does not trickle."""
        found, latest = bytearray(), time.monotonic() + self.timeout
        unpack = _unpacker(response.headers.get("content-encoding", ""))
        for piece in response.iter_raw():
            found += unpack(piece, LARGEST + 1 - len(found))
            if len(found) > LARGEST:
                raise CannotDo(f"{self.url} sends more than {LARGEST >> 20} MB for one request; is it an endpoint?")
            if time.monotonic() > latest or self.stop.is_set():
                raise Trouble(f"no whole reply within {self.timeout:g} s")
        return found.decode("utf-8", "replace")


def _unpacker(packing: str) -> Callable[[bytes, int], bytes]:
    """What unpacks a piece of a reply to so many bytes at most: of a few that are packed, httpx makes any number."""
    packing = packing.strip().lower()
    if packing in ("", "identity"):
        return lambda piece, most: piece
    if packing not in ("gzip", "x-gzip", "deflate"):
        raise Trouble(f"a reply packed as {words.clean(packing)[:40]!r}, though it was asked not to pack it", 200)
    stream = zlib.decompressobj(47)  # of gzip's form or zlib's

    def unpacked(piece: bytes, most: int) -> bytes:
        try:
            return stream.decompress(piece, most)
        except zlib.error as error:
            raise Trouble("its reply is damaged") from error

    return unpacked


def _whole(body: Any) -> Any:
    """JSON in which halves of characters, which no terminal, file or store can hold, are U+FFFD."""
    if isinstance(body, str):
        return whole(body)
    if isinstance(body, list):
        return [_whole(one) for one in body]
    return {_whole(key): _whole(value) for key, value in body.items()} if isinstance(body, dict) else body


def _understood(response: httpx.Response, text: str, secrets: list[str]) -> dict[str, Any]:
    """The completion in a response; raises Trouble where there is none."""
    status = response.status_code
    if response.is_redirect:
        goal = words.clean(address.shown(response.headers.get("location", "")), secrets)
        raise Trouble(f"it sends on to {goal}, which is not followed; give that address if it is right", status)
    try:
        body = _whole(jsontext.parsed(text))
    except ValueError:
        body = None
    if isinstance(body, dict) and status == 200 and isinstance(body.get("choices"), list):
        return body
    error = body.get("error") if isinstance(body, dict) else None
    if status == 200 and isinstance(error, dict) and re.fullmatch("[1-9][0-9]{2}", str(error.get("code"))[:4]):
        status = int(str(error["code"]))
    wait = _wait(response.headers, body)
    said = words.clean(words.sentence_in(body), secrets) if body is not None else ""
    title = words.page_title(text) if body is None else None
    if title is not None:
        called = f" (“{title}”)" if title else ""
        raise Trouble(f"a web page{called} and no completion; the address usually ends in /v1", status, wait=wait)
    if body is None and text.lstrip().startswith("data:"):
        raise Trouble(
            "a stream, although a whole completion was asked for; turn off what makes it stream always", status
        )
    if body is None and status == 200 and text.lstrip().startswith("{"):
        raise Trouble("a reply that breaks off in the middle", wait=wait)
    if body is None:
        said = words.clean(text, secrets)
    if status == 200 and not text.strip():
        raise Trouble("an empty reply")
    if status == 200 and not said:
        raise Trouble("a reply that is no chat completion", status)
    raise Trouble(said, status, body, wait)


def _wait(headers: httpx.Headers, body: Any) -> float | None:
    """Seconds until a server wants to be asked again; None where it does not say."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        given = headers.get(name, "").strip()
        if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", given):
            return float(given) * unit
        if name == "retry-after" and given:
            try:
                return max(0.0, parsedate_to_datetime(given).timestamp() - time.time())
            except (ValueError, OverflowError):
                return None
    wait = body.get("estimated_time") if isinstance(body, dict) else None
    return float(wait) if isinstance(wait, (int, float)) and 0 <= wait < 1e9 else None


class _Deadline:
    """Ends a request that takes too long, whatever comes meanwhile: httpx's own limits begin anew with every byte, so
    that headers that trickle, or 103 without end, would hold it for ever."""

    def __init__(self, seconds: float, host: str | None) -> None:
        """``host``: refuse numbers that are never asked for it; None behind a proxy."""
        self.passed = self._ended = False
        self._host, self._socket = host, None
        self._timer = threading.Timer(seconds, self._run_out)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def trace(self, event: str, facts: Mapping[str, Any]) -> None:
        """Told by httpcore when there is a connection, and before anything is sent over it."""
        if not event.endswith(("connect_tcp.complete", "start_tls.complete")):
            return
        stream = facts["return_value"]
        self._socket = stream.get_extra_info("socket")
        if self._ended:  # while it was being made
            self.end()
        if self._host is not None:  # a name may have come to stand for another number since it was looked up
            with suppress(OSError):  # it has hung up already
                address.refuse_internal(str(stream.get_extra_info("server_addr")[0]), self._host)

    def _run_out(self) -> None:
        self.passed = True
        self.end()

    def end(self) -> None:
        """Break the connection, or the one that is being made once it is there."""
        self._ended = True
        if self._socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def _refuse_while_offline(place: httpx.URL) -> None:
    if not keys.is_hub(address.origin(place)):
        return
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise CannotDo(f"HF_HUB_OFFLINE is set, and {place.host} is the hub; unset it, or name another endpoint.")
