"""Which rewards can score images on this machine, and rewards by their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache, lru_cache
from typing import Any, cast

from tts_playground import registry
from tts_playground.core import Reward
from tts_playground.core.scores import as_reward
from tts_playground.errors import BadInput, ModelUnavailable, PlaygroundError
from tts_playground.models.hub.embedded_models import TINY, where
from tts_playground.rewards.verdict import networks_of

TASK = "t2i"


def offered() -> tuple[str, ...]:
    """Registered rewards of pictures, then verifiers of pictures, which score by their verdicts; in menu order."""
    return tuple(row.name for row in registry.rewards(TASK))


def rewards_here() -> tuple[str, ...]:
    """Those of ``offered`` whose weights are on this machine; what is not a package's own stands last."""
    here: dict[str, bool] = {}  # several rewards read one network, and every request of a page asks
    return tuple(row.name for row in registry.rewards(TASK) if _usable(row, here))


def is_here(name: str) -> bool:
    """Whether a registered name is one of ``rewards_here``."""
    return any(row.name == name and _usable(row, {}) for row in registry.rewards(TASK))


def _usable(row: registry.Entry, here: dict[str, bool]) -> bool:
    try:
        reward = _built(row)
    except (ImportError, PlaygroundError):  # of a package that is not installed, say
        return False
    if reward is None:
        return False
    for model in networks_of(reward):
        if model not in here:
            here[model] = _here(model)
        if not here[model]:
            return False
    return True


@lru_cache(maxsize=256)
def _built(row: registry.Entry) -> Reward | None:
    """What a row's name builds, kept to be asked which networks it reads; None where the name alone builds nothing."""
    try:
        return reward_named(row.name)
    except BadInput:
        return None


def title_of(name: str) -> str:
    """What a menu and an axis call a reward: its registered label, or the name as it is written."""
    rows = (row for kind in ("reward", "verifier") for row in registry.entries(kind))
    return next((row.title for row in rows if row.name == name), name)


def share_weights(first: str, second: str) -> bool:
    """Whether two rewards have a part or a network in common: then one cannot judge what the other has guided.

    Raises:
        UnknownName: no reward of one of these names. BadInput: one of them is no name.
    """
    if set(registry.names_in(first)) & set(registry.names_in(second)):
        return True
    return bool(set(networks_of(reward_named(first))) & set(networks_of(reward_named(second))))


def _here(model: str) -> bool:
    if model in TINY:
        try:
            where(model)
        except ModelUnavailable:
            return False
        return True
    return _in_hub_cache(model)


@cache
def _in_hub_cache(model: str) -> bool:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return isinstance(try_to_load_from_cache(model, "config.json"), str)
    except HFValidationError:  # a file, or a name of open_clip
        return False


def reward_named(name: str) -> Reward:
    """The reward, the verifier as a reward, or the composition of that name (``registry.expressions``).

    Raises:
        UnknownName: there is none. BadInput: it is for other candidates than pictures.
    """
    return registry.resolve("reward", name, TASK)


def on_device(reward: Reward, device: str) -> Reward:
    """The reward with all of its networks on ``device``, where they are to follow the generator ("auto")."""
    if device == "auto" or not is_dataclass(reward) or isinstance(reward, type):
        return reward
    changed: dict[str, Any] = {}
    for one in fields(reward):
        value = getattr(reward, one.name)
        if one.name == "device" and value == "auto":
            changed["device"] = device
        elif is_dataclass(value):
            changed[one.name] = on_device(cast(Reward, value), device)
        elif isinstance(value, tuple) and any(map(is_dataclass, value)):
            changed[one.name] = tuple(on_device(part, device) for part in value)
    return replace(reward, **changed) if changed else reward


def rewards_of(reward: str | Reward | Sequence[str | Reward] | None) -> list[Reward]:
    """Rewards from names ("clip", "clip,0.5*clip+aesthetic"), objects, or a list of either; None or "" for none.

    Raises:
        UnknownName: no reward or verifier of that name.
        BadInput: it is for other candidates than pictures, or neither a name nor a reward.
    """
    if reward is None:
        return []
    if isinstance(reward, str):
        reward = registry.split(reward)
    elif not isinstance(reward, Sequence):
        reward = [reward]
    return [reward_named(one) if isinstance(one, str) else as_reward(one) for one in reward]
