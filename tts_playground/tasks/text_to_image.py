"""Text to image: the task, and ``generate``, which ties prompt, model and rewards together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tts_playground.core import Cost, Reward, Sample
from tts_playground.models import loading
from tts_playground.samplers.image_tokens import ImageSettings, ImageTokens
from tts_playground.samplers.sampling_limits import GUIDANCE
from tts_playground.tasks.image_rewards import rewards_of
from tts_playground.tasks.plugged_samplers import model_of, plugged_sampler
from tts_playground.tasks.validation import check_count, check_words, total_cost
from tts_playground.typed import typed

if TYPE_CHECKING:
    from PIL import Image

LONGEST = 2000
"""characters of a prompt"""
MOST = 4096
"""images in one call"""
LAB_PROMPTS = (
    "A photo of a realistic but impossible object.",
    "A photo of a croissant.",
    "A cat holding a plate with the word 'CAT' written in large letters.",
    "A green apple on the left of two red apple, both on a white plate, studio lighting.",
)
"""of the course that this tab goes back to; Janus-Pro knows all of their words"""
WORLD_PROMPTS = (
    "a photo of a croissant",
    "two red apples above a cat on a white background",
    "a green apple left of a red apple",
    "three red balloons and a dog",
    "a blue cat left of a dog",
    "four donuts on a black background",
    "a cat and a purple guitar",
    "two red apples left of a cat",
)
"""of the world that the embedded models know; the starter pools are of these"""


@dataclass(frozen=True, slots=True)
class PromptTask:
    """A picture is wanted of what ``prompt`` says.

    Raises:
        BadInput: the prompt is empty or too long.
    """

    prompt: str
    kind: ClassVar[str] = "t2i"

    def __post_init__(self) -> None:
        check_words("prompt", self.prompt, LONGEST, "say what the picture should show")

    def key(self) -> Mapping[str, Any]:
        """The kind and the prompt, by name."""
        return {"kind": self.kind, "prompt": self.prompt}


@dataclass(frozen=True)
class Generated:
    """Images for a prompt, and what the rewards say of them."""

    prompt: str
    model: str
    seed: int
    settings: ImageSettings
    samples: tuple[Sample, ...]
    rewards: Mapping[str, tuple[float, ...]]
    """name -> one number per sample; the first named decides ``best``"""
    cost: Cost

    @property
    def guide(self) -> str:
        """The reward that picks the best, or "" without one."""
        return next(iter(self.rewards), "")

    @property
    def order(self) -> tuple[int, ...]:
        """Places in ``samples``, best first; of equals the one drawn first. Without a reward, as drawn."""
        places = range(len(self.samples))
        scores = self.rewards.get(self.guide)
        return tuple(places if scores is None else sorted(places, key=lambda place: (-scores[place], place)))

    @property
    def best(self) -> Sample:
        """The sample with the highest reward."""
        return self.samples[self.order[0]]

    @property
    def images(self) -> list[Image.Image]:
        """The pictures, as drawn."""
        return [sample.content for sample in self.samples]

    def facts(self, place: int) -> dict[str, Any]:
        """What reproduces the image at ``place``; written into downloaded pictures."""
        sample = self.samples[place]
        return {
            "prompt": self.prompt,
            "model": self.model,
            "seed": self.seed,
            "index": sample.index,
            "settings": self.settings.as_dict(),
            "tokens": list(sample.info.get("tokens", ())),
            "logprob": sample.logprob,
            "rewards": {name: scores[place] for name, scores in self.rewards.items()},
        }


@typed
def image_sampler(model: str | None = None, settings: ImageSettings | None = None, device: str = "auto") -> Any:
    """The sampler of a named Janus (``tiny:janus``, a hub id, a folder; None for this machine's default).

    A registered sampler of pictures that needs no model is named in the same place; it takes those of the settings
    that it declares.

    Raises:
        ModelUnavailable: this machine cannot hold or reach the model.
    """
    name, settings = model or loading.default_name("janus"), settings or ImageSettings()
    if (plugged := plugged_sampler(name, PromptTask.kind, settings.as_dict())) is not None:
        return plugged
    return ImageTokens(loading.load(name, "janus", loading.Options(device)), settings)


@typed
def generate(
    prompt: str,
    *,
    model: str | None = None,
    n: int = 4,
    temperature: float = 1.0,
    cfg: float = GUIDANCE,
    top_p: float = 1.0,
    top_k: int = 0,
    seed: int = 0,
    reward: str | Reward | Sequence[str | Reward] | None = "clip",
) -> Generated:
    """Draw ``n`` images of ``prompt`` and score them: best-of-N.

    Args:
        model: ``tiny:janus``, a hub id, a folder or a registered sampler; None takes
            ``TTS_PLAYGROUND_T2I_MODEL`` or the embedded one.
        n: images, 1 to 4096; image i is the same whatever n is.
        temperature, cfg, top_p, top_k: see ``ImageSettings``.
        reward: name(s) or object(s); the first picks the best.

    Raises:
        BadInput: a setting is out of range, or the prompt is empty or too long.
        UnknownName: no model or reward of that name.
        ModelUnavailable: this machine cannot hold or reach the model.
    """
    check_count(n, MOST)
    task = PromptTask(prompt)
    settings = ImageSettings(temperature, cfg, top_p, top_k)
    judges = rewards_of(reward)
    sampler = image_sampler(model, settings)
    samples = tuple(sampler.draw(task, range(n), seed=seed))
    scores = {judge.name: tuple(judge.score(task, samples)) for judge in judges}
    return Generated(prompt, model_of(sampler, task.kind), seed, settings, samples, scores, total_cost(samples, judges))
