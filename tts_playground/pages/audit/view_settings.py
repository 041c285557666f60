"""The library's ``AuditSettings`` and the model, from what a page or a link says: bent into range, never trusted."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any
from urllib.parse import urlencode

from tts_playground.auditing.scripted import SCRIPTS
from tts_playground.auditing.settings import LONGEST_LIST, PROTOCOLS, TASKS, AuditSettings
from tts_playground.pages.coerce import number
from tts_playground.pages.menu import granted, here, permitted
from tts_playground.pages.menu import models as registered
from tts_playground.worlds.choices import CONDITIONS

EMBEDDED = "tiny:vlm"
LIMITS: dict[str, tuple[float, float]] = {
    "per_cond": (1, 20),
    "k": (2, 9),
    "n": (10, 2000),
    "temperature": (0.05, 5.0),
    "seed": (0, 2**31 - 1),
}
"""lowest and highest value of every number; what strangers may ask of a shared machine"""
CHOICES: dict[str, tuple[str, ...]] = {"protocol": PROTOCOLS, "task": TASKS}


@dataclass(frozen=True)
class AuditView:
    """What one open page asks for."""

    model: str = "scripted:loves-7"
    task: str = "choice"
    protocol: str = "exact"
    conditions: tuple[str, ...] = tuple(CONDITIONS)
    per_cond: int = 10
    k: int = 4
    permute: bool = False
    n: int = 1000
    """draws a picture; where probabilities are exact, the N that the band and the power are shown for"""
    temperature: float = 1.0
    seed: int = 0

    @property
    def live(self) -> bool:
        """Whether temperature and N only change how a finished audit is looked at."""
        return self.protocol == "exact"

    def settings(self) -> AuditSettings:
        """For the library; exact audits are run at temperature 1 and looked at at others."""
        n = min(self.n, LONGEST_LIST) if self.protocol == "list" else self.n
        task = "choice" if self.protocol == "list" else self.task
        drawn = 1.0 if self.live else self.temperature
        values = {name: getattr(self, name) for name in ("protocol", "conditions", "per_cond", "k", "permute", "seed")}
        return AuditSettings(task=task, samples=n, temperature=drawn, **values)


ORDER = tuple(field.name for field in fields(AuditView))
"""the fields in the order in which components stand"""


def models(local: bool = False) -> list[tuple[str, str]]:
    """(in words, name) of what can be chosen: a model that is here first, then the scripts, then the large ones.

    A large one stands in a visitor's menu where the operator permits it.
    """
    named = os.environ.get("TTS_PLAYGROUND_AUDIT_MODEL")
    real = [named] if named and named not in SCRIPTS else []
    real += [EMBEDDED] if here(EMBEDDED) and EMBEDDED not in real else []
    scripts = [(f"script: {what}", name) for name, (what, _) in SCRIPTS.items()]
    shown = [name for name in registered("choice", without=EMBEDDED) if local or name in permitted()]
    large = [(f"{name} (a download, and a GPU)", name) for name in shown if name not in real]
    return [*((name, name) for name in real), *scripts, *large]


def default_view() -> AuditView:
    """What a fresh page opens with on this machine."""
    named = os.environ.get("TTS_PLAYGROUND_AUDIT_MODEL")
    return AuditView(model=named or (EMBEDDED if here(EMBEDDED) else AuditView.model))


def allowed(model: str, local: bool) -> str:
    """The model's name if who asks may use it; raises BadInput."""
    return granted(model, local, [name for _, name in models()])


def view_of(*values: Any) -> AuditView:
    """A view from component values in ``ORDER``; what a browser left empty or bent is put right."""
    return coerce_view(dict(zip(ORDER, values, strict=True)))


def from_query(query: Mapping[str, str]) -> AuditView:
    """A view from a link; what is missing or unreadable stays at its default."""
    found: dict[str, Any] = {name: query[name] for name in ORDER if name in query}
    if "conditions" in found:
        found["conditions"] = found["conditions"].split(",")
    if "permute" in found:
        found["permute"] = found["permute"] == "True"
    return coerce_view(found)


def to_query(view: AuditView) -> str:
    """The query string of a link that brings this view back."""
    return urlencode({"tab": "audit", **asdict(view), "conditions": ",".join(view.conditions)}, errors="replace")


def values_of(view: AuditView) -> tuple[Any, ...]:
    """The values in ``ORDER``, for the components."""
    return tuple(list(v) if isinstance(v, tuple) else v for v in (getattr(view, name) for name in ORDER))


def coerce_view(given: Mapping[str, Any]) -> AuditView:
    """A view from names and values: every value is put into its range."""
    base = default_view()
    return AuditView(**{name: _fit(name, given.get(name), getattr(base, name)) for name in ORDER})


def _fit(name: str, value: Any, default: Any) -> Any:
    if name == "model":
        return str(value).strip()[:300] if value else default
    if name == "permute":
        return default if value is None else bool(value)
    if name == "conditions":
        chosen = value if isinstance(value, (list, tuple)) else ()
        return tuple(name for name in CONDITIONS if name in chosen) or default
    if name in CHOICES:
        return value if value in CHOICES[name] else default
    return number(value, default, *LIMITS[name])
