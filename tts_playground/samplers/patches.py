"""What a single image token looks like: decoded among copies of itself, so that no neighbour colours it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PIL import Image

ROWS, COLUMNS = 3, 4
"""of the block of copies whose middle is shown"""


def patches(janus: Any, tokens: Sequence[int]) -> list[Image.Image]:
    """The pictures of image tokens, each ``janus.side / janus.grid`` pixels a side; they need the model's decoder.

    Args:
        janus: a loaded model (``models.janus.model.Janus``). tokens: places in its codebook.
    """
    import torch

    grid, size = janus.grid, janus.side // janus.grid
    each = max(1, grid // COLUMNS)
    found: list[Image.Image] = []
    for start in range(0, len(tokens), each):
        some = list(tokens[start : start + each])
        wide = grid // each
        row = [token for token in some for _ in range(wide)]
        row += [some[-1]] * (grid - len(row))
        drawn = min(ROWS, grid)
        (picture,) = janus.pictures(torch.tensor([row * grid]), [drawn * grid])
        for place in range(len(some)):
            left, top = (place * wide + (wide - 1) // 2) * size, (drawn // 2) * size
            found.append(picture.crop((left, top, left + size, top + size)))
    return found
