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

from tts_playground.dsl.text import parse
from tts_playground.errors import BadInput, StoreError
from tts_playground.evolve.barred import Barred
from tts_playground.evolve.evolution import Generation, Member, Plan, Population, begin, evolve
from tts_playground.evolve.rows import dataset
from tts_playground.evolve.variation import Mutator, TreeMutator

PLAN, LINEAGE, DATA = "plan.json", "lineage.jsonl", "data.parquet"


@dataclass(frozen=True)
class Kept:
    """A population and the folder that it lives in."""

    folder: Path
    population: Population
    mutator: Mutator

    def generations(self) -> Iterator[Generation]:
        """Evolve on, writing every report down before it is yielded; the data set when all are there."""
        marked = len(self.population.members)
        for report in evolve(self.population, self.mutator):
            fresh = self.population.members[marked:]
            marked = len(self.population.members)
            _append(self.folder / LINEAGE, [*map(asdict, fresh), _mark(self.population)])
            yield report
        self.write()

    def write(self) -> Path:
        """Write the data set; returns the file."""
        file = self.folder / DATA
        trial = file.with_suffix(".trial")
        dataset([member.text for member in self.population.kept()]).to_parquet(str(trial))
        trial.replace(file)
        return file


def open_folder(
    folder: Path, plan: Plan, barred: Iterable[str] | Barred = (), mutator: Mutator | None = None, *, resume: bool
) -> Kept:
    """A folder to evolve in: a new one, or with ``resume`` one of the same plan.

    Raises:
        BadInput: it holds an evolution already and ``resume`` is off, or that one had another plan.
        StoreError: the folder cannot be written, or its lineage is damaged.
    """
    barred = barred if isinstance(barred, Barred) else Barred(barred)
    mutator = mutator or TreeMutator()
    facts = {"plan": asdict(plan), "mutator": mutator.name, "barred": barred.digest()}
    facts = json.loads(json.dumps(facts))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / PLAN).exists():
            population = begin(plan, barred)
            _append(folder / LINEAGE, [*map(asdict, population.members), _mark(population)], fresh=True)
            (folder / PLAN).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
            return Kept(folder, population, mutator)
        if not resume:
            raise BadInput(f"{folder} holds an evolution already; go on with --resume, or choose another folder.")
        if json.loads((folder / PLAN).read_text(encoding="utf-8")) != facts:
            raise BadInput(f"{folder} was evolved by another plan; choose another folder.")
        return Kept(folder, _rebuilt(folder / LINEAGE, plan, barred), mutator)
    except OSError as error:
        raise StoreError(f"The folder {folder} cannot be written: {error.strerror or error}.") from error


def lineage(folder: Path) -> list[Member]:
    """All members of a folder, in order of birth."""
    return [_member(row) for row in _rows(folder / LINEAGE) if "text" in row]


def ancestry(members: Iterable[Member], number: int) -> list[Member]:
    """A member with all that it comes from, oldest first."""
    by_number = {member.number: member for member in members}
    wanted, stack = set(), [number]
    while stack:
        one = stack.pop()
        if one not in wanted:
            wanted.add(one)
            stack.extend(by_number[one].parents)
    return [by_number[n] for n in sorted(wanted)]


def _mark(population: Population) -> dict[str, Any]:
    return {"attempts": population.attempts, "rejected": dict(population.rejected)}


def _append(file: Path, rows: Iterable[dict[str, Any]], *, fresh: bool = False) -> None:
    with file.open("w" if fresh else "a", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)


def _rows(file: Path) -> list[dict[str, Any]]:
    """The lines that were written whole."""
    text = file.read_text(encoding="utf-8")
    try:
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
    except ValueError as error:
        raise StoreError(f"{file} is damaged; delete its folder and evolve again.") from error


def _member(row: dict[str, Any]) -> Member:
    return Member(**{**row, "parents": tuple(row["parents"])})


def _rebuilt(file: Path, plan: Plan, barred: Barred) -> Population:
    """The population as it was at the last mark; members after it are made again, because randomness is by attempt."""
    rows = _rows(file)
    last = max((i for i, row in enumerate(rows) if "attempts" in row), default=-1)
    if last < 0:
        raise StoreError(f"{file} is damaged; delete its folder and evolve again.")
    # what a killed run left after the mark is forgotten on disk too, or it would stand there twice
    trial = file.with_suffix(".trial")
    _append(trial, rows[: last + 1], fresh=True)
    trial.replace(file)
    population = Population(plan, barred, attempts=rows[last]["attempts"], rejected=Counter(rows[last]["rejected"]))
    for row in rows[:last]:
        if "text" in row:
            member = _member(row)
            population.admit(member, parse(member.text))
    return population
