"""The graphics DSL: programs of circles and quads on a 16 x 16 canvas, read, drawn, scored, tidied and generated.

    (- (Quad 8 8 8 8 0) (Circle 3 8 8))

Importing this package imports neither lark, shapely nor Pillow: each name below is fetched when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tts_playground.dsl.tree import Circle, Difference, Node, Primitive, Program, Quad, Union
from tts_playground.errors import DSLError

if TYPE_CHECKING:
    from tts_playground.dsl.exact import mask
    from tts_playground.dsl.generator import Difficulty, generate, stream
    from tts_playground.dsl.metrics import Metrics, iou
    from tts_playground.dsl.raster import differs, render
    from tts_playground.dsl.surgery import tidy
    from tts_playground.dsl.svg import to_svg
    from tts_playground.dsl.text import parse
    from tts_playground.dsl.tree import unparse

# No module is called like a name it exports: importing a submodule sets an attribute here, which would hide the name.
_HOMES = {
    "Difficulty": "generator",
    "Metrics": "metrics",
    "differs": "raster",
    "generate": "generator",
    "iou": "metrics",
    "mask": "exact",
    "parse": "text",
    "render": "raster",
    "stream": "generator",
    "tidy": "surgery",
    "to_svg": "svg",
    "unparse": "tree",
}

__all__ = [
    "Circle",
    "DSLError",
    "Difference",
    "Difficulty",
    "Metrics",
    "Node",
    "Primitive",
    "Program",
    "Quad",
    "Union",
    "differs",
    "generate",
    "iou",
    "mask",
    "parse",
    "render",
    "stream",
    "tidy",
    "to_svg",
    "unparse",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
