"""Registered samplers that stand where a model is named: they need none, and are built from their name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tts_playground import registry
from tts_playground.core import Sampler
from tts_playground.errors import BadInput, UnknownName, shown


def plugged_sampler(name: str, task: str, settings: Mapping[str, Any]) -> Sampler | None:
    """The sampler of that name with those of the settings that it declares; None where there is none.

    The name is a registered one or, from Python and the command line, "package.module:Attribute".

    Args:
        task: "t2i", "vqa" or "text". settings: by the names of those of the task.

    Raises:
        BadInput: there is no such module or attribute, or it is no sampler.
    """
    if not registry.stands_alone(name, task):
        return None
    own = registry.settings_of("sampler", name)
    made = registry.resolve("sampler", name, task, **{key: value for key, value in settings.items() if key in own})
    if not isinstance(made, Sampler):
        raise BadInput(f"{shown(name)} is no sampler: it has no draw and fingerprint (see CONTRIBUTING.md).")
    return made


def heat(name: str, temperature: float) -> dict[str, float]:
    """The temperature as a setting of a sampler; somebody's own may have none.

    Raises:
        BadInput: it has none, and the temperature is not the 1 that stands where nobody names one.
    """
    try:
        declared = registry.settings_of("sampler", name)
    except UnknownName:  # ``registry.resolve`` says so, with the names that the task has
        return {}
    if "temperature" in declared:
        return {"temperature": temperature}
    if temperature != 1.0:
        raise BadInput(f"The sampler {shown(name)!r} has no temperature; leave it out.")
    return {}


def model_of(sampler: Sampler, task: str) -> str:
    """What to call a sampler where a model's name stands: its model's, else the name that it is registered under."""
    facts = sampler.fingerprint()
    if "model" in facts:
        return str(facts["model"])
    names = (row.name for row in registry.standalone(task) if row.load() is type(sampler))
    return next(names, str(facts.get("sampler", type(sampler).__name__)))
