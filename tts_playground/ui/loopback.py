"""Gradio asks the page that it has just begun to serve whether it is there: an address of this machine, past any proxy.

httpx raises while it reads an environment whose proxy is malformed or a SOCKS one, whatever address is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

NAMES = ("no_proxy", "NO_PROXY")


@contextmanager
def past_proxies() -> Iterator[None]:
    """Within it this process asks every address itself; afterwards the environment is what it was."""
    before = {name: os.environ.get(name) for name in NAMES}
    os.environ.update(dict.fromkeys(NAMES, "*"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
