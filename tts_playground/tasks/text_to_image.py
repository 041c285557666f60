"""Text to image: the task, and ``generate``, which ties prompt, model and rewards together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tts_playground import registry
from tts_playground.core import Budget, Cost, Keeper, Reward, Round, Sample, Sampler, Strategy
from tts_playground.core.scores import scores_of
from tts_playground.errors import BadInput, CannotDo
from tts_playground.models import loading
from tts_playground.models.hub.identity import guidance_of, usual_of
from tts_playground.models.hub.picture_kinds import is_pipeline, kind_of
from tts_playground.models.load_options import for_no_model, options_of
from tts_playground.samplers.cancellation import Cancel, never
from tts_playground.samplers.diffusion import DiffusionSampler
from tts_playground.samplers.diffusion_paths import DiffusionSettings
from tts_playground.samplers.image_tokens import ImageSettings, ImageTokens
from tts_playground.samplers.sampling_limits import GUIDANCE
from tts_playground.tasks import engine
from tts_playground.tasks.image_rewards import on_device, rewards_of
from tts_playground.tasks.plugged_samplers import model_of, plugged_sampler
from tts_playground.tasks.reward_worlds import AUTO, rewards_for, warnings
from tts_playground.tasks.validation import check_count, check_words, total_cost
from tts_playground.typed import typed

if TYPE_CHECKING:
    from PIL import Image

LONGEST = 2000
"""characters of a prompt"""
MOST = 4096
"""images in one call"""
BASELINE = "best-of-n"
BATCH = 16
"""images drawn and scored together: the first of them are whole early, and a cancel loses little"""
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
    settings: ImageSettings | DiffusionSettings
    samples: tuple[Sample, ...]
    rewards: Mapping[str, tuple[float, ...]]
    """name -> one number per sample; the first named decides ``best``"""
    cost: Cost
    warnings: tuple[str, ...] = ()
    """sentences about rewards that judge what they never learned"""

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


def image_settings(
    model: str | None = None,
    temperature: float = 1.0,
    cfg: float | None = None,
    top_p: float = 1.0,
    top_k: int = 0,
    steps: int | None = None,
    eta: float | None = None,
) -> ImageSettings | DiffusionSettings:
    """Settings for a named model; a guidance of None is what its generation config says, 5 where that says nothing.

    A Janus draws tokens by ``temperature``, ``top_p`` and ``top_k``; a pipeline of diffusers denoises in ``steps``
    (None: as many as suit it) by ``eta`` (None: 0).

    Raises:
        BadInput: a setting is out of its range, or is not one of this kind of model.
    """
    name = model or loading.default_name("janus")
    if not is_pipeline(name):
        _refuse_foreign(name, "draws tokens", {"steps": steps is not None, "eta": eta is not None})
        return ImageSettings(temperature, guidance_of(name) or GUIDANCE if cfg is None else cfg, top_p, top_k)
    others = {"temperature": temperature != 1.0, "top_p": top_p != 1.0, "top_k": top_k != 0}
    _refuse_foreign(name, "denoises", others)
    usual = usual_of(name)
    return DiffusionSettings(usual[1] if cfg is None else cfg, usual[0] if steps is None else steps, eta or 0.0)


def _refuse_foreign(name: str, does: str, given: Mapping[str, bool]) -> None:
    """Raises BadInput for a setting that a kind of model does not know."""
    for setting, there in given.items():
        if there and not registry.stands_alone(name, PromptTask.kind):
            raise BadInput(f"{name[:80]} {does} and has no {setting}; leave it out.")


@typed
def image_sampler(
    model: str | None = None,
    settings: ImageSettings | DiffusionSettings | None = None,
    device: str = "auto",
    options: loading.Options | None = None,
) -> Any:
    """The sampler of a named Janus or pipeline (``tiny:janus``, a hub id, a folder; None for this machine's default).

    A registered sampler of pictures that needs no model is named in the same place; it takes those of the settings
    that it declares.

    Args:
        options: how to load the model; None loads it on ``device``.

    Raises:
        BadInput: options for a sampler that needs no model.
        ModelUnavailable: this machine cannot hold or reach the model.
    """
    name, settings = model or loading.default_name("janus"), settings or image_settings(model)
    if (plugged := plugged_sampler(name, PromptTask.kind, settings.as_dict())) is not None:
        for_no_model(name, options)
        return plugged
    loaded = loading.load(name, kind_of(name), options or loading.Options(device))
    return sampler_around(loaded, settings)


def sampler_around(loaded: loading.Loaded, settings: ImageSettings | DiffusionSettings) -> Any:
    """The sampler of a loaded model, or of one that is only named (``identity.named``).

    Raises:
        BadInput: the settings are of the other kind of model.
    """
    if loaded.kind == "diffusion" and isinstance(settings, DiffusionSettings):
        return DiffusionSampler(loaded, settings)
    if loaded.kind == "janus" and isinstance(settings, ImageSettings):
        return ImageTokens(loaded, settings)
    raise BadInput(f"These settings are not for {loaded.name[:80]}: it {_DOES[loaded.kind]}.")


_DOES = {"diffusion": "denoises, by DiffusionSettings", "janus": "draws tokens, by ImageSettings"}


def generate_rounds(
    task: PromptTask,
    sampler: Sampler,
    reward: Reward | None = None,
    *,
    n: int = 4,
    strategy: str | Strategy[Any] = BASELINE,
    budget: Budget | None = None,
    batch: int = BATCH,
    seed: int = 0,
    store: Keeper | None = None,
    cancel: Cancel = never,
) -> Iterator[Round]:
    """The one stream behind ``generate``, its verb, its endpoint and the tab; see ``engine.run``.

    Args:
        reward: what picks the best, and guides a search; None picks nothing.
        n: whole images in the end.
        strategy: a registered strategy of images, or one that was built.
        budget: None allows ``n`` whole images.
        batch: images that best-of-N draws and scores together.

    Raises:
        UnknownName, BadInput: no such strategy, or the sampler cannot run it. Cancelled: ``cancel()`` became true.
    """
    chosen = engine.planned(strategy, task, sampler, n, batch=batch)
    budget = budget or Budget(samples=n)
    return engine.run(task, sampler, chosen, reward, budget=budget, seed=seed, store=store, cancel=cancel)


@typed
def generate(
    prompt: str,
    *,
    model: str | None = None,
    n: int = 4,
    temperature: float = 1.0,
    cfg: float | None = None,
    top_p: float = 1.0,
    top_k: int = 0,
    seed: int = 0,
    reward: str | Reward | Sequence[str | Reward] | None = AUTO,
    strategy: str = BASELINE,
    store: Keeper | None = None,
    on_round: Callable[[Round], None] | None = None,
    cancel: Cancel = never,
    dtype: str = "auto",
    load_in_4bit: bool = False,
    device: str = "auto",
    steps: int | None = None,
    eta: float | None = None,
) -> Generated:
    """Draw ``n`` images of ``prompt`` and score them: best-of-N, or another strategy.

    Args:
        model: ``tiny:janus``, ``tiny:flow``, a hub id, a folder or a registered sampler; None takes
            ``TTS_PLAYGROUND_T2I_MODEL`` or the embedded one.
        n: whole images, 1 to 4096; image i of best-of-N is the same whatever n is.
        temperature, cfg, top_p, top_k: see ``ImageSettings``; cfg None is what the model's own config says.
        reward: name(s) or object(s); the first picks the best, and guides a search. "auto" is what fits the model
            (``reward_worlds.rewards_for``); None is none.
        strategy: a registered strategy of images.
        store: where best-of-N's images and scores are read and kept (``store.store.Store``); None keeps nothing.
        on_round: hears of every round and of reports between them; what it raises ends the draw.
        dtype, load_in_4bit, device: how and where to load the model, and where named rewards run; see
            ``models.load_options.Options``.
        steps, eta: of a pipeline of diffusers, see ``DiffusionSettings``; None is what suits it.
        cancel: asked at every report; True ends the draw.

    Raises:
        BadInput: a setting is out of range or not the model's, the prompt is empty or too long, or a search has no
            reward to guide it.
        UnknownName: no model, reward or strategy of that name.
        ModelUnavailable: this machine cannot hold or reach the model.
        CannotDo: a search finished no image, or a reward says no number. Cancelled: ``cancel()`` became true.
    """
    check_count(n, MOST)
    task = PromptTask(prompt)
    settings = image_settings(model, temperature, cfg, top_p, top_k, steps, eta)
    options = options_of(device, dtype, load_in_4bit)
    judges = [on_device(judge, device) for judge in rewards_of(rewards_for(model)[0] if reward == AUTO else reward)]
    if strategy != BASELINE and not judges:
        raise BadInput(f"The strategy {strategy!r} needs a reward to guide it; name one.")
    sampler = image_sampler(model, settings, options=options)
    guide = judges[0] if judges else None
    rounds = generate_rounds(task, sampler, guide, n=n, strategy=strategy, seed=seed, store=store, cancel=cancel)
    found = engine.Found().hear(rounds, on_round)
    if not found.whole:
        raise CannotDo(f"The strategy {strategy!r} finished no image within its budget; raise n.")
    samples = tuple(one.sample for one in found.whole)
    scores = {} if guide is None else {guide.name: tuple(one.reward for one in found.whole)}
    alone = strategy == BASELINE  # else its candidates are a search's, which no pool holds
    for judge in judges[1:]:
        kept = store.kept_reward(task, sampler, judge) if store is not None and alone else judge
        blocks = (
            samples[start : start + BATCH] for start in range(0, len(samples), BATCH)
        )  # as the first judge reads them
        scores[judge.name] = tuple(score for block in blocks for score in scores_of(kept, task, block))
    further = sum((judge.unit_cost * len(samples) for judge in judges[1:]), found.cost)
    cost, name = total_cost(samples, judges) if alone else further, model_of(sampler, task.kind)
    return Generated(prompt, name, seed, settings, samples, scores, cost, tuple(warnings(judges, name, prompt)))
