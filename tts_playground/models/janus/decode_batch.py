"""Many images drawn token by token in lock-step: working memory of one micro-batch, and the loop over positions.

Rows 0..n-1 are conditional; the rows after them are the unconditional twins of those images that use guidance (an
image at guidance 1 has none); rows after those are padding (see ``affine.row_rule``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_playground.errors import CannotDo
from tts_playground.models.decode.gumbel import gumbel, stream_starts
from tts_playground.models.decode.sampling import DrawnToken, SamplingParams, choose, distribution

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from tts_playground.models.janus.model import ImagePrefix, Janus


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image to go on with."""

    seed: int
    index: int
    temperature: float
    cfg: float
    top_k: int
    top_p: float
    tokens: tuple[int, ...] = ()
    """drawn so far; all rows of a batch have the same number"""
    cache: tuple[Tensor, ...] = ()
    """keys and values of all tokens but the last, [layers, 2, b, kv_heads, length, head_dim] each; b is 2 if guided"""

    @property
    def guided(self) -> bool:
        """Whether it needs an unconditional twin."""
        return self.cfg != 1.0


def knobs_of(rows: Sequence[ImageRow], codes: int, device: torch.device | str) -> SamplingParams:
    """The settings of rows as tensors; top_k 0 means all."""
    import torch

    def numbers(values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=device)

    return SamplingParams(
        numbers([row.temperature for row in rows]),
        numbers([row.cfg for row in rows]),
        torch.tensor([row.top_k or codes for row in rows], device=device),
        numbers([row.top_p for row in rows]),
        any(0 < row.top_k < codes or row.top_p < 1 for row in rows),
    )


class DecodeBatch:
    """One micro-batch. ``run`` draws; ``tokens``, ``logprobs`` and ``entropies`` [N, T] are what was drawn."""

    def __init__(self, janus: Janus, prefix: ImagePrefix, rows: Sequence[ImageRow]) -> None:
        import torch

        self.janus, self.prefix, self.rows = janus, prefix, list(rows)
        self.n, self.at = len(rows), len(rows[0].tokens)
        self.start = self.at
        device = janus.device
        self.guided = [place for place, row in enumerate(rows) if row.guided]
        self.all_guided = len(self.guided) == self.n
        self.twins = torch.tensor(self.guided, dtype=torch.int64, device=device)
        self.sources = torch.cat((torch.arange(self.n, device=device), self.twins))
        padding = janus.rule.padded(len(self.sources)) - len(self.sources)
        self.sources = torch.cat((self.sources, self.sources.new_zeros(padding)))
        self.knobs = knobs_of(rows, janus.codes, device)
        self.streams = stream_starts([(row.seed, row.index) for row in rows]).to(device)
        self.tokens = torch.zeros(self.n, janus.tokens, dtype=torch.int64, device=device)
        self.tokens[:, : self.at] = torch.tensor([row.tokens for row in rows], dtype=torch.int64, device=device)
        self.logprobs = torch.zeros(self.n, janus.tokens, device=device)
        self.entropies = torch.zeros(self.n, janus.tokens, device=device)
        self.finite = torch.ones((), dtype=torch.bool, device=device)
        self.cache = self._fresh_cache(prefix.length + janus.tokens)
        self._fill()
        self.session = janus.steps.session(self.cache, prefix.length + max(0, self.at - 1))

    def _fresh_cache(self, length: int) -> Tensor:
        import torch

        known = self.prefix.cache
        layers, _, _, heads, _, width = known.shape
        return torch.zeros(layers, 2, len(self.sources), heads, length, width, dtype=known.dtype, device=known.device)

    def _fill(self) -> None:
        """Write the prompt and what the rows bring with them into the cache."""
        known, cache = self.prefix.cache, self.cache
        prompt = known.shape[4]
        cache[:, :, : self.n, :, :prompt] = known[:, :, :1]
        cache[:, :, self.n : self.n + len(self.guided), :, :prompt] = known[:, :, 1:]
        for number, row in enumerate(self.rows):
            place = prompt
            for piece in row.cache:
                end = place + piece.shape[4]
                cache[:, :, number, :, place:end] = piece[:, :, 0]
                if row.guided:
                    cache[:, :, self.n + self.guided.index(number), :, place:end] = piece[:, :, 1]
                place = end

    def logits(self) -> tuple[Tensor, Tensor | None]:
        """Conditional [N, V] and unconditional [N, V] (None if nobody is guided) logits of the next token."""
        if self.at == 0:
            cond, uncond = (part.expand(self.n, -1) for part in self.prefix.logits)
            return self._twinned(cond, uncond[: len(self.guided)])
        x = self.janus.table[self.tokens[:, self.at - 1]][self.sources]
        out = self.janus.head(self.session.forward(x, self.prefix.length + self.at - 1))
        return self._twinned(out[: self.n], out[self.n : self.n + len(self.guided)])

    def _twinned(self, cond: Tensor, twins: Tensor) -> tuple[Tensor, Tensor | None]:
        """Every image beside its unconditional twin. Without one, uncond = cond, so that guidance is the identity."""
        if not self.guided:
            return cond, None
        return cond, twins if self.all_guided else cond.index_copy(0, self.twins, twins)

    def pick(self, cond: Tensor, uncond: Tensor | None, position: Tensor | int) -> DrawnToken:
        """Draw the token at ``position`` of every image from its logits."""
        weights = distribution(cond, uncond, self.knobs)
        self.finite.logical_and_(weights.amax(-1).isfinite().all() & cond.sum().isfinite())
        return choose(weights, gumbel(self.streams, position, self.janus.codes))

    def advance(self) -> None:
        """Draw one token of every image."""
        choice = self.pick(*self.logits(), self.at)
        self.tokens[:, self.at] = choice.token
        self.logprobs[:, self.at] = choice.logprob
        self.entropies[:, self.at] = choice.entropy
        self.at += 1

    def close(self) -> None:
        """Give working memory back; what was drawn has been read."""

    def run(self, count: int) -> Iterator[int]:
        """Draw ``count`` more tokens of every image; yields the number drawn after each, so that a caller can stop.

        Raises:
            CannotDo: the logits are not finite.
        """
        import torch

        for _ in range(min(count, self.janus.tokens - self.at)):
            with torch.inference_mode():
                self.advance()
            yield self.at
        self.check()

    def replay(self, tokens: Sequence[Sequence[int]]) -> None:
        """Feed tokens that were drawn before, one by one, so that going on gives the bits of never having stopped."""
        import torch

        self.tokens[:, : len(tokens[0])] = torch.tensor(tokens, dtype=torch.int64, device=self.tokens.device)
        with torch.inference_mode():
            for self.at in range(1, len(tokens[0])):
                self.logits()
        self.at = len(tokens[0])

    def check(self) -> None:
        """Raises CannotDo, which names the settings, where any logit was not finite."""
        if not bool(self.finite):
            worst = max(self.rows, key=lambda row: (row.cfg, -row.temperature))
            raise CannotDo(
                f"The model gave logits that are not finite by token {self.at} (temperature {worst.temperature:g}, "
                f"guidance {worst.cfg:g}, {str(self.janus.dtype).removeprefix('torch.')}); "
                "try a smaller guidance or float32."
            )

    def piece(self, number: int) -> Tensor:
        """A copy of the keys and values that image ``number`` added since the batch began: see ``ImageRow.cache``."""
        import torch

        first = self.prefix.length + max(0, self.start - 1)
        last = self.prefix.length + self.at - 1
        rows = [number] + ([self.n + self.guided.index(number)] if self.rows[number].guided else [])
        return torch.stack([self.cache[:, :, row, :, first:last] for row in rows], 2)
