"""An evolution on disk: every member the moment it is born, so that a killed run goes on where it was.

A folder holds ``plan.json``, ``lineage.jsonl`` (members, and marks that say how many mutations there were) and, once
complete, ``data.parquet`` with the columns program and image.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tts_playground import files, journal, jsontext
from tts_playground.dsl.text import parse
from tts_playground.errors import BadInput, StoreError
from tts_playground.evolve.evolution import Breed, EvolutionPlan, Generation, Member, Population, begin, evolve
from tts_playground.evolve.exclusion import Barred
from tts_playground.evolve.rows import dataset
from tts_playground.evolve.variation import Mutator, TreeMutator

PLAN, LINEAGE, DATA = "plan.json", "lineage.jsonl", "data.parquet"


@dataclass(frozen=True)
class EvolutionCheckpoint:
    """A population and the folder that it lives in."""

    folder: Path
    population: Population
    mutator: Mutator
    breed: Breed | None = None
    """who makes the mutations; None is this process"""

    def generations(self) -> Iterator[Generation]:
        """Evolve on, writing every report down before it is yielded; the data set when all are there."""
        marked = len(self.population.members)
        with journal.growing(self.folder / LINEAGE, "The lineage") as append:
            for report in evolve(self.population, self.mutator, breed=self.breed):
                fresh = self.population.members[marked:]
                marked = len(self.population.members)
                append([*map(asdict, fresh), _mark(self.population)])
                yield report
        self.write()

    def write(self) -> Path:
        """Write the data set; returns the file."""
        file = self.folder / DATA
        with files.whole(file, "The data set") as partial:
            dataset([member.text for member in self.population.kept()]).to_parquet(str(partial))
        return file


def open_folder(
    folder: Path,
    plan: EvolutionPlan,
    barred: Iterable[str] | Barred = (),
    mutator: Mutator | None = None,
    *,
    resume: bool,
    breed: Breed | None = None,
) -> EvolutionCheckpoint:
    """A folder to evolve in: a new one, or with ``resume`` one of the same plan.

    Args:
        breed: who makes the mutations; the result does not depend on it.

    Raises:
        BadInput: it holds an evolution already and ``resume`` is off, or that one had another plan.
        StoreError: the folder cannot be written, or its lineage is damaged.
    """
    barred = barred if isinstance(barred, Barred) else Barred(barred)
    mutator = mutator or TreeMutator()
    facts = {"plan": facts_of(plan), "mutator": mutator.name, "barred": barred.digest()}
    facts = json.loads(json.dumps(facts))
    files.make_folder(folder)
    if not (folder / PLAN).exists():
        population = begin(plan, barred)
        with journal.growing(folder / LINEAGE, "The lineage", keep=0) as append:
            append([*map(asdict, population.members), _mark(population)])
        files.write_text(folder / PLAN, json.dumps(facts, indent=1) + "\n", "The plan")
        return EvolutionCheckpoint(folder, population, mutator, breed)
    refuse_used(folder, resume)
    if _plan(folder / PLAN) != facts:
        raise BadInput(f"{folder} was evolved by another plan; choose another folder.")
    return EvolutionCheckpoint(folder, _rebuilt(folder / LINEAGE, plan, barred), mutator, breed)


def refuse_used(folder: Path, resume: bool) -> None:
    """See that a folder is free, or that one is to go on there.

    Raises:
        BadInput: it holds an evolution already and ``resume`` is off.
    """
    if not resume and (folder / PLAN).exists():
        raise BadInput(f"{folder} holds an evolution already; go on with --resume, or choose another folder.")


def facts_of(plan: EvolutionPlan) -> dict[str, Any]:
    """A plan as it stands in its file; one mutation at a time is not named, as it was the only way once."""
    return {name: value for name, value in asdict(plan).items() if (name, value) != ("at_once", 1)}


def lineage(folder: Path) -> list[Member]:
    """All members of a folder, in order of birth."""
    try:
        return [_member(row) for row in _rows(folder / LINEAGE) if "text" in row]
    except (KeyError, TypeError) as error:
        raise _damaged(folder / LINEAGE) from error


def _mark(population: Population) -> dict[str, Any]:
    return {"attempts": population.attempts, "rejected": dict(population.rejected)}


def _plan(file: Path) -> Any:
    try:
        return jsontext.loads(files.read_plain(file, 1 << 20), str(file))
    except (OSError, BadInput) as error:
        raise _damaged(file) from error


def _rows(file: Path) -> list[dict[str, Any]]:
    """The lines that were written whole."""
    try:
        return journal.read(file)
    except BadInput as error:
        raise _damaged(file) from error


def _member(row: dict[str, Any]) -> Member:
    return Member(**{**row, "parents": tuple(row["parents"])})


def _damaged(file: Path) -> StoreError:
    return StoreError(f"{file} is damaged; delete its folder and evolve again.")


def _rebuilt(file: Path, plan: EvolutionPlan, barred: Barred) -> Population:
    """The population as it was at the last mark; members after it are made again, because randomness is by attempt."""
    rows = _rows(file)
    last = max((i for i, row in enumerate(rows) if "attempts" in row), default=-1)
    if last < 0:
        raise _damaged(file)
    # what a killed run left after the mark is forgotten on disk too, or it would stand there twice
    with journal.growing(file, "The lineage", keep=last + 1):
        pass
    try:
        attempts, rejected = rows[last]["attempts"], Counter(rows[last]["rejected"])
        if not all(type(count) is int and 0 <= count < 1 << 53 for count in (attempts, *rejected.values())):
            raise _damaged(file)
        population = Population(plan, barred, attempts=attempts, rejected=rejected)
        for row in rows[:last]:
            if "text" in row:
                member = _member(row)
                if member.number != len(population.members) or not {*member.parents} <= {*range(member.number)}:
                    raise _damaged(file)
                population.admit(member, parse(member.text))
    except (BadInput, KeyError, TypeError, ValueError) as error:
        raise _damaged(file) from error
    return population
