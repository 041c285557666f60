"""What a single image token looks like: decoded among copies of itself, so that no neighbour colours it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PIL import Image

ROWS = 3
"""of copies, whose middle one is shown"""


def patches(janus: Any, tokens: Sequence[int]) -> list[Image.Image]:
    """The pictures of image tokens, each ``janus.side / janus.grid`` pixels a side; they need the model's decoder.

    Args:
        janus: a loaded model (``models.janus.model.Janus``). tokens: places in its codebook.
    """
    import torch

    grid, size, rows = janus.grid, janus.side // janus.grid, min(ROWS, janus.grid)
    left, top = (grid // 2) * size, (rows // 2) * size
    found: list[Image.Image] = []
    for token in tokens:
        (picture,) = janus.pictures(torch.full((1, grid * grid), int(token)), [rows * grid])
        found.append(picture.crop((left, top, left + size, top + size)))
    return found
