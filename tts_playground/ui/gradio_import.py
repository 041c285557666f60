"""What gradio does again and again, or for editors only, is done once or left out."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any


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
        import gradio  # noqa: F401
    finally:
        inspect.getfile = find


def signatures_once(classes: Iterable[type]) -> None:
    """Keep the signatures of components' constructors, which gradio works out for every component of every new page.

    With what ``widgets.PageState`` saves, a page's session is made in 15 ms instead of 38.
    """
    for one in classes:
        make: Any = one.__init__
        if not hasattr(make, "__signature__"):
            make.__signature__ = inspect.signature(make)


@cache
def serve_in_place(folder: Path) -> None:
    """Serve a folder's files as they lie: else gradio hashes and copies each one whenever it is shown."""
    import gradio
    from gradio.data_classes import _StaticFiles

    gradio.set_static_paths(folder)
    served = getattr(_StaticFiles, "all_paths", [])
    served.insert(0, served.pop())  # gradio compares each picture with its own icons first
