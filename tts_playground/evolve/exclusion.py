"""Programs that must not enter a data set, however they are written: test programs above all."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable
from functools import lru_cache

from PIL import Image

from tts_playground.dsl.masks import engine
from tts_playground.dsl.raster import draw
from tts_playground.dsl.text import parse
from tts_playground.dsl.tree import Program
from tts_playground.errors import DSLError

SIDE = 256


def picture_keys(program: Program) -> frozenset[bytes]:
    """What a program's picture is known by: its reference raster and its exact raster, at 256 px, as hashes."""
    picture = draw(program, SIDE, "reference")  # black and white: looking for greys would take longer than drawing
    reference = picture.convert("1", dither=Image.Dither.NONE).tobytes()
    exact = engine(SIDE).evaluate(program).tobytes()
    return frozenset(
        hashlib.blake2b(kind + raster, digest_size=12).digest() for kind, raster in ((b"r", reference), (b"e", exact))
    )


@lru_cache(maxsize=4096)
def _keys_of(text: str) -> frozenset[bytes]:
    """``picture_keys`` of a text; the same test programs are barred again and again."""
    return picture_keys(parse(text))


class Barred:
    """A set of programs asked by picture: another spelling, or another program with an equal raster, is in it too."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """Texts that do not parse bar their own text only."""
        self._texts: set[str] = set()
        self._keys: set[bytes] = set()
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        """Bar this text, and every program with the same picture."""
        self._texts.add(text.strip())
        with contextlib.suppress(DSLError):
            self._keys |= _keys_of(text)

    def __contains__(self, program: Program) -> bool:
        return str(program) in self._texts or not self._keys.isdisjoint(picture_keys(program))

    def digest(self) -> str:
        """Sixteen characters that change with the set."""
        parts = sorted(text.encode() for text in self._texts)
        return hashlib.blake2b(b"\0".join(parts), digest_size=8).hexdigest()
