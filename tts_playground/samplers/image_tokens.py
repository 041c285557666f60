"""Images token by token from a Janus: a stepped sampler whose step is one row of image tokens."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from tts_playground.core import Cost, Progress, Sample
from tts_playground.errors import BadInput
from tts_playground.models.decode.microbatch import Limit
from tts_playground.models.janus.cuda_graph_batch import open_batch
from tts_playground.models.janus.decode_batch import DecodeBatch
from tts_playground.samplers.cancellation import Cancel, never, stop_if
from tts_playground.samplers.image_paths import ImagePath, ImageSettings
from tts_playground.samplers.microscope import Microscope

if TYPE_CHECKING:
    from tts_playground.models.janus.model import ImagePrefix, Janus
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
    def janus(self) -> Janus:
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
        yield from self.finish(task, self.start(task, indices, seed=seed))

    def finish(self, task: Any, paths: Sequence[ImagePath], *, cancel: Cancel = never) -> Iterator[Sample]:
        """Draw paths (as ``start`` makes them) to their end, in order.

        Raises:
            Cancelled: ``cancel()`` became true; it is asked after every token.
        """
        for report in self.stream_paths(task, paths, cancel=cancel):
            yield from report.finished

    def stream(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Progress]:
        """One image per index, a micro-batch at a time, with a report after every row of tokens."""
        yield from self.stream_paths(task, self.start(task, indices, seed=seed))

    def stream_paths(self, task: Any, paths: Sequence[ImagePath], *, cancel: Cancel = never) -> Iterator[Progress]:
        """As ``stream``, from paths whose settings may differ; they go on as they are, without their keys and values.

        A report's ``unfinished`` are the paths of the micro-batch in work, in order; going on from one of them reads
        its tokens again. Images are reported as finished in order.

        Raises:
            Cancelled: as in ``finish``.
        """
        done = 0
        while done < len(paths):
            now: tuple[ImagePath, ...] = ()
            for now in self._rows(task, _equally_long(paths[done:]), self.janus.tokens, cancel, keep=False):
                if not now[0].done:
                    drawn = sum(len(path.tokens) for path in now) / self.janus.tokens
                    share = (done + drawn) / len(paths)
                    yield Progress((), now, share, step=now[0].steps, steps=self.janus.grid)
            done += len(now)
            yield Progress(tuple(self.peek(task, now)), (), done / len(paths))

    def complete(self, task: Any, paths: Sequence[ImagePath]) -> list[ImagePath]:
        """The paths drawn to their end, without their pictures."""
        whole: list[ImagePath] = []
        while len(whole) < len(paths):
            rest = _equally_long(paths[len(whole) :])
            *_, ended = self._rows(task, rest, self.janus.tokens, never, keep=False)
            whole += ended
        return whole

    def sweep(self, task: Any, settings: Sequence[ImageSettings], index: int = 0, *, seed: int = 0) -> list[Sample]:
        """The image of one index under each of several settings, in one batch: same noise, so only settings differ."""
        paths = [replace(path, settings=one) for one in settings for path in self.start(task, [index], seed=seed)]
        return list(self.finish(task, paths))

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
        result = list(paths)
        groups: dict[int, list[int]] = defaultdict(list)
        for place, path in enumerate(paths):
            if not path.done:
                groups[len(path.tokens)].append(place)
        for drawn, places in groups.items():
            # A path that was resumed inside a row first finishes that row.
            count = self.janus.grid - drawn % self.janus.grid
            while places:
                *_, ended = self._rows(task, [paths[place] for place in places], count, never, keep=True)
                for place, path in zip(places, ended, strict=False):
                    result[place] = path
                places = places[len(ended) :]
        return result

    def foretell(self, task: Any, paths: Sequence[ImagePath]) -> list[ImagePath]:
        """One more row each, of the likeliest tokens; the settings of the paths stay."""
        cold = self.step(task, [replace(path, settings=replace(path.settings, temperature=0.0)) for path in paths])
        return [replace(new, settings=old.settings) for new, old in zip(cold, paths, strict=True)]

    def fork(self, path: ImagePath, index: int) -> ImagePath:
        """The same tokens; the noise of ``index`` from here on."""
        return replace(path, index=index, parent=path.index, forked_at=path.steps, cost=Cost())

    def retold(self, path: ImagePath) -> ImagePath:
        """The path without keys and values, which were read behind its prompt: its tokens are read again."""
        return replace(path, pieces=())

    def rewind(self, path: ImagePath, steps: int) -> ImagePath:
        """The first ``steps`` rows; what they cost stays spent.

        Raises:
            BadInput: the path has fewer.
        """
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

    def _rows(
        self, task: Any, paths: Sequence[ImagePath], count: int, cancel: Cancel, *, keep: bool
    ) -> Iterator[tuple[ImagePath, ...]]:
        """The first of ``paths``, all equally long, as many as fit into one micro-batch, after every row of tokens.

        They end ``count`` tokens longer, or whole; ``keep``: with the keys and values that a later step goes on from.
        Where the memory does not hold them after all, fewer begin again.
        """
        prefix = self.janus.prefix(task.prompt)

        def run(some: Sequence[ImagePath]) -> Iterator[tuple[ImagePath, ...]]:
            spent, began = 0.0, perf_counter()
            batch = self._open(prefix, some)
            end = min(self.janus.tokens, batch.at + count)
            try:
                while batch.at < end:
                    row = min(self.janus.grid - batch.at % self.janus.grid, end - batch.at)
                    for _ in batch.run(row):
                        stop_if(cancel)
                    spent += perf_counter() - began  # what the reader of a row does meanwhile is not drawing
                    yield tuple(_grown(batch, some, spent / len(some), keep and batch.at == end))
                    began = perf_counter()
            finally:
                batch.close()

        return self.limit.stream(paths, [path.row().guided + 1 for path in paths], run)

    def _open(self, prefix: ImagePrefix, paths: Sequence[ImagePath]) -> DecodeBatch:
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


def _equally_long(paths: Sequence[ImagePath]) -> Sequence[ImagePath]:
    """The first paths, as far as they have as many tokens as the first one."""
    other = (place for place, path in enumerate(paths) if len(path.tokens) != len(paths[0].tokens))
    return paths[: next(other, len(paths))]


def _grown(batch: DecodeBatch, paths: Sequence[ImagePath], seconds: float, keep: bool) -> list[ImagePath]:
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
