"""Who is audited, by name: a script, or a model."""

from __future__ import annotations

import os
from typing import Any

from tts_playground.auditing import scripted, vision
from tts_playground.auditing.choosers import LARGE
from tts_playground.errors import ModelUnavailable
from tts_playground.models import loading


def default_name() -> str:
    """The model to start with: ``TTS_PLAYGROUND_AUDIT_MODEL``, else the embedded one."""
    return os.environ.get("TTS_PLAYGROUND_AUDIT_MODEL") or "tiny:vlm"


def resolve(name: str | None = None, options: loading.Options | None = None, batch: int = 8) -> Any:
    """The chooser called ``name``: ``scripted:...``, ``tiny:vlm``, a hub id or a folder; None for the default.

    Raises:
        UnknownName: no scripted chooser of that name.
        ModelUnavailable: this machine cannot hold or reach the model.
    """
    wanted = name or default_name()
    if wanted.startswith("scripted:"):
        return scripted.named(wanted)
    try:
        return vision.VisionChooser(loading.load(wanted, "vlm", options), batch)
    except ModelUnavailable as error:
        if wanted != "tiny:vlm":
            raise
        known = ", ".join(scripted.SCRIPTS)
        raise ModelUnavailable(f"{error} Or name another model, e.g. {LARGE}, or a script: {known}.") from error
