"""What is wrong with a data set of programs: operands without effect, twins, monotony, pictures nearly blank or full.

Everything is a share 0-1 unless its name says otherwise, counted over the programs that parse.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tts_playground.dsl.edits import at, remove
from tts_playground.dsl.masks import count, engine
from tts_playground.dsl.text import parse
from tts_playground.dsl.tree import FIELDS, Circle, Difference, Node, Primitive, Program, Quad, Union, highest
from tts_playground.errors import BadInput, DSLError
from tts_playground.evolve.variation import places

SIDE = 128
LOW, HIGH = 0.05, 0.75
"""coverage below or above which a picture is nearly blank or nearly full"""
MIDDLE = 8.0


@dataclass(frozen=True)
class Quality:
    """The report on one data set."""

    programs: int
    """rows, those that do not parse included"""
    parse_rate: float
    meaningless_ops_frequency: float
    """programs with at least one operand whose removal changes no pixel"""
    dead_operands: float
    """of all operands, those whose removal changes no pixel"""
    duplicate_texts: float
    """rows whose program came before, letter for letter"""
    duplicate_rasters: float
    """rows whose picture came before, whatever the spelling"""
    circles: float
    """of all primitives"""
    quads: float
    unions: float
    """of all operators"""
    differences: float
    depth_0: float
    """programs of a single primitive"""
    depth_1: float
    """programs with operators over primitives only"""
    depth_2_or_more: float
    mean_primitives: float
    """a number, not a share"""
    parameter_entropy: float
    """mean over the kinds of number below: 0 when one value is always used, 1 when all are equally frequent"""
    entropy_of: dict[str, float]
    """the same for radius, x, y, width, height and angle"""
    mean_coverage: float
    """share of the canvas that is black"""
    coverage_below_5: float
    coverage_above_75: float
    position_spread: float
    """standard deviation of the centres of mass over that of a uniform spread: 0 all in one place, 1 uniform"""
    off_centre: float
    """mean distance of the centre of mass from the middle of the canvas, in units of it (a number, 0 to 11.3)"""

    def as_dict(self) -> dict[str, Any]:
        """Plain values; the entropies one by one as ``entropy_radius`` and so on."""
        values = asdict(self)
        return values | {f"entropy_{name}": value for name, value in values.pop("entropy_of").items()}


def analyze(texts: Iterable[str]) -> Quality:
    """Judge a data set by its programs.

    Raises:
        BadInput: there are no rows.
    """
    rows = list(texts)
    if not rows:
        raise BadInput("The data set is empty; there is nothing to judge.")
    programs = [program for text in rows if (program := _read(text)) is not None]
    dead = [_dead(program) for program in programs]
    nodes = [node for program in programs if program.root for _, node in places(program.root)]
    primitives = [node for node in nodes if isinstance(node, (Circle, Quad))]
    unions = sum(isinstance(node, Union) for node in nodes)
    operators = len(nodes) - len(primitives)
    depths = [min(2, depth(program.root)) for program in programs]
    entropies = _entropies(primitives)
    masks = [engine(SIDE).evaluate(program) for program in programs]
    covered = np.array([count(mask) / SIDE**2 for mask in masks])
    spread, off = _positions([engine(SIDE).unpack(mask) for mask, share in zip(masks, covered, strict=True) if share])
    return Quality(
        programs=len(rows),
        parse_rate=len(programs) / len(rows),
        meaningless_ops_frequency=_mean([without > 0 for without, _ in dead]),
        dead_operands=_share(sum(without for without, _ in dead), sum(operands for _, operands in dead)),
        duplicate_texts=1 - len({str(program) for program in programs}) / max(1, len(programs)),
        duplicate_rasters=1 - len({mask.tobytes() for mask in masks}) / max(1, len(masks)),
        circles=_share(sum(isinstance(leaf, Circle) for leaf in primitives), len(primitives)),
        quads=_share(sum(isinstance(leaf, Quad) for leaf in primitives), len(primitives)),
        unions=_share(unions, operators),
        differences=_share(operators - unions, operators),
        depth_0=_mean([d == 0 for d in depths]),
        depth_1=_mean([d == 1 for d in depths]),
        depth_2_or_more=_mean([d == 2 for d in depths]),
        mean_primitives=_mean([len(program) for program in programs]),
        parameter_entropy=_mean(list(entropies.values())),
        entropy_of=entropies,
        mean_coverage=_mean(covered),
        coverage_below_5=_mean(covered < LOW),
        coverage_above_75=_mean(covered > HIGH),
        position_spread=spread,
        off_centre=off,
    )


def depth(root: Node | None) -> int:
    """Operators on the longest way down: 0 for a single primitive and for the empty program."""
    return 1 + max(map(depth, root.operands)) if isinstance(root, (Union, Difference)) else 0


def dead_operands(program: Program) -> list[Node]:
    """The operands that can each be left out without changing a pixel (exact raster, 128 px)."""
    if program.root is None:
        return []
    masks, root = engine(SIDE), program.root
    whole = masks.evaluate(root)
    inner = [path for path, _ in places(root) if path]
    return [at(root, path) for path in inner if np.array_equal(masks.evaluate(remove(root, path)), whole)]


def _dead(program: Program) -> tuple[int, int]:
    """(operands without effect, operands)."""
    operands = len(places(program.root)) - 1 if program.root else 0
    return len(dead_operands(program)), operands


def _read(text: str) -> Program | None:
    try:
        return parse(text)
    except DSLError:
        return None


def _entropies(primitives: Sequence[Primitive]) -> dict[str, float]:
    """Entropy of every kind of number over that of a uniform choice of its values (angles: of the eight)."""
    values: dict[str, Counter[int]] = {name: Counter() for kind in FIELDS.values() for name in kind}
    for leaf in primitives:
        for name in FIELDS[type(leaf)]:
            values[name][getattr(leaf, name)] += 1
    choices = {name: 8 if name == "angle" else highest(name) + 1 for name in values}
    return {name: _entropy(counts) / math.log(choices[name]) for name, counts in values.items()}


def _entropy(counts: Counter[int]) -> float:
    """Nats; 0.0 of nothing."""
    total = sum(counts.values())
    return -sum(n / total * math.log(n / total) for n in counts.values()) if total else 0.0


def _positions(pictures: Sequence[np.ndarray]) -> tuple[float, float]:
    """How spread the centres of mass are, and how far from the middle on average."""
    if not pictures:
        return 0.0, 0.0
    line = (np.arange(SIDE) + 0.5) * 16 / SIDE
    ink = np.array([picture.sum() for picture in pictures], dtype=float)
    x = np.array([picture.sum(0) @ line for picture in pictures]) / ink
    y = 16 - np.array([picture.sum(1) @ line for picture in pictures]) / ink
    uniform = 16 / math.sqrt(12)
    spread = math.sqrt((x.var() + y.var()) / 2) / uniform
    return float(spread), float(np.hypot(x - MIDDLE, y - MIDDLE).mean())


def _mean(values: Any) -> float:
    return float(np.mean(values)) if len(values) else 0.0


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
