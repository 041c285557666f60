"""What a page's results were made of, for the browser, which compares it with the controls (``ui/data/stale.js``)."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Mapping
from typing import Any

from PIL import Image


def made(tab: str, said: str, of: Mapping[str, Any] | None, **more: Any) -> str:
    """An unseen element that stands with a tab's results.

    Args:
        said: the settings that matter, in words: "tiny:vlm, temperature 1, seed 0".
        of: the values of the controls that the results depend on; None where none had a say (a ready-made pool), so
            that the results are old as soon as one of the controls moves.
        more: "most", the largest values of controls that look at the first of what was drawn; "part", where only a
            part of the tab is meant.
    """
    values = None if of is None else {name: _plain(value) for name, value in of.items()}
    return _unseen("made", {"tab": tab, "said": said, "of": values, **more})


def now(tab: str, **values: Any) -> str:
    """An unseen element that says what a control holds of which the browser cannot tell: the digest of a picture."""
    return _unseen("now", {"tab": tab, "values": values})


def digest(picture: Image.Image | None) -> str:
    """A name for a picture's pixels; "" where there is none."""
    if picture is None:
        return ""
    shown = picture.convert("RGBA")
    return hashlib.sha256(repr(shown.size).encode() + shown.tobytes()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _unseen(name: str, told: dict[str, Any]) -> str:
    text = html.escape(json.dumps(told, separators=(",", ":"), ensure_ascii=False), quote=True)
    return f'<i hidden data-{name}="{text}"></i>'
