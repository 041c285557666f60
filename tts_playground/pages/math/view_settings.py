"""What a page asks for, as one frozen value: bent into range, never trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from tts_playground import registry
from tts_playground.errors import PlaygroundError
from tts_playground.models import loading
from tts_playground.pages.coerce import number
from tts_playground.pages.menu import Menu, granted, here
from tts_playground.pages.menu import strategies as registered
from tts_playground.rewards.prm import AGGREGATIONS
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.tasks.reasoning import LONGEST

EMBEDDED = "tiny:math"
LIMITS: dict[str, tuple[float, float]] = {
    "n": (1, 64),
    "temperature": (0, 5),
    "top_p": (0.01, 1),
    "top_k": (0, 1000),
    "seed": (0, 2**31 - 1),
    "max_tokens": (8, 2048),
    "look": (1, 64),
}
"""lowest and highest value of every number; what strangers may ask of a shared machine"""
MENU = Menu("lm", EMBEDDED, "TTS_PLAYGROUND_LM_MODEL", "text")
NEEDS_LARGE = {"budget-forcing": "tiny:math cannot think on", "simulate": "tiny:math cannot imagine"}
"""strategies that the embedded model cannot follow, with the reason"""


@dataclass(frozen=True, slots=True)
class MathView:
    """Everything that decides what a page shows."""

    problem: str = ""
    truth: str = ""
    """the right answer; empty where it is not known"""
    strategy: str = "beam"
    other: str = "best-of-n"
    """the strategy that stands beside it"""
    reward: str = "prm"
    aggregation: str = "last"
    n: int = 16
    temperature: float = 0.8
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0
    model: str = EMBEDDED
    max_tokens: int = 512
    look: int = 16
    """of the solutions that were drawn, the selectors look at the first so many"""

    @property
    def settings(self) -> SolutionSettings:
        """How solutions are drawn."""
        return SolutionSettings(self.temperature, self.top_p, self.top_k, self.max_tokens)


ORDER = tuple(field.name for field in fields(MathView))
"""the fields in the order in which components stand"""
LOOKS = ("other", "look")
"""fields that a tree does not depend on"""


def strategies() -> list[tuple[str, str]]:
    """(words, name) of the strategies, for a menu; those that need a large model say so."""
    return [
        (f"{words} ({NEEDS_LARGE[name]})" if name in NEEDS_LARGE else words, name) for words, name in registered("text")
    ]


def guides(local: bool = False) -> list[str]:
    """What may judge steps."""
    return [row.name for row in registry.rewards("text")] + (["prm:tiny:prm2"] if here("tiny:prm2") else [])


def default_view() -> MathView:
    """What a fresh page opens with on this machine."""
    return MathView(model=loading.default_name("lm"))


def checked(view: MathView, local: bool) -> MathView:
    """The view if who asks may have its model and its reward.

    Raises:
        BadInput: a visitor asks for others. UnknownName: no such strategy or reward.
    """
    MENU.allowed(view.model, local)
    if view.reward:
        granted(view.reward, local, guides())
        registry.entry_of_reward(view.reward, "text")
    for name in (view.strategy, view.other):
        registry.entry("strategy", name, "text")
    return view


def usable(query: Mapping[str, str], local: bool) -> dict[str, str]:
    """The parts of a link that who asks may have, without the others."""
    found = dict(query)
    for name in ("model", "reward", "strategy", "other"):
        try:
            checked(coerce_view({key: value for key, value in query.items() if key == name}), local)
        except PlaygroundError:
            found.pop(name, None)
    return found


def view_of(*values: Any) -> MathView:
    """A view from component values in ``ORDER``; what a browser left empty or bent is put right."""
    return coerce_view(dict(zip(ORDER, values, strict=True)))


def values_of(view: MathView) -> tuple[Any, ...]:
    """The values in ``ORDER``, for the components."""
    return tuple(getattr(view, name) for name in ORDER)


def coerce_view(given: Mapping[str, Any], base: MathView | None = None) -> MathView:
    """A view from names and values, of a page or a link: every value is put into its range; others are the base's."""
    base = base or default_view()
    return replace(base, **{n: _fit(n, value, getattr(base, n)) for n, value in given.items() if n in ORDER})


def same_search(one: MathView, other: MathView) -> bool:
    """Whether two views ask for the same search."""
    return all(getattr(one, name) == getattr(other, name) for name in ORDER if name not in LOOKS)


def to_query(view: MathView) -> str:
    """The query string of a link that brings this view back."""
    return urlencode({"tab": "math", **asdict(view)}, errors="replace")


def summary(view: MathView) -> str:
    """Every setting that matters, in one line."""
    parts = [registry.entry("strategy", view.strategy).title, f"N = {view.n}", f"T = {view.temperature:g}"]
    parts += [f"{view.reward}, {view.aggregation} step", view.model, f"seed {view.seed}"]
    parts += [f"top-p {view.top_p:g}"] if view.top_p < 1 else []
    parts += [f"top-k {view.top_k}"] if view.top_k else []
    return ", ".join(parts)


def _fit(name: str, value: Any, default: Any) -> Any:
    if name == "problem":
        return str(value or "")[: LONGEST + 1]
    if name == "truth":
        return str(value or "")[:300]
    if name == "aggregation":
        return value if value in AGGREGATIONS else default
    if name in ("model", "reward", "strategy", "other"):
        return str(value).strip()[:300] if value else default
    return number(value, default, *LIMITS[name])
