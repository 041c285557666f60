# torch keeps a GPU busy for a while by nothing but a private, untyped function.
# pyright: reportUnknownMemberType=false, reportPrivateUsage=false
"""The token loop on a GPU as captured CUDA graphs: one launch a token instead of some five hundred.

A graph replays the very kernels on the very memory it was captured with, so working memory is kept in *slots*, one per
shape of batch, and lent to one batch at a time. The position is a number on the GPU; attention reads the cache up to a
multiple of ``SPAN`` and masks the rest, so that a handful of graphs serve all positions. A few rows go through fused
kernels, for which one graph is enough (``fused_step``). Where capture is not possible, the same body runs eagerly.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tts_playground.models.decode.fused_step import FusedStep, fused_step
from tts_playground.models.decode.llama import LlamaSession, LlamaSteps, layer_step, normed, rotate
from tts_playground.models.janus.decode_batch import DecodeBatch, ImageRow

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from tts_playground.models.decode.decoder import Session
    from tts_playground.models.janus.model import ImagePrefix, Janus

SPAN = 128
REPEATS = 40
"""calls of an attention that must give the same bits"""
_STATE = ("tokens", "logprobs", "entropies", "finite", "streams", "twins", "sources")
_KNOBS = ("temperature", "cfg", "top_k", "top_p")
log = logging.getLogger(__name__)


def open_batch(janus: Janus, prefix: ImagePrefix, rows: Sequence[ImageRow]) -> DecodeBatch:
    """The fastest batch for where the model is."""
    on_cuda = janus.device.type == "cuda" and isinstance(janus.steps, LlamaSteps)
    return GraphBatch(janus, prefix, rows) if on_cuda else DecodeBatch(janus, prefix, rows)


class GraphSlot:
    """Working memory of one shape of batch, and the graphs that were captured on it."""

    def __init__(self, cache: Tensor) -> None:
        import torch

        self.cache = cache
        self.tensors: dict[str, Tensor] = {}
        self.graphs: dict[int, torch.cuda.CUDAGraph] = {}
        self.at = torch.zeros(1, dtype=torch.int64, device=cache.device)
        self.place = torch.zeros(1, dtype=torch.int64, device=cache.device)
        self.attention: Attention | None = None
        self.fused: FusedStep | None = None
        self.chosen = False
        self.session: Session | None = None
        self.side: torch.cuda.Stream | None = None
        self.eager = False


class GraphBatch(DecodeBatch):
    """A ``DecodeBatch`` whose tokens after the first are graph replays."""

    def __init__(self, janus: Janus, prefix: ImagePrefix, rows: Sequence[ImageRow]) -> None:
        super().__init__(janus, prefix, rows)
        self._adopt()

    def _fresh_cache(self, length: int) -> Tensor:
        length = -(-length // SPAN) * SPAN
        truncates = int(self.knobs.truncates)
        self._key = (self.n, len(self.guided), length, truncates)
        slot = self.janus.slots.take(self._key)
        self.slot = slot if isinstance(slot, GraphSlot) else GraphSlot(super()._fresh_cache(length))
        return self.slot.cache

    def _adopt(self) -> None:
        """Move this batch's small state into the slot's memory, where the graphs look for it."""
        fresh = {name: getattr(self, name) for name in _STATE} | {name: getattr(self.knobs, name) for name in _KNOBS}
        for name, value in fresh.items():
            if name in self.slot.tensors:
                self.slot.tensors[name].copy_(value)
            else:
                self.slot.tensors[name] = value
        for name in _STATE:
            setattr(self, name, self.slot.tensors[name])
        # The session holds tables that the graphs read, so it lives as long as they do.
        self.slot.session = self.session = self.slot.session or self.session
        self.knobs = replace(self.knobs, **{name: self.slot.tensors[name] for name in _KNOBS})

    def close(self) -> None:
        """Lend the slot to others."""
        self.janus.slots.put(self._key, self.slot)

    def run(self, count: int) -> Iterator[int]:
        """As ``DecodeBatch.run``; yields after every token is launched, without waiting for the GPU."""
        import torch

        for _ in range(min(count, self.janus.tokens - self.at)):
            with torch.inference_mode():
                if self.at == 0:
                    self.advance()
                else:
                    self._replay()
            yield self.at
        self.check()

    def _replay(self) -> None:
        place = self.prefix.length + self.at - 1
        span = -(-(place + 1) // SPAN) * SPAN
        self.slot.at.fill_(self.at)
        self.slot.place.fill_(place)
        if not self.slot.eager and not self.slot.chosen:
            self._choose(span)
        if self.slot.fused is not None:
            span = self.cache.shape[4]
        if not self.slot.eager and span not in self.slot.graphs:
            self._capture(span)
        if self.slot.eager:
            self._body(span)
        else:
            self.slot.graphs[span].replay()
        self.at += 1

    def _choose(self, span: int) -> None:
        """Which kernels this slot uses from now on; the first slot of a shape tries them."""
        steps, session, slot = self.janus.steps, self.session, self.slot
        assert isinstance(steps, LlamaSteps) and isinstance(session, LlamaSession)  # open_batch has seen to it
        found = self.janus.slots.findings.get(self._key)
        if not isinstance(found, Findings):
            slot.attention = _faster(slot.cache, steps, self.prefix.length + self.at)
            x = self._last()
            expected = self._forward(x, slot.place, span)
            fused = fused_step(steps, self.cache, x, session.cos, session.sin, slot.place, expected)
            found = self.janus.slots.findings[self._key] = Findings(slot.attention, fused)
        slot.attention, slot.fused, slot.chosen = found.attention, found.fused, True

    def _last(self) -> Tensor:
        """Embeddings [R, hidden] of the tokens that were drawn last."""
        last = self.tokens.index_select(1, self.slot.at - 1)[:, 0]
        return self.janus.table[last][self.sources]

    def _capture(self, span: int) -> None:
        """Record the body for one span; where that fails, this slot runs eagerly from now on."""
        import torch

        # One stream a slot: libraries keep working memory for each stream, and find it again while they are recorded.
        side = self.slot.side = self.slot.side or torch.cuda.Stream(device=self.janus.device)
        side.wait_stream(torch.cuda.current_stream(self.janus.device))
        try:
            # A trial run before capture, so that libraries have their workspaces. It draws the very token that the
            # replay draws again, so it leaves nothing wrong behind.
            with torch.cuda.stream(side):
                self._body(span)
            torch.cuda.current_stream(self.janus.device).wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=side, capture_error_mode="thread_local"):
                self._body(span)
            self.slot.graphs[span] = graph
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            log.warning("CUDA graphs are not used: %s", str(error).splitlines()[0])
            torch.cuda.synchronize(self.janus.device)
            self.slot.eager = True

    def _body(self, span: int) -> None:
        """One token of every image, with the position read from the GPU."""
        at = self.slot.at
        out = self.janus.head(self._forward(self._last(), self.slot.place, span))
        cond, uncond = self._twinned(out[: self.n], out[self.n : self.n + len(self.guided)])
        choice = self.pick(cond, uncond, at[0])
        self.tokens.index_copy_(1, at, choice.token[:, None])
        self.logprobs.index_copy_(1, at, choice.logprob[:, None])
        self.entropies.index_copy_(1, at, choice.entropy[:, None])

    def _forward(self, x: Tensor, place: Tensor, span: int) -> Tensor:
        import torch

        steps, session = self.janus.steps, self.session
        assert isinstance(steps, LlamaSteps) and isinstance(session, LlamaSession)  # open_batch has seen to it
        if self.slot.fused is not None:
            return self.slot.fused(x, self.cache, session.cos, session.sin, place)
        cos, sin = session.cos.index_select(0, place), session.sin.index_select(0, place)
        mask = (torch.arange(span, device=x.device) <= place)[None, None, None]
        look = self.slot.attention or sdpa

        def attend(qkv: Tensor, cache: Tensor) -> Tensor:
            rows, heads, kv = x.shape[0], steps.heads, steps.kv_heads
            turned = rotate(qkv[:, : heads + kv], cos, sin)
            cache[0].index_copy_(2, place, turned[:, heads:, None])
            cache[1].index_copy_(2, place, qkv[:, heads + kv :, None])
            query = turned[:, :heads].reshape(rows, kv, heads // kv, steps.head_dim)
            return look(query, cache[0, :, :, :span], cache[1, :, :, :span], mask)

        for block, cache in zip(steps.blocks, self.cache, strict=True):
            x = layer_step(steps, block, cache, x, attend)
        return normed(x, steps.norm, steps.eps)


Attention = Callable[["Tensor", "Tensor", "Tensor", "Tensor"], "Tensor"]


@dataclass(frozen=True, slots=True)
class Findings:
    """What trials on this GPU came to for one shape of batch."""

    attention: Attention
    fused: FusedStep | None


def sdpa(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    """torch's fused attention; mask is boolean, True where a key is seen."""
    from torch.nn.functional import scaled_dot_product_attention

    wide = mask.expand(query.shape[0], query.shape[1], query.shape[2], -1)
    return scaled_dot_product_attention(query, keys, values, attn_mask=wide)


def products(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    """Attention as two batched products: often faster for a single query."""
    scores = (query @ keys.transpose(-1, -2)).float() * query.shape[-1] ** -0.5
    return scores.masked_fill(~mask, float("-inf")).softmax(-1).to(values.dtype) @ values


def _faster(cache: Tensor, steps: LlamaSteps, filled: int) -> Attention:
    """The faster of the two on this GPU for this shape, by a few trial runs over one layer's cache.

    One that gives other bits when it is asked again is not taken, if the other does not.

    Args:
        filled: places of the cache that are in use; those behind them are written, and nobody reads them before they
            are written again.
    """
    import torch

    rows, group = cache.shape[2], steps.heads // steps.kv_heads
    shape, noise = (rows, steps.kv_heads, group, steps.head_dim), torch.Generator(cache.device).manual_seed(0)
    query = torch.empty(shape, dtype=cache.dtype, device=cache.device).normal_(generator=noise)
    cache[0, ..., filled:, :].normal_(generator=noise)
    mask = torch.ones(1, 1, 1, cache.shape[4], dtype=torch.bool, device=cache.device)
    ways = [look for look in (sdpa, products) if _steady(look, query, cache[0], mask)]
    if not ways:
        log.warning("Attention gives other bits on this GPU when it is asked again: a seed does not fix a picture.")
    times = {_milliseconds(look, query, cache[0], mask): look for look in ways or (sdpa, products)}
    return times[min(times)]


def _steady(look: Attention, query: Tensor, cache: Tensor, mask: Tensor) -> bool:
    """Whether many calls give the same bits."""
    import torch

    first = look(query, cache[0], cache[1], mask)
    same = [(look(query, cache[0], cache[1], mask) == first).all() for _ in range(REPEATS)]
    return bool(torch.stack(same).all())


def _milliseconds(look: Attention, query: Tensor, cache: Tensor, mask: Tensor) -> float:
    """Of ten calls on the GPU."""
    import torch

    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda._sleep(2_000_000)  # the launches below queue up behind this, so that the GPU's time is measured
    start.record()
    for _ in range(10):
        look(query, cache[0], cache[1], mask)
    end.record()
    end.synchronize()
    return start.elapsed_time(end)
