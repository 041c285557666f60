"""Many small pictures on one sheet, for people who want to look."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image


def contact_sheet(pictures: Any, columns: int = 8, scale: int = 2) -> Image.Image:
    """Pictures side by side on grey.

    Args:
        pictures: uint8 [n, h, w, 3], or a float tensor [n, 3, h, w] in [-1, 1].
        columns: pictures in a row.
        scale: pixels of the sheet a pixel of a picture.
    """
    if not isinstance(pictures, np.ndarray):
        bright = (pictures.detach().float().cpu().numpy().clip(-1, 1) + 1) * 127.5
        pictures = bright.round().astype(np.uint8).transpose(0, 2, 3, 1)
    n, high, wide, _ = pictures.shape
    rows = -(-n // columns)
    sheet = np.full((rows * (high + 2), columns * (wide + 2), 3), 128, dtype=np.uint8)
    for place, picture in enumerate(pictures):
        y, x = (place // columns) * (high + 2) + 1, (place % columns) * (wide + 2) + 1
        sheet[y : y + high, x : x + wide] = picture
    image = Image.fromarray(sheet)
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)
