"""A gateway on a port of its own: ``python -m tts_playground serve --gateway``."""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import uvicorn

from tts_playground.errors import BadInput, CannotDo, shown
from tts_playground.gateway import catalogue
from tts_playground.gateway.edge import Gateway
from tts_playground.gateway.guard import Guard, key_of_environment, require_key
from tts_playground.pages.access import Door
from tts_playground.pages.connections import bounded_connections
from tts_playground.pages.freed_memory import give_back_often, share_heaps

PORT = 8080
WAITING = 512
"""connections that wait to be taken"""
GRACE = 3
"""seconds that answers under way have when the server is stopped"""


@dataclass(frozen=True, slots=True)
class GatewayServer:
    """A gateway that listens."""

    gateway: Gateway
    address: str
    """base address for clients, e.g. http://127.0.0.1:8080/v1"""
    _socket: socket.socket

    @classmethod
    def bound(
        cls,
        models: Sequence[str] = (),
        rewards: Sequence[str] = (),
        *,
        host: str = "127.0.0.1",
        port: int = PORT,
        at_once: int = 2,
    ) -> GatewayServer:
        """A gateway that listens, but does not answer yet.

        Args:
            models, rewards: the operator's list (``catalogue.read``).
            host: an address of this machine; others than loopback want a key.
            port: 0 takes a free one.
            at_once: requests at work at a time, 1 or more.

        Raises:
            BadInput: no such address or model, an upstream that is this gateway itself, or no key where one is needed.
            ModelUnavailable: a model is not here. CannotDo: the port is in use.
        """
        if not host:
            raise _no_address(host)
        key, door = key_of_environment(), Door.of(host)
        require_key(door, key)
        listed = catalogue.read(models, rewards)
        heard = _listening(host, port)
        try:
            port = heard.getsockname()[1]
            catalogue.refuse_itself(listed, host, port)
        except BadInput:
            heard.close()
            raise
        at = f"[{host}]" if ":" in host.strip("[]") else host
        return cls(Gateway(listed, Guard(door, key), at_once), f"http://{at}:{port}/v1", heard)

    def serve(self) -> None:
        """Answer until somebody stops the process."""
        share_heaps()
        give_back_often(threading.Event())
        self._server().run(sockets=[self._socket])

    def in_background(self) -> BackgroundServer:
        """Answer in a thread, until ``stop``."""
        server = self._server()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [self._socket]}, name="gateway", daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        return BackgroundServer(server, thread)

    def _server(self) -> _Server:
        bounded_connections()
        config = uvicorn.Config(
            self.gateway,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=GRACE,
        )
        return _Server(config, self.gateway)


@dataclass(frozen=True, slots=True)
class BackgroundServer:
    """A server in a thread."""

    server: uvicorn.Server
    thread: threading.Thread

    def stop(self) -> None:
        """End all work, and wait until it has ended."""
        self.server.should_exit = True
        self.thread.join()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self._gateway = gateway

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._gateway.stop()
        await super().shutdown(sockets)


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, kind, *_, place = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        heard = socket.socket(family, kind)
    except (OSError, UnicodeError, OverflowError) as error:
        raise _no_address(host) from error
    try:
        heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        heard.bind(place)
        heard.listen(WAITING)
    except OSError as error:
        heard.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise _no_address(host) from error
        raise CannotDo(f"The port {port} cannot be opened ({error.strerror or error}); name another --port.") from error
    return heard


def _no_address(host: str) -> BadInput:
    return BadInput(f"The host {shown(host, 80)!r} is no address of this machine; give 127.0.0.1.")
