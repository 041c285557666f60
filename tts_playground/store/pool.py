"""Reading a pool: what the store on disk, a parquet file and a starter have in common.

A pool holds independent draws of one sampler for one task, and the rewards given to them. Its curve is exact for every
N up to its size (``estimators.curves``). Candidates of a search (refine, smc, beam) depend on each other and never
enter one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from tts_playground.core import Cost, Sample
from tts_playground.errors import BadInput, CannotDo
from tts_playground.estimators.curves import Curve
from tts_playground.estimators.curves import curve as exact_curve
from tts_playground.models.hub.embedded_models import earlier
from tts_playground.store.rows import StoredRow, decode, pool_key, read_cost

Scores = Mapping[tuple[int, int], float]
"""(seed, index) -> reward"""


class PoolView(ABC):
    """A pool that can be read. ``rows`` and ``rewards`` are what an implementation gives; the rest follows."""

    kind: str
    task_key: Mapping[str, Any]
    fingerprint: Mapping[str, Any]
    """the sampler's"""

    @property
    def key(self) -> str:
        """sha256 of the task and the sampler, in hex: the pool's name."""
        return pool_key(self.kind, self.task_key, self.fingerprint)

    @property
    def title(self) -> str:
        """One line that tells people which task this is."""
        words = [str(value) for value in self.task_key.values() if isinstance(value, (str, int, float))]
        text = ", ".join(words) or self.kind
        return text if len(text) <= 60 else text[:57] + "..."

    @property
    def checkpoint(self) -> str:
        """Which model drew it, in words: its name and the beginning of its revision; "" where it names none."""
        name, revision = (str(self.fingerprint.get(part) or "") for part in ("model", "revision"))
        if not name:
            return ""
        called = f"{name}, checkpoint {revision[:12]}" if revision else name
        return f"earlier weights of {called}" if earlier(name, revision) else called

    @abstractmethod
    def rows(self, *, seed: int | None = 0, below: int | None = None) -> list[StoredRow]:
        """The encoded samples in order of (seed, index); of all seeds when ``seed`` is None."""

    @abstractmethod
    def rewards(self) -> list[tuple[str, str]]:
        """(name, revision) of the rewards there are, the one that came last at the end."""

    @abstractmethod
    def values(self, reward: str, revision: str) -> Scores:
        """The values of one reward."""

    def __len__(self) -> int:
        return len(self.rows(seed=None))

    def count(self, seed: int) -> int:
        """How many samples of one seed there are."""
        return len(self.rows(seed=seed))

    def samples(self, n: int | None = None, *, seed: int = 0) -> list[Sample]:
        """The samples with an index below ``n`` (all when None), in order."""
        return [decode(row) for row in self.rows(seed=seed, below=n)]

    def scores(self, reward: str, n: int | None = None, *, seed: int = 0) -> list[float]:
        """One reward per sample, in the order of ``samples``; its latest revision.

        Raises:
            BadInput: no such reward. CannotDo: some of the samples have not been scored.
        """
        values = self._latest(reward)
        rows = self.rows(seed=seed, below=n)
        missing = sum((row.seed, row.index) not in values for row in rows)
        if missing:
            raise CannotDo(f"{missing} of {len(rows)} samples have no {reward!r} score yet; score the pool first.")
        return [values[row.seed, row.index] for row in rows]

    def curve(self, reward: str, gold: str | None = None, *, seed: int = 0, **settings: Any) -> Curve:
        """Best-of-N by ``reward``, measured by ``gold`` (the reward itself when None); settings as ``curves.curve``."""
        return pools_curve([self], reward, gold, seed=seed, **settings)

    def unit(self, *, seed: int = 0) -> dict[str, float]:
        """Mean cost of drawing one sample, by the names of ``core.Cost``."""
        return mean_cost([self], seed=seed)

    def snapshot(self) -> Snapshot:
        """A copy in memory that no longer changes; pictures on disk are read into it."""
        rows = tuple(_in_memory(row) for row in self.rows(seed=None))
        scores = {reward: dict(self.values(*reward)) for reward in self.rewards()}
        return Snapshot(self.kind, self.task_key, self.fingerprint, rows, scores)

    def _latest(self, reward: str) -> Scores:
        revisions = [revision for name, revision in self.rewards() if name == reward]
        if not revisions:
            known = ", ".join(sorted({name for name, _ in self.rewards()})) or "none"
            raise BadInput(f"This pool has no reward called {reward!r}; it has: {known}.")
        return self.values(reward, revisions[-1])


@dataclass(frozen=True)
class Snapshot(PoolView):
    """A pool in memory."""

    kind: str
    task_key: Mapping[str, Any]
    fingerprint: Mapping[str, Any]
    all_rows: tuple[StoredRow, ...]
    """in order of (seed, index)"""
    scores_by_reward: Mapping[tuple[str, str], Scores] = field(default_factory=dict)
    """(name, revision) -> values"""

    @cached_property
    def _by_seed(self) -> dict[int, list[StoredRow]]:
        seeds: dict[int, list[StoredRow]] = {}
        for row in self.all_rows:
            seeds.setdefault(row.seed, []).append(row)
        return seeds

    def rows(self, *, seed: int | None = 0, below: int | None = None) -> list[StoredRow]:
        """The encoded samples in order."""
        rows = self.all_rows if seed is None else self._by_seed.get(seed, [])
        return [row for row in rows if below is None or row.index < below]

    def rewards(self) -> list[tuple[str, str]]:
        """(name, revision) of the rewards there are."""
        return list(self.scores_by_reward)

    def values(self, reward: str, revision: str) -> Scores:
        """The values of one reward."""
        return self.scores_by_reward.get((reward, revision), {})


def pools_curve(
    pools: Sequence[PoolView],
    reward: str,
    gold: str | None = None,
    *,
    seed: int = 0,
    scoring: Cost | None = None,
    **settings: Any,
) -> Curve:
    """One curve over several prompts, a pool each.

    Args:
        reward: the name of the reward that chooses. gold: the one that is measured.
        scoring: the choosing reward's ``unit_cost``, added to the cost of a candidate on other axes.
        settings: as in ``curves.curve`` (ns, label, oracle, measure, bands, draws).

    Raises:
        BadInput: there are no pools.
    """
    if not pools:
        raise BadInput("A curve needs at least one pool.")
    proxy = [pool.scores(reward, seed=seed) for pool in pools]
    measured = None if gold is None else [pool.scores(gold, seed=seed) for pool in pools]
    unit = {name: value + getattr(scoring or Cost(), name) for name, value in mean_cost(pools, seed=seed).items()}
    return exact_curve(proxy, measured, **{"measure": gold or reward, "unit": unit, **settings})


def mean_cost(pools: Sequence[PoolView], *, seed: int = 0) -> dict[str, float]:
    """Mean cost of drawing one sample, over all of the pools."""
    costs = [read_cost(row) for pool in pools for row in pool.rows(seed=seed)]
    return {f.name: sum(cost[f.name] for cost in costs) / max(1, len(costs)) for f in fields(Cost)}


def _in_memory(row: StoredRow) -> StoredRow:
    if row.image is None or isinstance(row.image, bytes):
        return row
    return StoredRow(row.seed, row.index, row.codec, row.text, row.png(), row.logprob, row.cost, row.info)
