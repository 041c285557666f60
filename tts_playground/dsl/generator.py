"""Random programs of a stated difficulty: program (seed, index) is the same on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tts_playground.dsl.masks import Packed, count, engine, union
from tts_playground.dsl.tree import Circle, Difference, Node, Program, Quad, Union
from tts_playground.errors import BadInput
from tts_playground.randomness import generator
from tts_playground.typed import typed

_ATTEMPTS = 10_000
_SIZE = 64


@dataclass(frozen=True, slots=True)
@typed
class Difficulty:
    """What random programs look like; every range includes both ends. The defaults are those of the sketch bench."""

    primitives: tuple[int, int] = (1, 6)
    """number of circles and quads"""
    depth: int = 6
    """deepest nesting; a single primitive has depth 1, so n primitives need at least 1 + ceil(log2 n)"""
    coverage: tuple[float, float] = (0.02, 0.85)
    """share of the canvas that is black, counted at 64 x 64 pixel centres"""
    visible: float = 0.0
    """least share of the canvas that must change when any one operand is left out; 0 allows hidden operands"""
    radius: tuple[int, int] = (1, 6)
    side: tuple[int, int] = (1, 10)
    centre: tuple[int, int] = (2, 13)
    angles: tuple[int, ...] = (0, 45, 90, 135, 180, 225, 270, 315)
    circles: float = 0.5
    """probability that a primitive is a circle"""
    unions: float = 0.5
    """probability that an operator is ``+``"""

    def __post_init__(self) -> None:
        _check(self)


def _check(settings: Difficulty) -> None:
    ranges = {"primitives": (1, 256), "radius": (0, 15), "side": (0, 15), "centre": (0, 15), "coverage": (0, 1)}
    for name, (least, most) in ranges.items():
        low, high = getattr(settings, name)
        if not least <= low <= high <= most:
            raise BadInput(f"The generator's {name} {low}..{high} is not a range within {least}..{most}.")
    if not settings.angles or not all(0 <= angle <= 359 for angle in settings.angles):
        raise BadInput("The generator's angles must be one or more whole numbers 0-359.")
    if not 1 <= settings.depth <= 64 or 2 ** (settings.depth - 1) < settings.primitives[0]:
        raise BadInput(f"Depth {settings.depth} is outside 1..64 or cannot hold {settings.primitives[0]} primitives.")
    for name in ("visible", "circles", "unions"):
        if not 0 <= getattr(settings, name) <= 1:
            raise BadInput(f"The generator's {name} must be a share 0-1, not {getattr(settings, name)}.")


def generate(seed: int = 0, index: int = 0, settings: Difficulty | None = None) -> Program:
    """Program number ``index`` of the stream ``seed``.

    Raises:
        BadInput: the settings cannot be met (nothing fitted in 10,000 attempts).
    """
    settings = settings or Difficulty()
    noise = generator(seed, index, "dsl.generate")
    most = min(settings.primitives[1], 2 ** (settings.depth - 1))
    for _ in range(_ATTEMPTS):
        length = int(noise.integers(settings.primitives[0], most, endpoint=True))
        root = _tree(noise, length, settings.depth, settings)
        low, high = settings.coverage
        if low <= coverage(root) <= high and (not settings.visible or least_effect(root) >= settings.visible):
            return Program(root)
    raise BadInput(f"No program met the generator's settings in {_ATTEMPTS} attempts; loosen coverage or visible.")


def stream(seed: int = 0, settings: Difficulty | None = None, *, distinct: bool = True) -> Iterator[Program]:
    """Programs 0, 1, 2, ... of a seed for ever; with ``distinct`` a program that came before is left out."""
    seen: set[Program] = set()
    index = 0
    while True:
        program = generate(seed, index, settings)
        index += 1
        if program not in seen:
            if distinct:
                seen.add(program)
            yield program


def _tree(noise: np.random.Generator, length: int, depth: int, settings: Difficulty) -> Node:
    """A binary tree of ``length`` primitives no deeper than ``depth``."""
    if length == 1:
        return _primitive(noise, settings)
    room = 2 ** (depth - 2)
    left = int(noise.integers(max(1, length - room), min(room, length - 1), endpoint=True))
    kind = Union if noise.random() < settings.unions else Difference
    return kind((_tree(noise, left, depth - 1, settings), _tree(noise, length - left, depth - 1, settings)))


def _primitive(noise: np.random.Generator, settings: Difficulty) -> Node:
    def whole(bounds: tuple[int, int]) -> int:
        return int(noise.integers(*bounds, endpoint=True))

    if noise.random() < settings.circles:
        return Circle(whole(settings.radius), whole(settings.centre), whole(settings.centre))
    x, y = whole(settings.centre), whole(settings.centre)
    return Quad(x, y, whole(settings.side), whole(settings.side), settings.angles[noise.integers(len(settings.angles))])


def coverage(root: Node, size: int = _SIZE) -> float:
    """The share of the canvas (0-1) that is black, counted at size x size pixel centres."""
    return count(engine(size).evaluate(root)) / size**2


def least_effect(root: Node, size: int = _SIZE) -> float:
    """The smallest share of the canvas (0-1) that changes when one operand, of any operator, is left out.

    Leaving out the first operand of a difference leaves its place empty; a tree without operators gives its coverage.
    """
    masks = engine(size)

    def effect(node: Node, matters: Packed) -> int:
        least = count(masks.evaluate(node) & matters)
        if isinstance(node, (Circle, Quad)):
            return least
        values = [masks.evaluate(operand) for operand in node.operands]
        for place, operand in enumerate(node.operands):
            others = values[:place] + values[place + 1 :]
            if isinstance(node, Difference) and place > 0:
                first, *rest = others
                decides = first & ~union([masks.empty(), *rest])
            else:
                decides = ~union(others)
            least = min(least, effect(operand, matters & decides))
        return least

    return effect(root, ~masks.empty()) / size**2
