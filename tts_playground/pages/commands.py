"""What a page does as a line for a terminal."""

from __future__ import annotations

import base64
import io
import shlex
from collections.abc import Mapping
from typing import Any

from PIL import Image

LARGEST = 150_000
"""bytes of a picture that is written into a script or a command"""
PICTURE = "picture.png"


def command(verb: str, given: tuple[str, ...], options: Mapping[str, Any]) -> str:
    """``python -m tts_playground VERB GIVEN --name value``; options of None and False are left out, True has no value.

    Values that begin with a dash are written ``--name=value``, and a text that does comes after ``--``.
    """
    words = ["python", "-m", "tts_playground", *verb.split()]
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(flag)
        elif value is not None and value is not False:
            text = str(value)
            words += [f"{flag}={shlex.quote(text)}"] if text.startswith("-") else [flag, shlex.quote(text)]
    if any(one.startswith("-") for one in given):
        words.append("--")
    return " ".join([*words, *map(shlex.quote, given)])


def embedded(picture: Image.Image) -> str:
    """The picture as base64 of a PNG; "" where it is too large for a script."""
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=True)
    data = stream.getvalue()
    return base64.b64encode(data).decode() if len(data) <= LARGEST else ""


def writes_picture(data: str) -> str:
    """A command that writes ``embedded``'s picture to the file ``PICTURE``, and goes on with the next one."""
    code = f"import base64; open('{PICTURE}', 'wb').write(base64.b64decode('{data}'))"
    return f"python -c {shlex.quote(code)} && " if data else ""
