"""Varied English for a composition, and false captions that differ in one point."""

from __future__ import annotations

from dataclasses import replace

from tts_playground.worlds.layout import Draw
from tts_playground.worlds.scene import Composition, Group
from tts_playground.worlds.vocabulary import MOST, NATURAL, NUMBERS, PLURALS, RELATIONS, TINTS

PREFIXES = ("", "", "", "", "a photo of ", "a photo of ", "a picture of ", "an image of ")
WORDINGS: dict[str, tuple[str, ...]] = {
    "left of": ("left of", "to the left of"),
    "right of": ("right of", "to the right of"),
    "above": ("above", "over"),
    "below": ("below", "under"),
    "on": ("on", "on top of"),
}
"""relation -> how it is said"""
GROUNDS = ("on a {} background", "on a {} background", "against a {} background", "in front of a {} background")


def article(word: str) -> str:
    """``a`` or ``an``, by the first letter."""
    return "an" if word[0] in "aeiou" else "a"


def phrase(group: Group, draw: Draw | None = None) -> str:
    """A group as a noun phrase, e.g. "two red apples"; without ``draw`` in its plainest form."""
    name = group.noun if group.count == 1 else PLURALS[group.noun]
    words = f"{group.color} {name}" if group.color else name
    chance = draw() if draw else 0.5
    if group.count == 1:
        return f"one {words}" if chance < 0.08 else f"{article(words)} {words}"
    return f"{group.count if chance < 0.15 else NUMBERS[group.count]} {words}"


def plain(composition: Composition) -> str:
    """The one plain caption, always the same words: "a photo of a cat left of two red apples on a white background"."""
    parts = [phrase(group) for group in composition.groups]
    return f"a photo of {_joined(parts, composition.relation)}" + (
        f" on a {composition.background} background" if composition.background else ""
    )


def _joined(parts: list[str], relation: str) -> str:
    if relation == "between":
        return f"{parts[0]} between {parts[1]} and {parts[2]}"
    if relation:
        return f"{parts[0]} {relation} {parts[1]}"
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def caption(composition: Composition, draw: Draw, *, full: bool = False) -> str:
    """A random caption; ``full`` tells everything, otherwise background and relation are left out now and then."""
    groups, relation = list(composition.groups), composition.relation
    if relation and not full and draw() < 0.25:
        relation = ""
    if relation in RELATIONS and draw() < 0.5:
        groups.reverse()
        relation = RELATIONS[relation]
    elif relation == "between" and draw() < 0.5:
        groups[1], groups[2] = groups[2], groups[1]
    elif not relation:
        groups = draw.shuffled(groups)
    said = draw.pick(WORDINGS[relation]) if relation in WORDINGS else relation
    text = draw.pick(PREFIXES) + _joined([phrase(group, draw) for group in groups], said)
    if composition.background and (full or draw() < 0.5):
        text = f"{text} {draw.pick(GROUNDS).format(composition.background)}"
    return text


def _recounted(composition: Composition, draw: Draw) -> Composition:
    place = draw.below(len(composition.groups))
    group = composition.groups[place]
    count = draw.pick([n for n in range(1, MOST + 1) if n != group.count])
    return _with(composition, place, replace(group, count=count))


def _recolored(composition: Composition, draw: Draw) -> Composition | None:
    tinted = [i for i, group in enumerate(composition.groups) if group.color != NATURAL]
    if not tinted:
        return None
    place = draw.pick(tinted)
    group = composition.groups[place]
    return _with(composition, place, replace(group, color=draw.pick([c for c in TINTS if c != group.color])))


def _swapped_colors(composition: Composition) -> Composition | None:
    if len(composition.groups) < 2 or composition.groups[0].color == composition.groups[1].color:
        return None
    first, second, *rest = composition.groups
    swapped = (replace(first, color=second.color), replace(second, color=first.color), *rest)
    return replace(composition, groups=swapped)


def _turned(composition: Composition) -> Composition | None:
    if composition.relation not in RELATIONS:
        return None
    return replace(composition, relation=RELATIONS[composition.relation])


def _with(composition: Composition, place: int, group: Group) -> Composition:
    groups = composition.groups
    return replace(composition, groups=(*groups[:place], group, *groups[place + 1 :]))


def falsified(composition: Composition, draw: Draw) -> dict[str, Composition]:
    """Compositions that are wrong in one point: "count", "color", "swap" (of two colours) or "relation"."""
    changed = {
        "count": _recounted(composition, draw),
        "color": _recolored(composition, draw),
        "swap": _swapped_colors(composition),
        "relation": _turned(composition),
    }
    return {name: other for name, other in changed.items() if other is not None}
