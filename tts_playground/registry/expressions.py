"""The one syntax of names: a parameter behind a colon, and for rewards weighted sums and minima.

    clip                             clip:openai/clip-vit-large-patch14        open_clip:ViT-H-14/laion2b_s32b_b79k
    0.7*clip+0.3*aesthetic           min(clip,geneval)                         aesthetic:"/data/a head, by hand.pth"

Text is parsed and never evaluated. Quotes (single or double, doubled inside to mean themselves) protect parameters that
hold ``+ * , ( )``, spaces or quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from tts_playground.errors import BadInput

LONGEST = 2000
"""characters of an expression"""
DEEPEST = 8
"""brackets inside one another"""
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?=\s*\*)
        |(?P<name>[^\s+*,()"']+(?:"(?:[^"]|"")*"|'(?:[^']|'')*')?)
        |(?P<mark>[+*,()]))""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Name:
    """A plug-in's name and what follows its colon."""

    text: str
    """as a registry knows it, quotes taken off: "clip", "clip:folder" """


@dataclass(frozen=True, slots=True)
class Sum:
    """``w1*a + w2*b``."""

    parts: tuple[Expression, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """``min(a,b)``."""

    function: str
    parts: tuple[Expression, ...]


Expression = Name | Sum | Call


def parse(text: str) -> Expression:
    """One expression.

    Raises:
        BadInput: it is empty, too long, or wrong; the sentence says where.
    """
    found = parse_list(text)
    if len(found) != 1:
        raise BadInput(f"{text!r} names {len(found)} rewards; one is wanted. Join them by +, or use min(a,b).")
    return found[0]


def parse_list(text: str) -> list[Expression]:
    """Expressions with commas between them; none for blank text.

    Raises:
        BadInput: as in ``parse``.
    """
    if len(text) > LONGEST:
        raise BadInput(f"A reward's name has at most {LONGEST} characters, not {len(text):,}.")
    if not text.strip():
        return []
    return _Parser(text).whole()


def split(text: str) -> list[str]:
    """The expressions of ``parse_list`` as text, each of which parses by itself.

    Raises:
        BadInput: as in ``parse``.
    """
    return [written(one) for one in parse_list(text)]


def written(expression: Expression) -> str:
    """An expression as text that parses to it."""
    if isinstance(expression, Name):
        return quoted(expression.text)
    if isinstance(expression, Call):
        return f"{expression.function}({','.join(map(written, expression.parts))})"
    return "+".join(
        f"{weight(w)}*{written(part)}" for w, part in zip(expression.weights, expression.parts, strict=True)
    )


def weight(value: float) -> str:
    """A weight as the shortest text that is read as the same number: scores are kept under names that hold it."""
    short = f"{value:g}"
    return short if float(short) == value else repr(float(value))


def quoted(name: str) -> str:
    """A name as text that parses to it: its parameter in quotes where it needs them, or all but its start."""
    special = re.search(r"[\s+*,()\"']", name)
    if special is None:
        return name
    start = name.find(":", 0, special.start()) + 1 or special.start()
    return f'{name[:start]}"' + name[start:].replace('"', '""') + '"'


def names_in(expression: Expression | str) -> Iterator[str]:
    """All names of an expression, from left to right."""
    found = parse(expression) if isinstance(expression, str) else expression
    if isinstance(found, Name):
        yield found.text
    else:
        for part in found.parts:
            yield from names_in(part)


def parameter_of(name: str) -> str:
    """What follows the first colon of a name; "" where nothing does."""
    return name.partition(":")[2]


class _Parser:
    """Recursive descent over the tokens of ``_TOKEN``: list = sum {"," sum}, sum = term {"+" term}."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                raise self._wrong("a quote that is not closed, or stands alone", at)
            self.tokens.append((match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
            at = match.end()
        self.at = 0
        self.depth = 0

    def whole(self) -> list[Expression]:
        """All expressions; nothing may be left over."""
        found = self._list()
        if self.at < len(self.tokens):
            raise self._wrong(f"{self._peek()!r} where a comma or + could stand", self.tokens[self.at][2])
        return found

    def _list(self) -> list[Expression]:
        found = [self._sum()]
        while self._peek() == ",":
            self.at += 1
            found.append(self._sum())
        return found

    def _sum(self) -> Expression:
        terms = [self._term()]
        while self._peek() == "+":
            self.at += 1
            terms.append(self._term())
        if len(terms) == 1 and terms[0][0] is None:
            return terms[0][1]
        return Sum(tuple(part for _, part in terms), tuple(1.0 if w is None else w for w, _ in terms))

    def _term(self) -> tuple[float | None, Expression]:
        if self.at < len(self.tokens) and self.tokens[self.at][0] == "number":
            weight = float(self.tokens[self.at][1])
            if not isfinite(weight):
                raise self._wrong("a weight that is too large", self.tokens[self.at][2])
            self.at += 2  # the number is one only where * follows
            return weight, self._atom()
        return None, self._atom()

    def _atom(self) -> Expression:
        kind, text, at = self._next()
        if kind != "name":
            raise self._wrong(f"{text!r} where a name is wanted" if text else "a name that is missing", at)
        if self._peek() != "(":
            return Name(_unquoted(text))
        self.at, self.depth = self.at + 1, self.depth + 1
        if self.depth > DEEPEST:
            raise self._wrong(f"more than {DEEPEST} brackets inside one another", at)
        parts = self._list()
        kind, closing, at = self._next()
        if closing != ")":
            raise self._wrong("a bracket that is not closed", at)
        self.depth -= 1
        return Call(text, tuple(parts))

    def _peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def _next(self) -> tuple[str, str, int]:
        if self.at >= len(self.tokens):
            return "end", "", len(self.text)
        self.at += 1
        return self.tokens[self.at - 1]

    def _wrong(self, what: str, at: int) -> BadInput:
        return BadInput(
            f"The name {self.text!r} has {what}, at character {at + 1}; write clip, clip:FOLDER, 0.7*clip+0.3*aesthetic"
            " or min(clip,geneval), with quotes around a path that holds + * , ( )."
        )


def _unquoted(text: str) -> str:
    """A name with the quotes around its parameter taken off."""
    if text[-1] not in "\"'":
        return text
    quote = text[-1]
    start = text.index(quote)
    return text[:start] + text[start + 1 : -1].replace(quote * 2, quote)


def composed(function: str, known: Sequence[str]) -> None:
    """Check the name of a composition.

    Raises:
        BadInput: there is no such composition.
    """
    if function not in known:
        raise BadInput(f"Rewards are composed by {', '.join(known)} and by + with weights, not by {function!r}.")
