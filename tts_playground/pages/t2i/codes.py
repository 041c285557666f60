"""What the embedded model's image tokens look like, and what else might have been drawn: read from files that ship."""

from __future__ import annotations

import base64
import io
import json
from functools import cache, lru_cache
from typing import Any

from PIL import Image

from tts_playground import home
from tts_playground.evaluation.make_watch import CODES, FILE


@cache
def shipped() -> dict[str, Any]:
    """What ships; empty where it does not."""
    file = home.STARTERS / FILE
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


@cache
def codes() -> Image.Image | None:
    """The picture of all codes of the embedded model; None where it does not ship."""
    file = home.STARTERS / CODES
    return Image.open(file).convert("RGB") if file.exists() else None


@lru_cache(maxsize=4096)
def patch(token: int) -> str:
    """A code of the embedded model as an inline picture; "" where it does not ship."""
    sheet = codes()
    if sheet is None:
        return ""
    row = int(shipped().get("row", 32))
    size = sheet.width // row
    left, top = token % row * size, token // row * size
    if top >= sheet.height:
        return ""
    stream = io.BytesIO()
    sheet.crop((left, top, left + size, top + size)).save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
