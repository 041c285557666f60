"""``stickers-eval``: 6 GenEval-style kinds x 40 prompts, and what training must therefore never show.

The prompts are data (``data/stickers-eval.json``, made once by ``worlds.make_evalset``); the held-out compositions are
read off them, so that the generator cannot drift from the benchmark.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

from tts_playground.worlds.scene import Composition, Group

PATH = Path(__file__).parent / "data" / "stickers-eval.json"
KINDS = ("single", "two", "counting", "colors", "position", "attribution")
"""the six kinds of GenEval (Ghosh et al. 2023), in its order"""


@dataclass(frozen=True, slots=True)
class StickerCase:
    """One prompt of the benchmark with the composition that it asks for."""

    key: str
    """e.g. "two-07" """
    kind: str
    prompt: str
    composition: Composition


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What never comes up in training."""

    pairs: frozenset[frozenset[str]]
    """two nouns in one picture"""
    colors: frozenset[tuple[str, str]]
    """a noun in a tint"""
    counts: frozenset[tuple[str, str, int]]
    """a noun in a colour, so many times"""
    backgrounds: frozenset[tuple[str, str]]
    """a noun on a background"""

    def touches(self, composition: Composition) -> bool:
        """Whether any part of ``composition`` is held out."""
        groups = composition.groups
        return (
            any((g.noun, g.color) in self.colors for g in groups)
            or any((g.noun, composition.background) in self.backgrounds for g in groups)
            or any((g.noun, g.color, g.count) in self.counts for g in groups)
            or any(frozenset((a.noun, b.noun)) in self.pairs for a, b in combinations(groups, 2))
        )


@cache
def cases() -> tuple[StickerCase, ...]:
    """The 240 prompts, in the order of ``KINDS``."""
    rows = json.loads(PATH.read_text(encoding="utf-8"))["prompts"]
    return tuple(
        StickerCase(
            row["key"],
            row["kind"],
            row["prompt"],
            Composition(
                tuple(Group(g["noun"], g["color"], g["count"]) for g in row["groups"]),
                row["relation"],
                row["background"],
            ),
        )
        for row in rows
    )


@cache
def held_out() -> HeldOut:
    """What the benchmark's prompts rule out in training."""
    by_kind = {kind: [case.composition for case in cases() if case.kind == kind] for kind in KINDS}
    pairs = (c for kind in ("two", "position", "attribution") for c in by_kind[kind])
    return HeldOut(
        pairs=frozenset(frozenset(group.noun for group in c.groups) for c in pairs),
        colors=frozenset((c.groups[0].noun, c.groups[0].color) for c in by_kind["colors"]),
        counts=frozenset((c.groups[0].noun, c.groups[0].color, c.groups[0].count) for c in by_kind["counting"]),
        backgrounds=frozenset((c.groups[0].noun, c.background) for c in by_kind["single"]),
    )
