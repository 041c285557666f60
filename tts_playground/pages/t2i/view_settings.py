"""What a page asks for, as one frozen value: bent into range, never trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from tts_playground.errors import PlaygroundError
from tts_playground.models import loading
from tts_playground.models.hub.identity import guidance_of, unknown_words, usual_of
from tts_playground.models.hub.picture_kinds import is_pipeline
from tts_playground.pages.coerce import number
from tts_playground.pages.menu import Menu
from tts_playground.pages.t2i import reward_choice
from tts_playground.samplers.diffusion_paths import DiffusionSettings
from tts_playground.samplers.image_tokens import ImageSettings
from tts_playground.samplers.sampling_limits import GUIDANCE
from tts_playground.tasks.reward_worlds import rewards_for
from tts_playground.tasks.text_to_image import LAB_PROMPTS, LONGEST, WORLD_PROMPTS, PromptTask

EMBEDDED = "tiny:janus"
COLDEST = 1e-4
"""temperature of a slider at 0"""
LIMITS: dict[str, tuple[float, float]] = {
    "n": (1, 256),
    "temperature": (0, 5),
    "cfg": (1, 100),
    "top_p": (0.01, 1),
    "top_k": (0, 16384),
    "seed": (0, 2**31 - 1),
    "steps": (1, 100),
    "eta": (0, 1),
}
"""lowest and highest value of every number; what strangers may ask of a shared machine"""
FRESH_STEPS = 20
"""denoising steps that stand in a page whose model does not denoise"""
OPENING = WORLD_PROMPTS[6]
"""of a fresh page, where the model knows the world: two images in five are wrong, so choosing is seen to matter"""
MENU = Menu("janus", EMBEDDED, "TTS_PLAYGROUND_T2I_MODEL", "t2i")


@dataclass(frozen=True, slots=True)
class T2iView:
    """Everything that decides what a page shows. The defaults are what a fresh page opens with."""

    prompt: str = OPENING
    n: int = 16
    """images in view: the N of best-of-N"""
    temperature: float = 1.0
    cfg: float = GUIDANCE
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0
    model: str = EMBEDDED
    reward: str = "clip"
    """orders the gallery and picks the best"""
    second: str = "aesthetic"
    """what the pick is measured by beside it"""
    steps: int = FRESH_STEPS
    """denoising steps, of a pipeline of diffusers"""
    eta: float = 0.0
    """share of the noise that every denoising step draws anew"""

    @property
    def denoises(self) -> bool:
        """Whether the model is a pipeline of diffusers: it takes steps and eta, and no settings of tokens."""
        return is_pipeline(self.model)

    @property
    def settings(self) -> ImageSettings | DiffusionSettings:
        """How pictures are drawn."""
        return DiffusionSettings(self.cfg, self.steps, self.eta) if self.denoises else self.of_tokens

    @property
    def of_tokens(self) -> ImageSettings:
        """How a model that draws tokens draws them."""
        return ImageSettings(self.temperature, self.cfg, self.top_p, self.top_k)

    @property
    def task(self) -> PromptTask:
        """What is wanted; raises BadInput when the prompt is empty or too long."""
        return PromptTask(self.prompt)


OF_TOKENS = {
    "temperature": "Temperature",
    "top_p": "Top-p",
    "top_k": "Top-k",
}
"""settings of models that draw tokens, and their labels"""
OF_DENOISING = {"steps": "Denoising steps", "eta": "Eta"}
"""settings of models that denoise, and their labels"""


def understood(model: str) -> dict[str, str]:
    """Setting -> why the model does not take it, "" where it does, of those that only one kind of model has."""
    denoises = is_pipeline(model)
    others = OF_TOKENS if denoises else OF_DENOISING
    why = "denoises and draws no tokens" if denoises else "draws tokens and does not denoise"
    return {name: f"Not of {model}, which {why}." if name in others else "" for name in (*OF_TOKENS, *OF_DENOISING)}


ORDER = tuple(field.name for field in fields(T2iView))
"""the fields in the order in which components stand"""


def default_view() -> T2iView:
    """What a fresh page opens with on this machine."""
    return _fresh(loading.default_name("janus"))


def _fresh(model: str) -> T2iView:
    """What a fresh page would open with if ``model`` were this machine's own."""
    first = examples()[0]
    prompt = OPENING if first in WORLD_PROMPTS else first
    return T2iView(prompt=prompt, **_of_model(model))


OF_MODEL = ("cfg", "reward", "second", "steps")
"""settings that follow a model where nobody chose others"""


def _of_model(model: str) -> dict[str, Any]:
    """The settings that follow a model: its guidance, and the two rewards that fit it best."""
    rewards = rewards_for(model)
    second = next(iter(rewards[1:]), rewards[0])
    steps = {"steps": usual_of(model)[0]} if is_pipeline(model) else {}
    return {"model": model, "cfg": guidance(model), "reward": rewards[0], "second": second, **steps}


def following(view: T2iView, named: Mapping[str, Any]) -> T2iView:
    """The view of a link that names only some settings: where its model is among them, others follow that."""
    if "model" not in named:
        return view
    return replace(view, **{name: value for name, value in _of_model(view.model).items() if name not in named})


def of_model(view: T2iView) -> T2iView:
    """The view with as many denoising steps as suit its model, where that denoises and nobody has chosen others."""
    return replace(view, steps=usual_of(view.model)[0]) if view.denoises and view.steps == FRESH_STEPS else view


def guidance(model: str) -> float:
    """The guidance scale that a model's own config names; Janus-Pro's where it names none."""
    return guidance_of(model) or GUIDANCE


def examples(model: str | None = None) -> tuple[str, ...]:
    """Prompts to try: first those whose words the model knows."""
    return _examples(model or loading.default_name("janus"))


@lru_cache(maxsize=64)
def _examples(model: str) -> tuple[str, ...]:
    small = bool(unknown(model, " ".join(LAB_PROMPTS)))
    return (*WORLD_PROMPTS, *LAB_PROMPTS) if small else (*LAB_PROMPTS, *WORLD_PROMPTS)


def unknown(model: str, prompt: str) -> list[str]:
    """Words of the prompt that the model was never taught; none where its tokenizer is not on this machine."""
    try:
        return unknown_words(model, prompt)
    except PlaygroundError:
        return []


def view_of(*values: Any) -> T2iView:
    """A view from component values in ``ORDER``; what a browser left empty or bent is put right."""
    return coerce_view(dict(zip(ORDER, values, strict=False)))  # settings came later than programs that send fewer


def values_of(view: T2iView) -> tuple[Any, ...]:
    """The values in ``ORDER``, for the components."""
    return tuple(getattr(view, name) for name in ORDER)


def coerce_view(given: Mapping[str, Any]) -> T2iView:
    """A view from names and values, of a page, a link or a picture's settings: every value is put into its range."""
    model = str(given.get("model") or "")
    # what the files of a model in the menu say may be read for anybody
    base = _fresh(model) if model in MENU.names() else default_view()
    known = {name: _fit(name, value, getattr(base, name)) for name, value in given.items() if name in ORDER}
    return replace(base, **known)


def to_query(view: T2iView) -> str:
    """The query string of a link that brings this view back; it says nothing of what the model does not take."""
    refused = understood(view.model)
    told = {name: value for name, value in asdict(view).items() if not refused.get(name)}
    return urlencode({"tab": "t2i", **told}, errors="replace")


def _fit(name: str, value: Any, default: Any) -> Any:
    if name == "prompt":
        return str(value or "")[: LONGEST + 1]
    if name == "model":
        return str(value).strip()[:300] if value else default
    if name in ("reward", "second"):
        return reward_choice.known(value) or default
    low, high = LIMITS[name]
    if name == "temperature":  # a slider that begins at 0 has round steps; below this it is greedy anyway
        low = COLDEST
    return number(value, default, low, high)
