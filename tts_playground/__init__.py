"""See test-time scaling: samplers draw candidates, rewards score them, strategies spend compute, curves stay honest.

Everything here is loaded when first used, so that ``import tts_playground`` is instant and needs no heavy package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tts_playground import moved

if TYPE_CHECKING:
    from tts_playground.auditing.run import audit
    from tts_playground.tasks.sketch import SketchResult, sketch
    from tts_playground.tasks.solving import Solved, solve
    from tts_playground.tasks.text_to_image import Generated, generate
    from tts_playground.tasks.vqa import Answered, answer

__version__ = "0.1.0"

_LAZY = {
    "answer": "tts_playground.tasks.vqa",
    "Answered": "tts_playground.tasks.vqa",
    "audit": "tts_playground.auditing.run",
    "generate": "tts_playground.tasks.text_to_image",
    "Generated": "tts_playground.tasks.text_to_image",
    "sketch": "tts_playground.tasks.sketch",
    "SketchResult": "tts_playground.tasks.sketch",
    "solve": "tts_playground.tasks.solving",
    "Solved": "tts_playground.tasks.solving",
}

__all__ = ["Answered", "Generated", "SketchResult", "Solved", "__version__", "answer", "audit", "generate", "sketch"]
__all__ += ["solve"]


moved.install()


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
