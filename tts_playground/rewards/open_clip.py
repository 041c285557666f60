"""CLIP scores through the open_clip package: any architecture with any published or local weights; HPSv2.1 is one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts_playground.core import Cost, Sample
from tts_playground.models.loading import device_of
from tts_playground.models.open_clip import OWN_WEIGHTS, OpenClipTowers
from tts_playground.rewards.network import prompt_cosines


@dataclass(frozen=True)
class OpenClipReward:
    """Cosine of picture and prompt under an open_clip model."""

    architecture: str = "ViT-B-32"
    """a name of ``open_clip.list_models()``, "hf-hub:..." or "local-dir:..." """
    pretrained: str = "laion2b_s34b_b79k"
    """a published tag, or the path of a weights file (e.g. HPSv2.1's, with ViT-H-14); "" for random weights"""
    device: str = "auto"
    """"auto" (where the generator is: ``loading.Options``), "cpu", "cuda" or "cuda:1" """
    unit_cost = Cost(verifier_calls=1)

    @staticmethod
    def of_parameter(parameter: str) -> dict[str, str]:
        """The settings behind "open_clip:": ARCH/PRETRAINED, or ARCH alone for open_clip's default weights of ours.

        PRETRAINED is a published tag or a file; "hf-hub:OWNER/NAME" and a folder as open_clip writes one ("/a/folder")
        are architectures with their own weights. The colon
        that stood for the slash in stored names is read too.
        """
        if parameter.startswith(OWN_WEIGHTS):
            return {"architecture": parameter, "pretrained": ""}
        if parameter.startswith(("/", "~", ".")):
            return {"architecture": f"local-dir:{Path(parameter).expanduser()}", "pretrained": ""}
        architecture, mark, pretrained = parameter.partition("/" if "/" in parameter else ":")
        return {"architecture": architecture, "pretrained": pretrained} if mark else {"architecture": architecture}

    @property
    def name(self) -> str:
        """Architecture and weights."""
        return f"open_clip:{self.architecture}:{self.pretrained}"

    @property
    def networks(self) -> tuple[str, ...]:
        """The model, as open_clip knows it."""
        return (f"open_clip:{self.architecture}/{self.pretrained}",)

    @property
    def revision(self) -> str:
        """Changes with the names."""
        return hashlib.blake2b(self.name.encode(), digest_size=5).hexdigest()

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """The cosine of each sample's picture with ``task.prompt``."""
        return prompt_cosines(OpenClipTowers(self.architecture, self.pretrained, device_of(self.device)), task, samples)
