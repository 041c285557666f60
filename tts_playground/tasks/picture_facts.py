"""Settings inside a PNG: what made a picture is written into it, and comes back when the picture is dropped in."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

from PIL import Image, PngImagePlugin

from tts_playground import jsontext
from tts_playground.errors import BadInput

KEY = "tts_playground"
MOST_BYTES = 1 << 20


def png(image: Image.Image, facts: Mapping[str, Any]) -> bytes:
    """The picture as a PNG file with ``facts`` (JSON-able) as text under "tts_playground"."""
    info = PngImagePlugin.PngInfo()
    info.add_itxt(KEY, json.dumps(facts, ensure_ascii=False))
    out = io.BytesIO()
    image.save(out, "PNG", pnginfo=info)
    return out.getvalue()


def facts_of(image: Image.Image) -> dict[str, Any]:
    """The facts in a picture that ``png`` wrote.

    Raises:
        BadInput: the picture carries none, or they are damaged.
    """
    text = getattr(image, "text", {}).get(KEY) or image.info.get(KEY)
    if not isinstance(text, str) or len(text) > MOST_BYTES:
        raise BadInput("This picture carries no settings; drop in a PNG that was downloaded here, unchanged.")
    try:
        facts = jsontext.loads(text, "It")
    except BadInput as error:
        raise BadInput("The settings in this picture are damaged; they are no JSON.") from error
    if not isinstance(facts, dict) or not isinstance(facts.get("prompt"), str):
        raise BadInput("The settings in this picture are damaged; they name no prompt.")
    return facts
