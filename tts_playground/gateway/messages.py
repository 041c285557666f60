"""The messages of a request: what was said before, what is asked now, and the picture that it is about."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tts_playground.errors import BadInput, shown
from tts_playground.pages.checks import text as checked_text
from tts_playground.pages.checks import told

if TYPE_CHECKING:
    from PIL import Image

MESSAGES = 200
"""in one request"""
CHARACTERS = 100_000
"""of all of them together"""
_PICTURE = re.compile(r"data:image/[a-z0-9.+-]{1,40};base64,", re.IGNORECASE)
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_TURN_FIELDS = {"role", "content", "name", "refusal", "annotations", "audio", "tool_calls", "function_call"}
_TURN_EMPTY = ("audio", "tool_calls", "function_call")
"""what an assistant's message may hold nothing in: there are no tools here"""


@dataclass(frozen=True, slots=True)
class Said:
    """A conversation that ends with what is asked."""

    question: str
    """the last message, the user's"""
    system: str = ""
    """all system messages, wherever they stood, with a blank line between them"""
    earlier: tuple[tuple[str, str], ...] = ()
    """(role, text) of the turns before"""
    picture: Image.Image | None = field(default=None, repr=False)
    """as ``images.open_image`` gives it"""


def read(messages: Any) -> Said:
    """The conversation.

    Raises:
        BadInput: the sentence says which message cannot be used, and why.
    """
    if not isinstance(messages, list) or not messages:
        raise BadInput("messages must be a list of at least one message.")
    if len(messages) > MESSAGES:
        raise BadInput(f"There are {len(messages):,} messages; at most {MESSAGES} are read.")
    turns: list[tuple[str, str]] = []
    pictures: list[tuple[int, str]] = []
    for place, message in enumerate(messages):
        role, text, urls = _message(message, f"messages[{place}]")
        turns.append((role, text))
        pictures += [(place, url) for url in urls]
    if sum(len(text) for _, text in turns) > CHARACTERS:
        raise BadInput(f"The messages have more than {CHARACTERS:,} characters together; shorten them.")
    spoken = [turn for turn in turns if turn[0] != "system"]
    system = "\n\n".join(text for role, text in turns if role == "system" and text.strip())
    if not spoken or turns[-1][0] != "user":
        raise BadInput("The last message must be the user's: half-written replies are not continued here.")
    if pictures and (len(pictures) > 1 or pictures[0][0] != len(turns) - 1 or len(spoken) > 1):
        raise BadInput("A picture goes with a conversation of one user message and one picture; send it so.")
    picture = _picture(pictures[0][1], f"messages[{pictures[0][0]}]") if pictures else None
    return Said(spoken[-1][1], system, tuple(spoken[:-1]), picture)


def _message(message: Any, where: str) -> tuple[str, str, list[str]]:
    """(role, text, addresses of pictures)"""
    if not isinstance(message, Mapping):
        raise BadInput(f"{where} must be an object with role and content, not {told(message)}.")
    given = message.get("role")
    role = _ROLES.get(given) if isinstance(given, str) else None
    if role is None:
        raise BadInput(f"{where}.role must be system, developer, user or assistant, not {shown(repr(given), 40)}.")
    if unknown := sorted(set(map(str, message)) - _TURN_FIELDS):
        raise BadInput(f"{where} has the field {shown(unknown[0], 40)!r}, which is not read here; leave it out.")
    if filled := next((name for name in _TURN_EMPTY if message.get(name)), None):
        raise BadInput(f"{where}.{filled} cannot be used: there are no tools and no sound here.")
    text, urls = _content(message.get("content"), f"{where}.content")
    if urls and role != "user":
        raise BadInput(f"{where} holds a picture, but only the user's message may.")
    return role, text, urls


def _content(content: Any, where: str) -> tuple[str, list[str]]:
    if isinstance(content, str):
        return checked_text(where, content), []
    if not isinstance(content, Sequence):
        raise BadInput(f"{where} must be a text or a list of parts, not {told(content)}.")
    if len(content) > MESSAGES:
        raise BadInput(f"{where} has {len(content):,} parts; at most {MESSAGES} are read.")
    texts, urls = list[str](), list[str]()
    for place, part in enumerate(content):
        at = f"{where}[{place}]"
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind in ("text", "refusal"):
            texts.append(checked_text(f"{at}.{kind}", part.get(kind)))
        elif kind == "image_url":
            shown_by = part.get("image_url")
            url = shown_by.get("url") if isinstance(shown_by, Mapping) else None
            if not isinstance(url, str):
                raise BadInput(f"{at}.image_url must be an object with a url.")
            urls.append(url)
        else:
            raise BadInput(f"{at}.type must be text or image_url, not {shown(repr(kind), 40)}.")
    return "\n".join(texts), urls


def _picture(url: str, where: str) -> Image.Image:
    from tts_playground.images import open_image

    start = _PICTURE.match(url)
    if start is None:
        raise BadInput(
            f"The picture of {where} must be a data: URL, like data:image/png;base64,...: nothing is fetched here."
        )
    try:
        data = base64.b64decode(url[start.end() :], validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput(f"The picture of {where} is no base64; encode the file as it is.") from error
    return open_image(data)
