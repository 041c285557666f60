"""What a prompt asks for, read off plain English: things, how many, which colour, where, on what background.

The words that can be checked are those of the judge (its detector's nouns and its colours); a prompt with anything else
says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from tts_playground.errors import BadInput
from tts_playground.worlds.vocabulary import BACKGROUNDS, NOUNS, PLURALS, TINTS

NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
ARTICLES = ("a", "an", "the", "some")
IRREGULAR = {noun.plural: noun.name for noun in NOUNS} | {"people": "person", "mice": "mouse", "knives": "knife"}
SYNONYMS = {"doughnut": "donut", "bike": "bicycle", "plane": "airplane", "grey": "gray", "violet": "purple"}
RELATIONS: tuple[tuple[str, str], ...] = (
    (r"(?:to |on )?(?:the )?left (?:side )?of", "left of"),
    (r"(?:to |on )?(?:the )?right (?:side )?of", "right of"),
    (r"on top of", "on"),
    (r"above|over", "above"),
    (r"below|under(?:neath)?|beneath", "below"),
    (r"(?:in )?between", "between"),
    (r"on", "on"),
)
"""how a relation is said -> its name; the first that fits counts"""
_OPENING = re.compile(
    r"^(?:please )?(?:show |draw |paint )?(?:me )?(?:(?:an?|the) )?(?:photo|picture|image|photograph|drawing)s? of "
    r"|^there (?:is|are) "
)
_GROUND = re.compile(r",? (?:on|against|in front of|with|over) (?:an? |the )?((?:[a-z]+ )?[a-z]+) background$")
_WHERE = re.compile(r"\b(?:is|are|stands?|sits?|lies?|placed|located)\b ?")


@dataclass(frozen=True, slots=True)
class Want:
    """One noun phrase: ``count`` things; exactly so many when a number was said, at least so many for "a" or "some"."""

    noun: str
    color: str = ""
    """"" when none was asked for"""
    count: int = 1
    exact: bool = False

    def __str__(self) -> str:
        number = f"exactly {self.count}" if self.exact else f"at least {self.count}"
        noun = self.noun if self.count == 1 else PLURALS.get(self.noun, f"{self.noun}s")
        return f"{number} {self.color + ' ' if self.color else ''}{noun}"


@dataclass(frozen=True, slots=True)
class Request:
    """What has to be true of a picture."""

    wants: tuple[Want, ...]
    relation: str = ""
    """of the first to the second (for "between": to the second and third)"""
    background: str = ""


def _fail(prompt: str, why: str) -> BadInput:
    return BadInput(f"The prompt {prompt!r} cannot be checked: {why}")


def _singular(words: str, nouns: Mapping[str, str]) -> str:
    """The known noun that ``words`` is a form of, or ""."""
    forms = [words, IRREGULAR.get(words, ""), words.removesuffix("s"), words.removesuffix("es")]
    forms.append(words.removesuffix("ies") + "y")
    for form in forms:
        form = SYNONYMS.get(form, form)
        if form in nouns:
            return nouns[form]
    return ""


def _want(phrase: str, prompt: str, nouns: Mapping[str, str], colors: frozenset[str]) -> Want:
    words = phrase.split()
    count, exact = 1, False
    if words and (words[0] in NUMBERS or words[0].isdigit()):
        count, exact = NUMBERS.get(words[0]) or int(words[0]), True
        words = words[1:]
    elif words and words[0] in ARTICLES:
        words = words[1:]
    color = SYNONYMS.get(words[0], words[0]) if words else ""
    color = color if color in colors and len(words) > 1 else ""
    name = " ".join(words[1:] if color else words)
    noun = _singular(name, nouns)
    if not noun:
        known = ", ".join(sorted(nouns)[:40])
        raise _fail(prompt, f"{name or phrase!r} is not a thing that the detector can find; it knows {known}.")
    if count < 1:
        raise _fail(prompt, "it asks for none of something; ask for at least one.")
    return Want(noun, color, count, exact)


def _relation(text: str) -> tuple[list[str], str]:
    """The two sides of the first relation in ``text``, and its name; the whole and "" when there is none."""
    for said, name in RELATIONS:
        parts = re.split(rf"\b(?:{said})\b", text, maxsplit=1)
        if len(parts) == 2:
            return [part.strip(" ,") for part in parts], name
    return [text], ""


def _listed(text: str) -> list[str]:
    """The members of "a, b and c"."""
    parts = re.split(r",? and |, | with | next to | beside |,", text)
    return [part.strip() for part in parts if part.strip()]


@cache
def _names(nouns: tuple[str, ...]) -> dict[str, str]:
    return {noun.lower(): noun for noun in nouns}


def parse(prompt: str, nouns: Iterable[str], colors: Iterable[str] = tuple(TINTS)) -> Request:
    """Read ``prompt`` as a request over the judge's ``nouns`` and ``colors``.

    Raises:
        BadInput: it holds something that this judge cannot check; the message says what.
    """
    names, known = _names(tuple(nouns)), frozenset(colors)
    text = re.sub(r"\s+", " ", prompt.strip().lower().rstrip(".!"))
    text = _OPENING.sub("", text)
    ground = _GROUND.search(text)
    background = SYNONYMS.get(ground[1], ground[1]) if ground else ""
    background = background.replace("grey", "gray")
    if background and background not in BACKGROUNDS:
        raise _fail(prompt, f"it knows no {background} background, only {', '.join(BACKGROUNDS)}.")
    text = _WHERE.sub("", text[: ground.start()] if ground else text)
    sides, relation = _relation(text)
    phrases = [phrase for side in sides for phrase in _listed(side)]
    if not phrases:
        raise _fail(prompt, "it names nothing to look for.")
    wants = tuple(_want(phrase, prompt, names, known) for phrase in phrases)
    if relation and len(wants) != (3 if relation == "between" else 2):
        raise _fail(
            prompt, f"{relation!r} needs {'three' if relation == 'between' else 'two'} things, not {len(wants)}."
        )
    return Request(wants, relation, background)
