"""LAION's aesthetic predictor v2: a linear stack on a CLIP image embedding, blind to the prompt.

Layers 768-1024-128-64-16-1 with dropout and no activations, on the normalised embedding of CLIP L/14 (Schuhmann 2022,
file ``sac+logos+ava1-l14-linearMSE.pth``). ``tiny:aesthetic`` is the same stack on tiny:clip, trained to tell clean
pictures from corrupted ones; being blind to the prompt, it is an ideal subject for over-optimisation.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from tts_playground import files
from tts_playground.core import Cost, Sample
from tts_playground.errors import BadInput, ModelUnavailable, PlaygroundError
from tts_playground.models.clip import image_embeddings
from tts_playground.models.hub import folders
from tts_playground.models.hub.embedded_models import revision_of, where
from tts_playground.models.loading import device_of

HIDDEN = (1024, 128, 64, 16)
DROPOUT = (0.2, 0.2, 0.1)
LARGE = "openai/clip-vit-large-patch14"
LARGE_WIDTH = 768
"""numbers in its embeddings"""
LARGEST = 64 << 20
"""bytes of a head's file; the published one has 3.7 MB"""


def build_head(width: int) -> Any:
    """The stack for embeddings of ``width``, with the published file's names of weights (``layers.0.weight`` ...)."""
    from torch import nn

    sizes = (width, *HIDDEN)
    layers: list[nn.Module] = []
    for place, (before, after) in enumerate(pairwise(sizes)):
        layers.append(nn.Linear(before, after))
        layers += [nn.Dropout(DROPOUT[place])] if place < len(DROPOUT) else []
    return nn.ModuleDict({"layers": nn.Sequential(*layers, nn.Linear(HIDDEN[-1], 1))})


def save_head(head: Any, folder: Path, clip: str) -> None:
    """Write ``model.safetensors`` (bfloat16) and ``config.json`` into ``folder``."""
    import torch
    from safetensors.torch import save_file

    weights = {name: value.detach().cpu().to(torch.bfloat16).contiguous() for name, value in head.state_dict().items()}
    config = {"model_type": "laion-aesthetic-v2", "clip": clip, "width": head["layers"][0].in_features}
    with files.filling(folder, "The head") as partial:
        save_file(weights, partial / "model.safetensors")
        (partial / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def _weights(path: Path) -> dict[str, Any]:
    import pickle

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if path.is_dir():
        path = path / "model.safetensors"
    if not path.exists():
        raise ModelUnavailable(
            f"There is no aesthetic head at {path}; give tiny:aesthetic, a .pth or a .safetensors file."
        )
    if path.stat().st_size > LARGEST:
        raise ModelUnavailable(f"{path} has {path.stat().st_size >> 20} MiB; an aesthetic head has about 4.")
    try:
        if path.suffix == ".safetensors":
            folders.tensors([path])
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, ValueError, EOFError, RuntimeError, SafetensorError, pickle.UnpicklingError) as error:
        if isinstance(error, PlaygroundError):
            raise
        raise ModelUnavailable(f"{path} cannot be read as a head's weights: {folders.first_line(error)}") from error


@cache
def load_head(path: str, device: str = "cpu") -> Any:
    """The stack from a folder of ours, a ``.safetensors`` or the published ``.pth`` file, in float32.

    Raises:
        ModelUnavailable: there is no such file, or it cannot be read.
        BadInput: the file holds something else.
    """
    weights = _weights(Path(path))
    try:
        head = build_head(weights["layers.0.weight"].shape[1])
        head.load_state_dict({name: value.float() for name, value in weights.items()})
    except (KeyError, IndexError, TypeError, AttributeError, RuntimeError) as error:
        raise BadInput(f"{path} is not a LAION aesthetic v2 head: its layers do not fit 1024-128-64-16-1.") from error
    return head.to(device).eval()


def _clip_of(head: str) -> str:
    """The CLIP that the configuration in a head's folder names; "" without one, as with a file alone."""
    config = Path(head) / folders.CONFIG
    said = folders.read_json(config) if config.is_file() else {}
    named = said.get("clip") if isinstance(said, dict) else None
    return named if isinstance(named, str) else ""


def predict(head: Any, embeddings: Any) -> Any:
    """Scores [n] (trained on 1 bad to 10 good, not bounded by it) of unit embeddings [n, d], as torch tensors."""
    return head["layers"](embeddings).squeeze(-1)


@dataclass(frozen=True)
class AestheticReward:
    """How good a picture looks, whatever was asked for: about 1 (bad) to 10 (good).

    The head is linear and its scores are not clipped, so that what it likes most still differs: tiny:aesthetic goes up
    to about 11.
    """

    head: str = "tiny:aesthetic"
    """"tiny:aesthetic", or the path of a head (.pth or .safetensors)"""
    clip: str = ""
    """the CLIP it reads; "" takes tiny:clip for the embedded head, the one that a folder's config.json names, and CLIP
    L/14 for others"""
    device: str = "auto"
    """"auto" (where the generator is: ``loading.Options``), "cpu", "cuda" or "cuda:1" """
    unit_cost = Cost(verifier_calls=1)

    @property
    def name(self) -> str:
        """ "aesthetic", and which one where it is not ours."""
        return "aesthetic" if self.head == "tiny:aesthetic" else f"aesthetic:{Path(self.head).name}"

    @property
    def reads(self) -> str:
        """Name of the CLIP whose embeddings the head takes."""
        return self.clip or ("tiny:clip" if self.head == "tiny:aesthetic" else _clip_of(self.head) or LARGE)

    @property
    def networks(self) -> tuple[str, ...]:
        """The head and its CLIP."""
        return (self.head, self.reads)

    @property
    def revision(self) -> str:
        """Changes with the weights of the head or of its CLIP."""
        return f"{revision_of(where(self.head))}-{revision_of(where(self.reads))}"

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """The predicted score of each sample's picture; ``task`` is not looked at.

        Raises:
            BadInput: the head is none, or was trained on another CLIP. ModelUnavailable: head or CLIP are not here.
        """
        import torch

        if not samples:
            return []
        device = device_of(self.device)
        head = load_head(where(self.head), device)  # first: it costs little, and may be what is broken
        embeddings = image_embeddings([sample.content for sample in samples], self.reads, device)
        wide = head["layers"][0].in_features
        if embeddings.shape[1] != wide:
            right = f", such as {LARGE}" if wide == LARGE_WIDTH else ""
            raise BadInput(
                f"The aesthetic head {self.head} takes embeddings of {wide} numbers, and those of {self.reads} have "
                f"{embeddings.shape[1]}; name the CLIP that it was trained on{right}."
            )
        with torch.inference_mode():
            return predict(head, torch.from_numpy(embeddings).to(device)).cpu().tolist()
