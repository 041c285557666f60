"""Linear layers whose rows do not depend on the batch around them, and faster ones where the machine has them.

A matrix product picks its kernel by the number of rows, so the last bit of a row can change with the batch it sits in;
under a sampler that one bit can become another image. On CPU the weights are packed once for oneDNN, whose products
keep a row's bits at nearly every size (and are faster for few rows); ``row_rule`` measures, on the weights at hand, at
which multiples of rows this holds, and the caller pads to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class RowRule:
    """How many rows a forward may have so that each row's bits are its own."""

    multiple: int = 1
    """pad the number of rows up to a multiple of this"""
    most: int | None = None
    """never more rows than this in one forward; None for no limit"""

    def padded(self, rows: int) -> int:
        """The number of rows to run for ``rows`` wanted."""
        return -(-rows // self.multiple) * self.multiple


class Dense:
    """``x W^T + b`` by the ordinary product, on any device."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        self.weight, self.bias = weight, bias

    def __call__(self, x: Tensor) -> Tensor:
        """[R, in] to [R, out]."""
        from torch.nn.functional import linear

        return linear(x, self.weight, self.bias)

    def silu(self, x: Tensor) -> Tensor:
        """SiLU of the product."""
        from torch.nn.functional import silu

        return silu(self(x), inplace=True)

    def times(self, x: Tensor, other: Tensor) -> Tensor:
        """The product times ``other`` [R, out]."""
        return self(x).mul_(other)

    def plus(self, x: Tensor, other: Tensor) -> Tensor:
        """The product plus ``other`` [R, out]."""
        import torch

        # Without a bias the sum rides along in the product.
        return torch.addmm(other, x, self.weight.t()) if self.bias is None else self(x).add_(other)


class PackedLinear:
    """The same with weights packed for oneDNN and the pointwise part fused into the product (CPU only)."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        import torch

        self._run: Any = torch.ops.mkldnn._linear_pointwise
        self.weight = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), 32)
        self.bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        """[R, in] to [R, out]."""
        return self._run(x, self.weight, self.bias, "none", [], "")

    def silu(self, x: Tensor) -> Tensor:
        """SiLU of the product."""
        return self._run(x, self.weight, self.bias, "swish", [], "")

    def times(self, x: Tensor, other: Tensor) -> Tensor:
        """The product times ``other`` [R, out]."""
        return self._run.binary(x, other, self.weight, self.bias, "mul")

    def plus(self, x: Tensor, other: Tensor) -> Tensor:
        """The product plus ``other`` [R, out]."""
        return self._run.binary(x, other, self.weight, self.bias, "add")


Affine = Dense | PackedLinear
PACK_AT_MOST = 2 << 30
"""bytes of weights; packing keeps a second copy, which a big model cannot afford"""


def can_pack(weight: Tensor, total_bytes: int) -> bool:
    """Whether this build of torch packs such a weight, and whether the copy is affordable."""
    import torch

    fits = weight.device.type == "cpu" and weight.dtype == torch.float32 and total_bytes <= PACK_AT_MOST
    return fits and torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def _rows_agree(layer: Affine, width: int, multiple: int) -> bool:
    import torch

    # of the type of the weights: a bfloat16 layer refuses float32 rows; packed ones are float32
    dtype = layer.weight.dtype if isinstance(layer, Dense) else torch.float32
    rows = torch.linspace(-1.7, 2.3, 128 * width).sin().reshape(128, width).to(dtype)
    whole = layer(rows)
    counts = {multiple, 2 * multiple, 3 * multiple, 5 * multiple, 8 * multiple, 32, 64, 96}
    return all(torch.equal(layer(rows[:n].contiguous()), whole[:n]) for n in counts if n % multiple == 0)


def row_rule(layers: Iterable[tuple[Affine, int]]) -> RowRule:
    """The smallest multiple of rows at which every layer keeps its rows' bits, found by trying.

    Args:
        layers: one (layer, input width) per distinct shape.
    """
    shapes = list(layers)
    for multiple in (2, 4, 8, 16):
        if all(_rows_agree(layer, width, multiple) for layer, width in shapes):
            return RowRule(multiple)
    return RowRule(8, 8)
