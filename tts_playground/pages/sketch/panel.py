"""What the eye compares: the drawing, the program's picture, and where they differ, as one block of HTML.

Inline pictures of about a kilobyte: a live search updates them several times a second without flicker, without files
and without a second request.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

BOTH, ONLY_DRAWING, ONLY_PROGRAM = (70, 76, 86), (213, 94, 0), (86, 180, 233)
"""Okabe and Ito's vermilion and sky blue: told apart in every common kind of colour vision"""
_PALETTE = [255, 255, 255, *BOTH, *ONLY_DRAWING, *ONLY_PROGRAM]


def inline(mask: np.ndarray, palette: Sequence[int] = (255, 255, 255, 20, 24, 31)) -> str:
    """A ``data:`` address of a small palette PNG; ``mask`` holds palette indices, shape (height, width)."""
    picture = Image.fromarray(np.ascontiguousarray(mask, dtype=np.uint8), mode="P")
    picture.putpalette(list(palette))
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=False, bits=2)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def difference(drawing: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """Palette indices: 0 neither, 1 both, 2 only in the drawing, 3 only in the program's picture."""
    return np.where(drawing, np.where(picture, 1, 2), np.where(picture, 3, 0)).astype(np.uint8)


def panel(drawing: np.ndarray | None, picture: np.ndarray | None, over: str = "", words: str = "") -> str:
    """The program's picture, large, beside the drawing and the difference; any may be missing (boolean ink masks).

    Args:
        over: lies on the program's picture. words: stand under the pictures (``shapes.overlay``, ``shapes.text``).
    """
    both = None if drawing is None or picture is None else difference(drawing, picture)
    figures = [
        _figure("Program's picture", picture, "the picture that the program draws", over=over),
        _figure("Drawing, as read", drawing, "your drawing in black and white"),
        _figure("Difference", both, "where the two differ", _PALETTE),
    ]
    return f'<div class="panel">{"".join(figures)}{_LEGEND}{words}</div>'


def _figure(title: str, mask: np.ndarray | None, alt: str, palette: Sequence[int] | None = None, over: str = "") -> str:
    if mask is None:
        body = '<div class="paper empty" aria-hidden="true"></div>'
    else:
        source = inline(mask) if palette is None else inline(mask, palette)
        body = f'<img class="paper" alt="{alt}" src="{source}">'
    return f'<figure><figcaption>{title}</figcaption><div class="laid">{body}{over}</div></figure>'


def _swatch(colour: tuple[int, int, int], text: str) -> str:
    return f'<span><i style="background:rgb{colour}"></i>{text}</span>'


_LEGEND = (
    '<div class="legend">'
    + _swatch(BOTH, "both")
    + _swatch(ONLY_DRAWING, "only in the drawing")
    + _swatch(ONLY_PROGRAM, "only in the program")
    + "</div>"
)


def complaint(message: str, caret: str = "") -> str:
    """What is wrong with a program, with the offending line and a caret under the column."""
    where = f"<pre>{html.escape(caret)}</pre>" if caret else ""
    return f'<div class="complaint" role="alert"><p>{html.escape(message)}</p>{where}</div>' if message else ""
