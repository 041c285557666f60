"""VQAScore (Lin et al. 2024): ask a vision-language model "Does this figure show '{text}'?" and take P("Yes").

One forward a batch, no text is generated: the probability is read off the first answer token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tts_playground.core import Cost, Sample
from tts_playground.models import loading
from tts_playground.models.vlm.option_probabilities import shown

QUESTION = "Does this figure show '{text}'? Please answer yes or no."


@dataclass(frozen=True)
class VQAScore:
    """P("Yes") that the picture shows the prompt, 0 to 1, against P("No")."""

    model: str = "tiny:vlm"
    """any image-text-to-text model of transformers"""
    question: str = QUESTION
    device: str = "cpu"
    unit_cost = Cost(verifier_calls=1)

    @property
    def _loaded(self) -> loading.Loaded:
        return loading.load(self.model, "vlm", loading.Options(self.device))

    @property
    def name(self) -> str:
        """ "vqascore", and which model where it is not ours."""
        return "vqascore" if self.model == "tiny:vlm" else f"vqascore:{self.model}"

    @property
    def networks(self) -> tuple[str, ...]:
        """The vision-language model."""
        return (self.model,)

    @property
    def revision(self) -> str:
        """Changes with the weights."""
        return self._loaded.revision

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """One probability per picture.

        Raises:
            ModelUnavailable: the model's tokenizer knows no yes or no.
        """
        if not samples:
            return []
        return shown(self._loaded.value, [one.content for one in samples], self.question.format(text=task.prompt))
