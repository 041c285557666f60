"""Which rewards fit a generator, and what to say of those that do not: the embedded ones know only stickers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from tts_playground import registry
from tts_playground.core import Reward
from tts_playground.errors import PlaygroundError
from tts_playground.models import loading
from tts_playground.models.hub.embedded_models import TINY
from tts_playground.models.hub.identity import unknown_words
from tts_playground.rewards.network import NetworkReward
from tts_playground.rewards.verdict import HasRemark, networks_of
from tts_playground.tasks.image_rewards import TASK, reward_named, rewards_here

AUTO = "auto"
"""stands for the first of ``rewards_for`` wherever a reward of pictures is named"""
STICKERS = ("clip", "aesthetic", "geneval")
"""what judges pictures of the sticker world"""
PHOTOS = (
    "clip:openai/clip-vit-base-patch32",
    "clip:openai/clip-vit-large-patch14",
    "pickscore",
    "geneval:facebook/detr-resnet-50",
    "geneval:PekingU/rtdetr_r50vd",
)
"""what judges all other pictures, where it is on this machine"""
_PROBE = "a photo of a realistic but impossible object, studio lighting"
"""words that every large vocabulary has"""


def knows_stickers_only(model: str | None) -> bool:
    """Whether a generator is of the sticker world: embedded, or with as small a vocabulary; None is the default."""
    name = model or loading.default_name("janus")
    if name in TINY or registry.stands_alone(name, TASK):
        return True
    try:
        return bool(unknown_words(name, _PROBE))
    except PlaygroundError:  # told of when the model is loaded
        return False


def rewards_for(model: str | None = None) -> tuple[str, ...]:
    """Rewards that fit a generator and are on this machine, the default first; at least one.

    The embedded networks judge stickers. Another generator is judged by a CLIP of photographs where one is here (B/32
    first), and by tiny:clip only where nothing better is, which ``warnings`` then says.
    """
    here = rewards_here()
    if knows_stickers_only(model):
        return tuple(name for name in STICKERS if name in here) or here
    able = tuple(name for name in PHOTOS if name in here) or tuple(name for name in ("clip",) if name in here)
    return (*able, *(name for name in ("colourfulness", "sharpness") if name in here))


def warnings(
    rewards: Sequence[str | Reward], model: str | None, prompt: str = "", told: Collection[str] = ()
) -> list[str]:
    """A sentence for every reward that judges what it never learned: another world's pictures, or unknown words.

    So does one for a reward that makes a remark of its own (``rewards.verdict.HasRemark``).

    Args:
        rewards: names or objects; those that cannot be built are left out.
        model: who drew the pictures; "" where nobody knows.
        told: words of the prompt that somebody else names.
    """
    foreign = bool(model) and not knows_stickers_only(model)
    found = (
        line for one in rewards for part in _parts(one) for line in _about(part, model or "", foreign, prompt, told)
    )
    return list(dict.fromkeys(found))


def _parts(reward: str | Reward) -> Iterator[Reward]:
    try:
        yield from (map(reward_named, registry.names_in(reward)) if isinstance(reward, str) else [reward])
    except (ImportError, PlaygroundError):  # whoever scores with it says why
        return


def _about(reward: Reward, model: str, foreign: bool, prompt: str, told: Collection[str]) -> Iterator[str]:
    small = [name for name in networks_of(reward) if name in TINY]
    if foreign and small:
        yield (
            f"{reward.name} reads {small[0]}, which knows only stickers: pictures by {model} are outside its world, and"
            f" its scores of them say little; use {PHOTOS[0]} or another reward for photographs."
        )
        return
    if isinstance(reward, HasRemark) and (remark := reward.remark(prompt)):
        yield remark
    if not prompt or not isinstance(reward, NetworkReward):
        return
    try:
        words = [word for word in unknown_words(reward.model, prompt) if word not in told]
    except PlaygroundError:
        return
    if words:
        more = " and others" if len(words) > 4 else ""
        quoted = ", ".join(map(repr, words[:4]))
        yield (
            f"{reward.name} was never taught {quoted}{more}: the prompt is outside its world; its scores say little."
        )
