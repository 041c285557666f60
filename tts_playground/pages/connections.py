"""Connections that ask nothing do not stay, and there are as many as the system allows.

uvicorn waits for the end of a request's head, and of its body, as long as it takes; with a thousand that never end, and
the usual limit of 1024 open files, nobody else would be let in. Hooked (uvicorn 0.54): ``connection_made`` of its two
protocols, ``cycle``, ``transport``, ``loop``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tts_playground.errors import shown

HEAD, BODY = 20.0, 300.0
"""seconds in which the head of a request must have come, and its body: an upload of 20 MB over a slow line"""
FILES = 65_536
"""open files, a connection being one, where the system allows so many"""
_PROTOCOLS = (("h11_impl", "H11Protocol"), ("httptools_impl", "HttpToolsProtocol"))


def bounded_connections() -> None:
    """From now on, what uvicorn serves in this process closes connections that keep it waiting."""
    _more_files()
    for module, name in _PROTOCOLS:
        try:
            protocol = getattr(import_module(f"uvicorn.protocols.http.{module}"), name)
        except ImportError:  # the second needs a package
            continue
        if not hasattr(protocol.connection_made, "bounded"):
            protocol.connection_made = _watched(protocol.connection_made)


def _more_files() -> None:
    try:
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (ImportError, OSError, ValueError) as error:  # no such limit here, or none that may be changed
        import logging

        logging.getLogger(__name__).info("the limit of open files stays: %s", shown(error))


def _watched(made: Any) -> Any:
    def connection_made(self: Any, transport: Any) -> None:
        made(self, transport)
        self.loop.call_later(HEAD, _look, self, None, 0.0)

    setattr(connection_made, "bounded", True)  # noqa: B010 - functions have no such attribute
    return connection_made


def _look(protocol: Any, before: Any, waited: float) -> None:
    """Close a connection that has been between two requests since the last look, or in one body for too long."""
    transport, cycle = protocol.transport, protocol.cycle
    if transport is None or transport.is_closing() or transport.get_protocol() is not protocol:  # a websocket's by now
        return
    done = cycle is None or cycle.response_complete
    same = cycle is before
    waited = waited + HEAD if same and not done and getattr(cycle, "more_body", False) else 0.0
    if (done and same) or waited >= BODY:
        transport.close()
        return
    protocol.loop.call_later(HEAD, _look, protocol, cycle, waited)
