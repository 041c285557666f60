"""The library's ``SketchSettings``, from what a page or a link says: bent into range, never trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from tts_playground import registry
from tts_playground.models.hub.embedded_models import TINY
from tts_playground.pages.coerce import number
from tts_playground.pages.menu import granted, here, permitted
from tts_playground.tasks.drawing import OUTLINES
from tts_playground.tasks.sketch import CANDIDATES, GRAMMAR, SketchSettings

EMBEDDED = "tiny:sketch"
ORDER = (
    *("strategy", "n", "temperature", "seed", "outline", "seconds", "sampler", "reward", "invert", "crop"),
    "closeness",
)
"""the fields in the order in which they stand on the page"""
LIMITS: dict[str, tuple[float, float]] = {
    "n": (1, 256),
    "temperature": (0, 5),
    "seed": (0, 2**31 - 1),
    "seconds": (0, 20),
    "closeness": (0, 1),
}
"""lowest and highest value of every number; what strangers may ask of a shared machine.

0 seconds leave it to the default budget."""


OUTLINE = tuple(OUTLINES)
INVERT = {"auto": None, "yes": True, "no": False}
"""whether a drawing is light on dark, as a page and a link say it"""


def writers(local: bool = True) -> list[str]:
    """The models that can write programs here: the small one if it is installed, and every adapter.

    A visitor's are the adapters of the small one, and those that the operator permits, by their name or their base's.
    """
    from tts_playground.models import adapters

    may = (EMBEDDED, *permitted())
    tuned = [(adapters.MARK + one.name, one.facts.get("base")) for one in adapters.listed()]
    open_to = [name for name, base in tuned if local or base in may or name in may]
    return [*([EMBEDDED] if here(EMBEDDED) else []), *open_to]


def offered(name: str, local: bool = True) -> tuple[str, ...]:
    """What may be chosen now: models, adapters and plug-ins may have come since the app was started."""
    if name == "outline":
        return OUTLINE
    if name == "invert":
        return tuple(INVERT)
    rows = registry.rewards("sketch") if name == "reward" else registry.entries(name, "sketch")
    if name in ("strategy", "reward"):
        return tuple(row.name for row in rows)
    own = [row.name for row in rows if row.name not in TINY]
    return (*own, *(kind for one in writers(local) for kind in (one, one + GRAMMAR)))


def samplers(local: bool = True) -> list[tuple[str, str]]:
    """The menu of samplers: (words, name)."""
    return [(_words(name), name) for name in offered("sampler", local)]


def guides() -> list[tuple[str, str]]:
    """The menu of what may guide a search: (words, name)."""
    return [(f"{row.label}: {row.summary}", row.name) for row in registry.rewards("sketch")]


def allowed(writer: str, local: bool) -> str:
    """A sampler's or a model's name if who asks may use it; raises BadInput."""
    return granted(writer, local, [EMBEDDED, EMBEDDED + GRAMMAR, *offered("sampler", local=False)])


def _words(sampler: str) -> str:
    if sampler.endswith(GRAMMAR):
        return f"{sampler} — the same, held to the grammar"
    known = {row.name: row.summary for row in registry.entries("sampler", "sketch")}
    return f"{sampler} — {known.get(sampler, 'fine-tuned here')}"


def settings_of(*values: Any) -> SketchSettings:
    """Settings from component values in ``ORDER``; what a browser left empty or bent is put right."""
    return _settings(dict(zip(ORDER, values, strict=False)))  # the last ones came later


def from_query(query: Mapping[str, str]) -> SketchSettings:
    """Settings from a link; what is missing or unreadable stays at its default."""
    return _settings({name: query[name] for name in ORDER if name in query})


def to_query(settings: SketchSettings, **more: str) -> str:
    """The query string of a link that brings these settings back."""
    values = dict(zip(ORDER, values_of(settings), strict=True))
    values |= {"crop": "yes" if settings.crop else ""}
    values = {name: value for name, value in values.items() if value != "" and (name, value) != ("invert", "auto")}
    return urlencode(
        {"tab": "sketch", **values, **{name: value for name, value in more.items() if value}}, errors="replace"
    )


def values_of(settings: SketchSettings) -> tuple[Any, ...]:
    """The values in ``ORDER``, for the components."""
    words = {one: word for word, one in INVERT.items()}
    shown = asdict(settings) | {"n": settings.n or CANDIDATES, "seconds": settings.seconds or 0.0}
    shown["invert"] = words[settings.invert]
    return tuple(shown[name] for name in ORDER)


def _settings(given: Mapping[str, Any]) -> SketchSettings:
    fitting = {name: _fit(name, value, default(name)) for name, value in given.items()}
    return SketchSettings(**as_asked(fitting))


def default(name: str) -> Any:
    """Where a component of the page or a parameter of the endpoint stands."""
    return values_of(SketchSettings())[list[str](ORDER).index(name)]


def as_asked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of components as arguments: no seconds and the usual N leave the search to its default budget."""
    asked = dict(values)
    asked["seconds"] = asked.get("seconds") or None
    if asked.get("n") == CANDIDATES:
        asked["n"] = None
    return asked


def _fit(name: str, value: Any, default: Any) -> Any:
    if name in ("strategy", "sampler", "outline", "reward"):
        return value if value in offered(name) else default
    if name == "invert":
        return INVERT.get(value, default)
    if name == "crop":
        return value in (True, "yes", "True", "true", "1")
    return number(value, default, *LIMITS[name])
