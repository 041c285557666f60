"""Who and what the stories are about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, and the words that stand for them."""

    name: str
    they: str
    them: str
    their: str

    @property
    def They(self) -> str:
        """ "She" or "He"."""
        return self.they.capitalize()

    @property
    def Their(self) -> str:
        """ "Her" or "His"."""
        return self.their.capitalize()


@dataclass(frozen=True, slots=True)
class Countable:
    """Things that can be counted, bought and given away, and what holds several of them."""

    one: str
    many: str
    holder: str
    holders: str


_SHE = "Mia Anna Lena Sara Emma Nina Ella Rosa Zoe Maya Clara Ruth"
_HE = "Tom Ben Paul Leo Max Omar Jack Sam Noah Luis Felix Adam"
PEOPLE = (
    *(Person(name, "she", "her", "her") for name in _SHE.split()),
    *(Person(name, "he", "him", "his") for name in _HE.split()),
)
_THINGS = """apple apples bag bags|pencil pencils box boxes|marble marbles jar jars|sticker stickers sheet sheets
book books shelf shelves|cookie cookies tin tins|egg eggs carton cartons|card cards pack packs|stamp stamps page pages
shell shells bucket buckets|bead beads string strings|orange oranges crate crates|candle candles box boxes
coin coins bag bags|balloon balloons pack packs|button buttons jar jars|muffin muffins tray trays
postcard postcards pack packs|rose roses bunch bunches|tomato tomatoes crate crates"""
THINGS = tuple(Countable(*row.split()) for row in _THINGS.replace("\n", "|").split("|"))
RELATIVES = ("mother", "father", "aunt", "uncle", "grandmother", "brother", "sister", "teacher", "neighbour", "cousin")
TIMES = {2: "twice", 3: "three times", 4: "four times", 5: "five times", 6: "six times"}
"""factor -> "three times", as in "three times as many" """
PARTS = {2: "half", 3: "a third", 4: "a quarter", 5: "a fifth", 6: "a sixth", 8: "an eighth", 10: "a tenth"}
"""divisor -> "a third", as in "a third of" """
