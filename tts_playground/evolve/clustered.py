"""Evolution on many machines: the unit of work is one mutation with what can be said of its children alone.

Who is a parent depends on who was let in, and novelty on all others: both stay in this process, which chooses the
parents of ``EvolutionPlan.at_once`` mutations, has them made, and offers the children in the order of their mutations.
So plan, lineage and data set are those of one process with the same plan, whoever made what, and whatever was killed.
A key is (mutation, its parents); its randomness travels along.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tts_playground.cluster import engine
from tts_playground.cluster.ray_room import ClusterOptions
from tts_playground.cluster.work import Cancel, ClusterJob, Done, Item, gathered
from tts_playground.core import Cost
from tts_playground.dsl.text import parse
from tts_playground.dsl.tree import Program
from tts_playground.errors import CannotDo, DSLError
from tts_playground.evolve import checkpoint
from tts_playground.evolve.evolution import EvolutionPlan, JudgedChild, Mutation
from tts_playground.evolve.exclusion import Barred
from tts_playground.evolve.fitness import Fitness
from tts_playground.evolve.llm_mutator import mutator_of
from tts_playground.evolve.variation import Child, Mutator
from tts_playground.samplers.cancellation import never, stop_if

WHO = "mutator"
"""the key whose row says who mutates"""
BATCH = 16
"""mutations that a worker may hold"""


@dataclass(frozen=True)
class EvolutionMaker:
    """Who mutates, and who looks at children, in a worker."""

    mutator: Mutator
    fitness: Fitness | None
    barred: Barred

    def facts(self) -> Mapping[str, Any]:
        """Who mutates, in which version."""
        return {"mutator": self.mutator.name}

    def run(self, items: Iterator[Item | None], cancel: Cancel) -> Iterator[Done | None]:
        """Make one mutation after the other.

        Raises:
            Cancelled: ``cancel()`` became true.
        """
        for some in gathered(items, 1):
            stop_if(cancel)
            if not some:
                yield None
            for key, item in some or ():
                if key == WHO:
                    yield Done(key, {"name": self.mutator.name, "shown": self.mutator.shown})
                    continue
                texts, rng, hint = item
                children = self.mutator.vary([parse(text) for text in texts], rng, hint)
                row = {"children": [self._looked_at(child) for child in children]}
                yield Done(key, row, Cost(samples=len(children)))

    def _looked_at(self, child: Child) -> dict[str, Any]:
        found = {"text": child.text, "parents": list(child.parents), "how": child.how, "complaint": "", "barred": False}
        try:
            program = parse(child.text)
        except DSLError:  # whoever offers it is told
            return found
        complaint = self.fitness.complaint(program) if self.fitness else ""
        return found | {"complaint": complaint, "barred": not complaint and program in self.barred}


@dataclass(frozen=True)
class EvolutionLoader:
    """Loads who mutates; what a worker calls."""

    model: str
    fitness: Fitness | None
    barred: Barred

    def __call__(self) -> EvolutionMaker:
        """Load it.

        Raises:
            BadInput, ModelUnavailable: as ``llm_mutator.mutator_of``.
        """
        return EvolutionMaker(mutator_of(self.model), self.fitness, self.barred)


@dataclass(frozen=True)
class _Elsewhere:
    """A mutator as its workers say it is."""

    name: str
    shown: int

    def vary(self, parents: Sequence[Program], rng: Any, hint: str = "") -> list[Child]:
        """Never asked: workers are."""
        raise CannotDo("This mutator is with the workers of a cluster.")


@contextmanager
def evolving(
    folder: Path,
    plan: EvolutionPlan,
    barred: Iterable[str] | Barred,
    model: str,
    options: ClusterOptions,
    *,
    resume: bool,
    cancel: Cancel = never,
    load: Any = EvolutionLoader,
) -> Iterator[checkpoint.EvolutionCheckpoint]:
    """``checkpoint.open_folder`` whose ``generations`` are made on Ray; workers stay at hand within the context.

    Args:
        folder: of the evolution; workers write beside it, to FOLDER_chunks, unless ``options`` say where.
        model: who mutates, see ``llm_mutator.mutator_of``; workers load it.
        cancel: asked a few times a second; an evolution that was stopped goes on with ``resume``.
        load: what makes, of (model, fitness, barred), what a worker calls.

    Raises:
        BadInput, StoreError: as ``checkpoint.open_folder``. ModelUnavailable, CannotDo, Cancelled: as
            ``cluster.engine.run``.
    """
    checkpoint.refuse_used(folder, resume)
    barred = barred if isinstance(barred, Barred) else Barred(barred)
    facts = {"seed": plan.seed, "model": model, "barred": barred.digest()}
    facts |= {"fitness": json.loads(json.dumps(None if plan.fitness is None else asdict(plan.fitness)))}
    job = ClusterJob("evolve", facts, {}, load(model, plan.fitness, barred), BATCH)
    place = f"{folder}_chunks"
    with engine.waves(job, place, options, plan.at_once) as workers:

        def breed(mutations: Sequence[Mutation], hint: str) -> Iterator[list[JudgedChild] | None]:
            items = {_key(one, hint): ([str(p) for p in one.programs], one.rng, hint) for one in mutations}
            done = workers.run(items, cancel)
            for key in items:
                row = done[key].row
                yield None if row is None else [_child(one) for one in row["children"]]

        who = workers.run({WHO: None}, cancel)[WHO].row
        if who is None:
            raise CannotDo("No worker could say who mutates; look at Ray's logs.")
        mutator = _Elsewhere(who["name"], who["shown"])
        yield checkpoint.open_folder(folder, plan, barred, mutator, resume=resume, breed=breed)


def _key(one: Mutation, hint: str) -> str:
    words = json.dumps([[str(program) for program in one.programs], hint])
    return f"{one.attempt}-{hashlib.blake2b(words.encode(), digest_size=8).hexdigest()}"


def _child(one: Mapping[str, Any]) -> JudgedChild:
    child = Child(one["text"], tuple(one["parents"]), one["how"])
    return JudgedChild(child, one["complaint"], one["barred"])
