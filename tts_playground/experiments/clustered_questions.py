"""``vqa-curve`` on many machines: questions are the keys, and their pools and curves are those of one process."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from tts_playground.cluster import engine
from tts_playground.cluster.ray_room import ClusterOptions
from tts_playground.cluster.work import Cancel, ClusterJob, Done, Item, gathered
from tts_playground.core import Cost, Progress, Reward, Sampler
from tts_playground.errors import BadInput, CannotDo, ModelUnavailable, StoreError
from tts_playground.experiments import clustered_pools as pools
from tts_playground.experiments.question_sets import AskedQuestion, draw_and_score, of_pool
from tts_playground.models import loading
from tts_playground.samplers.cancellation import never, stop_if
from tts_playground.samplers.vlm_settings import AnswerSettings
from tts_playground.store.store import Store
from tts_playground.tasks.vqa import VqaTask, judges, vqa_sampler


@dataclass(frozen=True)
class QuestionMaker:
    """Who answers and verifies, in a worker."""

    sampler: Sampler
    rewards: Sequence[Reward]
    n: int
    seed: int

    def facts(self) -> Mapping[str, Any]:
        """The versions of the model and of what verifies."""
        return {
            "sampler": dict(self.sampler.fingerprint()),
            "rewards": [[reward.name, reward.revision] for reward in self.rewards],
        }

    def run(self, items: Iterator[Item | None], cancel: Cancel) -> Iterator[Done | None]:
        """Answer one question after the other.

        Raises:
            ModelUnavailable, StoreError: nobody can be asked. Cancelled: ``cancel()`` became true.
        """
        with pools.own_store() as store:
            for some in gathered(items, 1):
                stop_if(cancel)
                if not some:
                    yield None
                for key, task in some or ():
                    try:
                        yield self._asked(store, key, task)
                    except (ModelUnavailable, StoreError):
                        raise
                    except (BadInput, CannotDo) as error:
                        yield pools.not_done(key, error, isinstance(error, CannotDo))

    def _asked(self, store: Store, key: str, task: VqaTask) -> Done:
        pool, spent = draw_and_score(task, self.sampler, self.rewards, self.n, store=store, seed=self.seed)
        row, cost = pools.as_row(store, pool)
        names = [reward.name for reward in self.rewards]
        counts = {name: count for name, count in spent.as_dict().items() if name != "seconds"}
        return Done(key, {"pool": row, "scoring": counts, "rewards": names}, cost + spent * self.n)


@dataclass(frozen=True)
class QuestionLoader:
    """Loads who is to answer; what a worker calls with N and a seed."""

    model: str | None
    settings: AnswerSettings
    options: loading.Options
    extra_body: Mapping[str, Any] | None = None

    def __call__(self, n: int, seed: int) -> QuestionMaker:
        """Load it.

        Raises:
            BadInput, ModelUnavailable: as ``vqa_sampler``.
        """
        sampler = vqa_sampler(self.model, self.settings, own=True, extra_body=self.extra_body, options=self.options)
        return QuestionMaker(sampler, judges(sampler), n, seed)

    def facts(self) -> dict[str, Any]:
        """What decides the answers besides a question."""
        found = {"model": self.model or loading.default_name("vlm"), "settings": asdict(self.settings)}
        found |= {"dtype": self.options.dtype, "four_bit": self.options.four_bit}
        return found | {"extra_body": dict(self.extra_body or {})}


def run(
    tasks: Iterable[Any],
    load: QuestionLoader,
    n: int,
    options: ClusterOptions,
    *,
    store: Store,
    seed: int = 0,
    cancel: Cancel = never,
) -> Iterator[Progress[AskedQuestion]]:
    """``question_sets.run`` on Ray: first how far it is, then each question, or why it was skipped, in their order.

    Args:
        tasks: as of ``question_sets.run``; all of them are read before the first is asked.
        cancel: asked a few times a second; what was answered is kept in the workers' chunks.

    Raises:
        BadInput, ModelUnavailable, CannotDo, StoreError, Cancelled: as ``cluster.engine.run`` and
            ``clustered_pools.keep``.
    """
    rows = list(tasks)
    items = {_key(task): task for task in rows if isinstance(task, VqaTask)}
    facts = load.facts() | {"n": n, "seed": seed}
    job = ClusterJob("vqa-curve", facts, items, partial(load, n, seed), 2)
    where = pools.folder_of(job.name, facts, options)
    for report in engine.run(job, where, options, cancel=cancel) if items else ():
        yield Progress(done=report.done, of=report.of, share=report.share)
    said: dict[str, tuple[str, Mapping[str, Any]]] = {}
    why = pools.keep(where, items, store, lambda key, row, pool: said.update({key: (pool.key, _said(row))}))
    for done, task in enumerate(rows, 1):
        if not isinstance(task, VqaTask):
            yield Progress(done=done, note=f"Row {task.number} was skipped: {task.why}")
        elif (key := _key(task)) in why:
            yield Progress(done=done, note=f"“{task.question[:60]}” was skipped: {why[key]}.")
        else:
            name, row = said[key]
            spent, pool = Cost(**row["scoring"]), store.open(name)
            asked = of_pool(pool, task.answers, row["rewards"], n, spent, seed=seed)
            yield Progress((asked,), done=done)


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("scoring", "rewards")}


def _key(task: VqaTask) -> str:
    return hashlib.blake2b(f"{task.picture}\0{task.question}".encode(), digest_size=10).hexdigest()
