"""Gradio is imported without its writer of stub files. This module imports nothing of gradio before that.

Hooked: ``component_meta.create_or_modify_pyi``, which looks for a class's file by ``inspect.getfile``.
"""

from __future__ import annotations

import inspect
from typing import Any

from tts_playground.ui.loopback import past_proxies


def gradio_without_stubs() -> None:
    """Import gradio without its rewriting a .pyi file beside each of its 81 component classes.

    Measured: that is 1.2 of the 3 seconds of the import, and needs a package folder that can be written to. Its writer
    skips classes whose source file cannot be found, so none is found while the import runs; a gradio that was imported
    before stays as it is.
    """
    find = inspect.getfile

    def hidden(subject: Any) -> str:
        if isinstance(subject, type) and subject.__module__.startswith("gradio."):
            raise OSError("Stub files are not wanted.")
        return find(subject)

    inspect.getfile = hidden
    try:
        with past_proxies():  # gradio makes a client of httpx while it is imported
            import gradio  # noqa: F401
    finally:
        inspect.getfile = find
