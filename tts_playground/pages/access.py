"""Who asks: somebody at the machine that serves the app, a visitor, or somebody who is not answered at all.

Somebody local may name folders, hub ids and endpoints, and train; ``menu`` says what a visitor may. A proxy or a tunnel
on this machine brings strangers in as 127.0.0.1, and a web page can make a browser on this machine ask (DNS rebinding,
cross-site requests), so the address alone proves nothing: the Host must be loopback too, and no header may tell of a
proxy or of a foreign page. Whatever is doubtful is a visitor's.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from tts_playground import registry

HOSTS = "TTS_PLAYGROUND_HOSTS"
VISITOR = "x-playground-visitor"
"""put on every request that is not local: MCP calls the app again from 127.0.0.1 with the headers of the caller"""
PROXY = (
    "x-",  # X-Forwarded-*, X-Real-IP, X-Client-IP, X-Cluster-Client-IP, X-Original-*, X-Envoy-*, X-Amzn-*, ...
    "forwarded",  # RFC 7239
    "via",  # RFC 9110
    "cdn-loop",  # RFC 8586
    "early-data",  # RFC 8470
    "max-forwards",
    "proxy-",
    "client-ip",
    "true-client-ip",  # Akamai, Cloudflare
    "cf-",  # Cloudflare and its tunnels
    "fly-",
    "fastly-",
    "akamai-",
    "incap-",
    "cloudfront-",
    "do-connecting-ip",  # DigitalOcean
    "rndr-id",  # Render
    "wl-proxy-",  # WebLogic
    "ali-",
    "eagleeye-",
    "tailscale-",
    "ngrok-",
    "remote-",  # Remote-User and its like, of proxies that sign people in
)
"""how the names of headers begin that proxies, tunnels and content networks add"""
OWN = ("x-gradio-", "x-hf-", "x-requested-with", "x-stainless-")
"""X- headers that gradio's page and clients, and the openai package, send themselves"""
KEPT = ("/gradio_api/deep_link", "/gradio_api/process_recording", "/gradio_api/dev/", "/gradio_api/vibe-")
"""routes of gradio's own that write files, convert films or reload code, which the app needs for nobody"""
_RELAY = re.compile(r"/(?:file|proxy)=\s*https?:", re.IGNORECASE)
"""gradio's way to fetch any page of the web for whoever asks, which the app needs for nobody"""
_PORTS = {"http": 80, "https": 443}


def is_local(request: Any) -> bool:
    """Whether somebody at the machine that serves the app asks, and no proxy, tunnel or foreign page for somebody else.

    Args:
        request: a ``gr.Request`` or one of starlette's; None is nobody.
    """
    host = getattr(getattr(request, "client", None), "host", None)
    headers = getattr(request, "headers", None)
    return headers is not None and _direct(host, _pairs(headers.items()))


def _direct(peer: str | None, headers: list[tuple[str, str]]) -> bool:
    """``headers`` with names in lower case."""
    if not is_loopback(peer or "") or any(_tells_of_a_proxy(name) for name, _ in headers):
        return False
    if any(name == "sec-fetch-site" and value in ("cross-site", "same-site") for name, value in headers):
        return False
    return is_loopback(_host(headers)) and not _foreign(headers)


def _tells_of_a_proxy(name: str) -> bool:
    return name.startswith(PROXY) and not name.startswith(OWN)


def is_loopback(host: str) -> bool:
    """Whether a name or an address, without a port, is this machine's own: localhost, 127.x.x.x or ::1."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def split(authority: str) -> tuple[str, int | None]:
    """(host, port) of "host", "host:port", "[::1]:port" or an address with its scheme; ("", None) where it is none."""
    if set(authority) & set("\t\r\n") or ("://" not in authority and set(authority) & set("@/?#\\ ")):
        return "", None  # the first three are left out by the parser, wherever they stand
    try:
        parts = urlsplit(authority if "://" in authority else f"//{authority}")
        return (parts.hostname or "").removesuffix("."), parts.port
    except ValueError:
        return "", None


def _pairs(items: Iterable[tuple[Any, Any]]) -> list[tuple[str, str]]:
    return [(str(name).lower(), str(value).strip()) for name, value in items]


def _host(headers: list[tuple[str, str]]) -> str:
    """The host that is asked for; "" where there is none or more than one."""
    hosts = [value for name, value in headers if name == "host"]
    return split(hosts[0])[0] if len(hosts) == 1 else ""


def _foreign(headers: list[tuple[str, str]]) -> bool:
    """Whether a page of another origin asks; a request without Origin comes from no page, or from this one."""
    hosts = [value for name, value in headers if name == "host"]
    for origin in (value for name, value in headers if name == "origin"):
        default = _PORTS.get(urlsplit(origin).scheme if "://" in origin else "")
        (host, port), (from_host, from_port) = split("".join(hosts)), split(origin)
        if default is None or not from_host or (host, port or default) != (from_host, from_port or default):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Door:
    """Which requests are answered at all."""

    loopback: bool
    """whether the app listens on loopback only: then a host that nobody named is DNS rebinding, and not answered"""
    named: tuple[str, ...] = ()
    """hosts that the operator named, "*.example.org" for all below one; they are visitors', never local"""

    @classmethod
    def of(cls, server_name: str | None = None) -> Door:
        """The door of an app that listens at ``server_name``, as the environment wants it."""
        bound = server_name or os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1"
        named = [os.environ.get(HOSTS, ""), os.environ.get("SPACE_HOST", "")]
        root = os.environ.get("GRADIO_ROOT_PATH", "")
        named += [root] if "://" in root else []
        hosts = (split(one.strip())[0] for part in named for one in part.split(","))
        return cls(is_loopback(bound.strip("[]").lower()), tuple(host for host in hosts if host))

    def knows(self, host: str) -> bool:
        """Whether the operator named a host."""
        return any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in self.named)

    def refusal(self, headers: list[tuple[str, str]]) -> tuple[int, str] | None:
        """(HTTP status, sentence) for who is not answered; None for everybody else."""
        host = _host(headers)
        at_home = is_loopback(host)
        if self.loopback and not at_home and not self.knows(host):
            return 421, f"This app does not answer to the host {host[:100]!r}; who runs it can name it in {HOSTS}."
        if _foreign(headers) and (self.loopback or at_home):
            origins = [split(value)[0] for name, value in headers if name == "origin"]
            if not all(self.knows(origin) for origin in origins):
                return 403, f"This app does not answer pages of other sites; who runs it can name them in {HOSTS}."
        return None


class Doorkeeper:
    """ASGI middleware: turns away whom the door does not know, and marks visitors.

    What is called in here resolves registered plug-ins only, never a module by its path.
    """

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self.app = app
        self.door = door

    @classmethod
    def at(cls, server_name: str | None) -> Middleware:
        """The middleware as the app wants it; ``server_name`` is where it listens, None for the environment's."""
        return Middleware(cls, door=Door.of(server_name))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with one sentence."""
        with registry.registered_only():  # contexts reach the queue's tasks and the handlers' threads
            if scope["type"] not in ("http", "websocket"):
                await self.app(scope, receive, send)
                return
            headers = _pairs((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
            refused = self.door.refusal(headers)
            if refused is not None:
                await _refuse(scope, send, *refused)
                return
            if _RELAY.search(scope["path"]):
                await _refuse(scope, send, 403, "This app fetches no other site's pages.")
                return
            # HTTP/1.0 is what proxies speak: nginx does unless told otherwise, with a Host of its own and no other sign
            old = scope.get("http_version") == "1.0"
            if old or not _direct((scope.get("client") or [None])[0], headers):
                if any(path in scope["path"] for path in KEPT):
                    await _refuse(scope, send, 403, "Only who sits at the machine that runs this app can do this.")
                    return
                scope = {**scope, "headers": [*scope["headers"], (VISITOR.encode(), b"1")]}
            await self.app(scope, receive, send)


async def _refuse(scope: Scope, send: Send, status: int, sentence: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": sentence[:120]})
        return
    body = json.dumps({"detail": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
