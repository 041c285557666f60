# torch gives tolist no types; transformers' models take any keyword.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Texts of different lengths side by side in one model: rows take a seat and leave it while the others go on.

Two ways: the lean steps of a plain Llama in a cache of our own, where a row's bits do not depend on the others; and the
model's own forward over a transformers cache, padded on the left, which every model has and which is equal up to
rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tts_playground.models.decode.ragged import RaggedRows, ragged_rows
from tts_playground.models.lm.model import Layers, TextModel, cache_of, layers_of

if TYPE_CHECKING:
    from torch import Tensor

Ends = Callable[[list[int]], bool]
"""whether a row's new tokens, the last of which has just come, end what was asked for"""
AHEAD = 64
"""positions beyond the first rows' that a cache begins with"""


@dataclass(frozen=True, eq=False, slots=True)
class Piece:
    """Keys and values of some tokens of a text: tensors [..., length, head_dim]."""

    length: int
    tensors: tuple[Tensor, ...]

    def first(self, length: int) -> Piece:
        """Those of the first ``length`` tokens."""
        return Piece(length, tuple(one[..., :length, :] for one in self.tensors))


@dataclass(eq=False, slots=True)
class TextRow:
    """One text to go on with; ``new`` and what stands beside it grow."""

    ids: tuple[int, ...]
    """of the prompt"""
    stream: int
    """start of its noise (``models.decode.gumbel``)"""
    temperature: float
    top_k: int
    top_p: float
    most: int
    """new tokens at most, 1 or more"""
    ends: Ends
    tokens: tuple[int, ...] = ()
    """of the text so far"""
    pieces: tuple[Piece, ...] = ()
    """keys and values of the prompt's last token and of the text behind it, as far as they were kept"""
    keep: bool = False
    """whether those of what comes are kept, too"""
    new: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    """natural log of each new token's probability under the distribution it was drawn from"""
    plain: list[float] = field(default_factory=list)
    """the same at temperature 1 and without truncation: what the model itself thinks"""
    seconds: float = 0.0
    """its share of the time that passed"""
    piece: Piece | None = None
    """what ``keep`` asked for"""
    ahead: list[int] = field(default_factory=list)
    """tokens that are to be read before the next is drawn, the last first"""
    start: int = 0
    """position at which it took its seat"""

    def sit_down(self) -> None:
        """Ready to take a seat; what its pieces hold need not be read again."""
        said = (self.ids[-1], *self.tokens, *self.new)
        held = sum(piece.length for piece in self.pieces)
        self.ahead = list(reversed(said[held:]))
        self.start = len(self.ids) - 1 + held


class Seats(Protocol):
    """Rows that go on together."""

    rows: list[TextRow | None]
    """by seat; None where one is free"""

    def enter(self, rows: Sequence[TextRow]) -> None:
        """Give these rows seats."""
        ...

    def leave(self, seats: Sequence[int]) -> None:
        """Free some seats; the others may move."""
        ...

    def logits(self, feed: Sequence[int]) -> Tensor:
        """Read one token at every seat: float32 [seats, V] of the token that follows."""
        ...

    def piece(self, seat: int) -> Piece:
        """Keys and values of what was read since the row took its seat."""
        ...


def seats_for(model: TextModel) -> Seats:
    """Empty seats of a model."""
    return ModuleSeats(model) if model.steps is None else LeanSeats(model)


class LeanSeats:
    """The lean steps of a plain Llama."""

    def __init__(self, model: TextModel) -> None:
        assert model.steps is not None
        self.model, self.steps = model, model.steps
        self.table = model.model.get_input_embeddings().weight
        self.rows: list[TextRow | None] = []
        self._ragged: RaggedRows | None = None

    def enter(self, rows: Sequence[TextRow]) -> None:
        """Free seats first, then more of them."""
        free = [seat for seat, row in enumerate(self.rows) if row is None]
        if len(rows) > len(free):
            wanted = self.steps.rule.padded(len(self.rows) - len(free) + len(rows))
            free += range(len(self.rows), wanted)
            longest = max(row.start for row in rows) + AHEAD
            if self._ragged is None:
                self._ragged = ragged_rows(self.steps, wanted, longest)
            elif wanted > len(self.rows):
                self._ragged.add(wanted - len(self.rows))
            self.rows += [None] * (wanted - len(self.rows))
        assert self._ragged is not None
        for seat, row in zip(free, rows, strict=False):
            prompt = self.model.prefix(row.ids).lean
            assert prompt is not None
            self._ragged.take(seat, [prompt, *(piece.tensors[0] for piece in row.pieces)])
            self.rows[seat] = row

    def leave(self, seats: Sequence[int]) -> None:
        """Free them; once half of all are free, the others move together."""
        assert self._ragged is not None
        for seat in seats:
            self._ragged.leave(seat)
            self.rows[seat] = None
        taken = [seat for seat, row in enumerate(self.rows) if row is not None]
        count = self.steps.rule.padded(len(taken))
        if taken and 2 * count <= len(self.rows):
            free = [seat for seat, row in enumerate(self.rows) if row is None]
            keep = taken + free[: count - len(taken)]
            self._ragged.select(keep)
            self.rows = [self.rows[seat] for seat in keep]

    def logits(self, feed: Sequence[int]) -> Tensor:
        """Those of free seats mean nothing."""
        import torch

        assert self._ragged is not None
        taken = [seat for seat, row in enumerate(self.rows) if row is not None]
        tokens = torch.tensor(list(feed), device=self.table.device)
        return self.model.lean_head(self._ragged.forward(self.table[tokens], taken)).float()

    def piece(self, seat: int) -> Piece:
        """A copy."""
        row = self.rows[seat]
        assert self._ragged is not None and row is not None
        made = self._ragged.piece(seat, row.start)
        return Piece(made.shape[4], (made,))


class ModuleSeats:
    """The model's own forward: quantised, spread over devices, or no plain Llama at all."""

    def __init__(self, model: TextModel) -> None:
        self.model = model
        self.rows: list[TextRow | None] = []
        self._pads: list[int] = []
        """positions before each row that mean nothing"""
        self._cache: Any = None

    @property
    def _length(self) -> int:
        return layers_of(self._cache)[0][0].shape[2] if self.rows else 0

    def enter(self, rows: Sequence[TextRow]) -> None:
        """What a row has not kept is read in one forward of its own, all but its last token."""
        read = [self._read(row) for row in rows]
        before, length = self._length, max(self._length, *(layers[0][0].shape[2] for layers, _ in read))
        parts = [*([layers_of(self._cache)] if self.rows else []), *(layers for layers, _ in read)]
        self._cache = cache_of(
            tuple(
                (_joined([keys for keys, _ in layer], length), _joined([values for _, values in layer], length))
                for layer in zip(*parts, strict=True)
            )
        )
        self._pads = [pad + length - before for pad in self._pads] + [length - real for _, real in read]
        self.rows += list(rows)

    def _read(self, row: TextRow) -> tuple[Layers, int]:
        """A row's keys and values, and how many positions they are; at least one stands there, be it for nothing."""
        layers: Layers = self.model.prefix(row.ids).layers or ()
        for piece in row.pieces:
            pairs = zip(piece.tensors[::2], piece.tensors[1::2], strict=True)
            layers = tuple(_behind(pair, more) for pair, more in zip(layers, pairs, strict=True)) or tuple(pairs)
        *rest, last = reversed(row.ahead)
        if rest:
            layers = self.model.extended(layers, rest)
            row.ahead = [last]
        return (layers, layers[0][0].shape[2]) if layers else (self.model.extended((), (last,)), 0)

    def leave(self, seats: Sequence[int]) -> None:
        """The others move together, and what only padded the longest goes."""
        import torch

        keep = [seat for seat in range(len(self.rows)) if seat not in set(seats)]
        self.rows, self._pads = [self.rows[seat] for seat in keep], [self._pads[seat] for seat in keep]
        if not keep:
            self._cache = None
            return
        spare = max(0, min(min(self._pads), self._length - 1))
        self._pads = [pad - spare for pad in self._pads]

        def kept(one: Tensor) -> Tensor:
            return one.index_select(0, torch.tensor(keep, device=one.device))[:, :, spare:]

        self._cache = cache_of(tuple((kept(keys), kept(values)) for keys, values in layers_of(self._cache)))

    def logits(self, feed: Sequence[int]) -> Tensor:
        """One forward over a batch that is padded on the left."""
        import torch

        length, device = self._length, self.model.device
        pads = torch.tensor(self._pads, device=device)[:, None]
        out = self.model.model(
            input_ids=torch.tensor(list(feed), device=device)[:, None],
            attention_mask=(torch.arange(length + 1, device=device)[None] >= pads).long(),
            position_ids=length - pads,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        return out.logits[:, -1].float()

    def piece(self, seat: int) -> Piece:
        """Copies, for each layer its keys and then its values."""
        row = self.rows[seat]
        assert row is not None
        first = self._pads[seat] + row.start
        cut = [one[seat : seat + 1, :, first:].clone() for pair in layers_of(self._cache) for one in pair]
        return Piece(self._length - first, tuple(cut))


def _joined(parts: Sequence[Tensor], length: int) -> Tensor:
    """Rows [B, kv_heads, T, head_dim] below each other, padded on the left to ``length`` positions."""
    import torch
    from torch.nn.functional import pad

    return torch.cat([pad(one, (0, 0, length - one.shape[2], 0)) for one in parts])


def _behind(pair: tuple[Tensor, Tensor], more: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Keys and values of more tokens behind those of others."""
    import torch

    return torch.cat((pair[0], more[0]), 2), torch.cat((pair[1], more[1]), 2)
