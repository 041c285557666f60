"""What an audit is asked to do: one frozen object, checked when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from tts_playground.auditing.pictures import ChoicePicture, pictures
from tts_playground.errors import BadInput, UnknownName
from tts_playground.typed import typed
from tts_playground.worlds.choices import CONDITIONS

PROTOCOLS = ("exact", "sampled", "list")
TASKS = ("choice", "color")
PRESETS: dict[str, dict[str, Any]] = {
    "debug": {"per_cond": 2, "samples": 50},
    "full": {"per_cond": 10, "samples": 1000},
}
"""as the proof of concept's two scripts"""
LIMITS: dict[str, tuple[float, float]] = {
    "per_cond": (1, 1000),
    "k": (2, 9),
    "samples": (1, 100_000),
    "temperature": (1e-4, 100.0),
    "seed": (0, 2**31 - 1),
}
LONGEST_LIST = 200
"""picks in one reply"""


@dataclass(frozen=True)
@typed
class AuditSettings:
    """One audit, the model aside.

    Raises:
        BadInput: a value is out of its range, or two do not go together.
        UnknownName: no such condition, protocol or task.
    """

    task: str = "choice"
    """"choice" (a digit) or "color" (a digit and the letter of its colour)"""
    protocol: str = "exact"
    """"exact" (probabilities from logits), "sampled" (independent replies) or "list" (many picks in one reply)"""
    conditions: tuple[str, ...] = tuple(CONDITIONS)
    """what is done to the special cell"""
    per_cond: int = 10
    """layouts of every condition, 1-1000"""
    k: int = 4
    """cells in a picture, 2-9"""
    permute: bool = False
    """show every layout k times with its digits moved round, which separates digits from places exactly (and is what
    the calibration PriDe needs)"""
    samples: int = 1000
    """picks a picture: drawn, or, where probabilities are exact, the N that power is stated for; 1-100,000"""
    temperature: float = 1.0
    """divides the logits; 1 is the model's own, 0.0001 greedy, up to 100"""
    restricted: bool = False
    """the control of restricted output: only digits in the picture can be drawn"""
    seed: int = 0
    """of pictures and draws"""

    def __post_init__(self) -> None:
        object.__setattr__(self, "conditions", tuple(dict.fromkeys(self.conditions)))
        for name, (low, high) in LIMITS.items():
            if not low <= getattr(self, name) <= high:
                raise BadInput(f"{name} is {getattr(self, name)}, but it must lie between {low:.12g} and {high:.12g}.")
        for name, kind, known in (("protocol", "protocol", PROTOCOLS), ("task", "task", TASKS)):
            if getattr(self, name) not in known:
                raise UnknownName(kind, getattr(self, name), known)
        for condition in self.conditions:
            if condition not in CONDITIONS:
                raise UnknownName("condition", condition, CONDITIONS)
        if not self.conditions:
            raise BadInput(f"An audit needs at least one condition; choose from {', '.join(CONDITIONS)}.")
        if self.protocol == "list" and (self.task == "color" or self.samples > LONGEST_LIST):
            raise BadInput(
                f"One reply lists at most {LONGEST_LIST} digits and no colours; lower samples, or draw them."
            )
        if self.restricted and (self.protocol != "sampled" or self.task != "choice"):
            raise BadInput(
                "Restricted output is a control for sampled choices; exact probabilities contain it already."
            )

    def pictures(self) -> list[ChoicePicture]:
        """The pictures, the blank control first."""
        control = self.protocol != "list" and not self.restricted
        return pictures(self.conditions, self.per_cond, self.k, permute=self.permute, seed=self.seed, control=control)

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values, for JSON."""
        return {**asdict(self), "conditions": list(self.conditions)}

    def answers(self) -> dict[str, Any]:
        """What decides the answer to one picture: ``per_cond`` may grow, and N does not matter to exact ones."""
        free = {"per_cond"} | ({"samples"} if self.protocol == "exact" else set())
        return {name: value for name, value in self.as_dict().items() if name not in free}


def settings_from(values: Mapping[str, Any], preset: str = "") -> AuditSettings:
    """Settings from names and values, over a preset ("debug" or "full"); values of None are left at their default.

    Raises:
        BadInput: a name that is no setting. UnknownName: no such preset.
    """
    if preset and preset not in PRESETS:
        raise UnknownName("preset", preset, PRESETS)
    known = {field.name for field in fields(AuditSettings)}
    for name in values:
        if name not in known:
            raise UnknownName("setting of an audit", name, known)
    given = {name: value for name, value in values.items() if value is not None}
    return replace(AuditSettings(), **{**PRESETS.get(preset, {}), **given})
