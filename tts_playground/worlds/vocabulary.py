"""The words of the sticker world: nouns, colours, backgrounds, relations, numbers."""

from __future__ import annotations

from dataclasses import dataclass

CELL = 64
"""pixels a side of one sprite in the atlas"""
ATLAS_COLUMNS = 8
SIZE = 64
"""pixels a side of a scene"""
MOST = 4
"""objects in a scene, at most"""


@dataclass(frozen=True, slots=True)
class Noun:
    """An everyday thing: its name, its plural and the Fluent Emoji icon it is drawn from."""

    name: str
    icon: str
    plural: str


def _noun(name: str, icon: str = "", plural: str = "") -> Noun:
    return Noun(name, icon or name, plural or f"{name}s")


NOUNS: tuple[Noun, ...] = (
    _noun("apple", "red-apple"),
    _noun("banana"),
    _noun("strawberry", plural="strawberries"),
    _noun("croissant"),
    _noun("donut", "doughnut"),
    _noun("pizza"),
    _noun("cake", "birthday-cake"),
    _noun("cup", "teacup-without-handle"),
    _noun("plate", "fork-and-knife-with-plate"),
    _noun("chair"),
    _noun("umbrella"),
    _noun("clock", "alarm-clock"),
    _noun("book", "closed-book"),
    _noun("guitar"),
    _noun("balloon"),
    _noun("backpack"),
    _noun("car", "automobile"),
    _noun("bus", plural="buses"),
    _noun("bicycle"),
    _noun("airplane"),
    _noun("boat", "sailboat"),
    _noun("rocket"),
    _noun("cat", "cat-face"),
    _noun("dog", "dog-face"),
    _noun("bird"),
    _noun("fish", "tropical-fish", "fish"),
    _noun("horse"),
    _noun("elephant"),
    _noun("turtle"),
    _noun("mushroom"),
    _noun("tree", "deciduous-tree"),
    _noun("house"),
)
NAMES: tuple[str, ...] = tuple(noun.name for noun in NOUNS)
PLURALS: dict[str, str] = {noun.name: noun.plural for noun in NOUNS}

TINTS: dict[str, tuple[int, int, int]] = {
    "red": (225, 25, 30),
    "orange": (255, 130, 0),
    "yellow": (250, 220, 0),
    "green": (30, 165, 50),
    "blue": (30, 90, 235),
    "purple": (135, 40, 200),
    "pink": (255, 120, 190),
    "brown": (120, 70, 30),
}
"""tint -> RGB of its bright parts"""
NATURAL = ""
"""the colour of an untinted sprite: captions say nothing about it"""
COLORS: tuple[str, ...] = (NATURAL, *TINTS)

BACKGROUNDS: dict[str, tuple[int, int, int]] = {
    "white": (255, 255, 255),
    "gray": (178, 178, 182),
    "beige": (244, 226, 192),
    "light blue": (190, 224, 250),
    "light green": (204, 240, 204),
    "black": (24, 24, 28),
}

RELATIONS: dict[str, str] = {
    "left of": "right of",
    "right of": "left of",
    "above": "below",
    "below": "above",
}
"""relation -> the same fact told from the other side"""
NUMBERS: dict[int, str] = {1: "one", 2: "two", 3: "three", 4: "four"}
