"""What a prompt asks for, read off plain English: things, how many, which colour, where, on what background.

The words that can be checked are those of the judge (its detector's nouns and its colours); a prompt with anything else
says so, as does one whose relation no box shows ("in front of", "holding").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tts_playground.errors import BadInput
from tts_playground.verifiers.amounts import MOST, amount
from tts_playground.verifiers.nouns import known, plural, singular
from tts_playground.worlds.vocabulary import BACKGROUNDS

COLORS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white")
"""GenEval's colours"""
SHADES = {"grey": "gray", "violet": "purple"}
"""other names of colours"""
OTHER_COLORS = (
    "gray",
    "golden",
    "gold",
    "silver",
    "beige",
    "cyan",
    "magenta",
    "turquoise",
    "teal",
    "maroon",
    "colorful",
)
"""colours that people ask for and that no judge here tells"""
RELATIONS: tuple[tuple[str, str], ...] = (
    (r"(?:to |on )?(?:the )?left (?:side )?of", "left of"),
    (r"(?:to |on )?(?:the )?right (?:side )?of", "right of"),
    (r"(?:sitting|seated|standing|lying|laying|resting|sleeping|perched) (?:on top of|upon|on)", "sitting on"),
    (r"on top of", "on"),
    (r"above|over", "above"),
    (r"below|under(?:neath)?|beneath", "below"),
    (r"(?:in )?between", "between"),
    (r"on", "on"),
)
"""how a relation is said -> its name; the first that fits counts"""
UNSEEN = re.compile(
    r"\b(?:in front of|behind|inside(?: of)?|in the (?:middle|center|centre) of|in|into|outside(?: of)?|around|through|"
    r"against|across|facing|toward|towards|from|near|close to|far from|holding|carrying|wearing|riding|eating|drinking|"
    r"chasing|looking at|playing|jumping|flying|running|touching|attached to|made of)\b"
)
"""relations that boxes do not show"""
_OPENING = re.compile(
    r"^(?:please )?(?:show |draw |paint )?(?:me )?(?:(?:an?|the) )?(?:photo|picture|image|photograph|drawing)s? of "
    r"|^there (?:is|are) "
)
_GROUND = re.compile(r",? (?:on|against|in front of|with|over) (?:an? |the )?((?:[a-z]+ )?[a-z]+) background$")
_WHERE = re.compile(r"\b(?:that |which |who )?(?:is|are|stands?|sits?|lies?|placed|located)\b ?")
_STANDS = re.compile(r"\b(?:stand|sit|lie)s? (?=on\b)")


@dataclass(frozen=True, slots=True)
class Want:
    """One noun phrase: ``count`` things; exactly so many when a number was said, at least so many for "a" or "some"."""

    noun: str
    color: str = ""
    """"" when none was asked for; two colours of one thing are "red and white" """
    count: int = 1
    exact: bool = False
    most: int | None = None
    """most things that may be there, where "at most" was said; None: no limit but for ``exact``"""

    def __str__(self) -> str:
        noun = f"{self.color + ' ' if self.color else ''}{self.noun}"
        if self.most is not None:
            return f"at most {self.most} {noun if self.most == 1 else plural(noun)}"
        if self.exact and not self.count:
            return f"no {noun}"
        number = f"exactly {self.count}" if self.exact else f"at least {self.count}"
        return f"{number} {noun if self.count == 1 else plural(noun)}"

    @property
    def highest(self) -> int | None:
        """Most things that may be there; None: no limit."""
        return self.count if self.exact else self.most


@dataclass(frozen=True, slots=True)
class Request:
    """What has to be true of a picture."""

    wants: tuple[Want, ...]
    relation: str = ""
    """of the first to the second (for "between": to the second and third)"""
    background: str = ""


def _fail(prompt: str, why: str) -> BadInput:
    return BadInput(f"The prompt {prompt!r} cannot be checked: {why}")


def _hue(words: list[str], colors: frozenset[str]) -> tuple[str, list[str]]:
    """The colour at the head of a noun phrase ("" where there is none), and the words of the noun."""
    said = [SHADES.get(word, word) for word in words]
    if len(said) > 3 and said[1] == "and" and said[0] in colors and said[2] in colors:
        return f"{said[0]} and {said[2]}" if said[0] != said[2] else said[0], words[3:]
    if len(said) > 1 and said[0] in colors:
        return said[0], words[1:]
    return "", words


def _want(phrase: str, prompt: str, nouns: Mapping[str, str], colors: frozenset[str]) -> Want:
    number, rest = amount(phrase)
    rest = re.sub(r"^(?:of )?(?:the )", "", rest)
    whole = singular(rest, nouns)  # "orange", "orange things" of a detector that knows them as one name
    color, words = ("", rest.split()) if whole else _hue(rest.split(), colors)
    noun = whole or singular(" ".join(words), nouns)
    if not noun:
        raise _fail(prompt, _unknown(" ".join(words) or phrase, words, nouns, colors))
    if max(number.least, number.most or 0) > MOST:
        raise _fail(prompt, f"nobody can count more than {MOST:,} things in a picture.")
    if number.most is not None and number.most < 0:
        raise _fail(prompt, "it asks for fewer than none.")
    exact = number.least == number.most
    return Want(noun, color, number.least, exact, None if exact else number.most)


def _unknown(name: str, words: list[str], nouns: Mapping[str, str], colors: frozenset[str]) -> str:
    head = SHADES.get(words[0], words[0]) if words else ""
    if head in {*COLORS, *OTHER_COLORS} - colors and singular(" ".join(words[1:]), nouns):
        return f"{head!r} is not a colour that this judge tells; it tells {', '.join(sorted(colors))}."
    some = ", ".join(sorted(set(nouns.values()))[:40])
    return f"{name!r} is not a thing that the detector can find; it knows {some}."


def _relation(text: str) -> tuple[list[str], str]:
    """The two sides of the first relation in ``text``, and its name; the whole and "" when there is none."""
    for said, name in RELATIONS:
        parts = re.split(rf"\b(?:{said})\b", text, maxsplit=1)
        if len(parts) == 2:
            return [part.strip(" ,") for part in parts], name
    return [text], ""


_OR_MORE = re.compile(r"\b(\w+) or more\b")


def _listed(text: str, nouns: Mapping[str, str], colors: frozenset[str]) -> list[str]:
    """The members of "a, b and c"; two colours of one thing ("red and white") stay together."""
    either = "|".join(sorted({*colors, *SHADES}))
    text = re.sub(rf"\b({either}),? (?:and|&) (?=(?:{either}) \w)", r"\1 \0 ", text)
    parts = re.split(r",? (?:and|&) (?:also )?(?:with )?|, (?:and |with )?| with | next to | beside |,", text)
    parts = [part.replace("\0", "and").strip() for part in parts if part.strip()]
    return [
        _of_next(part, after, nouns, colors) for part, after in zip(parts, [*parts[1:], ""][: len(parts)], strict=True)
    ]


def _of_next(part: str, after: str, nouns: Mapping[str, str], colors: frozenset[str]) -> str:
    """A phrase; one that ends in its colour ("a red and a white cup") has the noun of the next."""
    hue, bare = part.split()[-1], " ".join(_hue(amount(part)[1].split(), colors)[1])
    following = _hue(amount(after)[1].split(), colors) if after else ("", [])
    if SHADES.get(hue, hue) in colors and following[0] and not singular(bare, nouns):
        return f"{part} {' '.join(following[1])}"
    return part


def parse(prompt: str, nouns: Iterable[str], colors: Iterable[str] = COLORS) -> Request:
    """Read ``prompt`` as a request over the judge's ``nouns`` and ``colors``.

    Raises:
        BadInput: it holds something that this judge cannot check; the message says what.
    """
    names, hues = known(tuple(nouns)), frozenset(colors)
    text = re.sub(r"\s+", " ", prompt.strip().lower().rstrip(".! "))
    text = _OPENING.sub("", text)
    ground = _GROUND.search(text)
    background = ground[1].replace("grey", "gray") if ground else ""
    if background and background not in BACKGROUNDS:
        raise _fail(prompt, f"it knows no {background} background, only {', '.join(BACKGROUNDS)}.")
    text = _STANDS.sub("sitting ", text[: ground.start()] if ground else text)
    text = _OR_MORE.sub(r"at least \1", _WHERE.sub("", text))
    text = re.sub(r",? (?:and )?without (?:(?:any|an?|the) )?", " and no ", text)
    if unseen := UNSEEN.search(text):
        raise _fail(
            prompt,
            f"boxes do not show what {unseen[0]!r} says; ask for left of, right of, above, below, on, sitting on or "
            "between.",
        )
    over = re.match(r"over (?=\w+ )", text)  # "over three apples" counts and does not place
    sides, relation = _relation(f"more than {text[over.end() :]}" if over else text)
    phrases = [phrase for side in sides for phrase in _listed(side, names, hues)]
    if not phrases:
        raise _fail(prompt, "it names nothing to look for.")
    wants = tuple(_want(phrase, prompt, names, hues) for phrase in phrases)
    if relation:
        _check_relation(prompt, relation, wants)
    return Request(wants, relation, background)


def _check_relation(prompt: str, relation: str, wants: tuple[Want, ...]) -> None:
    number = 3 if relation == "between" else 2
    if len(wants) != number:
        raise _fail(prompt, f"{relation!r} needs {'three' if number == 3 else 'two'} things, not {len(wants)}.")
    if not all(want.count for want in wants):
        raise _fail(prompt, f"things that need not be there are not {relation!r} anything.")
