"""A vision-language model that says which of two answers is better, read off the logits of yes and no.

For tournaments and stage beam (SANA-1.5, Xie et al. 2025; LLaVA-CoT, Xu et al. 2024). Who is shown first may matter a
lot: those strategies ask both ways around and report it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tts_playground.core import Cost, Sample
from tts_playground.errors import CannotDo
from tts_playground.models.vlm.option_probabilities import next_logprobs, yes_margin

if TYPE_CHECKING:
    from tts_playground.models.loading import Loaded

ASK = (
    "{question}\nFirst answer: {first}\nSecond answer: {second}\n"
    "Is the first answer better than the second? Answer yes or no."
)


@dataclass(frozen=True)
class PairwiseYes:
    """P(yes), against no, that the answer shown first is the better one.

    Raises:
        CannotDo: the model is an embedded one, which was never asked such a thing.
    """

    loaded: Loaded
    """a loaded model (``models.loading.load(name, "vlm")``)"""
    name = "pairwise"
    unit_cost = Cost(verifier_calls=1)

    def __post_init__(self) -> None:
        if self.loaded.name.startswith("tiny:"):
            raise CannotDo(f"{self.loaded.name} never learned to compare two answers; name a larger model.")

    @property
    def revision(self) -> str:
        """Changes with the weights and with how they are asked."""
        return f"{self.loaded.revision}-{self.loaded.options.dtype}-1"

    def prefers(self, task: Any, first: Sample, second: Sample) -> float:
        """The probability in [0, 1] that ``first`` is better.

        Raises:
            ModelUnavailable: the model's tokenizer knows no yes or no.
        """
        told = [str(one.content) for one in (first, second)]
        asked = ASK.format(question=task.question, first=told[0], second=told[1])
        vlm = self.loaded.value
        return float(yes_margin(vlm, next_logprobs(vlm, task.image, [asked])).sigmoid()[0])
