"""Gaps in outlines: which ends of strokes should be joined, to what, so that the loops that a hand meant are closed.

A gap is judged by the loop that it would close. Along the middles of the strokes (and across the gaps that were joined
before) the way around is known, so a gap is a share of that way; and by the room inside, since the opening of a "U" is
as wide as its room, and that of a sloppy circle is not. Shortest gaps are joined first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tts_playground.dsl.strokes import components, depth, ends, thinned

ENDS = 64
"""most ends of strokes that are looked at; a picture with more is a texture or a page of writing"""
SHARE = 0.16
"""gaps of a loop may make up this share of its length ..."""
WIDE = 0.8
"""... if they are no wider than this share of the widest circle inside it ..."""
SMALL = 0.09
"""... or, a single gap, if it is no more than this share of the length"""
WINDING = (0.35, 1.5)
"""a line that goes on, inside a loop or outside, for more than these shares of the loop's length is a spiral's"""
REACH = 0.65
"""widest gap, as a share of the drawing's longer side"""
CHOICES = 4
"""places that the end of one stroke may be joined to"""
MOST = 64
"""most joins"""
ROOM = 12
"""pixels of the least region that is worth closing"""

Mask = NDArray[np.bool_]
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Join:
    """A straight line across a gap, between two pixels on the middle of strokes."""

    start: int
    stop: int
    """numbers among the key places of ``_Ways``"""
    length: float
    gap: float
    """the part of its length that crosses paper"""


def bridges(strokes: Mask, half: float, *, share: float = SHARE, wide: float = WIDE) -> Mask:
    """Lines across the gaps of outlines, and to the edge of the paper where an outline runs off it.

    Args:
        strokes: (height, width), True is ink of thin strokes.
        half: half their usual width, in pixels.
        share: as ``SHARE``, for who wants more or fewer gaps closed.
        wide: as ``WIDE``.
    """
    middle = thinned(strokes)
    spur = round(half) + 2
    tips = ends(strokes, spur, middle)
    image = Image.new("1", strokes.shape[::-1])
    pen = ImageDraw.Draw(image)
    for start, stop in _to_the_edge(tips, strokes.shape, half):
        pen.line([*start[::-1], *stop[::-1]], fill=1)
    tips = _closest(tips)
    if tips:
        off = np.asarray(image)
        ways = _Ways(strokes, middle, tips, half, share, off | _frame(strokes.shape) if off.any() else off)
        for start, stop in ways.closing(strokes | off, share, wide):
            pen.line([*start[::-1], *stop[::-1]], fill=1)
    return np.asarray(image)


def _closest(tips: list[Place]) -> list[Place]:
    """At most ``ENDS`` ends, those with another one close by."""
    if len(tips) <= ENDS:
        return tips
    from scipy.spatial import KDTree

    apart = np.asarray(KDTree(tips).query(tips, 2)[0])[:, 1]
    return [tips[number] for number in np.argsort(apart, kind="stable")[:ENDS]]


def _to_the_edge(tips: list[Place], shape: tuple[int, ...], half: float) -> list[tuple[Place, Place]]:
    """Lines from ends of strokes to an edge of the paper that they nearly reach."""
    height, width = shape
    found = []
    for row, column in tips:
        edges = ((0, column), (height - 1, column), (row, 0), (row, width - 1))
        near = (edge for edge in edges if abs(edge[0] - row) + abs(edge[1] - column) <= 2 * half + 8)
        found += [((row, column), edge) for edge in near]
    return found


def _frame(shape: tuple[int, ...]) -> Mask:
    """The edge of the paper: an outline that runs off it goes on along it."""
    edge = np.ones(shape, bool)
    edge[1:-1, 1:-1] = False
    return edge


@dataclass
class _Ways:
    """Ways along the middles of strokes, and across joins, between the places where something may be joined."""

    strokes: Mask
    middle: Mask
    tips: list[Place]
    half: float
    share: float
    more: Mask
    """ways that are no strokes, and to which nothing is joined"""
    keys: list[Place] = field(default_factory=list)
    joins: list[Join] = field(default_factory=list)

    def __post_init__(self) -> None:
        from scipy.sparse import csgraph

        both = self.middle | self.more
        self.places = np.argwhere(both)
        self.joinable = self.middle[tuple(self.places.T)]
        number = np.zeros(both.shape, np.int64)
        number[tuple(self.places.T)] = np.arange(len(self.places))
        graph = _graph(both, number)
        nodes = [int(number[tip]) for tip in self.tips]
        away = np.asarray(csgraph.dijkstra(graph, directed=False, indices=nodes))
        pairs = [(node, other) for node, row in zip(nodes, away, strict=True) for other in self._choices(node, row)]
        keyed = sorted({*nodes, *(other for _, other in pairs)})
        at = {node: index for index, node in enumerate(keyed)}
        self.ends = [at[node] for node in nodes]
        self.keys = [(int(row), int(column)) for row, column in self.places[keyed]]
        self.length = np.asarray(csgraph.dijkstra(graph, directed=False, indices=keyed))[:, keyed]
        self.open = np.zeros_like(self.length)
        self.crossed = np.zeros(self.length.shape, np.uint64)
        once = {tuple(sorted((at[a], at[b]))) for a, b in pairs}
        joins = [join for pair in once if (join := self._join(*pair)) is not None]
        self.joins = sorted(joins, key=lambda join: (join.gap, join.length, join.start))

    def _choices(self, node: int, away: NDArray[np.floating]) -> list[int]:
        """Places on other strokes, or far along the same one, that lie closest to the end of a stroke."""
        from scipy import ndimage

        apart = np.linalg.norm(self.places - self.places[node], axis=1)
        gap = np.maximum(apart - 3 * self.half - 2, 1)
        reach = (
            REACH * max(1.0, self.share / SHARE) * float(np.ptp(self.places[self.joinable], axis=0).max())
            + 2 * self.half
        )
        fits = (
            self.joinable & (apart <= reach) & (self.share * (away + gap) >= gap) & (away > apart + 4 * self.half + 4)
        )
        if not fits.any():
            return []
        there = np.zeros(self.middle.shape, bool)
        there[tuple(self.places[fits].T)] = True
        runs = components(there)[tuple(self.places.T)]
        runs[~fits] = 0
        numbers = np.arange(1, int(runs.max()) + 1)
        nearest = [int(found[0]) for found in ndimage.minimum_position(apart, runs, numbers)]
        return sorted(nearest, key=lambda other: apart[other])[:CHOICES]

    def _join(self, start: int, stop: int) -> Join | None:
        """The line between two places, unless it crosses another stroke on its way."""
        a, b = np.array(self.keys[start]), np.array(self.keys[stop])
        length = float(np.linalg.norm(b - a))
        steps = np.linspace(0, 1, 2 * int(length) + 2)[:, None]
        on = np.round(a + (b - a) * steps).astype(int)
        paper = ~self.strokes[tuple(on.T)]
        runs = np.count_nonzero(np.diff(paper.astype(np.int8), prepend=0) == 1)
        return Join(start, stop, length, length * float(np.mean(paper))) if runs <= 1 else None

    def closing(self, strokes: Mask, share: float, wide: float) -> list[tuple[Place, Place]]:
        """The joins, as pairs of places, that close loops of gaps within these shares."""
        taken: list[Join] = []
        kept = 0
        drawn = strokes.copy()
        for join in self.joins:
            if len(taken) == MOST:
                break
            line = self._line(join)
            start, stop = join.start, join.stop
            way = self.length[start, stop]
            if np.isfinite(way):
                if self.open[start, stop] + join.gap > share * (way + join.length):
                    continue
                if not self._encloses(join, drawn, line, wide):
                    continue
                kept |= int(self.crossed[start, stop]) | 1 << len(taken)
            self._connect(join, len(taken))  # two drawings so far: worth it if a loop goes through here in the end
            taken.append(join)
            drawn |= line
        return [(self.keys[one.start], self.keys[one.stop]) for bit, one in enumerate(taken) if kept >> bit & 1]

    def _encloses(self, join: Join, drawn: Mask, line: Mask, wide: float) -> bool:
        """Whether the loop that a join closes has room for its gaps, and is no turn of a spiral."""
        inside = _inside(drawn, line)
        if inside is None:
            return False
        start, stop = join.start, join.stop
        way = self.length[start, stop] + join.length
        gaps, number = self.open[start, stop] + join.gap, int(self.crossed[start, stop]).bit_count() + 1
        room = 2 * float(depth(inside).max()) + 2 * self.half
        fits = gaps / number <= wide * room or (number == 1 and gaps <= SMALL * way)
        return fits and not self._winds(join, way, inside)

    def _winds(self, join: Join, way: float, inside: Mask) -> bool:
        """Whether a line of two ends goes on from where one of them is joined, round and round."""
        for end, place in ((join.start, join.stop), (join.stop, join.start)):
            if end not in self.ends or place in self.ends:
                continue
            others = [one for one in self.ends if one != end and np.isfinite(self.length[end, one])]
            if len(others) == 1:
                on = float(self.length[place, others[0]])
                row, column = self.keys[others[0]]
                if on > WINDING[0 if inside[row, column] or self._touches(inside, row, column) else 1] * way:
                    return True
        return False

    def _touches(self, inside: Mask, row: int, column: int) -> bool:
        by = round(self.half) + 3
        window = inside[max(0, row - by) : row + by + 1, max(0, column - by) : column + by + 1]
        return bool(np.mean(window) > 0.4)

    def _connect(self, join: Join, number: int) -> None:
        """Shortest ways, the gaps on them and which joins these are, now that there is this join."""
        for a, b in ((join.start, join.stop), (join.stop, join.start)):
            through = self.length[:, a, None] + join.length + self.length[None, b]
            better = through < self.length
            gaps = self.open[:, a, None] + join.gap + self.open[None, b]
            crossed = self.crossed[:, a, None] | self.crossed[None, b] | np.uint64(1 << number)
            self.length = np.where(better, through, self.length)
            self.open = np.where(better, gaps, self.open)
            self.crossed = np.where(better, crossed, self.crossed)

    def _line(self, join: Join) -> Mask:
        image = Image.new("1", self.strokes.shape[::-1])
        ImageDraw.Draw(image).line([*self.keys[join.start][::-1], *self.keys[join.stop][::-1]], fill=1)
        return np.asarray(image)


def _graph(middle: Mask, number: NDArray[np.integer]):
    """Neighbouring pixels of thin lines, with their distance."""
    from scipy import sparse

    total = int(np.count_nonzero(middle))
    rows, columns, weights = [], [], []
    padded, numbers = np.pad(middle, 1), np.pad(number, 1)
    height, width = middle.shape
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        shifted = (slice(1 + down, 1 + down + height), slice(1 + right, 1 + right + width))
        both = middle & padded[shifted]
        rows.append(number[both])
        columns.append(numbers[shifted][both])
        weights.append(np.full(int(both.sum()), np.hypot(down, right)))
    parts = (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns)))
    return sparse.coo_matrix(parts, (total, total)).tocsr()


def _inside(drawn: Mask, line: Mask) -> Mask | None:
    """The room that a line closes off, or None if it closes nothing."""
    labels = components(~(drawn | line), diagonal=False)
    sides = _beside(labels, line & ~drawn)
    if len(sides) < 2:
        return None
    sizes = np.bincount(labels.ravel())
    edge = set(np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])).tolist())
    best = min(sides, key=lambda one: (one in edge, sizes[one]))
    return labels == best if sizes[best] >= ROOM else None


def _beside(labels: NDArray[np.integer], line: Mask) -> list[int]:
    from scipy import ndimage

    around = np.asarray(ndimage.binary_dilation(line, np.ones((3, 3))), bool)
    return [int(one) for one in np.unique(labels[around]) if one]
