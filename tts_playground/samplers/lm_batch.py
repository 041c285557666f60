"""Paths of solutions of many problems in one running batch of a language model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from tts_playground.core import Cost, Sample
from tts_playground.models.decode.gumbel import stream_start
from tts_playground.models.lm.running import RunningBatch
from tts_playground.models.lm.seats import TextRow
from tts_playground.samplers.lm_paths import Problem, SolutionPath, fresh_paths, problem_ids, revision_ids
from tts_playground.samplers.lm_settings import SolutionSettings, ends_step, step_ends

if TYPE_CHECKING:
    from tts_playground.models.lm.model import TextModel

NOISE = "solution tokens"


@dataclass(frozen=True, slots=True)
class _Under:
    """A path under way."""

    ticket: int
    place: int
    path: SolutionPath
    whole: bool


class SolutionBatch:
    """Paths enter at any time and leave as they end; see ``samplers.capabilities.Batch``."""

    def __init__(self, model: TextModel, settings: SolutionSettings, most: int | None = None) -> None:
        self.model, self.settings = model, settings
        self._running = RunningBatch(model, most)
        self._rows: dict[int, tuple[TextRow, _Under]] = {}
        """by the row's identity"""
        self._ended: list[tuple[int, int, SolutionPath]] = []
        """paths that had nothing left to draw when they came"""
        self._tickets = count()

    @property
    def left(self) -> int:
        """Paths that have not been handed back."""
        return len(self._rows) + len(self._ended)

    @property
    def hungry(self) -> bool:
        """Whether more paths should come, lest seats stay empty."""
        return self._running.left < 2 * self._running.capacity

    def add(self, task: Problem, paths: Sequence[SolutionPath], *, whole: bool = False, greedy: bool = False) -> int:
        """Take paths in; the ticket names them in ``advance``.

        Args:
            whole: to their end, and not one step further.
            greedy: by the likeliest token each time.

        Raises:
            BadInput: the problem leaves no room for a solution.
        """
        return self._add(problem_ids(self.model, self.settings, task), paths, whole, NOISE, greedy)

    def add_revisions(self, task: Problem, attempt: Sample, verdict: str, indices: Sequence[int], *, seed: int) -> int:
        """Take in new solutions, each shown ``attempt`` and ``verdict``."""
        ids = revision_ids(self.model, self.settings, task, attempt, verdict)
        return self._add(ids, fresh_paths(indices, seed, attempt.index), True, f"revisions of {attempt.index}", False)

    def drop(self, ticket: int) -> None:
        """Forget all paths of a ticket."""
        gone = [key for key, (_, under) in self._rows.items() if under.ticket == ticket]
        self._running.drop([self._rows.pop(key)[0] for key in gone])
        self._ended = [one for one in self._ended if one[0] != ticket]

    def texts(self, ticket: int) -> list[tuple[int, str]]:
        """(place, text as it stands) of the paths of a ticket that are under way."""
        under = [(one.place, one.path, row) for row, one in self._rows.values() if one.ticket == ticket]
        return [(place, self.model.decode([*path.tokens, *row.new])) for place, path, row in under]

    def advance(self) -> list[tuple[int, int, SolutionPath]]:
        """One token for all that have a seat: (ticket, place among its paths, longer path) of those that ended by it.

        Raises:
            CannotDo: as ``RunningBatch.advance``.
        """
        if self._ended:
            ended, self._ended = self._ended, []
            return ended
        found: list[tuple[int, int, SolutionPath]] = []
        for row in self._running.advance():
            _, under = self._rows.pop(id(row))
            found.append((under.ticket, under.place, self._longer(under, row)))
        return found

    def _add(self, ids: tuple[int, ...], paths: Sequence[SolutionPath], whole: bool, noise: str, greedy: bool) -> int:
        s, ticket, model = self.settings, next(self._tickets), self.model
        room = min(s.max_tokens, model.longest - len(ids))
        rows: list[TextRow] = []
        for place, path in enumerate(paths):
            if path.done or len(path.tokens) >= room:
                ended = path if path.done else replace(path, done=True, truncated=True)
                self._ended.append((ticket, place, ended))
                continue
            row = TextRow(
                ids,
                stream_start(path.seed, path.index, noise),
                0.0 if greedy else s.temperature,
                s.top_k,
                s.top_p,
                room - len(path.tokens),
                self._rule(path, whole or path.steps + 1 >= s.max_steps),
                path.tokens,
                path.pieces,
                keep=not whole,
            )
            self._rows[id(row)] = row, _Under(ticket, place, path, whole)
            rows.append(row)
        self._running.add(rows)
        return ticket

    def _rule(self, path: SolutionPath, whole: bool) -> Callable[[list[int]], bool]:
        """When a path stops: at the end of a solution, or after one step more."""
        model, stop = self.model, self.settings.stop
        ends, newlines = model.ends, model.newlines
        if whole and not stop:
            return lambda new: new[-1] in ends
        begun = list(path.tokens[path.ends[-1] if path.ends else 0 :])

        def stops(new: list[int]) -> bool:
            if new[-1] in ends or (stop and self._at_stop([*path.tokens, *new])):
                return True
            return not whole and new[-1] in newlines and ends_step(model.decode([*begun, *new]))

        return stops

    def _at_stop(self, tokens: Sequence[int]) -> bool:
        stop = self.settings.stop
        tail = self.model.decode(tokens[-max(map(len, stop)) - 4 :])  # a token is a character at least
        return any(one in tail for one in stop)

    def _longer(self, under: _Under, row: TextRow) -> SolutionPath:
        path, model, s = under.path, self.model, self.settings
        tokens = path.tokens + tuple(row.new)
        ended = tokens[-1] in model.ends or bool(s.stop and self._at_stop(tokens))
        room = min(s.max_tokens, model.longest - len(row.ids))
        return replace(
            path,
            tokens=tokens,
            logprobs=path.logprobs + tuple(row.logprobs),
            plain=path.plain + tuple(row.plain),
            ends=(*path.ends, *self._ends(path, tokens, under.whole)),
            done=ended or len(tokens) >= room,
            truncated=not ended and len(tokens) >= room,
            cost=path.cost + Cost(tokens=len(row.new), seconds=row.seconds),
            pieces=(*path.pieces, row.piece) if row.piece is not None else (),
        )

    def _ends(self, path: SolutionPath, tokens: Sequence[int], whole: bool) -> list[int]:
        """Where the steps of what was drawn ended, as they would have step by step."""
        if not whole:
            return [len(tokens)]
        model, start = self.model, path.ends[-1] if path.ends else 0
        found = [start + end for end in step_ends(tokens[start:], model.decode, model.newlines)]
        room = self.settings.max_steps - path.steps - 1
        found = found[: max(0, room)]
        return found if found and found[-1] == len(tokens) else [*found, len(tokens)]
