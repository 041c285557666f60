"""By which kind of model a name draws pictures: a Janus, or a pipeline of diffusers."""

from __future__ import annotations

import re

from tts_playground.errors import PlaygroundError
from tts_playground.models.hub import folders, locator, pipelines
from tts_playground.models.hub.embedded_models import TINY

EMBEDDED = frozenset({"tiny:flow"})
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_HUB = re.compile(r"sana|pixart|flux|stable-diffusion|sdxl|diffusers", re.IGNORECASE)
"""words in the names of hub repositories that hold pipelines"""


def is_pipeline(name: str) -> bool:
    """Whether a model's name is that of a pipeline; the network is not asked.

    Hub repositories that are not on this machine are told by their names.
    """
    if name.startswith("tiny:"):
        return name in EMBEDDED and name in TINY
    try:
        folder = folders.named(name)
    except PlaygroundError:
        return False
    if folder is None and _REPOSITORY.fullmatch(name):
        folder = locator.cached(name, locator.PIPELINE)
        if folder is None:
            return bool(_HUB.search(name)) and "janus" not in name.lower()
    return folder is not None and pipelines.is_folder(folder)


def kind_of(name: str) -> str:
    """ "diffusion" or "janus": by which kind of model pictures are drawn."""
    return "diffusion" if is_pipeline(name) else "janus"
