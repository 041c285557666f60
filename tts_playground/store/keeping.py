"""A sampler and a reward through the store: what is there is read, what is not is made once and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tts_playground.core import Cost, Progress, Reward, Sample
from tts_playground.core.scores import scores_of
from tts_playground.store.stored import Pool
from tts_playground.streams import in_order


@dataclass(frozen=True)
class KeptSampler:
    """The sampler of one pool; it draws for the pool's task alone."""

    pool: Pool[Any]

    def fingerprint(self) -> Mapping[str, Any]:
        """That of the sampler itself."""
        return self.pool.sampler.fingerprint()

    def draw(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Sample]:
        """One sample per index, in order."""
        yield from in_order(self.stream(task, indices, seed=seed), indices)

    def stream(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Progress[Sample]]:
        """First what is there, then what is drawn; each sample is kept before it is reported.

        Raises:
            StoreError: the store cannot be read or written.
        """
        yield from self.pool.reports(indices, seed=seed)


@dataclass(frozen=True)
class KeptReward:
    """A reward whose scores of one pool's samples are kept."""

    pool: Pool[Any]
    reward: Reward

    @property
    def name(self) -> str:
        """That of the reward itself."""
        return self.reward.name

    @property
    def revision(self) -> str:
        """That of the reward itself."""
        return self.reward.revision

    @property
    def unit_cost(self) -> Cost:
        """That of the reward itself: a score that is read counts as what it cost."""
        return self.reward.unit_cost

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """One number per sample, in order; what is not kept yet is computed.

        Raises:
            StoreError: the store cannot be read or written.
        """
        known = dict(self.pool.values(self.name, self.revision))
        missing = [sample for sample in samples if (sample.seed, sample.index) not in known]
        if missing:
            values = scores_of(self.reward, task, missing)
            new = {(sample.seed, sample.index): value for sample, value in zip(missing, values, strict=True)}
            self.pool.insert_scores(self.name, self.revision, new)
            known |= new
        return [known[sample.seed, sample.index] for sample in samples]
