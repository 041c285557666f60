"""What the laws are tried on: the embedded checkpoints that are here, and a random one of the kind where none is."""

from __future__ import annotations

from tts_playground.home import CHECKPOINTS
from tts_playground.models.hub.embedded_models import TINY

RANDOM = "random:"


def models(*names: str) -> list[str]:
    """Those of ``names`` (of ``TINY``) whose checkpoint is here; if none is, "random:FOLDER" for ``located``."""
    unknown = set(names) - set(TINY)
    assert not unknown, f"{unknown} are no embedded models"
    here = [name for name in names if any((CHECKPOINTS / TINY[name]).glob("*.safetensors"))]
    return here or [f"{RANDOM}{TINY[name]}" for name in names[:1]]


def located(name: str, world: dict[str, str]) -> str:
    """``name`` itself, or the folder of the random checkpoint that it stands for."""
    return world[name.removeprefix(RANDOM)] if name.startswith(RANDOM) else name
