"""Programs as scalable pictures: one filled path, which every browser, editor and cutter understands."""

from __future__ import annotations

from typing import Any

import shapely
from shapely.geometry import Point, Polygon

from tts_playground.dsl import reference
from tts_playground.dsl.exact import CANVAS, evaluate
from tts_playground.dsl.raster import check_size, read
from tts_playground.dsl.tree import Circle, Primitive, Program

_ARC = 64
"""straight pieces for a quarter circle: within 0.0012 units of the true one at the largest radius"""


def to_svg(program: Program | str, size: int = 256) -> str:
    """A standalone SVG document, black on white, ``size`` px a side, in units of the canvas turned y down.

    The geometry is the exact one (a point is black if it belongs to the set), so shapes without area leave nothing.

    Raises:
        DSLError: the text does not parse, or ``size`` is outside 16..2048.
    """
    root, side = read(program).root, check_size(size)
    shape = Polygon() if root is None else evaluate(root, _area, reference.union, reference.difference)
    rings = " ".join(_ring(ring) for polygon in reference.polygons(shape) for ring in _rings(polygon))
    path = f'<path fill-rule="evenodd" d="{rings}"/>' if rings else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" viewBox="0 0 {CANVAS} {CANVAS}">'
        f'<rect width="{CANVAS}" height="{CANVAS}" fill="#fff"/>{path}</svg>\n'
    )


def _area(primitive: Primitive) -> Any:
    if isinstance(primitive, Circle):
        return Point(primitive.x, primitive.y).buffer(primitive.radius, quad_segs=_ARC)
    return reference.outline(primitive) if primitive.width and primitive.height else Polygon()


def _rings(polygon: Any) -> list[Any]:
    return [polygon.exterior, *polygon.interiors]


def _ring(ring: Any) -> str:
    """A closed subpath; the last point repeats the first and is left out."""
    points = shapely.get_coordinates(ring)[:-1]
    return "M" + "L".join(f"{x:.6g},{CANVAS - y:.6g}" for x, y in points) + "Z"
