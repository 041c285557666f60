"""The path of a solution that a language model writes, and what it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from tts_playground.core import Cost, Sample
from tts_playground.models.lm.prompts import Turns, revise_turns, solve_turns
from tts_playground.samplers.lm_settings import SolutionSettings

if TYPE_CHECKING:
    from tts_playground.models.lm.model import TextModel
    from tts_playground.models.lm.seats import Piece


class Problem(Protocol):
    """What a task of words has."""

    @property
    def problem(self) -> str:
        """What is to be solved."""
        ...

    @property
    def system_prompt(self) -> str:
        """How; "" says nothing."""
        ...


@runtime_checkable
class InConversation(Problem, Protocol):
    """A problem before which something was said."""

    @property
    def earlier(self) -> tuple[tuple[str, str], ...]:
        """(role, text) of each turn, "user" or "assistant"."""
        ...


def turns_of(task: Problem) -> Turns:
    """What asks for a solution of a problem."""
    return solve_turns(task.problem, task.system_prompt, _earlier(task))


def revision_turns_of(task: Problem, attempt: Sample, verdict: str) -> Turns:
    """What asks for a new one, in the light of ``verdict`` on ``attempt``."""
    return revise_turns(task.problem, task.system_prompt, str(attempt.content), verdict, _earlier(task))


def _earlier(task: Problem) -> tuple[tuple[str, str], ...]:
    return task.earlier if isinstance(task, InConversation) else ()


@dataclass(frozen=True, slots=True)
class SolutionPath:
    """An unfinished solution. Immutable, so freely shared."""

    index: int
    seed: int
    tokens: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()
    """of each token under the distribution it was drawn from; 0 for those that were appended"""
    plain: tuple[float, ...] = ()
    """of each token at temperature 1 without truncation; 0 for those that were appended"""
    ends: tuple[int, ...] = ()
    """how many tokens there were after each step"""
    done: bool = False
    truncated: bool = False
    """it was cut because it got too long"""
    cost: Cost = field(default=Cost())
    parent: int | None = None
    forked_at: int = 0
    """steps that came from the parent"""
    pieces: tuple[Piece, ...] = field(default=(), repr=False, compare=False)
    """keys and values of the prompt's last token and all tokens but the last, as far as they were kept"""

    @property
    def steps(self) -> int:
        """Steps taken."""
        return len(self.ends)


def problem_ids(model: TextModel, settings: SolutionSettings, task: Problem) -> tuple[int, ...]:
    """The tokens of a problem as it is put to a model.

    Raises:
        BadInput: they leave no room for a solution.
    """
    return model.prompt(turns_of(task), settings.chat_template)


def revision_ids(
    model: TextModel, settings: SolutionSettings, task: Problem, attempt: Sample, verdict: str
) -> tuple[int, ...]:
    """The tokens of the conversation that asks for a revision.

    Raises:
        BadInput: they leave no room for a solution.
    """
    return model.prompt(revision_turns_of(task, attempt, verdict), settings.chat_template)


def fresh_paths(indices: Sequence[int], seed: int, parent: int | None = None) -> list[SolutionPath]:
    """Empty solutions."""
    return [SolutionPath(index, seed, parent=parent) for index in indices]


def first_tokens(path: SolutionPath, length: int) -> SolutionPath:
    """The first ``length`` tokens of a path, with their keys and values."""
    pieces, room = list[Any](), length
    for piece in path.pieces:
        if room > 0:
            pieces.append(piece.first(min(room, piece.length)))
            room -= piece.length
    short = {name: getattr(path, name)[:length] for name in ("tokens", "logprobs", "plain")}
    return replace(path, **short, pieces=tuple(pieces), done=False, truncated=False)
