"""What an image processor made of the last few pictures, so that each new prompt about one does not pay for it again.

Gemma 3, SmolVLM and InternVL write something of their own behind a picture, so that a prompt can be tokenised only by
the whole processor, which cuts and scales the picture each time: half a second for a large one.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from typing import Any, cast

from tts_playground.models.lru_cache import LruCache

KEPT = 8
ROOM = 256 << 20
"""bytes of pixels"""


class KeptPictures:
    """An image processor that remembers; in all else the one that it stands for."""

    def __init__(self, image_processor: Any) -> None:
        self._own = image_processor
        self._kept: LruCache[tuple[bytes, str], Mapping[str, Any]] = LruCache(KEPT, _bytes, ROOM)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_own"], name)

    def __call__(self, images: Any, *given: Any, **settings: Any) -> Any:
        """What the image processor makes of ``images``; of a single picture from what is kept."""
        from transformers import BatchFeature

        picture = _single(images)
        if picture is None or given:
            return self._own(images, *given, **settings)
        key = (_digest(picture), repr(sorted(settings.items())))
        made = self._kept.get(key)
        if made is None:
            made = self._kept.put(key, dict(self._own(images, **settings)))
        return BatchFeature(dict(made))  # processors take keys out of it


def reading(processor: Any) -> Any:
    """A copy of a processor whose image processor remembers; the given one, which may be saved, stays as it is."""
    made = copy.copy(processor)
    made.image_processor = KeptPictures(processor.image_processor)
    return made


def _single(images: Any) -> Any:
    """The one picture in (lists of) ``images``; None where there are more."""
    inner: Any = images
    while isinstance(inner, list):
        held = cast("list[Any]", inner)
        if len(held) != 1:
            return None
        inner = held[0]
    return inner if hasattr(inner, "tobytes") else None


def _digest(picture: Any) -> bytes:
    facts = repr((type(picture).__name__, getattr(picture, "size", None), getattr(picture, "mode", "")))
    return hashlib.blake2b(facts.encode() + b"\0" + picture.tobytes(), digest_size=16).digest()


def _bytes(made: Mapping[str, Any]) -> int:
    return sum(int(getattr(value, "nbytes", 0)) for value in made.values())
