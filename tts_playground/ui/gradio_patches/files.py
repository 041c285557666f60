"""Files that a request names, and files that are served as they lie.

Hooked: the mark of ``FileData`` and its ``path`` and ``url``, by which ``processing_utils.async_move_files_to_cache``
knows what to check and what to fetch; ``_StaticFiles.all_paths``, in whose order a file's folder is looked for, and
``utils.is_static_file``, which looks; ``processing_utils.save_pil_to_cache``, which writes what an event shows.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from functools import cache
from pathlib import Path
from typing import Any

import gradio
from gradio import processing_utils, utils
from gradio.data_classes import _StaticFiles

from tts_playground.files import whole
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


def pictures_once() -> None:
    """Write no picture a second time: gradio empties its file first, under who is just loading it."""
    processing_utils.save_pil_to_cache = _saved


def _saved(img: Any, cache_dir: str, name: str = "image", format: str = "webp") -> str:
    """As gradio's, to the same path."""
    data = processing_utils.encode_pil_to_bytes(img, format)
    file = (Path(cache_dir) / processing_utils.hash_bytes(data) / f"{name}.{format}").resolve()
    try:
        os.utime(file)  # gradio deletes what is old, and this is about to be shown
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole(file, "A picture", lasting=False) as partial:
            partial.write_bytes(data)
    return str(file)


@cache
def serve_in_place(folder: Path) -> None:
    """Serve a folder's files as they lie: else gradio hashes and copies each one whenever it is shown."""
    gradio.set_static_paths(folder)
    served = getattr(_StaticFiles, "all_paths", [])
    served.insert(0, served.pop())  # gradio compares each picture with its own icons first
    _FOLDERS.add(str(folder))
    utils.is_static_file = _is_static


_FOLDERS: set[str] = set()
gradios_own = utils.is_static_file
gradios_saving = processing_utils.save_pil_to_cache


def _is_static(file_path: Any) -> bool:
    """As gradio says, and at once of a plain file in a folder that is served as it lies.

    Gradio resolves the picture's and the folder's path, link by link, twice for each picture of a gallery: a third of
    what a cached view of 16 took.
    """
    path = getattr(file_path, "path", file_path)
    folder, name = os.path.split(path) if isinstance(path, str) else ("", "")
    if folder in _FOLDERS and name not in ("", ".", ".."):
        with contextlib.suppress(OSError, ValueError):
            if stat.S_ISREG(os.lstat(path).st_mode):
                return True
    return gradios_own(file_path)
