"""Where things go: from a composition to a scene in which it is true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from tts_playground.worlds.scene import Composition, Group, Scene, Thing, related
from tts_playground.worlds.sprites import shape
from tts_playground.worlds.vocabulary import SIZE

T = TypeVar("T")
Region = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels"""
STEP = 8
"""stickers stand in square cells on a grid of so many pixels, the grid of the image tokens: that makes the world small
enough for a small model, whose every token then shows one of a limited number of pieces"""
CELLS = (32, 24, 16)
"""sides of cells in pixels: for one thing alone, for most things, and for three in a row"""


_GOLDEN = 0.6180339887498949


class Draw:
    """Uniform numbers drawn beforehand, spent one by one (a call into numpy costs more than a scene can afford)."""

    __slots__ = ("_numbers", "_place")

    def __init__(self, numbers: Sequence[float]) -> None:
        self._numbers = numbers
        self._place = -1

    def __call__(self) -> float:
        """The next number in [0, 1)."""
        self._place += 1
        lap, place = divmod(self._place, len(self._numbers))
        # spent numbers come back shifted: a search that rejected them once must not see the same ones for ever
        return (self._numbers[place] + lap * _GOLDEN) % 1 if lap else self._numbers[place]

    def below(self, n: int) -> int:
        """An integer in [0, n)."""
        return int(self() * n)

    def between(self, low: int, high: int) -> int:
        """An integer in [low, high]."""
        return low + int(self() * (max(low, high) - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        """One of ``options``."""
        return options[int(self() * len(options))]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """All of ``options`` in random order."""
        left = list(options)
        return [left.pop(int(self() * len(left))) for _ in range(len(left))]


def slots(draw: Draw, region: Region, n: int) -> list[Region]:
    """``n`` regions that do not overlap, in random order: halves, quarters of a square, or strips of an oblong."""
    x0, y0, x1, y1 = region
    wide, high = x1 - x0, y1 - y0
    if n == 1:
        return [region]
    if n > 2 and wide == high:
        x, y = (x0 + x1) // 2, (y0 + y1) // 2
        return draw.shuffled([(x0, y0, x, y), (x, y0, x1, y), (x0, y, x, y1), (x, y, x1, y1)])[:n]
    across = wide > high or (wide == high and draw() < 0.5)
    if across:
        strips = [(x0 + wide * i // n, y0, x0 + wide * (i + 1) // n, y1) for i in range(n)]
    else:
        strips = [(x0, y0 + high * i // n, x1, y0 + high * (i + 1) // n) for i in range(n)]
    return draw.shuffled(strips)


def put(draw: Draw, group: Group, region: Region) -> Thing:
    """One thing of ``group`` in a cell somewhere in ``region``, which has room for the smallest."""
    x0, y0, x1, y1 = region
    room = min(x1 - x0, y1 - y0)
    cell = next((side for side in CELLS if side + STEP <= room), CELLS[-1])
    width, height = shape(group.noun, cell)
    x, y = _on_grid(draw, x0, x1 - cell), _on_grid(draw, y0, y1 - cell)
    return Thing(group.noun, group.color, x + (cell - width) // 2, y + (cell - height) // 2, cell)


def _on_grid(draw: Draw, low: int, high: int) -> int:
    """A multiple of ``STEP`` in [low, high]."""
    return STEP * draw.between(-(-low // STEP), high // STEP)


def _fill(draw: Draw, groups: Sequence[Group], region: Region) -> list[Thing]:
    each = [group for group in groups for _ in range(group.count)]
    return [put(draw, group, slot) for group, slot in zip(each, slots(draw, region, len(each)), strict=True)]


def _apart(draw: Draw, first: Group, second: Group, relation: str) -> list[Thing]:
    """The first group in the half of the canvas that ``relation`` names, the second in the other."""
    half = SIZE // 2
    low, high = draw.below(10), SIZE - draw.below(10)  # less room across, so that the direction stays plain
    if relation in ("left of", "right of"):
        near, far = (0, low, half, high), (half, low, SIZE, high)
    else:
        near, far = (low, 0, high, half), (low, half, high, SIZE)
    if relation in ("right of", "below"):
        near, far = far, near
    return _fill(draw, [first], near) + _fill(draw, [second], far)


def _stacked(draw: Draw, top: Group, base: Group) -> list[Thing]:
    """``top`` resting on ``base``; the base comes first, because later things cover earlier ones."""
    size = small = CELLS[1]
    wide, high = shape(base.noun, size)
    width, height = shape(top.noun, small)
    sunk = draw.between(1, max(1, high // 5))
    y = _on_grid(draw, size, SIZE - size) - height + sunk + (size - high) // 2  # the base fills its cell as elsewhere
    x = _on_grid(draw, 0, SIZE - size)
    x_base, x_top = x + (size - wide) // 2, x + (size - width) // 2
    return [Thing(base.noun, base.color, x_base, y + height - sunk, size), Thing(top.noun, top.color, x_top, y, small)]


def _in_a_row(draw: Draw, groups: Sequence[Group]) -> list[Thing]:
    """Three things side by side or one over the other, the first in the middle."""
    middle, *ends = groups
    first, last = draw.shuffled(ends)
    low = draw.below(SIZE - 34)
    cuts = (0, 21, 43, SIZE)
    across = draw() < 0.5
    things = []
    for i, group in enumerate((first, middle, last)):
        region = (cuts[i], low, cuts[i + 1], low + 34) if across else (low, cuts[i], low + 34, cuts[i + 1])
        things.append(put(draw, group, region))
    return things


def _boxes_agree(composition: Composition, things: Sequence[Thing]) -> bool:
    """Whether the relation holds between every thing of the first group and of the others."""
    places = [[t.box for t in things if (t.noun, t.color) == (g.noun, g.color)] for g in composition.groups]
    if composition.relation == "between":
        return related("between", [place[0] for place in places])
    return all(related(composition.relation, (a, b)) for a in places[0] for b in places[1])


def arrange(composition: Composition, draw: Draw) -> Scene:
    """A scene of ``composition``: sizes and places are random, what it tells is true."""
    groups, relation = composition.groups, composition.relation
    while True:
        if relation == "":
            things = _fill(draw, groups, (0, 0, SIZE, SIZE))
        elif relation == "on":
            things = _stacked(draw, groups[0], groups[1])
        elif relation == "between":
            things = _in_a_row(draw, groups)
        else:
            things = _apart(draw, groups[0], groups[1], relation)
        if not relation or _boxes_agree(composition, things):
            return Scene(composition, tuple(things))
