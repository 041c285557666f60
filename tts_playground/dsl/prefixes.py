"""Which texts can still become programs: a small automaton over characters, for grammar-constrained decoding.

Lew et al. 2023 (arXiv:2306.03081) and Willard and Louf 2023 (arXiv:2307.09702) show how such an automaton masks the
tokens of a model. Every text that it accepts and calls complete parses; it knows the language as ``unparse`` writes it,
with white space where the parser allows some, and not its oddities (leading zeros, missing spaces).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from tts_playground.dsl.tree import FIELDS, MAX_DEPTH, MAX_PRIMITIVES, Circle, Quad, highest

SPACE = " \t\n\r\f"
_WORDS = {"Circle": FIELDS[Circle], "Quad": FIELDS[Quad]}


@dataclass(frozen=True, slots=True)
class ProgramPrefix:
    """Where a text stands. Advance it by text; None means that no program begins like this."""

    operands: tuple[int, ...] = ()
    """of each open operator, how many operands it has; 2 stands for two or more"""
    word: str | None = None
    """what has been read since an open bracket: "" or the beginning of Circle or Quad, or all of it"""
    arguments: int = 0
    """of the open primitive, how many have begun"""
    digits: str | None = None
    """of the argument being read; "" right after the space before it"""
    primitives: int = 0
    done: bool = False
    """whether the outermost bracket has closed"""

    @property
    def complete(self) -> bool:
        """Whether the text is a program as it stands."""
        return self.done

    def advance(self, text: str) -> ProgramPrefix | None:
        """The state after ``text``, or None."""
        state: ProgramPrefix | None = self
        for letter in text:
            if state is None:
                return None
            state = _next(state, letter)
        return state

    def ending(self) -> str:
        """A short text that makes the program complete: numbers become 1, missing operands small circles."""
        text, state = "", self
        while not state.done:
            piece = _step_to_end(state)
            after = state.advance(piece)
            assert after is not None, (state, piece)
            text, state = text + piece, after
        return text


@lru_cache(maxsize=65536)
def _next(state: ProgramPrefix, letter: str) -> ProgramPrefix | None:
    if state.done:
        return state if letter in SPACE else None
    if state.word is None:
        return _between(state, letter)
    if state.word in _WORDS:
        return _inside(state, letter, _WORDS[state.word])
    return _naming(state, letter)


def _between(state: ProgramPrefix, letter: str) -> ProgramPrefix | None:
    """Between shapes: at the very beginning, after an operator, or after an operand."""
    if letter in SPACE:
        return state
    if letter == "(":
        after = (*state.operands[:-1], state.operands[-1] + 1) if state.operands else ()
        return replace(state, word="") if state.primitives + 1 + _owed(after) <= MAX_PRIMITIVES else None
    if letter == ")" and state.operands and state.operands[-1] >= 2:
        return _closed(replace(state, operands=state.operands[:-1]))
    return None


def _owed(operands: tuple[int, ...]) -> int:
    """Fewest primitives with which all open operators can close; an open operand of one counts as its next."""
    return sum(max(0, 2 - count - (place < len(operands))) for place, count in enumerate(operands, 1))


def _naming(state: ProgramPrefix, letter: str) -> ProgramPrefix | None:
    """Right after an open bracket, or within a name."""
    word = (state.word or "") + letter
    if letter in SPACE and not state.word:
        return state
    if word in ("+", "-"):  # only where its operands will fit below it: no text may lead to where nothing can follow
        operands = (*state.operands, 0)
        fits = len(operands) < MAX_DEPTH and state.primitives + _owed(operands) <= MAX_PRIMITIVES
        return replace(state, word=None, operands=operands) if fits else None
    return replace(state, word=word) if any(name.startswith(word) for name in _WORDS) else None


def _inside(state: ProgramPrefix, letter: str, fields: tuple[str, ...]) -> ProgramPrefix | None:
    """After the name of a primitive: spaces, numbers, the closing bracket."""
    if letter in SPACE:
        if state.digits == "":
            return state
        return replace(state, digits="" if state.arguments < len(fields) else None)
    if letter == ")":
        whole = state.arguments == len(fields) and state.digits != ""
        bare = replace(state, word=None, arguments=0, digits=None, primitives=state.primitives + 1)
        return _closed(bare) if whole else None
    if state.digits is None or not "0" <= letter <= "9":
        return None
    begins = state.digits == ""
    field = fields[state.arguments - (not begins)]
    digits = state.digits + letter
    if int(digits) > highest(field) or (len(digits) > 1 and digits[0] == "0"):
        return None
    return replace(state, digits=digits, arguments=state.arguments + begins)


def _closed(state: ProgramPrefix) -> ProgramPrefix:
    """A shape has ended: one operand more for the operator around it."""
    if not state.operands:
        return replace(state, done=True)
    return replace(state, operands=(*state.operands[:-1], min(2, state.operands[-1] + 1)))


def _step_to_end(state: ProgramPrefix) -> str:
    if state.word is None:
        return ")" if state.operands and state.operands[-1] >= 2 else " (Circle 1 1 1)"
    if state.word not in _WORDS:
        return next(name for name in _WORDS if name.startswith(state.word))[len(state.word) :]
    if state.digits == "" and state.arguments < len(_WORDS[state.word]):
        return "1"
    return ")" if state.arguments == len(_WORDS[state.word]) else " "
