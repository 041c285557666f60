"""Answers to a question about a picture from any vision-language model: a stepped sampler whose step is one line.

The picture is encoded once and the prompt read once; all replies are drawn behind those shared keys and values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from tts_playground.core import Cost, Progress, Sample
from tts_playground.errors import BadInput, CannotDo
from tts_playground.models.vlm.decode import Drawn, ReplyRow, draw_rows, rows_that_fit
from tts_playground.samplers.cancellation import Cancel, never, stop_if
from tts_playground.samplers.vlm_settings import AnswerPath, AnswerSettings, answer_sample, revising
from tts_playground.streams import in_order

if TYPE_CHECKING:
    from tts_playground.models.loading import Loaded
    from tts_playground.models.vlm.model import Vlm, VlmPrefix

VERSION = 1


@dataclass(frozen=True)
class VlmSampler:
    """Draws replies for tasks that have an ``image`` and a ``question``."""

    loaded: Loaded
    """a loaded model (``models.loading.load(name, "vlm")``)"""
    settings: AnswerSettings = field(default=AnswerSettings())
    most: int | None = None
    """replies in one micro-batch; None fits it to the memory"""
    cancel: Cancel = field(default=never, repr=False, compare=False)
    """asked after every token of a step; True ends it with Cancelled"""

    @property
    def vlm(self) -> Vlm:
        """The model."""
        return self.loaded.value

    def fingerprint(self) -> Mapping[str, Any]:
        """Everything that decides the distribution."""
        return {"sampler": "vlm", "version": VERSION, **self.loaded.fingerprint(), **self.settings.facts()}

    def prefix(self, task: Any) -> VlmPrefix:
        """The picture and the question, read once.

        Raises:
            BadInput: they leave no room for a reply.
        """
        prefix = self.vlm.prefix(task.image, self.settings.prompt(task.question))
        if prefix.length + self.settings.most_tokens > self.vlm.longest:
            raise BadInput(
                f"Picture and question take {prefix.length} tokens and this model holds {self.vlm.longest}, the reply's"
                f" {self.settings.most_tokens} included; shorten the question, or allow shorter replies."
            )
        return prefix

    # ------------------------------------------------------------------------------------------------ whole replies

    def draw(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Sample]:
        """One reply per index, in order."""
        yield from in_order(self.stream(task, indices, seed=seed), indices)

    def stream(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Progress]:
        """One reply per index as each finishes, so not in order; a report after every token."""
        yield from self.stream_paths(task, self.start(task, indices, seed=seed))

    def stream_paths(self, task: Any, paths: Sequence[AnswerPath], *, cancel: Cancel = never) -> Iterator[Progress]:
        """As ``stream``, from paths as they stand.

        Raises:
            Cancelled: ``cancel()`` became true; it is asked after every token.
        """
        done = [path for path in paths if path.done]
        if done:
            yield Progress(tuple(self.peek(task, done)), (), len(done) / len(paths))
        ended = len(done)
        for group in _by_length(path for path in paths if not path.done):
            for _, path in self._advance(task, group, self._ended, cancel, keep=False):
                if path is None:
                    yield Progress(share=ended / len(paths))
                    continue
                ended += 1
                yield Progress(tuple(self.peek(task, [replace(path, done=True)])), (), ended / len(paths))

    def revise(
        self, task: Any, attempt: Sample, verdict: str, indices: Sequence[int], *, seed: int = 0
    ) -> Iterator[Sample]:
        """Another reply per index to the question with the attempt and what was said of it."""
        asked = replace(self, settings=revising(self.settings, attempt, verdict))
        for sample in asked.draw(task, indices, seed=seed):
            yield replace(sample, parent=attempt.index)

    def declines(self, capability: str) -> str:
        """The embedded models know their own short requests only."""
        if capability not in ("RevisingSampler", "ContinuingSampler") or not self.loaded.name.startswith("tiny:"):
            return ""
        name = self.loaded.name
        return f"{name} was trained on short questions alone and cannot do that; name a larger model, or an endpoint."

    def likely(self, task: Any, k: int = 10) -> list[tuple[str, float]]:
        """The ``k`` likeliest first tokens of a reply with their logits, the likeliest first."""
        top = self.prefix(task).logits.topk(k)
        return [(self.vlm.decode([i]), v) for i, v in zip(top.indices.tolist(), top.values.tolist(), strict=True)]

    # ------------------------------------------------------------------------------------------------------ in steps

    def horizon(self, task: Any) -> int:
        """Most steps of a reply."""
        return self.settings.most_steps

    def start(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> list[AnswerPath]:
        """Empty replies."""
        return [AnswerPath(index, seed) for index in indices]

    def step(self, task: Any, paths: Sequence[AnswerPath]) -> list[AnswerPath]:
        """One more reasoning step each; paths of equal length go through the model together."""
        result = list(paths)
        open_places = [place for place, path in enumerate(paths) if not path.done]
        for places in _by_length(open_places, lambda place: paths[place]):
            group = [paths[place] for place in places]
            for at, path in self._advance(task, group, self._step_ended, self.cancel, keep=True):
                if path is not None:
                    result[places[at]] = path
        return result

    def foretell(self, task: Any, paths: Sequence[AnswerPath]) -> list[AnswerPath]:
        """One more reasoning step each, of the likeliest tokens."""
        return replace(self, settings=replace(self.settings, temperature=0.0)).step(task, paths)

    def append(self, task: Any, path: AnswerPath, text: str) -> AnswerPath:
        """The reply with ``text`` behind it, in the place of its end; one that holds no more tokens stays ended.

        What was appended belongs to the next step, and counts as certain.
        """
        whole = bool(path.tokens) and path.tokens[-1] in self.vlm.ends
        length = len(path.tokens) - whole
        if length + len(more := tuple(self.vlm.tokens(text))) >= self.settings.most_tokens:
            return replace(path, done=True)
        kept = {name: getattr(path, name)[:length] for name in ("tokens", "logprobs", "plain")}
        zeros = (0.0,) * len(more)
        grown = {"tokens": more, "logprobs": zeros, "plain": zeros}
        ends = tuple(min(end, length) for end in path.ends)
        return replace(path, **{name: kept[name] + grown[name] for name in kept}, ends=ends, done=False)

    def fork(self, path: AnswerPath, index: int) -> AnswerPath:
        """The same steps; the noise of ``index`` from here on."""
        return replace(path, index=index, parent=path.index, forked_at=path.steps, cost=Cost())

    def rewind(self, path: AnswerPath, steps: int) -> AnswerPath:
        """The first ``steps`` steps; what they cost stays spent.

        Raises:
            BadInput: the path has fewer.
        """
        if not 0 <= steps <= path.steps:
            raise BadInput(f"This reply has {path.steps} steps, so it cannot be rewound to {steps}.")
        length = path.ends[steps - 1] if steps else 0
        pieces, room = [], length - 1
        for piece in path.pieces:
            if room > 0:
                pieces.append(piece[:, :, :, :, :room])
                room -= piece.shape[4]
        short = {name: getattr(path, name)[:length] for name in ("tokens", "logprobs", "plain")}
        done = path.done and steps == path.steps
        return replace(path, **short, ends=path.ends[:steps], done=done, pieces=tuple(pieces))

    def peek(self, task: Any, paths: Sequence[AnswerPath]) -> list[Sample]:
        """The replies as they stand."""
        made = []
        for path in paths:
            finished = bool(path.tokens) and path.tokens[-1] in self.vlm.ends
            made.append(answer_sample(self.vlm.decode(path.tokens).strip(), path, finished=finished))
        return made

    # -------------------------------------------------------------------------------------------------- the batches

    def _ended(self, row: ReplyRow, new: list[int]) -> bool:
        return new[-1] in self.vlm.ends

    def _step_ended(self, row: ReplyRow, new: list[int]) -> bool:
        if new[-1] in self.vlm.ends:
            return True
        if new[-1] not in self.vlm.newlines:
            return False
        text = self.vlm.decode(new)
        return bool(text.strip()) and (self.settings.step == "line" or "\n\n" in text)

    def _count(self, prefix: VlmPrefix, wanted: int) -> int:
        return min(wanted, self.most or rows_that_fit(self.vlm, prefix, self.settings.most_tokens))

    def _advance(
        self, task: Any, paths: Sequence[AnswerPath], stop: Any, cancel: Cancel, *, keep: bool
    ) -> Iterator[tuple[int, AnswerPath | None]]:
        """(place, longer path) as each reaches its stop, and (-1, None) between tokens; ``paths`` are equally long."""
        import torch

        prefix, at = self.prefix(task), 0
        count = self._count(prefix, len(paths))
        while at < len(paths):
            ended: set[int] = set()
            try:
                for place, path in self._batch(prefix, paths[at : at + count], stop, cancel, keep):
                    if path is None:
                        yield -1, None
                        continue
                    ended.add(place)
                    yield at + place, path
            except torch.OutOfMemoryError as error:
                if count == 1 or ended:
                    raise CannotDo("The GPU's memory does not hold this batch; draw fewer replies at once.") from error
            else:
                at += count
                continue
            # Out of the handler, so that the failed batch's tensors are gone before the next try.
            torch.cuda.empty_cache()
            count = (count + 1) // 2

    def _batch(
        self, prefix: VlmPrefix, paths: Sequence[AnswerPath], stop: Any, cancel: Cancel, keep: bool
    ) -> Iterator[tuple[int, AnswerPath | None]]:
        s, began = self.settings, perf_counter()
        rows = [ReplyRow(p.seed, p.index, s.temperature, s.top_k, s.top_p, p.tokens, p.pieces) for p in paths]
        room = s.most_tokens - len(paths[0].tokens)
        last = {place for place, path in enumerate(paths) if path.steps + 1 >= s.most_steps}
        rules = [self._ended if place in last else stop for place in range(len(paths))]
        by_row = {id(row): rule for row, rule in zip(rows, rules, strict=True)}

        def ends(row: ReplyRow, new: list[int]) -> bool:
            return by_row[id(row)](row, new)

        for place, drawn in draw_rows(self.vlm, prefix, rows, room, ends, keep=keep):
            stop_if(cancel)
            seconds = (perf_counter() - began) / len(paths)
            yield place, None if place < 0 else self._longer(paths[place], drawn, seconds)

    def _longer(self, path: AnswerPath, drawn: Drawn, seconds: float) -> AnswerPath:
        tokens = path.tokens + tuple(drawn.tokens)
        held = sum(piece.shape[4] for piece in path.pieces) == max(0, len(path.tokens) - 1)
        pieces = () if drawn.piece is None else ((*path.pieces, drawn.piece) if held else ())
        return replace(
            path,
            tokens=tokens,
            logprobs=path.logprobs + tuple(drawn.logprobs),
            plain=path.plain + tuple(drawn.plain),
            ends=(*path.ends, len(tokens)),
            done=tokens[-1] in self.vlm.ends or len(tokens) >= self.settings.most_tokens,
            cost=path.cost + Cost(tokens=len(drawn.tokens), seconds=seconds),
            pieces=pieces,
        )


def _by_length(items: Any, path_of: Callable[[Any], AnswerPath] = lambda path: path) -> list[list[Any]]:
    """Items whose paths have equally many tokens, together."""
    found: dict[tuple[int, int], list[Any]] = defaultdict(list)
    for item in items:
        path = path_of(item)
        found[len(path.tokens), sum(piece.shape[4] for piece in path.pieces)].append(item)
    return list(found.values())
