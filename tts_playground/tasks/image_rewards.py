"""Which rewards can score images on this machine: the embedded ones whose weights are here, and the plain ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from tts_playground import registry
from tts_playground.core import Reward
from tts_playground.errors import BadInput, ModelUnavailable, shown
from tts_playground.models.embedded import TINY, where
from tts_playground.rewards.verdict import VerdictReward

NEEDS: dict[str, tuple[str, ...]] = {
    "clip": ("tiny:clip",),
    "aesthetic": ("tiny:aesthetic", "tiny:clip"),
    "geneval": ("tiny:detector",),
    "clip:openai/clip-vit-base-patch32": ("openai/clip-vit-base-patch32",),
    "clip:openai/clip-vit-large-patch14": ("openai/clip-vit-large-patch14",),
    "sharpness": (),
    "colourfulness": (),
}
"""reward or verifier -> the models that it reads; in the order in which they are offered. What follows a colon is a hub
id, offered once its files are in the hub's cache on this machine: big models are judged by a big CLIP."""


def rewards_here() -> tuple[str, ...]:
    """The names in ``NEEDS`` whose weights are on this machine."""
    return tuple(name for name, models in NEEDS.items() if all(map(_here, models)))


def share_weights(first: str, second: str) -> bool:
    """Whether two of the rewards read the same network: then one cannot judge what the other has guided."""
    return first == second or bool(set(NEEDS.get(first, ())) & set(NEEDS.get(second, ())))


def _here(model: str) -> bool:
    if model not in TINY:
        return _in_hub_cache(model)
    try:
        where(model)
    except ModelUnavailable:
        return False
    return True


@cache
def _in_hub_cache(model: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(model, "config.json"), str)


def reward_named(name: str) -> Reward:
    """The reward of that name, or the verifier of that name as a reward.

    Raises:
        UnknownName: there is neither.
    """
    if name not in registry.TABLE["reward"] and name in registry.TABLE["verifier"]:
        return VerdictReward(registry.resolve("verifier", name)())
    if name in NEEDS and ":" in name:
        kind, _, model = name.partition(":")
        return registry.resolve("reward", kind)(model)
    return registry.resolve("reward", name)()


def rewards_of(reward: str | Reward | Sequence[str | Reward] | None) -> list[Reward]:
    """Rewards from names ("clip", "clip,aesthetic"), objects, or a list of either; None or "" for no reward.

    Raises:
        UnknownName: no reward or verifier of that name. BadInput: neither a name nor a reward.
    """
    if reward is None or reward == "":
        return []
    if isinstance(reward, str):
        reward = [name.strip() for name in reward.split(",") if name.strip()]
    elif not isinstance(reward, Sequence):
        reward = [reward]
    for one in reward:
        if not isinstance(one, str) and not callable(getattr(one, "score", None)):
            raise BadInput(f"A reward is a name like 'clip', or an object with a score method, not {shown(one, 60)}.")
    return [reward_named(one) if isinstance(one, str) else one for one in reward]
