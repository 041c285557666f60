"""What a family of problems writes into: sentences of the problem, and steps of its solution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random
from typing import TypeVar

from tts_playground.worlds.arithmetic import heldout
from tts_playground.worlds.arithmetic.people import PEOPLE, THINGS, Countable, Person
from tts_playground.worlds.arithmetic.problem import Number, Quantity, calculate, written

T = TypeVar("T")
LARGEST = 99_999
ALSO = 0.35
"""how often training takes a wording of its own where there is one"""


class Unfit(Exception):
    """The numbers that were drawn do not make a problem."""


@dataclass(slots=True)
class Step:
    """One calculation, and the sentences that may hold it (``{}`` is where it stands)."""

    node: Quantity
    sentences: tuple[str, ...]


@dataclass(slots=True)
class Story:
    """A problem in the making. ``rng`` alone decides; what is held out comes up only where ``split`` asks for it."""

    rng: Random
    level: int
    """steps that are wanted: 1 to 5 and more"""
    split: str
    """"train", "seen" (as in training, without the wordings that training alone has), or one of ``heldout.KINDS``"""
    family: str = ""
    told: list[str] = field(default_factory=list)
    """sentences of the problem"""
    steps: list[Step] = field(default_factory=list)
    touched: bool = False
    """whether it shows what is held out"""
    least: Number = 2
    """results below it are refused: a story counts several things"""
    fractions: bool = False
    """whether results may be other than whole"""
    decimals: bool = False
    """whether results that end within three places are written with a point, also halves and quarters"""
    people: list[Person] = field(default_factory=list)

    # ------------------------------------------------------------------------------------------- choices

    def pick(self, options: Sequence[T]) -> T:
        """One of ``options``."""
        return options[int(self.rng.random() * len(options))]

    def chance(self, share: float) -> bool:
        """True in ``share`` of the cases."""
        return self.rng.random() < share

    def between(self, low: int, high: int) -> int:
        """A number from ``low`` to ``high``, both included, that is no given (a number of things or days, say)."""
        return low + int(self.rng.random() * (high - low + 1))

    def number(self, low: int, high: int, step: int = 1) -> Quantity:
        """A given from ``low`` to ``high``, a multiple of ``step``."""
        for _ in range(20):
            value = low + step * int(self.rng.random() * ((high - low) // step + 1))
            if self.split == "number" and self.chance(0.7):
                start, end = self.pick(heldout.RANGES)
                value = start + int(self.rng.random() * (end - start))
                if not low <= value <= high or (value - low) % step:
                    continue
            if self._allowed("number", heldout.reserved_number(value)):
                return Quantity(value)
        raise Unfit

    def given(self, value: Number) -> Quantity:
        """A given of this value, if it may be shown."""
        if isinstance(value, int) and not self._allowed("number", heldout.reserved_number(value)):
            raise Unfit
        return Quantity(value)

    def say(self, name: str, *options: str, also: Sequence[str] = ()) -> None:
        """Write one of ``options``, several wordings of the same sentence, into the problem; ``name`` is theirs.

        ``also`` are wordings that training alone comes across: without them some sentences would have one wording
        there, some words would never come up, and whatever is held out could not be read.
        """
        self.told.append(self.worded(name, *options, also=also))

    def worded(self, name: str, *options: str, also: Sequence[str] = ()) -> str:
        """One of several wordings."""
        if also and self.split == "train" and self.chance(ALSO):
            return self.pick(also)
        for _ in range(12):
            place = int(self.rng.random() * len(options))
            if self._allowed("wording", heldout.reserved("wording", self.family, name, str(place))):
                return options[place]
        raise Unfit

    def follows(self, first: str, second: str) -> None:
        """``second`` is about to follow ``first``: operations of a story by name.

        Raises:
            Unfit: this composition is held out.
        """
        if not self._allowed("composition", heldout.reserved("composition", self.family, first, second)):
            raise Unfit

    def _allowed(self, kind: str, reserved: bool) -> bool:
        if reserved and self.split != kind:
            return False
        self.touched |= reserved
        return True

    def person(self) -> Person:
        """Somebody who is not in the story yet."""
        while True:
            found = self.pick(PEOPLE)
            if found not in self.people:
                self.people.append(found)
                return found

    def thing(self) -> Countable:
        """Things to count."""
        return self.pick(THINGS)

    # --------------------------------------------------------------------------------------------- steps

    def step(self, op: str, parts: Sequence[Quantity], *sentences: str) -> Quantity:
        """Calculate ``parts`` joined by ``op`` in a step of its own.

        Raises:
            Unfit: the result is too large, too small or not whole.
        """
        node = self.joined(op, *parts)
        self.steps.append(Step(node, sentences))
        return node

    def joined(self, op: str, *parts: Quantity) -> Quantity:
        """The same without a step of its own: part of a longer calculation."""
        value = calculate(op, [part.value for part in parts])
        if not self.least <= value <= LARGEST or (not self.fractions and isinstance(value, Fraction)):
            raise Unfit
        return Quantity(value, op, tuple(parts))

    def divisor(self, value: Number, low: int = 2, high: int = 12) -> int:
        """A divisor of ``value`` from ``low`` to ``high`` that leaves at least 2."""
        found = [one for one in range(low, high + 1) if value % one == 0 and value // one >= 2]
        if not found:
            raise Unfit
        return self.pick(found)

    def idle(self) -> bool:
        """Whether some step is not needed for the last one, which is the answer."""
        needed, open_nodes = set(), [self.steps[-1].node]
        while open_nodes:
            node = open_nodes.pop()
            needed.add(node)
            open_nodes += [part for part in node.parts if part not in needed]
        return any(step.node not in needed for step in self.steps)

    def text(self, value: Number) -> str:
        """A number as this story writes it."""
        return written(value, self.decimals)
