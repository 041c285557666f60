"""Any text-to-image pipeline of diffusers that takes latents, driven by its own ``__call__`` a few steps at a time.

Nothing of a family is written again: the pipeline encodes prompts, guides, scales and decodes as it always does. Only
its scheduler is held: it shows a slice of its timesteps, remembers what it knew of each sample, is given noise that
belongs to a sample and a step, and tells the clean picture that the model has in mind (Song et al. 2021, equation 12).
"""

from __future__ import annotations

import functools
import inspect
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tts_playground.errors import BadInput
from tts_playground.models.diffusion import levels, memory
from tts_playground.models.lru_cache import LruCache
from tts_playground.randomness import generator, key

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

PROMPTS_KEPT = 16
WIDTH = 4
"""pictures in one call, always: a call for fewer is filled up with copies, because sums are rounded by the shape of a
batch, while a row's bits are its own in batches of one shape"""
NOISE_BITS = (1 << 63) - 1


class _Enough(Exception):
    """Ends a pipeline's call once what was wanted is known."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where one picture stands between two steps. Immutable."""

    latents: Any
    """float32 [1, ...] as the pipeline shapes them; None before the first step"""
    taken: int
    """denoising steps taken"""
    clean: Any = None
    """the clean latents that the last evaluation predicted, [1, ...]"""
    memory: Any = None
    """what a scheduler of several steps remembers"""
    level: tuple[float, float] = (0.0, 1.0)
    """how much clean picture and how much noise the latents are made of"""


@dataclass(frozen=True, slots=True)
class Wish:
    """How far a picture goes, and by which noise."""

    seed: int
    index: int
    origin: int
    """whose noise the picture began with"""
    steps: int
    """denoising steps of the whole schedule"""
    guidance: float
    eta: float
    """share of the noise that every step draws anew, in [0, 1]"""
    stir: float
    """the same for the first step alone: a fork goes its own way by it"""


class Diffusion:
    """A loaded pipeline. One call at a time: pipelines keep state of their own."""

    def __init__(self, pipeline: Any, steps: int | None = None, guidance: float | None = None) -> None:
        """Hold a pipeline; ``steps`` and ``guidance`` are what suits it, None is what its own call takes."""
        self.pipeline, self._steps, self._guidance = pipeline, steps, guidance
        self._lock = threading.RLock()
        self._takes = inspect.signature(type(pipeline).__call__).parameters
        self._shapes: dict[int, tuple[int, ...]] = {}
        self._lengths: dict[int, int] = {}
        self._prompts: LruCache[Any, Any] = LruCache(PROMPTS_KEPT)
        self._rows = 0
        pipeline.set_progress_bar_config(disable=True)
        self.denoiser.register_forward_pre_hook(self._count, with_kwargs=True)
        pipeline.encode_prompt = self._remembering(pipeline.encode_prompt)

    # ------------------------------------------------------------------------------------------------------ facts

    @property
    def denoiser(self) -> Any:
        """The network that is evaluated step by step."""
        return getattr(self.pipeline, "transformer", None) or self.pipeline.unet

    @property
    def device(self) -> Any:
        """Where it runs."""
        return self.denoiser.device

    @property
    def side(self) -> int:
        """Pixels a side of its own pictures."""
        scale = int(self.pipeline.vae_scale_factor)
        size = self.denoiser.config.get("sample_size") or getattr(self.pipeline, "default_sample_size", None) or 64
        return int(size) * scale

    @property
    def usual(self) -> tuple[int, float]:
        """Denoising steps and guidance that its own call takes where none are named."""
        steps, guidance = (self._takes.get(name) for name in ("num_inference_steps", "guidance_scale"))
        return (
            self._steps or (int(steps.default) if steps else 28),
            self._guidance or (float(guidance.default) if guidance else 1.0),
        )

    @property
    def random(self) -> bool:
        """Whether its scheduler draws noise at every step whatever eta is."""
        name = type(self.pipeline.scheduler).__name__
        kind = str(self.pipeline.scheduler.config.get("algorithm_type", ""))
        return "Ancestral" in name or name.startswith(("DDPM", "LCM", "TCD")) or "sde" in kind

    def _count(self, module: Any, given: Any, named: Any) -> None:
        rows = given[0] if given else named.get("hidden_states", named.get("sample"))
        self._rows += len(rows)

    def _remembering(self, encode: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(encode)
        def remembered(*given: Any, **named: Any) -> Any:
            told = repr((given, sorted(named.items())))
            known = self._prompts.get(told)
            return known if known is not None else self._prompts.put(told, encode(*given, **named))

        return remembered

    # ------------------------------------------------------------------------------------------------------- calls

    def _call(self, prompt: str, count: int, size: int, steps: int, guidance: float, **more: Any) -> Any:
        """The pipeline's own call for ``count`` pictures of one prompt."""
        side = size or self.side
        wanted: dict[str, Any] = {
            "prompt": prompt,
            "num_images_per_prompt": count,
            "num_inference_steps": steps,
            "guidance_scale": guidance,
            "height": side,
            "width": side,
            "use_resolution_binning": False,
            "clean_caption": False,
            **self._short_texts(),
            **more,
        }
        return self.pipeline(**{name: value for name, value in wanted.items() if name in self._takes})

    def _short_texts(self) -> dict[str, Any]:
        """What a text encoder that reads few tokens must be told: no instruction before the prompt, short padding."""
        encoder = getattr(self.pipeline, "text_encoder", None)
        usual = self._takes.get("max_sequence_length")
        most = getattr(getattr(encoder, "config", None), "max_position_embeddings", None)
        own = getattr(self.pipeline, "text_encoder_2", None) is not None  # the first then reads to its own length
        if usual is None or own or not isinstance(most, int) or most >= usual.default:
            return {}
        return {"max_sequence_length": most, "complex_human_instruction": None}

    def shape(self, size: int = 0) -> tuple[int, ...]:
        """Of the latents of one picture of ``size`` pixels a side, as the pipeline shapes them (0: its own size)."""
        if size not in self._shapes:
            with self._lock:
                self._shapes[size] = self._seen_shape(size)
        return self._shapes[size]

    def _seen_shape(self, size: int) -> tuple[int, ...]:
        import torch

        prepare, seen = self.pipeline.prepare_latents, []

        @functools.wraps(prepare)
        def look(*given: Any, **named: Any) -> Any:
            made = prepare(*given, **named)
            seen.append(made[0] if isinstance(made, tuple) else made)
            raise _Enough

        self.pipeline.prepare_latents = look
        try:
            self._call("a", 1, size, 2, 1.0, generator=torch.Generator().manual_seed(0))
        except _Enough:
            return tuple(seen[0].shape[1:])
        except ValueError as error:  # a side that its patches do not fill
            raise BadInput(f"This pipeline draws no pictures of {size} x {size} pixels: {error}") from error
        finally:
            del self.pipeline.prepare_latents
        raise BadInput(f"The pipeline {type(self.pipeline).__name__} prepares no latents.")

    def first_noise(self, seed: int, index: int, size: int = 0) -> Tensor:
        """What picture ``index`` of ``seed`` begins with: float32 [1, ...], standard normal."""
        return _normal(self.shape(size), seed, index, "latents")

    def length(self, steps: int) -> int:
        """Evaluations in a schedule of ``steps`` denoising steps: more for schedulers of the second order."""
        if steps not in self._lengths:
            scheduler = type(self.pipeline.scheduler).from_config(self.pipeline.scheduler.config)
            more = {"mu": 1.0} if scheduler.config.get("use_dynamic_shifting") else {}
            scheduler.set_timesteps(steps, **more)
            self._lengths[steps] = len(scheduler.timesteps)
        return self._lengths[steps]

    def run(
        self,
        prompt: str,
        stands: Sequence[Stand],
        wishes: Sequence[Wish],
        count: int,
        size: int = 0,
        heard: Callable[[], None] | None = None,
    ) -> tuple[list[Stand], int]:
        """Take 1 to ``WIDTH`` pictures that stand at the same step ``count`` denoising steps further.

        Args:
            wishes: as many; steps, guidance, eta and stir are the same in all.
            heard: called after every step; what it raises ends the run.

        Returns:
            Where they stand then, and how often the network was evaluated for each.
        """
        import torch

        if not 0 < len(stands) <= WIDTH:
            raise ValueError(f"1 to {WIDTH} pictures go into one call, not {len(stands)}")
        wanted, first = len(stands), wishes[0]
        stands = [*stands, *[stands[-1]] * (WIDTH - wanted)]
        wishes = [*wishes, *[wishes[-1]] * (WIDTH - wanted)]
        rows = [
            self.first_noise(wish.seed, wish.origin, size) if stand.latents is None else stand.latents
            for stand, wish in zip(stands, wishes, strict=True)
        ]
        with self._lock, _Held(self, stands, wishes, count, heard) as held:
            self._rows = 0
            latents = torch.cat(rows).to(self.device)
            self._call(
                prompt,
                len(rows),
                size,
                first.steps,
                first.guidance,
                latents=latents,
                output_type="latent",
                eta=first.eta,
            )
            return held.stands()[:wanted], math.ceil(self._rows / len(rows))

    def pictures(self, prompt: str, latents: Tensor, size: int = 0) -> list[Image.Image]:
        """Clean latents [n, ...] through the pipeline's own decoding."""
        with self._lock, _Held(self, [Stand(latents, 0)] * len(latents), [], 0, None):
            found = []
            for row in latents.split(1):  # each by itself, so that its bits are its own
                found += self._call(prompt, 1, size, 2, 1.0, latents=row.to(self.device), output_type="pil").images
            return found


class _Held:
    """The pipeline's scheduler while a slice of its timesteps is run."""

    def __init__(
        self,
        model: Diffusion,
        stands: Sequence[Stand],
        wishes: Sequence[Wish],
        count: int,
        heard: Callable[[], None] | None,
    ) -> None:
        self.model, self.wishes, self.heard = model, wishes, heard
        self.first, self.steps = stands[0].taken, count
        self.memories = [stand.memory for stand in stands if stand.memory is not None]
        self.now = self.first
        self.latents: Any = None
        self.clean: Any = None
        self.kept: list[Any] = [None] * len(stands)
        self.whole: Any = None

    def __enter__(self) -> _Held:
        pipeline = self.model.pipeline
        self.usual = pipeline.scheduler
        self.scheduler = type(self.usual).from_config(self.usual.config)
        for name in ("set_timesteps", "scale_model_input", "step"):
            if hasattr(self.scheduler, name):
                real = getattr(self.scheduler, name)
                setattr(self.scheduler, name, functools.wraps(real)(functools.partial(getattr(self, f"_{name}"), real)))
        if self.first or not self.steps:  # what the first noise is scaled by
            with_no_scale(self.scheduler)
        pipeline.scheduler = self.scheduler
        return self

    def __exit__(self, *raised: Any) -> None:
        self.model.pipeline.scheduler = self.usual

    def _set_timesteps(self, real: Callable[..., Any], *given: Any, **named: Any) -> None:
        real(*given, **named)
        self.whole = self.scheduler.timesteps
        self.scheduler.timesteps = self.whole[self.first : self.first + self.steps]

    def _placed(self) -> None:
        """The whole schedule again, at the place where it is."""
        self.scheduler.timesteps = self.whole
        if self.now == self.first and self.memories:
            memory.recall(self.scheduler, self.memories)
            self.memories = []
        if hasattr(self.scheduler, "_step_index"):
            self.scheduler._step_index = self.now

    def _scale_model_input(self, real: Callable[..., Any], *given: Any, **named: Any) -> Any:
        self._placed()
        return real(*given, **named)

    def _step(
        self, real: Callable[..., Any], output: Any, timestep: Any, sample: Any, *given: Any, **named: Any
    ) -> Any:
        self._placed()
        scheduler, takes = self.scheduler, inspect.signature(real).parameters
        wish, place = self.wishes[0], self.now
        share = max(wish.eta, wish.stir if place == self.first else 0.0)
        if "generator" in takes:
            named["generator"] = [_torch_generator(one.seed, one.index, place) for one in self.wishes]
        if "eta" in takes:
            named["eta"], share = share, 0.0
        clean, noise = levels.parts(scheduler, place, output, sample)
        found = real(output, timestep, sample, *given, **named)
        after = found[0] if isinstance(found, tuple) else found.prev_sample
        if share and not self.model.random:
            after = self._stirred(after, noise, share, place)
        self.now, self.latents, self.clean = place + 1, after, clean
        self.kept = memory.remembered(scheduler, len(self.wishes))
        if self.heard is not None:
            self.heard()
        if isinstance(found, tuple):
            return (after, *found[1:])
        found.prev_sample = after
        return found

    def _stirred(self, after: Any, noise: Any, share: float, place: int) -> Any:
        """The next sample with a share of its noise drawn anew; its amount stays."""
        import torch

        _, amount = levels.level(self.scheduler, place + 1)
        fresh = [_normal(after.shape[1:], one.seed, one.index, place, "stir") for one in self.wishes]
        new = torch.cat(fresh).to(noise)
        return (after.float() + amount * (((1 - share**2) ** 0.5 - 1) * noise + share * new)).to(after.dtype)

    def stands(self) -> list[Stand]:
        """Where the pictures stand."""
        level = levels.level(self.scheduler, self.now)
        return [
            Stand(latents.float().cpu(), self.now, clean.cpu(), kept, level)
            for latents, clean, kept in zip(self.latents.split(1), self.clean.split(1), self.kept, strict=True)
        ]


def with_no_scale(scheduler: Any) -> None:
    """Let ``init_noise_sigma`` be 1, also where the class computes it."""
    kind = type(scheduler)
    if isinstance(getattr(kind, "init_noise_sigma", None), property):
        scheduler.__class__ = type(kind.__name__, (kind,), {"init_noise_sigma": 1.0})
    elif hasattr(scheduler, "init_noise_sigma"):
        scheduler.init_noise_sigma = 1.0


def _normal(shape: Any, *names: int | str) -> Tensor:
    import torch

    return torch.from_numpy(generator(*names).standard_normal((1, *shape), dtype="float32"))


def _torch_generator(seed: int, index: int, place: int) -> Any:
    import torch

    return torch.Generator().manual_seed(key(seed, index, place, "step") & NOISE_BITS)
