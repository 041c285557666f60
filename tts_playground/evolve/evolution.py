"""Evolution of a data set of programs: select, vary, filter, keep; with lineage, and resumable after any interruption.

The loop is that of the assignment (a population, mutation by a model or by tree surgery, a filter for what cannot be
drawn) with its optional parts: a fitness that turns away and ranks, as in AlphaEvolve (Novikov et al. 2025,
arXiv:2506.13131), and a hybrid start from the hand-written generator.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tts_playground.dsl.generator import Difficulty, generate
from tts_playground.dsl.text import parse
from tts_playground.dsl.tree import Program
from tts_playground.errors import BadInput, CannotDo, DSLError
from tts_playground.evolve.exclusion import Barred
from tts_playground.evolve.fitness import Fitness, Gallery
from tts_playground.evolve.variation import Child, Mutator, TreeMutator
from tts_playground.randomness import generator
from tts_playground.typed import typed

SEEDS = (
    "(Circle 3 8 8)",
    "(Quad 5 5 4 6 45)",
    "(- (Circle 5 5 5) (Circle 2 8 8))",
    "(+ (Quad 3 3 2 8 0) (Quad 5 5 4 6 45))",
    "(+ (- (Circle 3 8 8) (Circle 2 8 8)) (Quad 5 5 4 6 45))",
)
"""the five programs that the assignment starts from"""
REPORT_EVERY = 25
"""mutations between two reports"""
PATIENCE = 2000
"""mutations without a new member after which evolution gives up"""


@dataclass(frozen=True)
@typed
class EvolutionPlan:
    """What to evolve. Same plan, same mutator, same data set.

    Raises:
        BadInput: a number is out of its range, or there is nothing to start from.
    """

    size: int = 500
    """rows of the data set, 1-100,000"""
    seeds: tuple[str, ...] = SEEDS
    """programs of the first population"""
    generated: int = 0
    """hybrid start: so many programs of the hand-written generator join the seeds, 0 to ``size``"""
    fitness: Fitness | None = None
    """None keeps whatever can be drawn and was not there before, letter for letter"""
    surplus: float = 2.0
    """with a fitness: so many times ``size`` are evolved and the best kept, 1-10"""
    tournament: int = 3
    """with a fitness: a parent is the best of so many drawn at random, 1 or more"""
    seed: int = 0
    at_once: int = 1
    """mutations whose parents are chosen before the first child of them is judged, 1-10,000: as many can be made side
    by side, with the same result whoever makes them"""

    def __post_init__(self) -> None:
        if not 1 <= self.size <= 100_000:
            raise BadInput(f"A data set has 1 to 100,000 rows, not {self.size}.")
        if not 0 <= self.generated <= self.size or not 1 <= self.surplus <= 10 or self.tournament < 1:
            raise BadInput("Evolution needs generated within 0..size, a surplus of 1-10 and a tournament of 1 or more.")
        if not 1 <= self.at_once <= 10_000:
            raise BadInput(f"Evolution makes 1 to 10,000 mutations at once, not {self.at_once}.")
        if not self.seeds and not self.generated:
            raise BadInput("Evolution needs at least one program to start from; give seeds or a number of generated.")

    @property
    def wanted(self) -> int:
        """Members to evolve before the best are kept."""
        return math.ceil(self.size * self.surplus) if self.fitness else self.size

    @property
    def report_every(self) -> int:
        """Mutations between two reports, at which a stopped evolution goes on: whole sets of those made at once."""
        return self.at_once * math.ceil(REPORT_EVERY / self.at_once)


@dataclass(frozen=True, slots=True)
class Member:
    """One program of the population and where it came from."""

    number: int
    text: str
    parents: tuple[int, ...] = ()
    """numbers of the members that it was made from; none for a start"""
    how: str = "seed"
    """"seed", "generator", or the variation that made it"""
    attempt: int = -1
    """the mutation that made it; -1 for a start"""
    score: float | None = None
    """its fitness when it came"""


@dataclass(frozen=True, slots=True)
class Generation:
    """One report: who is new since the last, and what was turned away since the beginning."""

    new: tuple[Member, ...]
    members: int
    attempts: int
    rejected: Mapping[str, int]
    """reason -> children"""
    done: bool = False


@dataclass(frozen=True, slots=True)
class Mutation:
    """One mutation that is to be made; what comes of it depends on nothing else."""

    attempt: int
    parents: tuple[int, ...]
    """numbers of members"""
    programs: tuple[Program, ...]
    """theirs"""
    rng: Any
    """its randomness, a numpy generator"""


@dataclass(frozen=True, slots=True)
class JudgedChild:
    """A child with what can be said of it whatever the others are."""

    child: Child
    complaint: str
    """of the fitness"""
    barred: bool


Breed = Callable[[Sequence[Mutation], str], Iterable[Sequence[Child | JudgedChild] | None]]
"""Makes mutations, given a hint: the children of each, in order; None where one could not be made."""
NOT_MADE = "could not be made"


@dataclass
class Population:
    """All members so far with what is needed to judge the next; grown by ``evolve``, rebuilt from a file to resume."""

    plan: EvolutionPlan
    barred: Barred
    members: list[Member] = field(default_factory=list)
    programs: list[Program] = field(default_factory=list)
    attempts: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    last: int = 0
    """the attempt that brought the newest member"""
    _texts: set[str] = field(default_factory=set)
    _gallery: Gallery = field(default_factory=Gallery)

    def offer(self, text: str, parents: Sequence[int], how: str, known: JudgedChild | None = None) -> Member | None:
        """Let a child in, or count why not.

        Args:
            known: what was found out about it already.
        """
        found = self._judge(text, known)
        if isinstance(found, str):
            self.rejected[found] += 1
            return None
        program, score = found
        member = Member(len(self.members), str(program), tuple(parents), how, self.attempts - 1, score)
        self.admit(member, program)
        return member

    def admit(self, member: Member, program: Program) -> None:
        """Add a member that has been judged."""
        self.members.append(member)
        self.programs.append(program)
        self._texts.add(member.text)
        self.last = max(self.last, member.attempt)
        if self.plan.fitness:
            self._gallery.add(program)

    def _judge(self, text: str, known: JudgedChild | None) -> tuple[Program, float | None] | str:
        """The program and its score, or the reason to turn it away."""
        try:
            program = parse(text)
        except DSLError:
            return "does not parse"
        if str(program) in self._texts:
            return "was there before"
        fitness = self.plan.fitness
        complaint = known.complaint if known else fitness.complaint(program) if fitness else ""
        if complaint:
            return complaint
        if known.barred if known else program in self.barred:
            return "barred"
        if fitness is None:
            return program, None
        distance = self._gallery.distance(program)
        return (program, fitness.score(program, distance)) if distance >= fitness.novelty else "too like another"

    def select(self, shown: int, rng: Any) -> list[int]:
        """Numbers of ``shown`` parents: uniform, or the fittest of a tournament each."""

        def one() -> int:
            rounds = self.plan.tournament if self.plan.fitness else 1
            drawn = [int(n) for n in rng.integers(len(self.members), size=rounds)]
            return max(drawn, key=lambda n: (self.members[n].score or 0.0, n))

        return [one() for _ in range(shown)]

    @property
    def full(self) -> bool:
        """Whether there are as many as the plan wants."""
        return len(self.members) >= self.plan.wanted

    def kept(self) -> list[Member]:
        """The members of the data set: exactly ``size``, the fittest where there is a fitness, in order of birth.

        Raises:
            CannotDo: there are fewer than ``size``.
        """
        if len(self.members) < self.plan.size:
            raise CannotDo(f"Evolution has {len(self.members)} of {self.plan.size} programs; let it run on.")
        if self.plan.fitness is None:
            return self.members[: self.plan.size]
        best = sorted(self.members, key=lambda m: (-(m.score or 0.0), m.number))[: self.plan.size]
        return sorted(best, key=lambda m: m.number)


def begin(plan: EvolutionPlan, barred: Iterable[str] | Barred = ()) -> Population:
    """The first population: the seeds, then ``plan.generated`` programs of the generator.

    Raises:
        BadInput: every seed is barred.
        CannotDo: the generator brings nothing new.
    """
    population = Population(plan, barred if isinstance(barred, Barred) else Barred(barred))
    for text in plan.seeds[: plan.size]:
        parse(text)  # a seed that cannot be read is a mistake of the caller
        population.offer(text, (), "seed")
    bounds = plan.fitness
    settings = Difficulty(coverage=bounds.coverage, visible=bounds.effect) if bounds else Difficulty(visible=0.002)
    index, target = 0, min(plan.size, len(population.members) + plan.generated)
    while len(population.members) < target:
        population.offer(str(generate(plan.seed, index, settings)), (), "generator")
        index += 1
        if index > 20 * plan.generated + PATIENCE:
            raise CannotDo("The generator brings no new programs for the hybrid start; ask for fewer, or less novelty.")
    if not population.members:
        raise BadInput("Every seed program is barred; give others to start from.")
    return population


def evolve(
    population: Population, mutator: Mutator | None = None, hint: str = "", breed: Breed | None = None
) -> Iterator[Generation]:
    """Grow a population to what its plan wants, reporting every 25 mutations; close the generator to stop.

    Args:
        hint: a wish in words for mutators that read (a model); it is up to them to heed it.
        breed: who makes the mutations; None asks ``mutator`` here, one after the other.

    Raises:
        CannotDo: ``PATIENCE`` mutations in a row brought nothing new.
    """
    mutator = mutator or TreeMutator()
    reported, every = 0, population.plan.report_every
    while True:
        if population.full or (population.attempts and population.attempts % every == 0):
            yield _report(population, reported)
            reported = len(population.members)
        if population.full:
            return
        _generation(population, mutator.shown, hint, breed or _here(mutator))


def _here(mutator: Mutator) -> Breed:
    """Makes mutations in this process, each when it is asked for."""
    return lambda mutations, hint: (mutator.vary([*one.programs], one.rng, hint) for one in mutations)


def _generation(population: Population, shown: int, hint: str, breed: Breed) -> None:
    """The mutations that are made at once: choose the parents of all, make children, offer them in order."""
    mutations = [_mutation(population, population.attempts + more, shown) for more in range(population.plan.at_once)]
    for mutation, children in zip(mutations, breed(mutations, hint), strict=False):
        population.attempts += 1
        if children is None:
            population.rejected[NOT_MADE] += 1
        for one in children or ():
            if population.full:
                return
            child, known = (one.child, one) if isinstance(one, JudgedChild) else (one, None)
            population.offer(child.text, [mutation.parents[place] for place in child.parents], child.how, known)
        if population.attempts - 1 - population.last > PATIENCE:
            raise CannotDo(
                f"Evolution stopped at {len(population.members)} of {population.plan.wanted} programs: {PATIENCE} "
                f"mutations in a row brought nothing new (most often: {population.rejected.most_common(1)[0][0]})."
            )
        if population.full:
            return


def _mutation(population: Population, attempt: int, shown: int) -> Mutation:
    rng = generator(population.plan.seed, attempt, "evolve")
    parents = tuple(population.select(shown, rng))
    return Mutation(attempt, parents, tuple(population.programs[n] for n in parents), rng)


def _report(population: Population, reported: int) -> Generation:
    new = tuple(population.members[reported:])
    counted = dict(population.rejected)
    return Generation(new, len(population.members), population.attempts, counted, population.full)


def run(plan: EvolutionPlan, barred: Iterable[str] | Barred = (), mutator: Mutator | None = None) -> Population:
    """Evolve to the end, in memory."""
    population = begin(plan, barred)
    for _ in evolve(population, mutator):
        pass
    return population
