"""Files that a request names, and files that are served as they lie.

Hooked: the mark of ``FileData`` and its ``path`` and ``url``, by which ``processing_utils.async_move_files_to_cache``
knows what to check and what to fetch; ``_StaticFiles.all_paths``, in whose order a file's folder is looked for.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import gradio
from gradio.data_classes import _StaticFiles

from tts_playground.ui.edge.fetching import fetch

_HTTP = re.compile(r"https?://", re.IGNORECASE)


def sent_files(block: Any, value: Any) -> Any:
    """A request's value in the component's own data model, with all that names a file marked as one.

    Gradio asks only of what is marked whether it was sent here: without its mark, a visitor would open any file.
    A value that does not fit the model is pydantic's ``ValidationError``.
    """
    return _marked(block.data_model.model_validate(value).model_dump())


def _marked(value: Any) -> Any:
    if isinstance(value, list):
        return [_marked(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "path" in value:
        return {**value, "meta": {"_type": "gradio.FileData"}}
    return {name: _marked(one) for name, one in value.items()}


async def fetched(value: Any, folder: str) -> Any:
    """A request's value in which every file that is named by an address of the web was fetched into ``folder``.

    Raises:
        BadInput: one that cannot be, within the bounds.
    """
    if isinstance(value, list):
        return [await fetched(one, folder) for one in value]
    if not isinstance(value, dict):
        return value
    path = value.get("path")
    if isinstance(path, str) and _HTTP.match(path):
        return {**value, "path": await fetch(path, folder), "url": None}
    return {name: await fetched(one, folder) for name, one in value.items()}


@cache
def serve_in_place(folder: Path) -> None:
    """Serve a folder's files as they lie: else gradio hashes and copies each one whenever it is shown."""
    gradio.set_static_paths(folder)
    served = getattr(_StaticFiles, "all_paths", [])
    served.insert(0, served.pop())  # gradio compares each picture with its own icons first
