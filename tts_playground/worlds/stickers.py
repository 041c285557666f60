"""The sticker world: scenes of everyday things in plain English, endless, deterministic, 64 px.

Scene ``index`` of the world with ``seed`` is always the same. The compositions of ``stickers-eval`` (pairs of nouns,
tints of a noun, counts of a noun, nouns on a background) never come up: see ``worlds.evalset``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tts_playground import randomness
from tts_playground.worlds.captions import caption, falsified
from tts_playground.worlds.evalset import HeldOut, held_out
from tts_playground.worlds.layout import Draw, arrange
from tts_playground.worlds.scene import Composition, Group, Scene, render_batch
from tts_playground.worlds.vocabulary import BACKGROUNDS, COLORS, MOST, NAMES, NATURAL, RELATIONS, SIZE, TINTS

_TINT_NAMES = tuple(TINTS)
_BACKGROUND_NAMES = tuple(BACKGROUNDS)
_DIRECTIONS = tuple(RELATIONS)


@dataclass(frozen=True, eq=False)
class SceneBatch:
    """Scenes ``start`` to ``start + n`` of a seed, drawn."""

    images: np.ndarray
    """uint8 [n, 64, 64, 3]"""
    captions: list[str]
    scenes: list[Scene]
    classes: np.ndarray
    """int64 [n, 4]: place in ``NAMES``, -1 where there are fewer things"""
    colors: np.ndarray
    """int64 [n, 4]: place in ``COLORS`` (0 is natural), -1 where there are fewer things"""
    boxes: np.ndarray
    """float32 [n, 4, 4]: x0, y0, x1, y1 in pixels, 0 where there are fewer things"""


def _group(draw: Draw, count: int) -> Group:
    color = NATURAL if draw() < 0.4 else draw.pick(_TINT_NAMES)
    return Group(draw.pick(NAMES), color, count)


def _composition(draw: Draw) -> Composition:
    """Any composition, held out or not; about one third of the scenes have one group, one half two, the rest three."""
    kind = draw()
    background = draw.pick(_BACKGROUND_NAMES)
    if kind < 0.15:
        return Composition((_group(draw, 1),), "", background)
    if kind < 0.38:
        return Composition((_group(draw, draw.between(2, MOST)),), "", background)
    if kind < 0.88:
        counts = (1, 1)
        if kind > 0.74:
            counts = draw.pick(((2, 1), (1, 2), (2, 2), (3, 1), (1, 3)))
        chance = draw()
        relation = draw.pick(_DIRECTIONS) if chance < 0.6 else "on" if chance < 0.7 and counts == (1, 1) else ""
        return Composition((_group(draw, counts[0]), _group(draw, counts[1])), relation, background)
    relation = "between" if draw() < 0.5 else ""
    return Composition((_group(draw, 1), _group(draw, 1), _group(draw, 1)), relation, background)


def _acceptable(composition: Composition, held: HeldOut) -> bool:
    """Nouns differ between groups, and nothing of it is held out."""
    nouns = {group.noun for group in composition.groups}
    return len(nouns) == len(composition.groups) and not held.touches(composition)


def poses(composition: Composition) -> bool:
    """Whether a scene of the world may be of this composition, or of one that also tells what it leaves open."""
    groups, counts = composition.groups, tuple(group.count for group in composition.groups)
    known = all(group.noun in NAMES and group.color in COLORS and group.count >= 1 for group in groups)
    if not known or composition.background not in ("", *_BACKGROUND_NAMES) or not _acceptable(composition, held_out()):
        return False
    if len(groups) == 2:
        relations = ("", *_DIRECTIONS, "on") if counts == (1, 1) else ("", *_DIRECTIONS)
        return sum(counts) <= MOST and composition.relation in relations
    if len(groups) == 3:
        return counts == (1, 1, 1) and composition.relation in ("", "between")
    return len(groups) == 1 and counts[0] <= MOST and not composition.relation


def scene_and_draw(seed: int, index: int) -> tuple[Scene, Draw]:
    """Scene ``index`` of ``seed``, and the numbers that go on after it (for its caption)."""
    draw = Draw(randomness.generator("stickers", seed, index).random(160).tolist())
    held = held_out()
    while not _acceptable(composition := _composition(draw), held):
        pass
    return arrange(composition, draw), draw


def scene(seed: int, index: int) -> Scene:
    """Scene ``index`` of the world with ``seed``."""
    return scene_and_draw(seed, index)[0]


def scenes(seed: int, start: int, n: int) -> list[Scene]:
    """Scenes ``start`` to ``start + n`` of ``seed``."""
    return [scene(seed, index) for index in range(start, start + n)]


def batch(seed: int, start: int, n: int, *, full: bool = False) -> SceneBatch:
    """Draw ``n`` scenes with captions and labels; ``full`` captions tell everything there is to see."""
    both = [scene_and_draw(seed, index) for index in range(start, start + n)]
    chosen = [one for one, _ in both]
    captions = [caption(one.composition, draw, full=full) for one, draw in both]
    return SceneBatch(render_batch(chosen), captions, chosen, *labels(chosen))


def labels(chosen: list[Scene]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Classes, colours and boxes of the things in each scene, as in ``SceneBatch``."""
    classes = np.full((len(chosen), MOST), -1, dtype=np.int64)
    colors = np.full((len(chosen), MOST), -1, dtype=np.int64)
    boxes = np.zeros((len(chosen), MOST, 4), dtype=np.float32)
    for row, one in enumerate(chosen):
        for place, thing in enumerate(one.things):
            classes[row, place] = NAMES.index(thing.noun)
            colors[row, place] = COLORS.index(thing.color)
            boxes[row, place] = thing.box
    return classes, colors, boxes


def false_captions(one: Scene, draw: Draw) -> list[str]:
    """Full captions that are wrong about the scene in one point each: count, colour, swapped colours, relation."""
    return [caption(wrong, draw, full=True) for wrong in falsified(one.composition, draw).values()]


__all__ = ["SIZE", "SceneBatch", "batch", "false_captions", "labels", "poses", "scene", "scene_and_draw", "scenes"]
