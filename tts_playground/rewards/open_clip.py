"""CLIP scores through the open_clip package: any architecture with any published or local weights; HPSv2.1 is one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tts_playground.core import Cost, Sample
from tts_playground.errors import ModelUnavailable
from tts_playground.models.hub import locator, shapes

BATCH = 32


@cache
def _load(architecture: str, pretrained: str, device: str) -> tuple[Any, Any, Any]:
    try:
        import open_clip
    except ImportError as error:
        raise ModelUnavailable("This reward needs the package open-clip-torch; install it with pip.") from error
    _check_memory(open_clip, architecture, device)
    try:
        model, _, images = open_clip.create_model_and_transforms(
            architecture, pretrained=pretrained or None, device=device, weights_only=True
        )
        words = open_clip.get_tokenizer(architecture)
    except Exception as error:  # network, a missing file, an unknown name or foreign weights: same sentence
        raise ModelUnavailable(
            f"open_clip cannot load {architecture} with {pretrained or 'random weights'} ({type(error).__name__}); "
            "check both names, or give a local weights file."
        ) from error
    return model.float().eval(), images, words


def _check_memory(open_clip: Any, architecture: str, device: str) -> None:
    """Refuse an architecture that does not fit, counted without memory; those of the hub are not known beforehand.

    Raises:
        ModelUnavailable: it does not fit.
    """
    import torch

    if architecture not in open_clip.list_models():
        return
    try:
        with shapes.silent(), torch.device("meta"):
            empty = open_clip.create_model(architecture, pretrained=None, device="meta", pretrained_hf=False)
    except Exception:  # parts that other packages make cannot all be counted so
        return
    numbers = sum(part.numel() for part in empty.parameters())
    locator.check_memory(f"open_clip's {architecture}", locator.ModelFiles(None, numbers), device, 4.0)


@dataclass(frozen=True)
class OpenClipReward:
    """Cosine of picture and prompt under an open_clip model."""

    architecture: str = "ViT-B-32"
    """a name of ``open_clip.list_models()``, or "hf-hub:..." """
    pretrained: str = "laion2b_s34b_b79k"
    """a published tag, or the path of a weights file (e.g. HPSv2.1's, with ViT-H-14); "" for random weights"""
    device: str = "cpu"
    unit_cost = Cost(verifier_calls=1)

    @staticmethod
    def of_parameter(parameter: str) -> dict[str, str]:
        """The settings behind "open_clip:": ARCH/PRETRAINED, or ARCH alone for open_clip's default weights of ours.

        PRETRAINED is a published tag or a file; "hf-hub:OWNER/NAME" is an architecture with its own weights. The colon
        that stood for the slash in stored names is read too.
        """
        if parameter.startswith("hf-hub:"):
            return {"architecture": parameter, "pretrained": ""}
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
        import torch

        if not samples:
            return []
        model, images, words = _load(self.architecture, self.pretrained, self.device)
        scores: list[float] = []
        with torch.inference_mode():
            text = model.encode_text(words([task.prompt]).to(self.device), normalize=True)[0]
            for start in range(0, len(samples), BATCH):
                pixels = torch.stack([images(s.content.convert("RGB")) for s in samples[start : start + BATCH]])
                scores += (model.encode_image(pixels.to(self.device), normalize=True) @ text).cpu().tolist()
        return scores
