"""How many images go through the model at once: fitted to the memory, halved when the GPU runs out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from tts_playground.errors import CannotDo
from tts_playground.models.decode.linear import RowRule
from tts_playground.models.decode.slots import Slots

if TYPE_CHECKING:
    import torch

    from tts_playground.models.decode.decoder import Steps

T = TypeVar("T")
R = TypeVar("R")
CPU_BYTES = 2 << 30
GPU_SHARE = 0.6
"""of what is free on the GPU, for keys and values; the rest is for activations and decoding"""
CPU_IMAGES = 64
"""more at once gain nothing on a CPU, and make a first result and a cancel wait"""


class ImageModel(Protocol):
    """A model that draws images token by token."""

    steps: Steps
    slots: Slots
    tokens: int
    """of one image"""
    table: torch.Tensor
    """[V, hidden] the embeddings of image tokens"""

    @property
    def device(self) -> torch.device:
        """Where its working memory is."""
        ...

    @property
    def rule(self) -> RowRule:
        """How many rows a forward may have."""
        ...


@dataclass(frozen=True, slots=True)
class Limit:
    """Cuts a list of images into micro-batches."""

    janus: ImageModel
    most: int | None = None

    def rows(self) -> int:
        """Rows of the language model that fit, those that only pad a batch counted (``RowRule``)."""
        steps, janus = self.janus.steps, self.janus
        each = 2 * steps.layers * steps.kv_heads * steps.head_dim * self.janus.table.element_size()
        longest = janus.tokens + 128
        return rows_within(_budget(janus.device), each * longest, janus.rule, least=2)

    def stream(
        self, items: Sequence[T], rows: Sequence[int], work: Callable[[Sequence[T]], Iterator[R]]
    ) -> Iterator[R]:
        """What ``work`` yields on the first items that fit together (``rows[i]`` each).

        Out of CUDA memory it begins again with half of them.

        Raises:
            CannotDo: not even one image fits.
        """
        import torch

        count = self._first(rows)
        while True:
            try:
                yield from work(items[:count])
                return
            except torch.OutOfMemoryError as error:
                if count == 1:
                    raise CannotDo("The GPU's memory does not hold even one image; use a smaller model.") from error
            # Out of the handler, so that the failed batch's tensors are gone before the next try.
            self.janus.slots.clear()
            torch.cuda.empty_cache()
            count = (count + 1) // 2

    def _first(self, rows: Sequence[int]) -> int:
        most = self.most or (CPU_IMAGES if self.janus.device.type == "cpu" else len(rows))
        fit, used, count = self.rows(), 0, 0
        while count < min(len(rows), most) and (count == 0 or used + rows[count] <= fit):
            used += rows[count]
            count += 1
        return count


def rows_within(budget: float, each: int, rule: RowRule, least: int = 1) -> int:
    """How many rows of ``each`` bytes go into ``budget`` bytes: multiples of the rule's, since the rest is padding.

    Args:
        least: rows that are run in any case; they and their padding are paid for, so that others may stand in it.
    """
    whole = int(budget) // each // rule.multiple * rule.multiple
    fit = max(rule.padded(least), whole)
    return min(fit, rule.most or fit)


def _budget(device: torch.device) -> float:
    import torch

    if device.type != "cuda":
        return CPU_BYTES
    reserved = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return (torch.cuda.mem_get_info(device)[0] + reserved) * GPU_SHARE
