"""The program in what a language model said: out of prose and code fences, from several, with brackets put right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tts_playground.dsl.text import MAX_TEXT, parse
from tts_playground.dsl.tree import FIELDS, MAX_DEPTH, Circle, Difference, Node, Program, Quad, Union, unparse
from tts_playground.errors import DSLError

_TOKEN = re.compile(r"[()]|[-+](?!\d)|Circle\b|Quad\b|\d+|[^\s()\d]+")
_FENCE = re.compile(r"```[^\n`]*\n?(.*?)(?:```|\Z)", re.DOTALL)
_DASHES = str.maketrans("\u2212\u2013\u2014\uff0b", "---+")
_KINDS = {"Circle": Circle, "Quad": Quad}


@dataclass(frozen=True, slots=True)
class Extraction:
    """What was found in a reply, and how: the "why did it say that" of the app."""

    text: str
    """the program's text; where none was found, the reply itself, so that it counts as one that does not parse"""
    program: Program | None
    """None where ``text`` does not parse"""
    how: str
    """one line for people"""
    error: str = ""
    """why ``text`` does not parse"""
    repaired: bool = False
    """whether brackets were put right or a broken end was cut off"""


@dataclass(frozen=True, slots=True)
class _Candidate:
    text: str
    root: Node | None
    clean: bool
    fenced: bool


def extract(reply: str) -> Extraction:
    """The program that a reply means.

    A shape that is part of another candidate is a mention of it, not an answer. Of the rest, sound ones come before
    repaired ones, ones in code fences before ones in prose, later ones before earlier ones.
    """
    reply = reply[:MAX_TEXT].translate(_DASHES)
    found = list(_candidates(reply))
    if not found:
        return _read(reply.strip(), "no shape in the reply, so it is read as it is")
    good = [one for one in found if one.root is not None]
    if not good:
        return _read(found[-1].text, "no sound shape in the reply; this is the last attempt at one")
    answers = [one for one in good if not any(_within(one.root, other.root) for other in good)]
    best = max(enumerate(answers), key=lambda pair: (pair[1].clean, pair[1].fenced, pair[0]))[1]
    where = "in a code fence" if best.fenced else "in the text"
    others = f"; the best of {len(answers)} candidates" if len(answers) > 1 else ""
    repair = "" if best.clean else "; brackets put right"
    return _read(best.text, f"found {where}{others}{repair}", repaired=not best.clean)


def _read(text: str, how: str, *, repaired: bool = False) -> Extraction:
    try:
        return Extraction(text, parse(text), how, repaired=repaired)
    except DSLError as error:
        return Extraction(text, None, how, str(error), repaired)


def _candidates(reply: str) -> Iterator[_Candidate]:
    fences = [match.span(1) for match in _FENCE.finditer(reply)]
    tokens = list(_TOKEN.finditer(reply))
    words = [token[0] for token in tokens]
    place = 0
    while place < len(words) - 1:
        if words[place] != "(" or words[place + 1] not in ("+", "-", *_KINDS):
            place += 1
            continue
        root, end, clean = _shape(words, place, 1)
        start, stop = tokens[place].start(), tokens[end - 1].end()
        text, root, clean = _sound(reply[start:stop], root, clean)
        yield _Candidate(text, root, clean, any(low <= start < high for low, high in fences))
        place = end


def _sound(source: str, root: Node | None, clean: bool) -> tuple[str, Node | None, bool]:
    """The text to return for a candidate; a root whose numbers are out of range is no root."""
    if root is None:
        return source, None, clean
    try:
        spelled = unparse(Program(root))
        return (source if clean else spelled), parse(source if clean else spelled).root, clean
    except DSLError:
        return source, None, clean


def _shape(words: list[str], place: int, depth: int) -> tuple[Node | None, int, bool]:
    """Read the shape whose bracket opens at ``place``, leniently: (tree or None, where it ends, nothing was wrong)."""
    head = words[place + 1] if place + 1 < len(words) else ""
    if depth > MAX_DEPTH:
        return None, len(words), False
    if head in _KINDS:
        return _primitive(words, place + 2, _KINDS[head])
    if head not in ("+", "-"):
        return None, place + 1, False
    operands, clean, place = [], True, place + 2
    while place < len(words) and words[place] == "(":
        operand, place, sound = _shape(words, place, depth + 1)
        clean &= sound
        if operand is None:
            clean = False
        else:
            operands.append(operand)
    clean, place = (clean, place + 1) if place < len(words) and words[place] == ")" else (False, place)
    if len(operands) < 2:
        return (operands[0] if operands else None), place, False
    return (Union if head == "+" else Difference)(tuple(operands)), place, clean


def _primitive(words: list[str], place: int, kind: type) -> tuple[Node | None, int, bool]:
    numbers = []
    while place < len(words) and words[place].isdecimal():
        numbers.append(int(words[place][:9]))
        place += 1
    closed = place < len(words) and words[place] == ")"
    whole = len(numbers) == len(FIELDS[kind])
    return (kind(*numbers) if whole else None), place + closed, closed and whole


def _within(part: Node | None, whole: Node | None) -> bool:
    """Whether ``part`` stands somewhere inside ``whole`` and is not all of it."""
    if not isinstance(whole, (Union, Difference)):
        return False
    return any(part == operand or _within(part, operand) for operand in whole.operands)
