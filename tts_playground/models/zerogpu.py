"""Hugging Face's ZeroGPU: a GPU that exists only inside decorated calls. Elsewhere the decorator does nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

Call = TypeVar("Call", bound=Callable[..., Any])


def on_gpu(call: Call, seconds: int = 60) -> Call:
    """``call`` with a GPU for at most ``seconds`` in a ZeroGPU Space, else ``call`` itself; generators too."""
    if not os.environ.get("SPACES_ZERO_GPU"):
        return call
    import spaces  # type: ignore[import-not-found]

    return spaces.GPU(duration=seconds)(call)
