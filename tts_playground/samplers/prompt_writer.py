"""A large model that rewrites a prompt to fit an unfinished picture: GridAR (Park et al. 2025, arXiv:2511.21185)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tts_playground.core import Cost, Declines, Sample, Sampler
from tts_playground.errors import CannotDo

ASK = (
    "This is the upper part of an unfinished picture of: {prompt}. Rewrite that description in one sentence so that it"
    " says where everything is, fits what is drawn already, and asks for nothing else. Reply with the sentence alone."
)
LONGEST = 2000
"""characters of a prompt"""


@dataclass(frozen=True, slots=True)
class _AboutPicture:
    image: Any
    question: str


@dataclass(frozen=True)
class ModelWriter:
    """Rewrites prompts by a sampler of answers about pictures: an endpoint's, or one around a large model.

    Raises:
        CannotDo: the sampler's model is an embedded one, which cannot write.
    """

    sampler: Sampler
    """draws replies for tasks with an ``image`` and a ``question``"""
    seed: int = 0
    unit_cost = Cost(verifier_calls=1)

    def __post_init__(self) -> None:
        why = self.sampler.declines("RevisingSampler") if isinstance(self.sampler, Declines) else ""
        if why:
            raise CannotDo(f"Prompts are rewritten by a model that can write. {why}")

    def rewrite(self, task: Any, view: Sample) -> Any:
        """The task with the rewritten prompt; as it was where the model says nothing."""
        asked = _AboutPicture(view.content, ASK.format(prompt=task.prompt))
        said = next(iter(self.sampler.draw(asked, [0], seed=self.seed)))
        text = " ".join(str(said.content).split())[:LONGEST]
        return replace(task, prompt=text) if text else task
