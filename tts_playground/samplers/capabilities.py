"""What a sampler may have beside the protocols of ``core``: a loaded model, settings of its own, likely first tokens.

A caller narrows by ``isinstance``. Python looks for the names only, so ask for settings where they can be of one kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from tts_playground.core import Sampler

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
