"""diffusers, imported where it is used: it is among the requirements, but a small installation may lack it."""

from __future__ import annotations

from typing import Any

from tts_playground.errors import ModelUnavailable

PACKAGE = "diffusers==0.42.1"


def library() -> Any:
    """The package diffusers.

    Raises:
        ModelUnavailable: it is not installed, or not whole.
    """
    try:
        import diffusers
    except ImportError as error:
        raise ModelUnavailable(
            f"Diffusion models need the package diffusers, which is not installed here; run: pip install {PACKAGE}"
        ) from error
    diffusers.utils.logging.set_verbosity_error()  # it warns where a text encoder is not the one of the paper
    return diffusers
