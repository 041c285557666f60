"""Names of things as people write them, matched with the names that a detector was taught.

Detectors of COCO (Lin et al. 2014) spell its 80 classes in three ways: "remote" (torchvision, DETR), "tv remote" (the
prompts of GenEval, Ghosh et al. 2023) and "tvmonitor" (older lists). All members of a row of ``SAME`` are one thing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from tts_playground.worlds.vocabulary import NOUNS

SAME: tuple[tuple[str, ...], ...] = (
    ("airplane", "aeroplane", "plane"),
    ("bicycle", "bike"),
    ("motorcycle", "motorbike"),
    ("couch", "sofa"),
    ("tv", "television", "tv monitor", "tvmonitor", "tv set", "television set"),
    ("remote", "tv remote", "remote control", "tv remote control"),
    ("keyboard", "computer keyboard"),
    ("mouse", "computer mouse"),
    ("cell phone", "cellphone", "mobile phone", "smartphone", "phone"),
    ("laptop", "laptop computer"),
    ("dining table", "diningtable", "table"),
    ("potted plant", "pottedplant", "houseplant", "house plant"),
    ("hair drier", "hair dryer", "hairdryer", "hairdrier"),
    ("donut", "doughnut"),
    ("hot dog", "hotdog"),
    ("refrigerator", "fridge"),
    ("microwave", "microwave oven"),
    ("fire hydrant", "hydrant"),
    ("teddy bear", "teddy"),
    ("wine glass", "wineglass"),
    ("sports ball", "ball"),
    ("traffic light", "stoplight"),
    ("handbag", "purse"),
    ("backpack", "rucksack"),
    ("tie", "necktie"),
    ("skis", "ski", "pair of skis"),
    ("scissors", "pair of scissors"),
)
"""names of one thing"""
NO_NAME = {"n/a", "background", "no object", "none", ""}
"""labels that detectors keep for classes that are not there"""
_PLURALS = {noun.name: noun.plural for noun in NOUNS if noun.plural != f"{noun.name}s"} | {
    "person": "people",
    "mouse": "mice",
    "knife": "knives",
    "sheep": "sheep",
    "fish": "fish",
    "skis": "skis",
    "scissors": "scissors",
}
_SINGULARS = {many: one for one, many in _PLURALS.items()}


def plural(noun: str) -> str:
    """Several of ``noun``: its last word in the plural."""
    before, gap, last = noun.rpartition(" ")
    if last in _PLURALS:
        many = _PLURALS[last]
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        many = f"{last}es"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        many = f"{last[:-1]}ies"
    else:
        many = f"{last}s"
    return before + gap + many


@cache
def known(nouns: Sequence[str]) -> Mapping[str, str]:
    """Every name in the singular -> the detector's own; those of its own first, so that no synonym hides one."""
    named = {noun.lower(): noun for noun in nouns if noun.lower() not in NO_NAME}
    own = dict(named)
    for row in SAME:
        for name in filter(own.get, row):
            for other in row:
                named.setdefault(other, own[name])
    return named


def singular(words: str, named: Mapping[str, str]) -> str:
    """The detector's noun that ``words`` are a form of, or "".

    Plurals by rule are taken as well as right ones: GenEval's own prompts say "knifes" and "sandwichs".
    """
    before, gap, last = words.rpartition(" ")
    forms = [last, _SINGULARS.get(last, ""), last.removesuffix("s"), last.removesuffix("es")]
    forms += [f"{last.removesuffix('ies')}y", f"{last.removesuffix('ves')}f", f"{last.removesuffix('ves')}fe"]
    for form in filter(None, forms):
        if (found := named.get(before + gap + form)) is not None:
            return found
    return ""
