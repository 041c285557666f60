"""What a link asked for and what the page made of it, where that is something else: no value changes silently."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tts_playground.errors import shown

LONGEST = 40
"""characters of a value that are quoted"""
YES, NO = ("true", "yes", "1"), ("false", "no", "0", "auto")


def sentence(query: Mapping[str, str], names: Sequence[str], values: Sequence[Any], *, local: bool = True) -> str:
    """One sentence on what a link's values became; "" where all are as the link says.

    Args:
        query: the link's parameters.
        names, values: what the page shows, side by side; values that the link does not name are passed over.
        local: whether who asks is at this machine; nobody else is told which folders it has.
    """
    told = [
        _became(name, query[name], value)
        for name, value in zip(names, values, strict=True)
        if name in query and query[name].strip() and not _same(query[name], value)
    ]
    parts = [f"This link was put right: {', '.join(told)}."] if told else []
    folder = query.get("model", "").strip() if local and "model" in names else ""
    if folder.startswith(("/", "~", ".", "\\")) and not _is_folder(folder):
        parts.append(f"There is no folder “{shown(folder, LONGEST)}” on this machine: choose another model.")
    return " ".join(parts)


def _is_folder(name: str) -> bool:
    try:
        return Path(name).expanduser().is_dir()
    except (OSError, RuntimeError, ValueError):  # nobody's home, or no name of a file at all
        return False


def _became(name: str, asked: str, value: Any) -> str:
    if isinstance(value, str) and value and len(asked) > len(value) and asked.strip().startswith(value.strip()):
        return f"{name} was cut to {len(value):,} characters"
    words = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else value
    new = f"{words:g}" if isinstance(words, float) else shown(words, LONGEST) if words != "" else "empty"
    return f"{name} = {shown(asked, LONGEST)} became {new}"


def _same(asked: str, value: Any) -> bool:
    """Whether a text of a link says what a component holds."""
    text = asked.strip()
    if isinstance(value, bool):
        return text.lower() in (YES if value else NO)
    if isinstance(value, (int, float)):
        try:
            return math.isclose(float(text), float(value), rel_tol=1e-9, abs_tol=1e-3)
        except (ValueError, OverflowError):
            return False
    if isinstance(value, (list, tuple)):
        return {one.strip() for one in text.split(",") if one.strip()} == set(map(str, value))
    return re.sub(r"\s+", " ", text) == re.sub(r"\s+", " ", str(value).strip())
