"""Files that the page itself holds."""

from __future__ import annotations

import base64
import json


def offer(name: str, mime: str, data: bytes) -> str:
    """A file for ``ui.scripts.SAVE``, inside the page: no second request, nothing left on the server."""
    return json.dumps({"name": name, "href": f"data:{mime};base64,{base64.b64encode(data).decode()}"})
