"""Who is audited, by name: a script, or a model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tts_playground.auditing import endpoint, scripted, vision
from tts_playground.auditing.choosers import LARGE
from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.models import loading


def default_name() -> str:
    """The model to start with: ``TTS_PLAYGROUND_AUDIT_MODEL``, else the embedded one."""
    return os.environ.get("TTS_PLAYGROUND_AUDIT_MODEL") or "tiny:vlm"


def resolve(
    name: str | None = None,
    options: loading.Options | None = None,
    batch: int = 8,
    *,
    own: bool = False,
    extra_body: Mapping[str, Any] | None = None,
) -> Any:
    """The chooser called ``name``; None for the default.

    Args:
        name: ``scripted:...``, ``tiny:vlm``, a hub id, a folder or ``endpoint:MODEL@URL``.
        own: the name comes from whoever set the environment, not from a page or a request (see ``EndpointSampler``).
        extra_body: further fields of an endpoint's requests.

    Raises:
        UnknownName: no scripted chooser of that name.
        BadInput: an endpoint without an address, or fields that it cannot be sent.
        ModelUnavailable: this machine cannot hold or reach the model.
    """
    wanted = name or default_name()
    if wanted.startswith("endpoint:"):
        return endpoint.EndpointChooser.called(wanted, own=own, extra_body=extra_body)
    if extra_body:
        raise BadInput(f"Further fields of a request (extra_body) are for endpoints, and {wanted!r} is none.")
    if wanted.startswith("scripted:"):
        return scripted.named(wanted)
    try:
        return vision.VisionChooser(loading.load(wanted, "vlm", options), batch)
    except ModelUnavailable as error:
        if wanted != "tiny:vlm":
            raise
        known = ", ".join(scripted.SCRIPTS)
        raise ModelUnavailable(f"{error} Or name another model, e.g. {LARGE}, or a script: {known}.") from error
