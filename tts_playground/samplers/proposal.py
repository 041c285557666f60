"""The sampler that needs no model: programs proposed by what is left to explain, one primitive at a time.

Each step scans every primitive at a few places of the program so far, draws one of the best in proportion to
exp(worth / temperature), and refits the others to it, as matching pursuit does with its atoms (Mallat and Zhang 1993).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from tts_playground.core import Cost, Sample
from tts_playground.dsl import edits
from tts_playground.dsl.directions import directions
from tts_playground.dsl.drawings import Drawing, lined, overlap
from tts_playground.dsl.parts import weights
from tts_playground.dsl.scoring import CLOSENESS, check_closeness, price_at, strength_at
from tts_playground.dsl.tree import Node, Program
from tts_playground.errors import BadInput
from tts_playground.randomness import generator
from tts_playground.samplers import program_fitter
from tts_playground.samplers.annealing import FullPicture, annealed, from_lines
from tts_playground.samplers.contour_shapes import contour_shapes
from tts_playground.samplers.from_contour import from_contour
from tts_playground.samplers.grow_program import PAIRS_FIRST, by_pairs, choose, mended
from tts_playground.samplers.neighbourhood import MARGIN, SINGLE, nearby, rebuild, single_edits
from tts_playground.samplers.program_fitter import Fitter, TverskyWeights
from tts_playground.samplers.recombination import crossed
from tts_playground.samplers.stroke_lines import STRAIGHT
from tts_playground.typed import typed

EDITED = 0.7
"""share of the revisions that are single edits; the others are rebuilt from a part"""
PERFECT = 0.999
"""IoU above which a program cannot get better, only shorter"""

PLAIN = 0.5
"""closeness at which every other draw is made where a closer one is wanted: its short programs are soon there"""
BORDERED = 0.85
"""closeness above which pixels at the border of thin lines count while a program is fitted"""
CONTOUR = 0.3
"""how often a program begins with what its drawing's contour shows; the first one always does"""
LINES = {0: 3.0, 1: 1.0, 2: 6.0}
"""draws that follow the lines of a line drawing, and how much straighter than ``STRAIGHT`` they take them"""
HEAT = 0.003
"""at which annealing begins, in nats: about what one primitive of a line drawing brings"""
FIRST_CHANGES, CHANGES, MANY_CHANGES = 2000, 200, 3000
"""changes in an annealing of a program that follows lines, of a candidate's neighbour, and between restarts"""
ANNEALED, PATIENT = 3, 5
"""neighbours by annealing of line drawings and where closeness is all, and more where nothing else is looked at"""
LONG = 24
"""primitives above which a program is changed by annealing alone: to scan all its places takes seconds"""
MOST_PRIMITIVES = 512
"""primitives of the longest program that is made of others; what would be longer is left as it was"""
CROSSINGS = 4
"""crossings between two restarts"""
RESTARTS = 1 << 16
"""index of the first draw that is a restart"""


def fitter(task: Drawing, size: int, closeness: float = CLOSENESS, *, angles: tuple[int, ...] | None = None) -> Fitter:
    """A fitter for the task's picture at ``size`` pixels a side, as "fit" scores it at that closeness.

    Args:
        angles: of the quads that are tried beside the upright and the diagonal ones; None for those of the contour.
    """
    # of a thin line the border is a large share: where closeness is all, it cannot be left out
    border = closeness > BORDERED and lined(task.mask, task.side)
    ink, blank = program_fitter.shrink(task.mask, task.side, size, border)
    counts = program_fitter.sampled(weights(task.mask, task.side, strength_at(closeness)), size)
    tried = directions(task.mask, task.side) if angles is None else angles
    fit = Fitter(ink, blank, size, price_at(task, closeness), weights=counts, angles=tried)
    fit.contour = contour_shapes(task.mask, task.side, tried)
    return fit


@dataclass(frozen=True, slots=True)
class Sketching:
    """A path of the sampler: the programs after each step, and whose randomness comes next."""

    index: int
    seed: int
    roots: tuple[Node | None, ...] = (None,)
    done: bool = False
    cost: Cost = field(default=Cost())
    parent: int | None = None

    @property
    def steps(self) -> int:
        """Primitives added so far (refitting may have dropped some again)."""
        return len(self.roots) - 1


@dataclass(frozen=True)
@typed
class ProposalSampler:
    """Draws programs for a drawing: a SteppedSampler and a Neighbourhood.

    Raises:
        BadInput: a setting is out of range.
    """

    temperature: float = 1.0
    """0 is greedy; larger is more varied, 0-10"""
    primitives: int = 16
    """most steps of a draw, 1-64"""
    places: int = 10
    """places of the program that are scanned in a step, 1 or more"""
    size: int = 64
    """raster of the mask engine, a multiple of 16"""
    closeness: float = CLOSENESS
    """between shorter (0) and closer (1): what a primitive must earn, see ``dsl.scoring``"""
    version: ClassVar[str] = "5"

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 10:
            raise BadInput(f"The temperature must be a number 0-10, not {self.temperature}.")
        if not 1 <= self.primitives <= 64 or self.places < 1:
            raise BadInput("The proposal sampler needs 1-64 primitives and at least 1 place.")
        check_closeness(self.closeness)

    def fingerprint(self) -> Mapping[str, Any]:
        """Everything that decides the distribution."""
        return {
            "sampler": "proposal",
            "version": self.version,
            "temperature": self.temperature,
            "primitives": self.primitives,
            "places": self.places,
            "size": self.size,
            "closeness": self.closeness,
        }

    def draw(self, task: Drawing, indices: Sequence[int], *, seed: int = 0) -> Iterator[Sample]:
        """One program per index."""
        for path in self.start(task, indices, seed=seed):
            while not path.done:
                (path,) = self.step(task, [path])
            yield from self.peek(task, [path])

    def horizon(self, task: Drawing) -> int:
        """As many steps as primitives; most programs end long before."""
        return self.primitives if any(task.mask) else 0

    def start(self, task: Drawing, indices: Sequence[int], *, seed: int = 0) -> list[Sketching]:
        """Empty programs; finished ones if the drawing is blank."""
        blank = not any(task.mask)
        return [Sketching(index, seed, done=blank) for index in indices]

    def step(self, task: Drawing, paths: Sequence[Sketching]) -> list[Sketching]:
        """One primitive more each, the others refitted; a path is done when no primitive is worth its price."""
        fits = [fitter(task, self.size, self.closeness), fitter(task, self.size, self.closeness)]
        fits[0].price = max(fits[0].price, price_at(task, PLAIN))
        return [path if path.done else self._stepped(task, fits[path.index % 2], path) for path in paths]

    def fork(self, path: Sketching, index: int) -> Sketching:
        """Same program, other randomness from here on."""
        return replace(path, index=index, parent=path.index, cost=Cost())

    def rewind(self, path: Sketching, steps: int) -> Sketching:
        """The program after its first ``steps`` steps; raises BadInput where the path has fewer."""
        if not 0 <= steps <= path.steps:
            raise BadInput(f"Cannot rewind to step {steps} of a path that has {path.steps}.")
        return path if steps == path.steps else replace(path, roots=path.roots[: steps + 1], done=False)

    def peek(self, task: Drawing, paths: Sequence[Sketching]) -> list[Sample]:
        """The programs as they stand."""
        return [
            Sample(Program(p.roots[-1]), p.index, p.seed, cost=p.cost + Cost(samples=1), parent=p.parent) for p in paths
        ]

    def neighbours(self, task: Drawing, sample: Sample, *, seed: int = 0) -> Iterator[Sample]:
        """Programs one edit away, best first, then programs rebuilt from a part of this one."""
        fit = fitter(task, self.size, self.closeness)
        rng = generator(seed, sample.index, str(sample.content), "neighbours")
        spent = fit.scans
        perfect = overlap(task, sample.content).iou >= PERFECT
        if not perfect:
            changes = [CHANGES] * (ANNEALED if self._anneals(task) else 1)
            if long := self._long(sample):
                changes += [MANY_CHANGES] * PATIENT
            yield from self._annealings(task, sample, rng, changes)
            if long:
                return
        for root in nearby(fit, sample.content.root, rng, perfect=perfect):
            cost = Cost(samples=1, renders=fit.scans - spent)
            spent = fit.scans
            yield Sample(Program(root), sample.index, seed, cost=cost, parent=sample.index)

    def revise(
        self, task: Drawing, attempt: Sample, verdict: str, indices: Sequence[int], *, seed: int = 0
    ) -> Iterator[Sample]:
        """Another program per index: one of the single edits, or one rebuilt from a part; what was said is not read."""
        fit = fitter(task, self.size, self.closeness)
        root = attempt.content.root
        spent = fit.scans
        places = generator(seed, str(attempt.content), "revised places")
        near_ones = single_edits(fit, root, fit.worth(root) - MARGIN, places)[:SINGLE]
        edits = [near for _, near in near_ones if near != root]
        for index in indices:
            rng = generator(seed, index, str(attempt.content), "revise")
            near = edits[rng.integers(len(edits))] if edits and rng.random() < EDITED else rebuild(fit, root, rng)
            cost = Cost(samples=1, renders=fit.scans - spent)
            spent = fit.scans
            yield Sample(Program(near), index, seed, cost=cost, parent=attempt.index)

    def further(self, task: Drawing, found: Sequence[Sample], *, seed: int = 0, turn: int = 0) -> Iterator[Sample]:
        """Crossings of the best with others and of others with one another, then a draw of an index that is fresh."""
        fresh = self.draw(task, [RESTARTS + turn], seed=seed)
        return self.recombined(task, found, fresh, seed=seed, turn=turn)

    def recombined(
        self, task: Drawing, found: Sequence[Sample], fresh: Iterator[Sample], *, seed: int, turn: int
    ) -> Iterator[Sample]:
        """``further`` with restarts that somebody else draws."""
        if overlap(task, found[0].content).iou >= PERFECT:
            return
        if self._anneals(task):
            yield from self._annealings(task, found[0], generator(seed, turn, "annealing"), [MANY_CHANGES])
        fit = fitter(task, self.size, self.closeness)
        for number in range(CROSSINGS if len(found) > 1 and not self._long(found[0]) else 0):
            rng = generator(seed, turn, number, "crossing")
            first, second = sorted(rng.choice(len(found), 2, replace=False))
            parents = (found[0 if number % 2 else first], found[max(second, 1) if number % 2 else second])
            if parents[0].content == parents[1].content:
                continue
            spent = fit.scans
            root = crossed(fit, parents[0].content.root, parents[1].content.root, rng)
            if edits.length(root) > MOST_PRIMITIVES:
                continue
            cost = Cost(samples=1, renders=fit.scans - spent)
            yield Sample(Program(root), parents[0].index, seed, cost=cost, parent=parents[0].index)
        yield from fresh

    # ---------------------------------------------------------------------------------------------- annealing

    def _anneals(self, task: Drawing) -> bool:
        """Whether annealing does most of the work: in thin lines, and where nothing but closeness counts."""
        return self.closeness > BORDERED or lined(task.mask, task.side)

    def _long(self, sample: Sample) -> bool:
        """Whether annealing alone changes a program, because to look at all its places takes seconds."""
        return self.closeness > BORDERED and edits.length(sample.content.root) > LONG

    def _annealings(
        self, task: Drawing, sample: Sample, rng: np.random.Generator, changes: Sequence[int]
    ) -> Iterator[Sample]:
        """Programs that annealing makes of one, each from the start."""
        picture = FullPicture.of(task, self.closeness)
        for number in changes:
            before = picture.fit.scans
            root = annealed(picture, sample.content.root, rng, number, HEAT * float(rng.uniform(0.1, 1.0)))
            if edits.length(root) > MOST_PRIMITIVES:
                root = sample.content.root
            cost = Cost(samples=1, renders=picture.fit.scans - before)
            yield Sample(Program(root), sample.index, sample.seed, cost=cost, parent=sample.index)

    # ----------------------------------------------------------------------------------------------- one step

    def _stepped(self, task: Drawing, fit: Fitter, path: Sketching) -> Sketching:
        if path.roots[-1] is None and (path.index in LINES or path.index >= RESTARTS) and lined(task.mask, task.side):
            rng = generator(path.seed, path.index, "lines")
            straight = STRAIGHT * LINES.get(path.index, float(rng.uniform(0.6, 6.0)))
            picture = FullPicture.of(task, self.closeness, straight)
            root = annealed(picture, from_lines(picture), rng, FIRST_CHANGES, HEAT, whole=False)
            if root is not None:
                cost = path.cost + Cost(renders=picture.fit.scans)
                return replace(path, roots=(*path.roots, root), done=True, cost=cost)
        return self._longer(fit, path)

    def _longer(self, fit: Fitter, path: Sketching) -> Sketching:
        rng = generator(path.seed, path.index, path.steps, "proposal")
        root = path.roots[-1]
        before = fit.scans
        grown: Node | None = None
        if root is None and (not path.index or rng.random() < CONTOUR):
            grown = mended(fit, from_contour(fit, root, self.temperature, rng), rng)
        if grown is None and path.index and rng.random() < PAIRS_FIRST * min(self.temperature, 1.0):
            grown = by_pairs(fit, root, self.temperature, rng)
        if grown is None:
            grown = self._propose(fit, root, rng, self._taste(path))
            if root is not None:
                grown = mended(fit, grown, rng)
                if fit.worth(grown) <= fit.worth(root):
                    grown = by_pairs(fit, root, self.temperature, rng)
        cost = path.cost + Cost(renders=fit.scans - before)
        if grown is None:
            # Nothing is worth adding: the path ends as it is, one step on so that every step is seen.
            return replace(path, roots=(*path.roots, root), done=True, cost=cost)
        done = path.steps + 1 >= self.primitives
        return replace(path, roots=(*path.roots, grown), done=done, cost=cost)

    def _taste(self, path: Sketching) -> TverskyWeights:
        """Sample 0 looks at the plain IoU; others begin with shapes more generous or more careful than that."""
        if path.steps or not path.index:
            return program_fitter.IOU
        extra, missing = np.exp(generator(path.seed, path.index, "taste").normal(0, 0.7, 2) * min(self.temperature, 1))
        return TverskyWeights(float(extra), float(missing))

    def _propose(self, fit: Fitter, root: Node | None, rng: np.random.Generator, taste: TverskyWeights) -> Node:
        places = fit.places(root, replace=False)
        if len(places) > self.places:
            others = rng.choice(np.arange(3, len(places)), max(0, self.places - 3), replace=False)
            places = places[:3] + [places[i] for i in sorted(others)]
        options = fit.shortlist(places, 8, 0.0, taste)
        return fit.apply(root, choose(options, self.temperature, rng))
