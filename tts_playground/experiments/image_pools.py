"""Images drawn through the store: what is there is read, what is missing is drawn row by row, then kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from tts_playground.core import Progress, Reward, Round, Sample, Sampler
from tts_playground.errors import BadInput
from tts_playground.samplers.cancellation import Cancel, never
from tts_playground.samplers.capabilities import StreamsPaths
from tts_playground.store.pool import PoolView
from tts_playground.store.store import Pool
from tts_playground.streams import in_order
from tts_playground.tasks.reward_worlds import warnings
from tts_playground.tasks.text_to_image import Generated, PromptTask, generate_rounds
from tts_playground.tasks.validation import total_cost

CHUNK = 16
"""images drawn together: the first of them are whole early, and a cancel loses little"""
ImagePool = Pool[Any]


def draw(
    pools: Sequence[Pool[Any]],
    n: int,
    *,
    seed: int = 0,
    chunk: int = CHUNK,
    cancel: Cancel = never,
    in_turn: bool = False,
) -> Iterator[Round]:
    """``generate_rounds`` of the first pool, in whose batches what the other pools lack is drawn along.

    Index by index over all pools, so that every batch of ``chunk`` holds something of each; or, ``in_turn``, pool by
    pool. The pools are of one task and one model and differ in their settings, as the cells of a sweep do. Each
    ``progress`` counts the images of all pools. What was finished is kept whatever happens later.

    Raises:
        Cancelled: ``cancel()`` became true; it is asked after every token.
        BadInput: the pools are of different prompts or models.
    """
    together = Together(tuple(pools), chunk, in_turn, cancel)
    first, task = pools[0], cast(PromptTask, pools[0].task)
    yield from generate_rounds(task, first.sampler, n=n, batch=n, seed=seed, store=together, cancel=cancel)


@dataclass(frozen=True)
class Together:
    """Keeps what it draws for several pools in one batch: a ``core.Keeper``, and the sampler of the first pool.

    Raises:
        BadInput: the pools are of different prompts or models.
    """

    pools: tuple[Pool[Any], ...]
    chunk: int = CHUNK
    in_turn: bool = False
    cancel: Cancel = never
    """asked after every token, where a report comes only after every row"""

    def __post_init__(self) -> None:
        if self.by_tokens and len({(pool.task, pool.sampler.loaded) for pool in self.pools}) > 1:
            raise BadInput("Pools that are drawn together must share the prompt and the model.")

    @property
    def by_tokens(self) -> bool:
        """Whether their samplers draw step by step whatever the settings, and so in one batch."""
        return all(isinstance(pool.sampler, StreamsPaths) for pool in self.pools)

    def kept_sampler(self, task: Any, sampler: Sampler) -> Together:
        """Itself."""
        return self

    def kept_reward(self, task: Any, sampler: Sampler, reward: Reward) -> Reward:
        """The reward through the first pool's store."""
        return self.pools[0].store.kept_reward(task, sampler, reward)

    def fingerprint(self) -> Mapping[str, Any]:
        """That of the first pool's sampler."""
        return self.pools[0].sampler.fingerprint()

    def draw(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Sample]:
        """The first pool's samples, in order."""
        yield from in_order(self.stream(task, indices, seed=seed), indices)

    def stream(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Progress[Sample]]:
        """The first pool's samples as they finish; ``done`` of ``of`` counts those of all pools."""
        first, of = self.pools[0], len(indices) * len(self.pools)
        missing = self._missing(indices, seed)
        here = set(indices) - {index for pool, index in missing if pool is first}
        done = of - len(missing)
        read = tuple(sample for sample in first.samples(max(indices) + 1, seed=seed) if sample.index in here)
        yield Progress(read, share=done / of, done=done, of=of)
        batches = self._batches(missing, seed) if self.by_tokens else self._one_by_one(missing, seed)
        for report in batches:
            yield replace(report, share=(done + report.done) / of, done=done + report.done, of=of)

    def _missing(self, indices: Sequence[int], seed: int) -> list[tuple[Pool[Any], int]]:
        """(pool, index), index by index or pool by pool."""
        below = max(indices) + 1
        here = [{row.index for row in pool.rows(seed=seed, below=below)} for pool in self.pools]
        pairs = list(zip(self.pools, here, strict=True))
        if self.in_turn:
            return [(pool, i) for pool, there in pairs for i in indices if i not in there]
        return [(pool, i) for i in indices for pool, there in pairs if i not in there]

    def _batches(self, missing: Sequence[tuple[ImagePool, int]], seed: int) -> Iterator[Progress[Sample]]:
        """Chunk after chunk in one batch each; ``done`` counts what was drawn here."""
        first = self.pools[0]
        for start in range(0, len(missing), self.chunk):
            block = missing[start : start + self.chunk]
            paths = [path for pool, index in block for path in pool.sampler.start(pool.task, [index], seed=seed)]
            owners, drawn = iter(block), start
            for report in first.sampler.stream_paths(first.task, paths, cancel=self.cancel):
                kept = [(pool, pool.keep(sample)) for sample, (pool, _) in zip(report.finished, owners, strict=False)]
                drawn += len(kept)
                mine = tuple(sample for pool, sample in kept if pool is first)
                yield replace(report, finished=mine, done=drawn)

    def _one_by_one(self, missing: Sequence[tuple[Pool[Any], int]], seed: int) -> Iterator[Progress[Sample]]:
        """As ``_batches``, by samplers that draw whole images only."""
        for drawn, (pool, index) in enumerate(missing, 1):
            (sample,) = in_order(pool.reports([index], seed=seed), [index])
            yield Progress((sample,) if pool is self.pools[0] else (), done=drawn)


def generated(
    pool: PoolView, prompt: str, settings: Any, rewards: Sequence[Reward], n: int, seed: int, model: str = ""
) -> Generated:
    """The first ``n`` samples of a pool that was drawn and scored, as ``generate`` returns them.

    Args:
        model: what drew them, where the pool does not say.

    Raises:
        BadInput: the pool holds fewer than ``n``.
    """
    samples = tuple(pool.samples(n, seed=seed))
    if len(samples) < n:
        raise BadInput(f"This pool holds {len(samples)} of the {n} samples asked for; draw the rest first.")
    scores = {reward.name: tuple(pool.scores(reward.name, n, seed=seed)) for reward in rewards}
    cost = total_cost(samples, rewards)
    name = str(pool.fingerprint.get("model", model))
    told = tuple(warnings(rewards, name, prompt))
    return Generated(prompt, name, seed, settings, samples, scores, cost, told)
