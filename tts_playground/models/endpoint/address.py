"""Addresses of endpoints, read by the parser that also sends: a key is chosen for where a request really goes."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tts_playground.errors import BadInput

if TYPE_CHECKING:
    import httpx

PREFIX = "endpoint:"
CHAT = "/chat/completions"
TEXT = "/completions"
EXAMPLE = "http://localhost:8000/v1"
METADATA = {"100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"}
"""where clouds tell a machine its own secrets, outside the link-local networks"""

_HOLDING = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96")))
"""networks whose numbers end in one of IPv4"""

Origin = tuple[str, str, int]
"""scheme, host and port"""


def named(name: str) -> tuple[str, str]:
    """(model, address) of ``endpoint:MODEL@http://host:port/v1``; the model's name may hold ``@`` and ``/``.

    Without an address it is that of ``TTS_PLAYGROUND_ENDPOINT_URL``.

    Raises:
        BadInput: no model or no address.
    """
    rest = name.removeprefix(PREFIX)
    found = re.search(r"@(?=[A-Za-z][A-Za-z0-9+.-]*:/)", rest)
    model, url = (rest[: found.start()], rest[found.end() :]) if found else (rest, "")
    url = url or os.environ.get("TTS_PLAYGROUND_ENDPOINT_URL", "").strip()
    if not model or not url:
        raise BadInput(f"An endpoint is named 'endpoint:MODEL@{EXAMPLE}'.")
    return model, url


def base(url: str) -> httpx.URL:
    """The address below which ``/chat/completions`` lies; ``/v1`` where no path is given.

    Raises:
        BadInput: no http or https address of a host, or one with a user name, a query or a fragment in it; addresses of
            link-local networks and of cloud metadata.
    """
    import httpx

    try:
        parsed = httpx.URL(url)
        odd = re.search(r"[\s\\]", url) or not 0 < (parsed.port or 1) < 65536
    except (httpx.InvalidURL, TypeError):
        parsed, odd = None, True
    if parsed is None or odd or parsed.scheme not in ("http", "https") or not parsed.host:
        told = "" if "@" in url else f", not {url[:200]!r}"  # what stands before an @ may be a password
        raise BadInput(f"An endpoint is an address like {EXAMPLE}{told}.")
    if parsed.userinfo:
        raise BadInput(
            f"The address of {parsed.host} holds a user name or password; leave it out, and put the key into "
            "TTS_PLAYGROUND_ENDPOINT_KEY."
        )
    if parsed.query or parsed.fragment or url.rstrip().endswith(("?", "#")):
        raise BadInput(f"The address of {parsed.host} has a part after ? or #; give the base address, like {EXAMPLE}.")
    refuse_internal(parsed.host, parsed.host)
    path = parsed.path.rstrip("/").removesuffix(CHAT).removesuffix(TEXT)
    return parsed.copy_with(path=path or "/v1")


def origin(url: httpx.URL) -> Origin:
    """Scheme, host and port: what a key belongs to."""
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme, 0)


def origin_of(url: str) -> Origin | None:
    """As ``origin``; None for a text that is no address of an endpoint."""
    try:
        return origin(base(url))
    except BadInput:
        return None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine; 0.0.0.0 is what servers print when they listen everywhere."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    number = _number(host)
    return number is not None and (number.is_loopback or number.is_unspecified)


def refuse_internal(host: str, where: str) -> None:
    """Refuse a link-local or metadata address, in whatever way its number is written.

    Args:
        host: a name or a number; names are not looked up here.
        where: what to call it.

    Raises:
        BadInput: it is one.
    """
    number = _number(host)
    internal = any(one.is_link_local or str(one) in METADATA for one in _held(number))
    if internal or host == "metadata.google.internal":
        raise BadInput(f"{where} is a link-local or cloud metadata address, which is never asked; give another host.")


def refuse_looked_up(url: httpx.URL) -> None:
    """As ``refuse_internal``, for all numbers that the host's name stands for. Names that are not known pass."""
    try:
        found = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return
    for *_, place in found:
        refuse_internal(str(place[0]), url.host)


def _number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that a host is; None for a name."""
    host = host.strip("[]").partition("%")[0]
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        try:  # 2852039166, 0xa9fea9fe and 127.1 are numbers to a system's resolver
            number = ipaddress.ip_address(socket.inet_aton(host)) if re.fullmatch(r"[0-9a-fx.]+", host) else None
        except OSError:
            return None
    return getattr(number, "ipv4_mapped", None) or number


def _held(number: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> Iterator[Any]:
    """The number and those that it holds: of 6to4 and Teredo, behind NAT64, and IPv4 as IPv6 once wrote it."""
    if number is None:
        return
    yield number
    if isinstance(number, ipaddress.IPv6Address):
        yield from (one for one in (number.sixtofour, *(number.teredo or ())) if one is not None)
        if any(number in network for network in _HOLDING):
            yield ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)


def shown(url: str, most: int = 200) -> str:
    """An address from elsewhere as scheme, host and path, for a sentence."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return (f"{parts.scheme}://{host}{parts.path}" if host else parts.path)[:most]
