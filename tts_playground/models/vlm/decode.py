# torch gives split, tolist and linalg no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Many replies to one prompt, drawn token by token in lock-step behind one shared prefix.

All rows of a batch are equally long. A row that has ended is dropped once half of them have. Two ways to decode: the
lean steps for a plain Llama, in a cache of our own, where a row's bits do not depend on the batch around it; and the
model's own forward with transformers' own cache, which every model has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tts_playground.errors import CannotDo
from tts_playground.models.decode.gumbel import gumbel, stream_starts
from tts_playground.models.decode.linear import RowRule
from tts_playground.models.decode.microbatch import CPU_BYTES, rows_within
from tts_playground.models.decode.sampling import SamplingParams, choose, distribution

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from tts_playground.models.vlm.model import Vlm, VlmPrefix

CPU_ROWS = 64
GPU_SHARE = 0.5
"""of what is free on the GPU, for keys, values and logits"""


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """One reply to go on with."""

    seed: int
    index: int
    temperature: float
    top_k: int
    top_p: float
    tokens: tuple[int, ...] = ()
    pieces: tuple[Tensor, ...] = ()
    """keys and values of all tokens but the last where they were kept: [layers, 2, 1, kv_heads, length, head_dim]"""

    @property
    def held(self) -> int:
        """How many tokens the pieces hold."""
        return sum(piece.shape[4] for piece in self.pieces)


class Decoder(Protocol):
    """Feeds one token a row and gives the logits of the next."""

    def logits(self, last: Tensor | None) -> Tensor:
        """float32 [n, V] behind ``last`` int64 [n]; None where no token has been drawn yet."""
        ...

    def select(self, keep: list[int]) -> None:
        """Go on with these rows only."""
        ...

    def piece(self, row: int) -> Tensor | None:
        """What a row added to the cache since the beginning; None where it cannot be taken out."""
        ...


class LeanDecoder:
    """The lean steps of a plain Llama."""

    def __init__(self, vlm: Vlm, prefix: VlmPrefix, rows: Sequence[ReplyRow], room: int) -> None:
        import torch

        assert prefix.lean is not None and vlm.steps is not None
        self.vlm, self.prefix, self.steps = vlm, prefix, vlm.steps
        self.n, self.at = len(rows), len(rows[0].tokens)
        self.start = prefix.length + max(0, self.at - 1)
        known = prefix.lean
        layers, _, _, heads, length, width = known.shape
        count = self.steps.rule.padded(self.n)
        cache = torch.zeros(layers, 2, count, heads, length + self.at + room, width, dtype=known.dtype)
        self.cache = cache.to(known.device)
        self.cache[:, :, :, :, :length] = known
        for number, row in enumerate(rows):
            place = length
            for piece in row.pieces:
                self.cache[:, :, number, :, place : place + piece.shape[4]] = piece[:, :, 0]
                place += piece.shape[4]
        self.table = vlm.model.get_input_embeddings().weight
        self.session = self.steps.session(self.cache, length)
        for place in range(rows[0].held, self.at - 1):  # tokens that came without keys and values
            self._feed(torch.tensor([row.tokens[place] for row in rows], device=known.device), length + place)
        self.fed = max(0, self.at - 1)

    def _feed(self, tokens: Tensor, place: int) -> Tensor:
        import torch

        count = self.cache.shape[2]
        padded = torch.cat((tokens, tokens.new_zeros(count - len(tokens))))
        return self.session.forward(self.table[padded], place)

    def logits(self, last: Tensor | None) -> Tensor:
        """The prefix's own logits for the first token."""
        if last is None:
            return self.prefix.logits.expand(self.n, -1)
        hidden = self._feed(last, self.prefix.length + self.fed)
        self.fed += 1
        return self.vlm.lean_head(hidden)[: self.n].float()

    def select(self, keep: list[int]) -> None:
        """Copy the rows that go on to the front of the cache."""
        count = self.steps.rule.padded(len(keep))
        self.cache = self.cache[:, :, keep + [keep[0]] * (count - len(keep))].contiguous()
        self.n = len(keep)
        self.session = self.steps.session(self.cache, self.prefix.length + self.fed)

    def piece(self, row: int) -> Tensor | None:
        """A copy of one row's new keys and values: [layers, 2, 1, kv_heads, T, head_dim]."""
        return self.cache[:, :, row : row + 1, :, self.start : self.prefix.length + self.fed].clone()


class ModuleDecoder:
    """The model's own forward. Keys and values stay inside; a row that comes back is read again in one forward."""

    def __init__(self, vlm: Vlm, prefix: VlmPrefix, rows: Sequence[ReplyRow], room: int) -> None:
        import torch

        self.vlm, self.n = vlm, len(rows)
        self.first: Tensor | None = prefix.logits.expand(self.n, -1)
        self.cache = vlm.forked(prefix, self.n)
        self.position = prefix.position
        if len(rows[0].tokens) > 1:
            fed = torch.tensor([row.tokens[:-1] for row in rows], device=vlm.device)
            vlm.forward(fed, self.cache, self.position, [0])
            self.position += fed.shape[1]

    def logits(self, last: Tensor | None) -> Tensor:
        """The prefix's own logits for the first token."""
        if last is None:
            assert self.first is not None
            return self.first
        out = self.vlm.forward(last[:, None], self.cache, self.position, [0])[:, 0]
        self.position += 1
        return out

    def select(self, keep: list[int]) -> None:
        """Keep these rows of the cache only."""
        import torch

        self.cache.batch_select_indices(torch.tensor(keep, device=self.vlm.device))
        self.n = len(keep)

    def piece(self, row: int) -> Tensor | None:
        """None: windows and quantised layers cannot be cut."""
        return None


@dataclass(slots=True)
class Drawn:
    """The tokens of one reply and their log-probabilities."""

    tokens: list[int]
    """new ones only"""
    logprobs: list[float]
    """natural log of each token's probability under the distribution it was drawn from"""
    plain: list[float]
    """the same at temperature 1 and without truncation: what the model itself thinks"""
    piece: Tensor | None = None


Stop = Callable[[ReplyRow, list[int]], bool]
"""whether a row's new tokens end what was asked for"""


def knobs_of(rows: Sequence[ReplyRow], vocabulary: int, device: torch.device) -> SamplingParams:
    """The settings of rows as tensors; top_k 0 means all."""
    import torch

    temperature, top_p = (
        torch.tensor(values, dtype=torch.float32, device=device)
        for values in ([row.temperature for row in rows], [row.top_p for row in rows])
    )
    top_k = torch.tensor([row.top_k or vocabulary for row in rows], device=device)
    truncates = any(0 < row.top_k < vocabulary or row.top_p < 1 for row in rows)
    return SamplingParams(temperature, torch.ones_like(temperature), top_k, top_p, truncates)


Allow = Callable[[int, list[int]], "Tensor"]
"""which tokens may come next, bool [V], by a row's place and its new tokens so far; asked once a token, in order"""


def draw_rows(
    vlm: Vlm,
    prefix: VlmPrefix,
    rows: Sequence[ReplyRow],
    most: int,
    stop: Stop,
    *,
    keep: bool = False,
    allow: Allow | None = None,
) -> Iterator[tuple[int, Drawn]]:
    """Draw up to ``most`` more tokens of every row; yields (place in ``rows``, what was drawn) as rows end.

    Between tokens it yields (-1, nothing drawn), so that a caller can stop.

    Args:
        keep: also copy out the keys and values of what was drawn.
        allow: a grammar; what it forbids has no probability, and log-probabilities are those of what is left.

    Raises:
        CannotDo: the logits are not finite.
    """
    import torch

    make = LeanDecoder if prefix.lean is not None else ModuleDecoder
    with torch.inference_mode():
        decoder: Decoder = make(vlm, prefix, rows, most)
        knobs = knobs_of(rows, prefix.logits.shape[-1], prefix.logits.device)
        streams = stream_starts([(row.seed, row.index) for row in rows], "answer tokens").to(prefix.logits.device)
        begun = [row.tokens[-1] for row in rows if row.tokens]
        last = torch.tensor(begun, device=vlm.device) if begun else None
    drawn = [Drawn([], [], []) for _ in rows]
    running, ended = list(range(len(rows))), set[int]()
    for count in range(most):
        with torch.inference_mode():
            logits = decoder.logits(last)
            if allow is not None:
                allowed = torch.stack([allow(place, drawn[place].tokens) for place in running])
                logits = logits.masked_fill(~allowed.to(logits.device), float("-inf"))
            last, logprobs, plain = _pick(logits, knobs, streams, len(rows[0].tokens) + count)
        tokens = last.tolist()
        for slot, place in enumerate(running):
            if place in ended:
                continue
            one = drawn[place]
            one.tokens.append(tokens[slot])
            one.logprobs.append(logprobs[slot])
            one.plain.append(plain[slot])
            if stop(rows[place], one.tokens) or count + 1 == most:
                ended.add(place)
                one.piece = decoder.piece(slot) if keep else None
                yield place, one
        alive = [slot for slot, place in enumerate(running) if place not in ended]
        if not alive:
            return
        if 2 * len(alive) <= len(running):
            with torch.inference_mode():
                decoder.select(alive)
                running, last, streams = [running[slot] for slot in alive], last[alive], streams[alive]
                knobs = knobs_of([rows[place] for place in running], logits.shape[-1], logits.device)
        yield -1, _NOTHING


_NOTHING = Drawn([], [], [])


def _pick(
    logits: Tensor, knobs: SamplingParams, streams: Tensor, position: int
) -> tuple[Tensor, list[float], list[float]]:
    """Draw one token of every row: the tokens, and their log-probabilities as drawn and at temperature 1."""
    weights = distribution(logits, None, knobs)
    choice = choose(weights, gumbel(streams, position, logits.shape[-1]))
    plain = logits.log_softmax(-1).gather(-1, choice.token[:, None])[:, 0]
    if not bool(plain.isfinite().all()):
        raise CannotDo("The model gave logits that are not finite; try float32, or another model.")
    return choice.token, choice.logprob.tolist(), plain.tolist()


def rows_that_fit(vlm: Vlm, prefix: VlmPrefix, room: int) -> int:
    """How many rows, each of the prefix and ``room`` more tokens, go through the model at once."""
    import torch

    rule = vlm.steps.rule if prefix.lean is not None and vlm.steps is not None else RowRule()
    config = vlm.text_config
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    size = 2 * config.num_hidden_layers * heads * width * (prefix.length + room) * vlm.model.dtype.itemsize
    size += 12 * prefix.logits.shape[-1]
    if vlm.device.type != "cuda":
        return min(CPU_ROWS, rows_within(CPU_BYTES, size, rule))
    free = torch.cuda.mem_get_info(vlm.device)[0]
    return rows_within(free * GPU_SHARE, 2 * size, rule)
