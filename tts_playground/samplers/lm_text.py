"""Solutions in steps from whatever continues a text: a path is its text, so that pausing keeps it, forking sends it
again and rewinding shortens it.

A step is one request, ended by a blank line, whose seed is a hash of (seed, index, step): a sample does not depend on
what else is drawn, as far as the server behind it honours seeds. Whole solutions are drawn in the same steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from tts_playground.core import Cost, Progress, Sample
from tts_playground.errors import BadInput
from tts_playground.models.lm.prompts import Turns
from tts_playground.randomness import key
from tts_playground.samplers.continuing import Continuation, Continuer, Wanted, in_steps
from tts_playground.samplers.lm_paths import Problem, revision_turns_of, turns_of
from tts_playground.samplers.lm_settings import BREAK, SolutionSettings, cut, solution_sample
from tts_playground.streams import in_order


@dataclass(frozen=True, slots=True)
class TextPath:
    """An unfinished solution. Immutable, so freely shared."""

    index: int
    seed: int
    parts: tuple[Continuation, ...] = ()
    """one a step, what was appended before it included"""
    begun: str = ""
    """what was appended since"""
    done: bool = False
    truncated: bool = False
    cost: Cost = field(default=Cost())
    parent: int | None = None
    forked_at: int = 0

    @property
    def steps(self) -> int:
        """Steps taken."""
        return len(self.parts)

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(part.text for part in self.parts) + self.begun

    @property
    def tokens(self) -> int:
        """Drawn so far."""
        return sum(part.tokens for part in self.parts)


class TextSteps:
    """What samplers over a ``Continuer`` have in common; they bring ``settings`` and ``continuer``."""

    settings: SolutionSettings

    def continuer(self) -> Continuer:
        """A fresh one, for one batch."""
        raise NotImplementedError

    def batch(self) -> TextBatch:
        """An empty batch, which paths of any problems may enter while others are under way."""
        return TextBatch(self.settings, self.continuer())

    def draw(self, task: Problem, indices: Sequence[int], *, seed: int = 0) -> Iterator[Sample]:
        """One solution per index, in order."""
        yield from in_order(self.stream(task, indices, seed=seed), indices)

    def stream(self, task: Problem, indices: Sequence[int], *, seed: int = 0) -> Iterator[Progress[Sample]]:
        """One solution per index as each finishes, so not in order; a report ten times a second or more often."""
        batch = self.batch()
        batch.add(task, self.start(task, indices, seed=seed), whole=True)
        yield from self._streamed(task, batch, len(indices))

    def revise(
        self, task: Problem, attempt: Sample, verdict: str, indices: Sequence[int], *, seed: int = 0
    ) -> Iterator[Sample]:
        """New solutions, each shown an attempt and what was said of it; in order."""
        batch = self.batch()
        batch.add_revisions(task, attempt, verdict, indices, seed=seed)
        yield from in_order(self._streamed(task, batch, len(indices)), indices)

    def _streamed(self, task: Problem, batch: TextBatch, of: int) -> Iterator[Progress[Sample]]:
        ended = 0
        try:
            while batch.left:
                paths = [path for _, _, path in batch.advance()]
                ended += len(paths)
                yield Progress(tuple(self.peek(task, paths)), (), ended / of, done=ended, of=of)
        finally:
            batch.close()

    def horizon(self, task: Problem) -> int:
        """Most steps of a solution."""
        return self.settings.max_steps

    def start(self, task: Problem, indices: Sequence[int], *, seed: int = 0) -> list[TextPath]:
        """Empty solutions."""
        return [TextPath(index, seed) for index in indices]

    def step(self, task: Problem, paths: Sequence[TextPath]) -> list[TextPath]:
        """One more step each."""
        return self._stepped(task, paths, greedy=False)

    def foretell(self, task: Problem, paths: Sequence[TextPath]) -> list[TextPath]:
        """One more step each by the likeliest token each time."""
        return self._stepped(task, paths, greedy=True)

    def _stepped(self, task: Problem, paths: Sequence[TextPath], *, greedy: bool) -> list[TextPath]:
        batch, result = self.batch(), list(paths)
        batch.add(task, paths, greedy=greedy)
        try:
            while batch.left:
                for _, place, path in batch.advance():
                    result[place] = path
        finally:
            batch.close()
        return result

    def fork(self, path: TextPath, index: int) -> TextPath:
        """The same steps; the randomness of ``index`` from here on."""
        return replace(path, index=index, parent=path.index, forked_at=path.steps, cost=Cost())

    def rewind(self, path: TextPath, steps: int) -> TextPath:
        """The first ``steps`` steps; what they cost stays spent.

        Raises:
            BadInput: the path has fewer.
        """
        if not 0 <= steps <= path.steps:
            raise BadInput(f"This solution has {path.steps} steps, so it cannot be rewound to {steps}.")
        if steps == path.steps:
            return path
        return replace(path, parts=path.parts[:steps], begun="", done=False, truncated=False)

    def append(self, task: Problem, path: TextPath, text: str) -> TextPath:
        """The path with ``text`` in it as if it had been drawn, at no cost; it belongs to the step drawn next."""
        return replace(path, begun=path.begun + text, done=False, truncated=False)

    def peek(self, task: Problem, paths: Sequence[TextPath]) -> list[Sample]:
        """The solutions as they stand."""
        return [self._sample(path) for path in paths]

    def _sample(self, path: TextPath) -> Sample:
        steps = [(part.text.strip(), part.tokens) for part in path.parts]
        steps += [(path.begun.strip(), 0)] if path.begun.strip() else []
        stop = self.settings.stop
        shown: list[tuple[str, int]] = []
        for text, tokens in steps:
            if said := cut(text, stop).strip():
                shown.append((said, tokens))
            elif shown:  # what holds no words counts for the step before
                shown[-1] = shown[-1][0], shown[-1][1] + tokens
        known = None
        if all(part.logprobs is not None for part in path.parts):
            known = [one for part in path.parts for one in part.logprobs or ()]
        return solution_sample(cut(path.text, stop), path, steps=shown, logprobs=known, truncated=path.truncated)


@dataclass(frozen=True, slots=True)
class _Under:
    """A path under way."""

    ticket: int
    place: int
    path: TextPath
    turns: Turns
    whole: bool
    greedy: bool
    spent: Cost = field(default=Cost())
    """on replies that said nothing"""
    fresh: bool = False
    """a whole solution of which nothing stood before"""
    again: bool = False
    """it was asked for once more, since the first reply said nothing; a server may count no tokens"""


class TextBatch:
    """Paths under way over one continuer; see ``samplers.capabilities.Batch``."""

    def __init__(self, settings: SolutionSettings, continuer: Continuer) -> None:
        self.settings, self._continuer = settings, continuer
        self._under: dict[int, _Under] = {}
        self._ended: list[tuple[int, int, TextPath]] = []
        self._tickets, self._numbers = count(), count()

    @property
    def left(self) -> int:
        """Paths that have not been handed back."""
        return len(self._under) + len(self._ended)

    @property
    def hungry(self) -> bool:
        """Requests wait at no cost, but not without end."""
        return len(self._under) < 256

    def add(self, task: Problem, paths: Sequence[TextPath], *, whole: bool = False, greedy: bool = False) -> int:
        """Take paths in; see ``samplers.capabilities.Batch``."""
        return self._add(turns_of(task), paths, whole, greedy)

    def add_revisions(self, task: Problem, attempt: Sample, verdict: str, indices: Sequence[int], *, seed: int) -> int:
        """Take in new solutions, each shown ``attempt`` and ``verdict``."""
        fresh = [TextPath(index, seed, parent=attempt.index) for index in indices]
        return self._add(revision_turns_of(task, attempt, verdict), fresh, True, False)

    def drop(self, ticket: int) -> None:
        """Forget all paths of a ticket."""
        gone = [number for number, under in self._under.items() if under.ticket == ticket]
        for number in gone:
            del self._under[number]
        self._continuer.forget(gone)
        self._ended = [one for one in self._ended if one[0] != ticket]

    def close(self) -> None:
        """Forget all paths."""
        self._continuer.forget(list(self._under))
        self._under, self._ended = {}, []

    def advance(self) -> list[tuple[int, int, TextPath]]:
        """(ticket, place among its paths, longer path) of those that ended since; perhaps none, after a moment.

        Raises:
            CannotDo, ModelUnavailable: as the server's client does; what came before was handed back.
        """
        ended, self._ended = self._ended, []
        if ended:
            return ended
        for number, came in self._continuer.collect():
            under = self._under.pop(number, None)
            if under is None:
                continue
            if came.anew:
                spent = under.spent + under.path.cost + Cost(tokens=came.tokens, seconds=came.seconds)
                bare = replace(under.path, parts=(), begun="", cost=Cost())
                self._send(replace(under, path=bare, spent=spent, again=False))
                continue
            if self._says_nothing(under, came):
                spent = under.spent + Cost(tokens=came.tokens, seconds=came.seconds)
                self._send(replace(under, spent=spent, again=True))
                continue
            path = self._longer(under, came)
            if under.whole and not path.done:
                self._send(replace(under, path=path, spent=Cost(), again=False))
            else:
                ended.append((under.ticket, under.place, path))
        return ended

    def _add(self, turns: Turns, paths: Sequence[TextPath], whole: bool, greedy: bool) -> int:
        ticket = next(self._tickets)
        for place, path in enumerate(paths):
            if path.done or path.tokens >= self.settings.max_tokens:
                self._ended.append((ticket, place, path if path.done else replace(path, done=True, truncated=True)))
            else:
                self._send(_Under(ticket, place, path, turns, whole, greedy, fresh=whole and not path.text))
        return ticket

    def _send(self, under: _Under) -> None:
        s, path, number = self.settings, under.path, next(self._numbers)
        last = path.steps + 1 >= s.max_steps
        names: tuple[Any, ...] = (path.seed, path.index, "solution step", path.steps)
        wanted = Wanted(
            under.turns,
            path.text,
            key(*names) & 0x7FFFFFFF,
            s.max_tokens - path.tokens,
            0.0 if under.greedy else s.temperature,
            s.stop if last else (BREAK, *s.stop),
            2 if under.again else 0,
            under.fresh,
        )
        self._under[number] = under
        self._continuer.submit(number, wanted)

    def _says_nothing(self, under: _Under, came: Continuation) -> bool:
        """Whether a step is blank, as where a template has trimmed the blank line before it: the model repeats that."""
        return not came.text.strip() and not came.ended and not came.cut and not under.again

    def _longer(self, under: _Under, came: Continuation) -> TextPath:
        path, s = under.path, self.settings
        text = came.text
        if not path.text or path.text.endswith(BREAK):
            text = text.lstrip("\n")
        parts = in_steps(replace(came, text=path.begun + text), s.max_steps - path.steps if under.fresh else 1)
        stopped = any(one in path.text + text for one in s.stop)
        ended = came.ended or stopped or not (text.strip() or came.cut)
        full = came.cut or path.tokens + came.tokens >= s.max_tokens
        spent = under.spent + Cost(tokens=came.tokens, seconds=came.seconds)
        return replace(
            path,
            parts=(*path.parts, *parts),
            begun="",
            done=ended or full,
            truncated=full and not ended,
            cost=path.cost + spent,
        )


def settings_facts(settings: SolutionSettings) -> Mapping[str, Any]:
    """What decides the distribution of solutions that are drawn step by step: where the last step begins, too."""
    return settings.facts() | {"max_steps": settings.max_steps}
