"""VQAScore (Lin et al. 2024): ask a vision-language model "Does this figure show '{text}'?" and take P("Yes").

One forward a batch, no text is generated: the probability is read off the first answer token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tts_playground.core import Sample
from tts_playground.models import loading
from tts_playground.models.vlm.option_probabilities import shown
from tts_playground.rewards.network import NetworkReward

QUESTION = "Does this figure show '{text}'? Please answer yes or no."


@dataclass(frozen=True)
class VQAScore(NetworkReward):
    """P("Yes") that the picture shows the prompt, 0 to 1, against P("No")."""

    model: str = "tiny:vlm"
    """any image-text-to-text model of transformers"""
    question: str = QUESTION
    device: str = "auto"
    """"auto" (where the generator is: ``loading.Options``), "cpu", "cuda" or "cuda:1" """
    short: ClassVar[str] = "vqascore"
    usual: ClassVar[str] = "tiny:vlm"

    @property
    def _loaded(self) -> loading.Loaded:
        return loading.load(self.model, "vlm", loading.Options(loading.device_of(self.device)))

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
