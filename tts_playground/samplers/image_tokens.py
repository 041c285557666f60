"""Images token by token from a Janus: a stepped sampler whose step is one row of image tokens."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from tts_playground.core import Cost, Sample
from tts_playground.errors import BadInput
from tts_playground.models.cuda_rows import open_batch
from tts_playground.models.image_rows import Batch
from tts_playground.models.microbatch import Limit
from tts_playground.samplers.image_paths import Frame, ImagePath, ImageSettings
from tts_playground.samplers.microscope import Microscope
from tts_playground.samplers.stopping import Cancel, never, stop_if

if TYPE_CHECKING:
    from tts_playground.models.loading import Loaded

VERSION = 2


@dataclass(frozen=True)
class ImageTokens:
    """Draws images for tasks that have a ``prompt``. A path's settings may differ from the sampler's."""

    loaded: Loaded
    """a loaded Janus (``models.loading.load(name, "janus")``)"""
    settings: ImageSettings = field(default=ImageSettings())
    most: int | None = None
    """images in one micro-batch; None fits it to the memory"""

    @property
    def janus(self) -> Any:
        """The model."""
        return self.loaded.value

    @property
    def limit(self) -> Limit:
        """How many images go through the model at once."""
        return Limit(self.janus, self.most)

    def fingerprint(self) -> Mapping[str, Any]:
        """Everything that decides the distribution."""
        model = self.loaded.fingerprint()
        return {"sampler": "image-tokens", "version": VERSION, **model, **self.settings.as_dict()}

    # ------------------------------------------------------------------------------------------------- whole images

    def draw(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Sample]:
        """One image per index, a micro-batch at a time."""
        yield from self.draw_paths(task, self.start(task, indices, seed=seed))

    def draw_paths(self, task: Any, paths: Sequence[ImagePath], *, cancel: Cancel = never) -> Iterator[Sample]:
        """Finish paths (as ``start`` makes them), in order, without keeping their keys and values.

        Raises:
            Cancelled: ``cancel()`` became true; it is asked after every token.
        """
        position = 0
        while position < len(paths):
            ahead = paths[position:]
            same = next((i for i, p in enumerate(ahead) if len(p.tokens) != len(ahead[0].tokens)), len(ahead))
            ended = self.extend(task, ahead[:same], cancel=cancel)
            yield from self.peek(task, ended)
            position += len(ended)

    def extend(self, task: Any, paths: Sequence[ImagePath], *, cancel: Cancel = never) -> list[ImagePath]:
        """The first of ``paths``, all equally long, as many as fit into one micro-batch, drawn to their end."""
        return self._advance(task, paths, self.janus.tokens, cancel, keep=False)

    def sweep(self, task: Any, settings: Sequence[ImageSettings], index: int = 0, *, seed: int = 0) -> list[Sample]:
        """The image of one index under each of several settings, in one batch: same noise, so only settings differ."""
        paths = [replace(path, settings=one) for one in settings for path in self.start(task, [index], seed=seed)]
        return list(self.draw_paths(task, paths))

    def stream(self, task: Any, paths: Sequence[ImagePath], *, cancel: Cancel = never) -> Iterator[Frame]:
        """Go on row by row with all paths together; yields a frame after every row, for previews.

        Where one micro-batch holds them all its memory stays open, and the paths of the frames bring no keys and values
        of their own: going on from one of them reads its tokens again.

        Raises:
            Cancelled: as in ``draw_paths``.
        """
        now = list(paths)
        if self._in_one_batch(now):
            yield from self._streamed(task, now, cancel)
            return
        while not all(path.done for path in now):
            now = self._step(task, now, cancel)
            yield Frame(tuple(now), min(path.steps for path in now), self.janus.grid)

    def _in_one_batch(self, paths: Sequence[ImagePath]) -> bool:
        """Whether paths go on in lock-step and cannot run out of memory half-way, as on a GPU that others use."""
        if self.janus.device.type != "cpu" or len({len(path.tokens) for path in paths}) != 1 or paths[0].done:
            return False
        return self.limit.fits([path.row().guided + 1 for path in paths])

    def _streamed(self, task: Any, paths: Sequence[ImagePath], cancel: Cancel) -> Iterator[Frame]:
        spent, began = 0.0, perf_counter()
        batch = self._open(self.janus.prefix(task.prompt), paths)
        try:
            while batch.at < self.janus.tokens:
                for _ in batch.run(self.janus.grid - batch.at % self.janus.grid):
                    stop_if(cancel)
                spent += perf_counter() - began  # what the reader of the frames does meanwhile is not drawing
                now = tuple(_grown(batch, paths, spent / len(paths), keep=False))
                yield Frame(now, min(path.steps for path in now), self.janus.grid)
                began = perf_counter()
        finally:
            batch.close()

    # ----------------------------------------------------------------------------------------------------- in steps

    def horizon(self, task: Any) -> int:
        """Rows of tokens."""
        return self.janus.grid

    def start(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> list[ImagePath]:
        """Paths without tokens."""
        grid = self.janus.grid
        return [ImagePath(index, seed, self.settings, (), (), (), grid) for index in indices]

    def step(self, task: Any, paths: Sequence[ImagePath]) -> list[ImagePath]:
        """One more row of tokens each."""
        return self._step(task, paths, never)

    def _step(self, task: Any, paths: Sequence[ImagePath], cancel: Cancel) -> list[ImagePath]:
        result = list(paths)
        groups: dict[int, list[int]] = defaultdict(list)
        for place, path in enumerate(paths):
            if not path.done:
                groups[len(path.tokens)].append(place)
        for drawn, places in groups.items():
            # A path that was resumed inside a row first finishes that row.
            count = self.janus.grid - drawn % self.janus.grid
            while places:
                ended = self._advance(task, [paths[place] for place in places], count, cancel, keep=True)
                for place, path in zip(places, ended, strict=False):
                    result[place] = path
                places = places[len(ended) :]
        return result

    def fork(self, path: ImagePath, index: int) -> ImagePath:
        """The same tokens; the noise of ``index`` from here on."""
        return replace(path, index=index, parent=path.index, forked_at=path.steps, cost=Cost())

    def rewind(self, path: ImagePath, steps: int) -> ImagePath:
        """The first ``steps`` rows; what they cost stays spent."""
        if not 0 <= steps <= path.steps:
            raise BadInput(f"This image has {path.steps} rows, so it cannot be rewound to {steps}.")
        length = steps * path.grid
        pieces, held = [], 0
        for piece in path.pieces:
            room = length - 1 - held
            if room <= 0:
                break
            pieces.append(piece[..., :room, :])
            held += pieces[-1].shape[4]
        if held < length - 1:
            pieces = []
        short = {name: getattr(path, name)[:length] for name in ("tokens", "logprobs", "entropies")}
        return replace(path, **short, pieces=tuple(pieces))

    def resume(self, task: Any, tokens: Sequence[int], index: int, *, seed: int = 0) -> ImagePath:
        """A path that begins with given tokens, e.g. of a picture that was dropped in.

        Raises:
            BadInput: too many tokens, or one that is not in the codebook.
        """
        if len(tokens) > self.janus.tokens or any(not 0 <= token < self.janus.codes for token in tokens):
            raise BadInput(f"An image of this model has {self.janus.tokens} tokens from 0 to {self.janus.codes - 1}.")
        zeros = (0.0,) * len(tokens)
        return ImagePath(index, seed, self.settings, tuple(tokens), zeros, zeros, self.janus.grid)

    def peek(self, task: Any, paths: Sequence[ImagePath]) -> list[Sample]:
        """The images as they stand: rows that are not drawn yet are grey."""
        import torch

        if not paths:
            return []
        total = self.janus.tokens
        tokens = torch.tensor([path.tokens + (0,) * (total - len(path.tokens)) for path in paths], dtype=torch.int64)
        pictures = self.janus.pictures(tokens, [len(path.tokens) for path in paths])
        return [_sample(path, picture) for path, picture in zip(paths, pictures, strict=True)]

    # -------------------------------------------------------------------------------------------------- the batches

    def _advance(
        self, task: Any, paths: Sequence[ImagePath], count: int, cancel: Cancel, *, keep: bool
    ) -> list[ImagePath]:
        """The first of ``paths``, as many as fit, ``count`` tokens longer (or to their end)."""
        prefix = self.janus.prefix(task.prompt)

        def run(some: Sequence[ImagePath]) -> list[ImagePath]:
            began = perf_counter()
            batch = self._open(prefix, some)
            try:
                for _ in batch.run(count):
                    stop_if(cancel)
                return _grown(batch, some, (perf_counter() - began) / len(some), keep)
            finally:
                batch.close()

        return self.limit.run(paths, [path.row().guided + 1 for path in paths], run)

    def _open(self, prefix: Any, paths: Sequence[ImagePath]) -> Batch:
        """A batch that goes on from the paths; those without keys and values of their own are read again first."""
        rows = [path.row() for path in paths]
        held = [sum(piece.shape[4] for piece in row.cache) for row in rows]
        if all(have == max(0, len(row.tokens) - 1) for have, row in zip(held, rows, strict=True)):
            return open_batch(self.janus, prefix, rows)
        batch = open_batch(self.janus, prefix, [replace(row, cache=(), tokens=()) for row in rows])
        batch.replay([row.tokens for row in rows])
        return batch

    # --------------------------------------------------------------------------------------------------- microscope

    def inspect(self, task: Any, tokens: Sequence[int]) -> Microscope:
        """Conditional and unconditional logits at every token of a finished image, in one forward."""
        cond, uncond = self.janus.teacher_logits(task.prompt, tokens)
        return Microscope(tuple(tokens), cond, uncond)


def _grown(batch: Batch, paths: Sequence[ImagePath], seconds: float, keep: bool) -> list[ImagePath]:
    """The paths with what the batch drew."""
    tables = [table.tolist() for table in (batch.tokens, batch.logprobs, batch.entropies)]
    grown = []
    for place, path in enumerate(paths):
        old = len(path.tokens)
        tokens, logprobs, entropies = (tuple(table[place][old : batch.at]) for table in tables)
        spent = Cost(tokens=len(tokens) * (2 if path.row().guided else 1), seconds=seconds)
        grown.append(
            replace(
                path,
                tokens=path.tokens + tokens,
                logprobs=path.logprobs + logprobs,
                entropies=path.entropies + entropies,
                cost=path.cost + spent,
                pieces=(*(path.pieces if batch.start else ()), batch.piece(place)) if keep else (),
            )
        )
    return grown


def _sample(path: ImagePath, picture: Any) -> Sample:
    info = {
        "tokens": path.tokens,
        "settings": path.settings.as_dict(),
        "logprobs": path.logprobs,
        "entropies": path.entropies,
        "steps": path.steps,
        "forked_at": path.forked_at,
        "complete": path.done,
    }
    cost = path.cost + Cost(samples=1)
    return Sample(picture, path.index, path.seed, math.fsum(path.logprobs), cost, path.parent, info)
