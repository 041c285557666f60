"""What a sampler may have beside the protocols of ``core``: a loaded model, settings of its own, likely first tokens.

A caller narrows by ``isinstance``. Python looks for the names only, so ask for settings where they can be of one kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from tts_playground.core import Progress, Sample, Sampler, SteppedSampler

if TYPE_CHECKING:
    from tts_playground.models.endpoint.asker import EndpointAsker
    from tts_playground.models.loading import Loaded
    from tts_playground.samplers.vlm_settings import AnswerSettings


@runtime_checkable
class HasModel(Protocol):
    """Built around a loaded model, whose logits can be seen: it may also judge what it has drawn."""

    @property
    def loaded(self) -> Loaded:
        """The model."""
        ...


@runtime_checkable
class ModelSampler(Sampler, HasModel, Protocol):
    """A sampler that draws from a loaded model; an endpoint's is none."""


@runtime_checkable
class StreamsPaths(ModelSampler, Protocol):
    """Draws pictures whose paths may differ in their settings, and so those of several pools together."""

    def start(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> list[Any]:
        """One path of no steps per index, with the sampler's own settings."""
        ...

    def stream_paths(self, task: Any, paths: Sequence[Any], *, cancel: Any = ...) -> Iterator[Progress]:
        """Draw paths to their end with a report after every step; they are reported as finished in order."""
        ...


@runtime_checkable
class HasAsker(Protocol):
    """Draws from a server that may show its likeliest tokens: only asking tells whether it can judge, too."""

    @property
    def asker(self) -> EndpointAsker:
        """Asks the same server."""
        ...


@runtime_checkable
class HasAnswerSettings(Protocol):
    """A sampler of answers that says how it draws; one that a plug-in brings may not."""

    @property
    def settings(self) -> AnswerSettings:
        """Temperature and the like."""
        ...


@runtime_checkable
class ShowsLikely(Protocol):
    """Can say how a reply may begin, before one is drawn."""

    def likely(self, task: Any, k: int = 10) -> list[tuple[str, float]]:
        """The ``k`` likeliest first tokens of a reply with their logits, the likeliest first."""
        ...


class Batch(Protocol):
    """Paths of many problems under way together; they enter at any time and leave as they end."""

    @property
    def left(self) -> int:
        """Paths that have not been handed back."""
        ...

    @property
    def hungry(self) -> bool:
        """Whether more paths should come, lest there be room for which nobody waits."""
        ...

    def add(self, task: Any, paths: Sequence[Any], *, whole: bool = False, greedy: bool = False) -> int:
        """Take paths in; the ticket names them in ``advance``.

        Args:
            whole: to their end, and not one step further.
            greedy: by the likeliest token each time.
        """
        ...

    def drop(self, ticket: int) -> None:
        """Forget all paths of a ticket."""
        ...

    def advance(self) -> list[tuple[int, int, Any]]:
        """A little further with all of them: (ticket, place among its paths, longer path) of those that ended by it."""
        ...


class RevisingBatch(Batch, Protocol):
    """A batch that new solutions of a ``RevisingSampler`` may enter, too."""

    def add_revisions(self, task: Any, attempt: Sample, verdict: str, indices: Sequence[int], *, seed: int) -> int:
        """Take in whole solutions, each shown an attempt and what was said of it; a ticket as that of ``add``."""
        ...


@runtime_checkable
class BatchingSampler(SteppedSampler, Protocol):
    """A stepped sampler whose paths of many problems can be under way in one batch."""

    def batch(self) -> Batch:
        """An empty batch."""
        ...
