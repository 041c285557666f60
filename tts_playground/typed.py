"""Arguments and settings are of the types that are written beside them: one check for all, and one sentence.

    @typed
    def generate(prompt: str, n: int = 4): ...

    @dataclass(frozen=True)
    @typed
    class Settings: ...

Ranges are each one's own. What a type hint names beyond numbers, texts, choices and tuples of those is not looked at,
but that a single text is no list of texts.
"""

from __future__ import annotations

import inspect
import math
import re
import types
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import fields
from functools import cache, wraps
from numbers import Integral, Real
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tts_playground.errors import BadInput, shown

Subject = TypeVar("Subject", bound=Callable[..., Any])
_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "True or False", type(None): "None"}
_ROWS = (Sequence, Iterable, Collection, list, set)
_BROKEN = re.compile("[\x00\ud800-\udfff]")
_WRONG = object()


def typed(subject: Subject) -> Subject:
    """The function, or the dataclass (below ``@dataclass``), which raises BadInput on a value of a wrong type.

    Numbers of numpy become Python's, 5.0 becomes 5 where a whole number is wanted, and lists become tuples.
    """
    made: Any = _typed_class(subject) if isinstance(subject, type) else _typed_function(subject)
    return made


def value_of(name: str, value: Any, hint: Any) -> Any:
    """The value as the type ``hint`` has it.

    Raises:
        BadInput: it is of another type.
    """
    found = _fit(value, hint)
    if found is _WRONG:
        if get_origin(hint) in _ROWS:
            raise BadInput(f"{name} must be a list of texts, not a text; write [...] around a single one.")
        kind = "" if value is None or isinstance(value, (str, bool, int, float)) else f" (a {type(value).__name__})"
        quoted = repr(shown(value, 60)) if isinstance(value, str) else shown(value, 60)
        raise BadInput(f"{name} must be {_words(hint)}, not {quoted}{kind}.")
    return found


def checked_text(name: str, text: str) -> str:
    """The text, where every model and file can hold it.

    Raises:
        BadInput: it holds half of a character (a lone surrogate, as from bytes that are no UTF-8) or a null.
    """
    if broken := _BROKEN.search(text):
        place, code = broken.start() + 1, ord(broken[0])
        raise BadInput(f"{name} holds a character at place {place} that no text has (U+{code:04X}); leave it out.")
    return text


def _typed_class(cls: Any) -> Any:
    own = getattr(cls, "__post_init__", None)  # a base may check what they share

    def __post_init__(self: Any) -> None:
        hints = _hints(type(self))
        for one in fields(self):
            if not one.init:  # set by ``__post_init__`` itself
                continue
            value = getattr(self, one.name)
            found = value_of(one.name, value, hints.get(one.name, Any))
            if found is not value:
                object.__setattr__(self, one.name, found)
        if own is not None:
            own(self)

    cls.__post_init__ = __post_init__
    return cls


def _typed_function(function: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(function)

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        hints, given = _hints(function), signature.bind(*args, **kwargs)
        for name, value in given.arguments.items():
            if signature.parameters[name].kind not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
                given.arguments[name] = value_of(name, value, hints.get(name, Any))
        return function(*given.args, **given.kwargs)

    return call


@cache
def _hints(subject: Any) -> dict[str, Any]:
    """Name -> type; a hint that cannot be read here (it is imported for type checkers only) is left out."""
    try:
        return get_type_hints(subject)
    except NameError:
        pass
    scope = vars(inspect.getmodule(subject))
    found = {}
    for name, hint in inspect.get_annotations(subject).items():
        try:
            found[name] = eval(hint, scope) if isinstance(hint, str) else hint
        except NameError:
            continue
    return found


def _fit(value: Any, hint: Any) -> Any:
    """The value as ``hint`` has it, or ``_WRONG``."""
    kind = get_origin(hint)
    if kind in (Union, types.UnionType):
        fits = (_fit(value, one) for one in get_args(hint))
        return next((one for one in fits if one is not _WRONG), _WRONG)
    if kind is Literal:
        return value if isinstance(value, (str, int)) and value in get_args(hint) else _WRONG
    if kind is tuple:
        return _tuple(value, get_args(hint))
    if kind in _ROWS and str in get_args(hint) and isinstance(value, (str, bytes)):
        return _WRONG  # Python would take its letters
    if hint is type(None):
        return None if value is None else _WRONG
    if hint is bool:
        return bool(value) if isinstance(value, bool) or type(value).__name__ == "bool" else _WRONG  # numpy's
    if hint is str:
        return value if isinstance(value, str) else _WRONG
    return _number(value, hint) if hint in (int, float) else value


def _number(value: Any, hint: Any) -> Any:
    if type(value) is hint and value == value:
        return value
    if isinstance(value, bool) or not isinstance(value, Real) or value != value:
        return _WRONG
    if hint is float:
        try:
            return float(value)
        except OverflowError:
            return _WRONG
    if isinstance(value, Integral):
        return int(value)
    nearest = float(value)
    return int(nearest) if math.isfinite(nearest) and nearest == int(nearest) else _WRONG


def _tuple(value: Any, kinds: tuple[Any, ...]) -> Any:
    if not isinstance(value, (tuple, list)):
        return _WRONG
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        return _WRONG
    found = [_fit(one, kind) for one, kind in zip(value, kinds, strict=True)]
    if any(one is _WRONG for one in found):
        return _WRONG
    same = isinstance(value, tuple) and all(one is other for one, other in zip(found, value, strict=True))
    return value if same else tuple(found)


def _words(hint: Any) -> str:
    kind = get_origin(hint)
    if kind in (Union, types.UnionType):
        return " or ".join(_words(one) for one in get_args(hint))
    if kind is Literal:
        return f"one of {', '.join(map(str, get_args(hint)))}"
    if kind is tuple:
        kinds = get_args(hint)
        return f"a tuple, each {_words(kinds[0])}" if kinds[-1] is Ellipsis else f"a tuple of {len(kinds)}"
    if kind in _ROWS:
        return f"a list, each {_words(get_args(hint)[0])}"
    return _WORDS.get(hint, getattr(hint, "__name__", str(hint)))
