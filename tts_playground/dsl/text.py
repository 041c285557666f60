"""Programs as text: ``parse`` and its inverse ``unparse``, with errors that say what was expected and where.

The language is the one of ``grammar.lark``. Numbers must be set apart by white space: ``(Circle 3 88)`` is refused,
although a scannerless parser could read three numbers in it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tts_playground.dsl.tree import (
    FIELDS,
    MAX_DEPTH,
    MAX_PRIMITIVES,
    Circle,
    Difference,
    Node,
    Primitive,
    Program,
    Quad,
    Union,
    describe_number,
    highest,
    over_limit,
)
from tts_playground.errors import DSLError

if TYPE_CHECKING:
    from lark import Lark
    from lark.exceptions import UnexpectedInput

MAX_TEXT = 32_768
"""longest program text, in characters"""
_WORDS = {
    "LPAR": "'('",
    "RPAR": "')'",
    "PLUS": "'+'",
    "MINUS": "'-'",
    "CIRCLE": "'Circle'",
    "QUAD": "'Quad'",
    "$END": "the end of the program",
}


# --------------------------------------------------------------------------------------------------- reading


def parse(text: str) -> Program:
    """Read a program; white space alone is the empty program.

    Raises:
        DSLError: with line, column, expected and caret, when the text is not a program, a number is out of range
            (0-15, angles 0-359), or a limit (``MAX_TEXT``, ``MAX_DEPTH``, ``MAX_PRIMITIVES``) is passed.
    """
    if not isinstance(text, str):
        raise DSLError(f"A program is text, not {type(text).__name__}; pass a str.")
    _check_size(text)
    if not text.strip():
        return Program()
    parser = _parser()
    from lark.exceptions import UnexpectedInput

    try:
        try:
            root: object = parser.parse(text)  # what the builder made of it, where lark's hints say a parse tree
            assert isinstance(root, Node)
            return Program(root)
        except UnexpectedInput as error:
            raise _syntax_error(text, error) from None
    except _OutOfRange as error:  # also met on the way to a syntax error further right: the first fault is reported
        raise _range_error(text, error) from None


def _check_size(text: str) -> None:
    """Refuse hostile text before the parser sees it."""
    if len(text) > MAX_TEXT:
        raise over_limit("characters", len(text), MAX_TEXT)
    primitives = text.count("Circle") + text.count("Quad")
    if primitives > MAX_PRIMITIVES:
        raise over_limit("primitives", primitives, MAX_PRIMITIVES)
    if text.count("(") > MAX_DEPTH:
        depth = 0
        for bracket in re.finditer(r"[()]", text):
            depth += 1 if bracket[0] == "(" else -1
            if depth > MAX_DEPTH:
                raise error_at(text, bracket.start(), f"shapes are nested deeper than the limit of {MAX_DEPTH}")


@lru_cache(maxsize=1)
def _parser() -> Lark:
    from lark import Lark

    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", transformer=_builder(), maybe_placeholders=False)


def _builder() -> Any:
    """The tree builder that the parser calls as it reduces, so that no parse tree is ever made."""
    from lark import Transformer

    class Builder(Transformer):
        def start(self, children: list[Node]) -> Node:
            return children[0]

        def union(self, children: list[Node]) -> Node:
            return Union(tuple(children))

        def difference(self, children: list[Node]) -> Node:
            return Difference(tuple(children))

        def circle(self, children: list[Any]) -> Node:
            return _primitive(Circle, children)

        def quad(self, children: list[Any]) -> Node:
            return _primitive(Quad, children)

    return Builder()


class _OutOfRange(Exception):
    """A number that cannot stand where it stands; ``where`` is its place in the text."""

    def __init__(self, field: str, token: Any) -> None:
        super().__init__(field)
        self.field = field
        self.digits = str(token)
        self.where = token.start_pos


def _primitive(kind: type, tokens: list[Any]) -> Primitive:
    values = []
    for field, token in zip(FIELDS[kind], tokens, strict=True):
        # Leading zeros are fine; the length check spares int() a number of thousands of digits.
        digits = token.lstrip("0") if len(token) > 3 else token
        if len(digits) > 3 or int(digits or 0) > highest(field):
            raise _OutOfRange(field, token)
        values.append(int(digits or 0))
    return kind(*values)


# -------------------------------------------------------------------------------------------- errors in words


def error_at(text: str, where: int, problem: str, expected: tuple[str, ...] = (), hint: str = "") -> DSLError:
    """The error for ``problem`` at character ``where`` of ``text``."""
    line = text.count("\n", 0, where) + 1
    start = text.rfind("\n", 0, where) + 1
    column = where - start + 1
    end = text.find("\n", start)
    shown = text[start : end if end >= 0 else len(text)]
    # A long line is cut to a window around the column, and tabs keep one column, so that the caret stays in place.
    left = max(0, column - 60)
    window = re.sub(r"\s", " ", shown[left : left + 100])
    caret = f"{window}\n{' ' * (column - 1 - left)}^"
    message = f"Line {line}, column {column}: {problem}{'; ' + hint if hint else ''}."
    return DSLError(message, line=line, column=column, expected=expected, caret=caret)


def _range_error(text: str, error: _OutOfRange) -> DSLError:
    digits = error.digits if len(error.digits) <= 12 else error.digits[:12] + "..."
    wanted = describe_number(error.field)
    return error_at(text, error.where, f"expected {wanted}, but found {digits}", (wanted,))


def _syntax_error(text: str, error: UnexpectedInput) -> DSLError:
    token = getattr(error, "token", None)
    where = len(text.rstrip()) if token is not None and token.type == "$END" else error.pos_in_stream or 0
    terminals = _possible_after(text[:where])
    shape = re.findall(r"[^\s()]+", text[text.rfind("(", 0, where) + 1 : where])
    found, expected = _word(text, where), tuple(_expected(terminals, shape))
    problem = f"expected {' or '.join(expected)}, but found {found}"
    return error_at(text, where, problem, expected, _hint(terminals, shape, found))


def _possible_after(prefix: str) -> set[str]:
    """The terminals that may follow a text which is sound so far (asking the lexer instead would forget reductions)."""
    from lark.exceptions import UnexpectedToken

    try:
        _parser().parse(prefix)
    except UnexpectedToken as error:
        return set(error.accepts or error.expected)
    return {"$END"}


def _word(text: str, where: int) -> str:
    """What stands at ``where``, quoted and kept short."""
    match = re.compile(r"[A-Za-z]+|[-+]?[0-9.]+|\S").match(text, where)
    if match is None:
        return "the end of the text"
    word = match[0][:20]
    return f"'{word}'" if word.isprintable() else repr(word)


def _expected(terminals: set[str], shape: list[str]) -> list[str]:
    words = [word for name, word in _WORDS.items() if name in terminals]
    if "NUMBER" in terminals:
        # The words since the last bracket tell which argument comes next: ["Circle", "3"] -> the x.
        words.append(describe_number(FIELDS[_kind(shape)][len(re.findall("[0-9]+", " ".join(shape)))]))
    return words


def _kind(shape: list[str]) -> type:
    return Circle if shape and shape[0].startswith("Circle") else Quad


def _hint(terminals: set[str], shape: list[str], found: str) -> str:
    if "NUMBER" in terminals or terminals == {"RPAR"}:
        kind = _kind(shape)
        return f"a {kind.__name__.lower()} is ({kind.__name__} {' '.join(FIELDS[kind])}), all whole numbers"
    if "$END" in terminals:
        return "join several shapes with (+ a b)" if found == "'('" else "the brackets before it are closed already"
    if found == "')'" or found == "the end of the text":
        return "'+' and '-' take two or more shapes"
    return "a shape is (Circle radius x y), (Quad x y width height angle), (+ a b) or (- a b)"
