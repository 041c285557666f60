"""IoU on a part of the pixels: what one part rewards, the other tests, as unit tests do that a program was not shown.

For revision after CodeMonkeys (Ehrlich et al. 2025, arXiv:2501.14723): ``pixels:seen`` guides, ``pixels:held-out``
selects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tts_playground.core import Cost, Sample
from tts_playground.dsl.drawings import Drawing, unpack
from tts_playground.dsl.raster import draw
from tts_playground.errors import BadInput
from tts_playground.randomness import generator
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class PixelsReward:
    """IoU of the program's reference render with the drawing on the pixels of one part: 0-1.

    Raises:
        BadInput: ``share`` is not between 0 and 1.
    """

    part: Literal["seen", "held-out"] = "seen"
    """"seen" or "held-out"; together they are all pixels"""
    share: float = 0.5
    """of the blocks that are seen, above 0 and below 1"""
    block: int = 16
    """pixels a side of the squares that go to one part or the other, 1 or more"""
    seed: int = 0
    """of the choice of blocks"""
    revision = "1"
    unit_cost = Cost(renders=1)

    def __post_init__(self) -> None:
        if not 0 < self.share < 1 or self.block < 1:
            raise BadInput("A share of the pixels is above 0 and below 1, and a block has at least 1 pixel a side.")

    @property
    def name(self) -> str:
        """ "pixels:seen" or "pixels:held-out"."""
        return f"pixels:{self.part}"

    def score(self, task: Drawing, samples: Sequence[Sample]) -> list[float]:
        """One IoU per sample; 1.0 where both are blank there."""
        seen = part_of(task.side, self.block, self.share, self.seed)
        mine = seen if self.part == "seen" else ~seen
        ink = unpack(task.mask, task.side)
        return [_iou(ink, np.asarray(draw(one.content, task.side, "reference"))[..., 0] == 0, mine) for one in samples]


@lru_cache(maxsize=16)
def part_of(side: int, block: int, share: float, seed: int) -> NDArray[np.bool_]:
    """(side, side), True on the blocks that are seen; the same for every drawing of that size."""
    count = -(-side // block)
    chosen = generator(seed, "seen pixels").permutation(count * count) < round(share * count * count)
    grid = chosen.reshape(count, count)
    return np.repeat(np.repeat(grid, block, 0), block, 1)[:side, :side]


def _iou(ink: NDArray[np.bool_], painted: NDArray[np.bool_], where: NDArray[np.bool_]) -> float:
    union = int(np.count_nonzero((ink | painted) & where))
    return int(np.count_nonzero(ink & painted & where)) / union if union else 1.0
