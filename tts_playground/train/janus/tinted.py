"""Scenes of the sticker world with more of what a small model learns last: one large tinted thing, two tinted things.

The world's own mixture shows one tinted thing alone in 9 % of its scenes and two tinted things in 13 %, although a
third of what people ask for is of these kinds. Here a scene is the first of some candidates of the same world that a
lottery keeps, so that nothing comes up that the world does not show; what is held out stays held out.
"""

from __future__ import annotations

from tts_playground import randomness
from tts_playground.worlds import stickers
from tts_playground.worlds.scene import Composition, Scene

TOLD = "more of tinted things than the world has"
"""the mixture in a card's words"""
CANDIDATES = 24
"""scenes of the world that are looked at for one of these, at most"""
ALONE, PAIR, PLAIN_ALONE, OTHER = 1.0, 1.0, 0.5, 0.2
"""chance that a candidate is kept: one tinted thing, two tinted things, one natural thing, anything else"""


def chance(composition: Composition) -> float:
    """How likely a candidate with ``composition`` is kept, in (0, 1]."""
    groups = composition.groups
    tinted = all(group.color for group in groups)
    if len(groups) == 1 and groups[0].count == 1:
        return ALONE if tinted else PLAIN_ALONE
    return PAIR if tinted and [group.count for group in groups] == [1, 1] else OTHER


def scene(seed: int, index: int) -> Scene:
    """Scene ``index`` of the mixture: one of scenes ``CANDIDATES * index`` and on of the world with ``seed``."""
    lottery = randomness.generator("tinted", seed, index).random(CANDIDATES)
    first = CANDIDATES * index
    for place, drawn in enumerate(lottery.tolist()):
        found = stickers.scene(seed, first + place)
        if drawn < chance(found.composition):
            return found
    return stickers.scene(seed, first)


def scenes(seed: int, start: int, n: int) -> list[Scene]:
    """Scenes ``start`` to ``start + n``."""
    return [scene(seed, index) for index in range(start, start + n)]
