"""Pictures by denoising, from any text-to-image pipeline of diffusers: a stepped sampler whose views are clean.

A step is a few denoising steps; what an unfinished picture shows is the clean one that the model predicts from it
(Tweedie's formula), as Feynman-Kac steering scores it (Singhal et al. 2025, arXiv:2501.06848). Forks of a path whose
sampler draws no noise of its own would be equal, so the first denoising step after a fork draws all noise anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from tts_playground.core import Cost, Progress, Sample
from tts_playground.errors import BadInput, CannotDo
from tts_playground.models.diffusion.model import WIDTH
from tts_playground.samplers.cancellation import Cancel, never, stop_if
from tts_playground.samplers.diffusion_paths import STOPS, DiffusionPath, DiffusionSettings

if TYPE_CHECKING:
    from tts_playground.models.diffusion.model import Diffusion
    from tts_playground.models.loading import Loaded

VERSION = 1
GREY = 128


@dataclass(frozen=True)
class DiffusionSampler:
    """Draws pictures for tasks that have a ``prompt``. A path's settings may differ from the sampler's."""

    loaded: Loaded
    """a loaded pipeline (``models.loading.load(name, "diffusion")``)"""
    settings: DiffusionSettings = field(default=DiffusionSettings())

    @property
    def model(self) -> Diffusion:
        """The pipeline."""
        return self.loaded.value

    def fingerprint(self) -> Mapping[str, Any]:
        """Everything that decides the distribution."""
        return {"sampler": "diffusion", "version": VERSION, **self.loaded.fingerprint(), **self.settings.as_dict()}

    # ------------------------------------------------------------------------------------------------ whole pictures

    def draw(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Sample]:
        """One picture per index, a few at a time."""
        yield from self.finish(task, self.start(task, indices, seed=seed))

    def finish(self, task: Any, paths: Sequence[DiffusionPath], *, cancel: Cancel = never) -> Iterator[Sample]:
        """Draw paths to their end, in order.

        Raises:
            Cancelled: ``cancel()`` became true; it is asked after every denoising step.
        """
        for report in self.stream_paths(task, paths, cancel=cancel):
            yield from report.finished

    def stream(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Progress]:
        """One picture per index, a few at a time, with a report after every step."""
        yield from self.stream_paths(task, self.start(task, indices, seed=seed))

    def stream_paths(self, task: Any, paths: Sequence[DiffusionPath], *, cancel: Cancel = never) -> Iterator[Progress]:
        """As ``stream``, from paths whose settings may differ. A report's ``unfinished`` are the paths in work.

        Raises:
            Cancelled: as in ``finish``.
        """
        for start in range(0, len(paths), WIDTH):
            now = list(paths[start : start + WIDTH])
            while not all(path.done for path in now):
                now = self._stepped(task, now, cancel)
                if not all(path.done for path in now):
                    share = (start + sum(path.taken / path.length for path in now)) / len(paths)
                    longest = max(now, key=lambda path: path.length / path.stride)
                    yield Progress((), tuple(now), share, step=longest.steps, steps=_horizon(longest))
            yield Progress(tuple(self.peek(task, now)), (), (start + len(now)) / len(paths))

    def sweep(self, task: Any, settings: Sequence[DiffusionSettings], index: int = 0, *, seed: int = 0) -> list[Sample]:
        """The picture of one index under each of several settings: same noise, so only settings differ."""
        paths = [replace(self, settings=one).start(task, [index], seed=seed)[0] for one in settings]
        return list(self.finish(task, paths))

    # ------------------------------------------------------------------------------------------------------ in steps

    def horizon(self, task: Any) -> int:
        """Steps of a path."""
        return _horizon(self.start(task, [0])[0])

    def start(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> list[DiffusionPath]:
        """Paths of pure noise."""
        length = self.model.length(self.settings.steps)
        stride = self.settings.stride or -(-length // STOPS)
        return [DiffusionPath(index, seed, self.settings, index, length, stride) for index in indices]

    def step(self, task: Any, paths: Sequence[DiffusionPath]) -> list[DiffusionPath]:
        """A few denoising steps more for each."""
        return self._stepped(task, paths, never)

    def fork(self, path: DiffusionPath, index: int) -> DiffusionPath:
        """The same steps; the noise of ``index`` from here on, of which the next denoising step is all made."""
        if not path.trail and path.start is None:
            return replace(path, index=index, origin=index, parent=path.index, forked_at=0, cost=Cost())
        return replace(path, index=index, parent=path.index, forked_at=path.steps, cost=Cost(), stir=1.0)

    def rewind(self, path: DiffusionPath, steps: int) -> DiffusionPath:
        """The first ``steps`` steps; what they cost stays spent.

        Raises:
            BadInput: the path has fewer.
        """
        if not 0 <= steps <= path.steps:
            raise BadInput(f"This picture has {path.steps} steps, so it cannot be rewound to {steps}.")
        return replace(path, trail=path.trail[:steps])

    def peek(self, task: Any, paths: Sequence[DiffusionPath]) -> list[Sample]:
        """The clean pictures that the model predicts; before the first step grey."""
        from PIL import Image

        samples = []
        for path in paths:
            stand = path.stand
            latents = stand.latents if path.done else stand.clean
            if latents is None:
                side = path.settings.size or self.model.side
                picture: Any = Image.new("RGB", (side, side), (GREY,) * 3)
            else:
                (picture,) = self.model.pictures(task.prompt, latents, path.settings.size)
            samples.append(_sample(path, picture))
        return samples

    # ---------------------------------------------------------------------------------------------------- neighbours

    def near(self, path: DiffusionPath, index: int, distance: float) -> DiffusionPath:
        """A path whose first noise is near that of ``path``: cos(a) of it and sin(a) of index's own, a = ``distance``.

        Both are standard normal, and so is what comes of them. Zero-order search (Ma et al. 2025) moves by such.

        Args:
            distance: angle in radians, 0 (the same) to pi / 2 (another).
        """
        import math

        size, seed = path.settings.size, path.seed
        own = self.model.first_noise(seed, path.origin, size) if path.start is None else path.start
        new = self.model.first_noise(seed, index, size)
        start = math.cos(distance) * own + math.sin(distance) * new
        return replace(path, index=index, start=start, trail=(), parent=path.index, forked_at=0, cost=Cost(), stir=0.0)

    def renoised(self, path: DiffusionPath, back: int, index: int) -> DiffusionPath:
        """The predicted clean picture under fresh noise, as strong as it was ``back`` steps ago.

        Search over paths (Ma et al. 2025) goes back and forth by such.

        Raises:
            BadInput: the path has not more than ``back`` steps.
        """
        if not 1 <= back < path.steps:
            raise BadInput(f"This picture has {path.steps} steps, so it cannot be taken back by {back}.")
        then, now = path.trail[path.steps - back - 1], path.stand
        signal, noise = then.level
        clean = now.latents if path.done else now.clean
        fresh = self.model.first_noise(path.seed, index, path.settings.size)
        stand = replace(then, latents=signal * clean + noise * fresh, clean=clean, memory=None)
        trail = (*path.trail[: path.steps - back - 1], stand)
        return replace(path, index=index, trail=trail, parent=path.index, forked_at=len(trail), cost=Cost(), stir=0.0)

    # ----------------------------------------------------------------------------------------------------- the calls

    def _stepped(self, task: Any, paths: Sequence[DiffusionPath], cancel: Cancel) -> list[DiffusionPath]:
        result, groups = list(paths), defaultdict(list)
        for place, path in enumerate(paths):
            if not path.done:
                groups[path.settings, path.taken, path.stir_now, path.stride].append(place)
        for places in groups.values():
            for start in range(0, len(places), WIDTH):
                some = places[start : start + WIDTH]
                for place, path in zip(some, self._further(task, [paths[i] for i in some], cancel), strict=True):
                    result[place] = path
        return result

    def _further(self, task: Any, paths: Sequence[DiffusionPath], cancel: Cancel) -> list[DiffusionPath]:
        import torch

        first, began = paths[0], perf_counter()
        count = min(first.stride, first.length - first.taken)
        stands, wishes = [path.stand for path in paths], [path.wish() for path in paths]
        try:
            ended, evaluations = self.model.run(
                task.prompt, stands, wishes, count, first.settings.size, lambda: stop_if(cancel)
            )
        except torch.OutOfMemoryError as error:
            raise CannotDo(f"The GPU's memory does not hold {WIDTH} pictures of this size; choose less.") from error
        spent = Cost(tokens=evaluations, seconds=(perf_counter() - began) / len(paths))
        return [
            replace(path, trail=(*path.trail, stand), cost=path.cost + spent)
            for path, stand in zip(paths, ended, strict=True)
        ]


def _horizon(path: DiffusionPath) -> int:
    return -(-path.length // path.stride)


def _sample(path: DiffusionPath, picture: Any) -> Sample:
    info = {
        "settings": path.settings.as_dict(),
        "steps": path.steps,
        "denoised": path.taken,
        "evaluations": path.cost.tokens,
        "forked_at": path.forked_at,
        "complete": path.done,
    }
    return Sample(picture, path.index, path.seed, None, path.cost + Cost(samples=1), path.parent, info)
