"""Solutions in steps from any causal language model: a stepped sampler whose step ends at a blank line.

The prompt is read once a problem, and what is drawn behind it shares its keys and values. Paths of many problems go
through the model in one batch (``batch``, ``step_many``, ``draw_many``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tts_playground.core import Cost, Progress, Sample
from tts_playground.errors import BadInput
from tts_playground.samplers.cancellation import Cancel, never, stop_if
from tts_playground.samplers.lm_batch import SolutionBatch
from tts_playground.samplers.lm_paths import Problem, SolutionPath, first_tokens, fresh_paths, problem_ids
from tts_playground.samplers.lm_settings import SolutionSettings, cut, parted, solution_sample
from tts_playground.streams import in_order

if TYPE_CHECKING:
    from tts_playground.models.lm.model import TextModel
    from tts_playground.models.loading import Loaded

VERSION = 1


@dataclass(frozen=True)
class LanguageModelSampler:
    """Draws solutions for tasks that have a ``problem`` and a ``system_prompt``."""

    loaded: Loaded
    """a loaded model (``models.loading.load(name, "lm")``)"""
    settings: SolutionSettings = field(default=SolutionSettings())
    most: int | None = None
    """solutions in the model at once; None fits them to the memory"""

    @property
    def model(self) -> TextModel:
        """The model."""
        return self.loaded.value

    def fingerprint(self) -> Mapping[str, Any]:
        """Everything that decides the distribution."""
        return {"sampler": "lm", "version": VERSION, **self.loaded.fingerprint(), **self.settings.facts()}

    def prompt(self, task: Problem) -> tuple[int, ...]:
        """The tokens of the problem as it is put to the model.

        Raises:
            BadInput: they leave no room for a solution.
        """
        return problem_ids(self.model, self.settings, task)

    def batch(self) -> SolutionBatch:
        """An empty batch, which paths of any problems may enter while others are under way."""
        return SolutionBatch(self.model, self.settings, self.most)

    # --------------------------------------------------------------------------------------------- whole solutions

    def draw(self, task: Problem, indices: Sequence[int], *, seed: int = 0) -> Iterator[Sample]:
        """One solution per index, in order."""
        yield from in_order(self.stream(task, indices, seed=seed), indices)

    def stream(self, task: Problem, indices: Sequence[int], *, seed: int = 0) -> Iterator[Progress[Sample]]:
        """One solution per index as each finishes, so not in order; a report after every token."""
        yield from self.stream_paths(task, self.start(task, indices, seed=seed))

    def stream_paths(
        self, task: Problem, paths: Sequence[SolutionPath], *, cancel: Cancel = never
    ) -> Iterator[Progress[Sample]]:
        """As ``stream``, from paths as they stand.

        Raises:
            Cancelled: ``cancel()`` became true; it is asked after every token.
        """
        batch, ended = self.batch(), 0
        batch.add(task, paths, whole=True)
        while batch.left:
            stop_if(cancel)
            now = [path for _, _, path in batch.advance()]
            ended += len(now)
            yield Progress(tuple(self.peek(task, now)), (), ended / len(paths), done=ended, of=len(paths))

    def draw_many(
        self, wanted: Iterable[tuple[Problem, Sequence[int]]], *, seed: int = 0, cancel: Cancel = never
    ) -> Iterator[tuple[int, Sample]]:
        """(which of ``wanted``, a sample) as each is finished: solutions of many problems in one batch.

        Args:
            wanted: problems with the indices of their samples; read as far ahead as the batch has room.

        Raises:
            Cancelled: ``cancel()`` became true; it is asked after every token.
        """
        batch, tasks = self.batch(), dict[int, tuple[Problem, int]]()
        coming = enumerate(wanted)
        while True:
            while batch.hungry and (one := next(coming, None)) is not None:
                number, (task, indices) = one
                ticket = batch.add(task, self.start(task, indices, seed=seed), whole=True)
                tasks[ticket] = task, number
            if not batch.left:
                return
            stop_if(cancel)
            for ticket, _, path in batch.advance():
                task, number = tasks[ticket]
                yield number, self.peek(task, [path])[0]

    def revise(
        self, task: Problem, attempt: Sample, verdict: str, indices: Sequence[int], *, seed: int = 0
    ) -> Iterator[Sample]:
        """New solutions, each shown an attempt and what was said of it; in order."""
        batch, came = self.batch(), dict[int, Sample]()
        batch.add_revisions(task, attempt, verdict, indices, seed=seed)
        for place in range(len(indices)):
            while place not in came:
                came |= {at: self.peek(task, [path])[0] for _, at, path in batch.advance()}
            yield came.pop(place)

    # ---------------------------------------------------------------------------------------------------- in steps

    def horizon(self, task: Problem) -> int:
        """Most steps of a solution."""
        return self.settings.max_steps

    def start(self, task: Problem, indices: Sequence[int], *, seed: int = 0) -> list[SolutionPath]:
        """Empty solutions."""
        return fresh_paths(indices, seed)

    def step(self, task: Problem, paths: Sequence[SolutionPath]) -> list[SolutionPath]:
        """One more step each."""
        return self.step_many([(task, paths)])[0]

    def step_many(
        self, groups: Sequence[tuple[Problem, Sequence[SolutionPath]]], *, cancel: Cancel = never
    ) -> list[list[SolutionPath]]:
        """One more step for paths of many problems, in one batch.

        Raises:
            Cancelled: ``cancel()`` became true; it is asked after every token.
        """
        batch, result = self.batch(), [list(paths) for _, paths in groups]
        number_of = {batch.add(task, paths): number for number, (task, paths) in enumerate(groups)}
        while batch.left:
            stop_if(cancel)
            for ticket, place, path in batch.advance():
                result[number_of[ticket]][place] = path
        return result

    def foretell(self, task: Problem, paths: Sequence[SolutionPath]) -> list[SolutionPath]:
        """One more step each by the likeliest token each time."""
        batch, result = self.batch(), list(paths)
        batch.add(task, paths, greedy=True)
        while batch.left:
            for _, place, path in batch.advance():
                result[place] = path
        return result

    def fork(self, path: SolutionPath, index: int) -> SolutionPath:
        """The same steps; the noise of ``index`` from here on."""
        return replace(path, index=index, parent=path.index, forked_at=path.steps, cost=Cost())

    def rewind(self, path: SolutionPath, steps: int) -> SolutionPath:
        """The first ``steps`` steps; what they cost stays spent.

        Raises:
            BadInput: the path has fewer.
        """
        if not 0 <= steps <= path.steps:
            raise BadInput(f"This solution has {path.steps} steps, so it cannot be rewound to {steps}.")
        if steps == path.steps:
            return path
        return replace(first_tokens(path, path.ends[steps - 1] if steps else 0), ends=path.ends[:steps])

    def append(self, task: Problem, path: SolutionPath, text: str) -> SolutionPath:
        """The path with ``text`` in it as if it had been drawn, at no cost; it belongs to the step that is drawn next.

        A path that had ended goes on: the token that ended it is taken back.
        """
        if path.tokens and path.tokens[-1] in self.model.ends:
            short = len(path.tokens) - 1
            path = replace(first_tokens(path, short), ends=tuple(min(end, short) for end in path.ends))
        more = tuple(self.model.tokens(text))
        known = (0.0,) * len(more)
        grown = replace(path, tokens=path.tokens + more, logprobs=path.logprobs + known, plain=path.plain + known)
        return replace(grown, done=False, truncated=False)

    def peek(self, task: Problem, paths: Sequence[SolutionPath]) -> list[Sample]:
        """The solutions as they stand."""
        return [self._sample(path) for path in paths]

    def _sample(self, path: SolutionPath) -> Sample:
        model, stop = self.model, self.settings.stop
        return solution_sample(
            cut(model.decode(path.tokens), stop),
            path,
            steps=parted(path.tokens, model.decode, model.newlines, stop),
            logprobs=path.logprobs,
            truncated=path.truncated,
            tokens=path.tokens,
            model_logprobs=path.plain,
        )
