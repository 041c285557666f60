"""ImageReward (Xu et al. 2023): which pictures people prefer for a prompt, by a BLIP that reads both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts_playground.core import Cost, Sample
from tts_playground.models import image_reward
from tts_playground.models.hub.embedded_models import revision_of
from tts_playground.models.loading import device_of

MEAN, STD = 0.16717362830052426, 1.0333394966054072
"""of the head's output over the training data, in the published code"""


@dataclass(frozen=True)
class ImageReward:
    """The head's output less its mean, in standard deviations: about -2 (bad) to 2 (good)."""

    file: str
    """ImageReward.pt, the same as .safetensors, or a folder with it; a tokenizer of bert-base-uncased beside it, or in
    the hub's cache"""
    device: str = "auto"
    """"auto" (where the generator is: ``loading.Options``), "cpu", "cuda" or "cuda:1" """
    unit_cost = Cost(verifier_calls=1)

    @property
    def name(self) -> str:
        """ "imagereward", and which file."""
        return f"imagereward:{Path(self.file).name}"

    @property
    def networks(self) -> tuple[str, ...]:
        """The checkpoint."""
        return (self.file,)

    @property
    def revision(self) -> str:
        """Changes with the file's path and size."""
        path = image_reward.weights_file(self.file)
        return revision_of(f"{path} {path.stat().st_size} weights")

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """One score per picture for ``task.prompt``.

        Raises:
            ModelUnavailable: the weights or the tokenizer are not here, or are something else.
        """
        if not samples:
            return []
        network = image_reward.load(self.file, device_of(self.device))
        raw = network.features(task.prompt, [sample.content.convert("RGB") for sample in samples])
        return [(one - MEAN) / STD for one in raw]
