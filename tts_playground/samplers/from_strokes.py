"""Programs for line drawings: every straight piece of a stroke as a quad, or as a quad less another.

No quad is narrower than a unit, and at 0 and 90 degrees edges stand on halves of units only. But two quads at one angle
have edges nearly anywhere, since the distances of the lattice's points from a slanted line are dense: what one sticks
out on the far side of a stroke, the other cuts away.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tts_playground.dsl.exact import CANVAS
from tts_playground.dsl.tree import Difference, Node, Quad
from tts_playground.samplers.stroke_lines import StrokeLine

KEPT = 30
"""ways to draw a line that are kept, best first"""
SPREAD = 2
"""degrees to either side of a line's own at which quads are tried"""
FIRST, SECOND = 5, 2
"""quads with one edge on a line's, and for each of them quads that cut it at the other"""
CAP = 0.4
"""widths of a line by which it reaches beyond its middle at either end: it is round there, or meets another line"""
SLACK = 0.05
"""units that the second quad may leave of what it cuts"""
DEEP = 4
"""units across a line of a quad that is cut: what sticks out further has to be cut too"""

_SIDES = np.arange(1, CANVAS)
_CENTRES = np.stack(np.meshgrid(np.arange(CANVAS), np.arange(CANVAS), indexing="ij"), -1).reshape(-1, 2)


@lru_cache(maxsize=512)
def ways(line: StrokeLine) -> tuple[Node, ...]:
    """Ways to draw a line, best first by the area that they draw wrongly, in square units."""
    turn = round(math.degrees(math.atan2(line.end[1] - line.start[1], line.end[0] - line.start[0])))
    found: dict[Node, float] = {}
    near = range(turn - SPREAD, turn + SPREAD + 1) if line.length > line.width else range(0, 90, 15)
    for angle in near:
        for error, node in _at_angle(line, angle):
            found[node] = min(error, found.get(node, math.inf))
    return tuple(sorted(found, key=lambda node: found[node])[:KEPT])


def _at_angle(line: StrokeLine, angle: int) -> list[tuple[float, Node]]:
    """(area drawn wrongly, program) of quads, and of quads less quads, at one angle."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    ends = np.array([line.start, line.end])
    along, across = ends @ (cos, sin), ends @ (-sin, cos)
    more = CAP * line.width
    first, last = along.min() - more, along.max() + more
    low, high = across.mean() - line.width / 2, across.mean() + line.width / 2
    # [centres, sides]: where the sides of quads of each extent stand
    u, v = (_CENTRES @ turn for turn in ((cos, sin), (-sin, cos)))
    lowest, highest = v[:, None] - _SIDES / 2, v[:, None] + _SIDES / 2
    beyond = np.abs(u[:, None] - _SIDES / 2 - first) + np.abs(u[:, None] + _SIDES / 2 - last)
    width = beyond.argmin(1)
    wrong = abs(across[1] - across[0]) * line.length / 2 + line.width * beyond.min(1)[:, None]

    def quad(place: tuple[int, int], widest: bool = False) -> Quad:
        centre, height = place
        extent = _SIDES[-1] if widest else _SIDES[width[centre]]
        x, y = _CENTRES[centre].tolist()
        return Quad(x, y, int(extent), int(_SIDES[height]), angle % 180)

    whole = wrong + (last - first) * (np.abs(lowest - low) + np.abs(highest - high))
    found: list[tuple[float, Node]] = [(float(whole[one]), quad(one)) for one in _least(whole, FIRST)]
    for near, far, edge, cut in ((lowest, highest, low, high), (-highest, -lowest, -high, -low)):
        # one edge of the first quad is the line's, the other lies beyond the line's other edge, where the second cuts
        error = np.where((far >= cut) & (_SIDES <= DEEP), wrong + (last - first) * np.abs(near - edge), np.inf)
        for one in _least(error, FIRST):
            longer = (_SIDES[-1] - _SIDES[width[one[0]]]) / 2
            covers = (far >= far[one] - SLACK) & (np.abs(u - u[one[0]]) < longer)[:, None]
            rest = np.where(covers, (last - first) * np.abs(near - cut), np.inf)
            cuts = [(float(error[one] + rest[two]), quad(two, True)) for two in _least(rest, SECOND)]
            found += [(wrongly, Difference((quad(one), other))) for wrongly, other in cuts]
    return found


def _least(errors: NDArray[np.float64], number: int) -> list[tuple[int, int]]:
    """Places of the least finite errors, the least first."""
    flat = errors.ravel()
    found = np.argpartition(flat, number)[:number]
    found = [one for one in found[np.argsort(flat[found], kind="stable")] if np.isfinite(flat[one])]
    return [divmod(int(one), errors.shape[1]) for one in found]
