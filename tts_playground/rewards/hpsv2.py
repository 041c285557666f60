"""HPSv2.1 (Wu et al. 2023): a CLIP ViT-H-14 of open_clip fine-tuned on which of several pictures people preferred.

Weights: the file HPS_v2.1_compressed.pt of the repository xswu/HPSv2. Pictures that are not square are cropped to the
middle, where the published code pads them; what generators here draw is square.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts_playground.core import Cost, Sample
from tts_playground.errors import ModelUnavailable
from tts_playground.models.hub.embedded_models import revision_of
from tts_playground.models.loading import device_of
from tts_playground.models.open_clip import OpenClipTowers
from tts_playground.rewards.network import prompt_cosines

SCALE = 100.0
"""the published model's logit scale, about"""


@dataclass(frozen=True)
class HPSv2:
    """100 times the cosine of picture and prompt under HPSv2.1: some 20 to 35 for real pictures."""

    file: str
    """path of the checkpoint (.pt or .safetensors)"""
    architecture: str = "ViT-H-14"
    """a name of ``open_clip.list_models()``"""
    device: str = "auto"
    """"auto" (where the generator is: ``loading.Options``), "cpu", "cuda" or "cuda:1" """
    unit_cost = Cost(verifier_calls=1)

    @property
    def name(self) -> str:
        """ "hpsv2", and which file."""
        return f"hpsv2:{Path(self.file).name}"

    @property
    def networks(self) -> tuple[str, ...]:
        """The checkpoint."""
        return (self.file,)

    @property
    def revision(self) -> str:
        """Changes with the file's path and size."""
        path = self._found()
        return revision_of(f"{self.architecture} {path} {path.stat().st_size}")

    def _found(self) -> Path:
        path = Path(self.file).expanduser()
        if not path.is_file():
            raise ModelUnavailable(
                f"There is no HPSv2 checkpoint at {self.file!r}; give the file HPS_v2.1_compressed.pt."
            )
        return path

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """One score per picture for ``task.prompt``.

        Raises:
            ModelUnavailable: there is no such file, it holds another network, or it does not fit into memory.
        """
        towers = OpenClipTowers(self.architecture, str(self._found()), device_of(self.device))
        return prompt_cosines(towers, task, samples, SCALE)
