"""The gateway beside the pages of an app, at the same address, where the operator turns it on."""

from __future__ import annotations

import os
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from tts_playground.errors import BadInput, shown
from tts_playground.gateway import catalogue
from tts_playground.gateway.edge import ROOT, Gateway
from tts_playground.gateway.guard import Guard, key_of_environment, require_key
from tts_playground.pages.access import Door

SWITCH = "TTS_PLAYGROUND_GATEWAY"
ON, OFF = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


def wanted(server_name: str | None = None) -> Gateway | None:
    """The gateway of an app that listens at ``server_name``, or None where nobody turned one on.

    Raises:
        BadInput: the switch cannot be read, no key where one is needed, or a wrong list of models.
        ModelUnavailable: a model of the list is not here.
    """
    value = os.environ.get(SWITCH, "").strip().lower()
    if value in OFF:
        return None
    if value not in ON:
        raise BadInput(f"{SWITCH} is {shown(value, 40)!r}; set it to 1 or 0.")
    key, door = key_of_environment(), Door.of(server_name)
    require_key(door, key)
    return Gateway(catalogue.read(), Guard(door, key))


def check(gateway: Gateway, served_at: str, close: Callable[[], None]) -> None:
    """Close an app whose gateway is its own upstream.

    Args:
        served_at: its address, which is known once it is served.

    Raises:
        BadInput: it is.
    """
    place = urlsplit(served_at)
    try:
        catalogue.refuse_itself(gateway.catalogue, place.hostname or "", place.port or 80)
    except BadInput:
        close()
        raise


class GatewayBranch:
    """ASGI middleware: what is asked of ``/v1`` goes to the gateway, everything else to the pages."""

    def __init__(self, app: ASGIApp, gateway: Gateway) -> None:
        self.app, self.gateway = app, gateway

    @classmethod
    def to(cls, gateway: Gateway) -> Middleware:
        """The middleware as the app wants it."""
        return Middleware(cls, gateway=gateway)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        path = scope.get("path", "")
        mine = scope["type"] == "http" and (path == ROOT or path.startswith(f"{ROOT}/"))
        await (self.gateway if mine else self.app)(scope, receive, send)
