"""Any network of the open_clip package as towers for pictures and texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from tts_playground.errors import ModelUnavailable
from tts_playground.models.hub import locator
from tts_playground.models.hub.building import building

OWN_WEIGHTS = ("hf-hub:", "local-dir:")
"""how architectures begin that bring their weights along"""


@cache
def _load(architecture: str, pretrained: str, device: str) -> tuple[Any, Any, Any]:
    try:
        import open_clip
    except ImportError as error:
        raise ModelUnavailable("This reward needs the package open-clip-torch; install it with pip.") from error
    _check_memory(open_clip, architecture, device)
    own = "its own weights" if architecture.startswith(OWN_WEIGHTS) else "random weights"
    try:
        with building():
            model, _, images = open_clip.create_model_and_transforms(
                architecture, pretrained=pretrained or None, device=device, weights_only=True
            )
        words = open_clip.get_tokenizer(architecture)
    except Exception as error:  # network, a missing file, an unknown name or foreign weights: same sentence
        raise ModelUnavailable(
            f"open_clip cannot load {architecture} with {pretrained or own} ({type(error).__name__}); "
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
        with building(), torch.device("meta"):
            empty = open_clip.create_model(architecture, pretrained=None, device="meta", pretrained_hf=False)
    except Exception:  # parts that other packages make cannot all be counted so
        return
    numbers = sum(part.numel() for part in empty.parameters())
    locator.check_memory(f"open_clip's {architecture}", locator.ModelFiles(None, numbers), device, 4.0)


@dataclass(frozen=True)
class OpenClipTowers:
    """An open_clip model in float32, loaded when it is first asked for something."""

    architecture: str
    """a name of ``open_clip.list_models()``, or "hf-hub:..." """
    pretrained: str
    """a published tag, or the path of a weights file; "" for random weights"""
    device: str = "cpu"
    batch: ClassVar[int] = 32

    @property
    def width(self) -> int:
        """Length d of an embedding."""
        return self.embed_texts([""]).shape[1]

    def embed_images(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Unit embeddings of pictures, in one forward pass: float32 [n, d].

        Raises:
            ModelUnavailable: the package, the architecture or the weights are not here, or it does not fit.
        """
        import torch

        model, transform, _ = _load(self.architecture, self.pretrained, self.device)
        with torch.inference_mode():
            pixels = torch.stack([transform(image.convert("RGB")) for image in images]).to(self.device)
            return model.encode_image(pixels, normalize=True).cpu().numpy()

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit embeddings of texts, cut where they are longer than the model reads: float32 [n, d].

        Raises:
            ModelUnavailable: as for pictures.
        """
        import torch

        model, _, words = _load(self.architecture, self.pretrained, self.device)
        with torch.inference_mode():
            return model.encode_text(words(list(texts)).to(self.device), normalize=True).cpu().numpy()
