"""The reference raster: polygons by GEOS, painted one after the other by Pillow.

Data sets of this language were rendered this way, so the mode keeps its manners: circles are 64-gons, shapes are
painted polygon by polygon with each polygon's holes in white right after it (a ring painted after a disc erases the
disc), edges are a pixel fat, and a rectangle of no width leaves a line. ``exact`` is the mode without them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import shapely
from PIL import Image, ImageDraw
from shapely.affinity import rotate
from shapely.geometry import Point, Polygon, box

from tts_playground.dsl.exact import CANVAS, evaluate
from tts_playground.dsl.tree import Circle, Node, Primitive

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


@lru_cache(maxsize=4096)
def outline(primitive: Primitive) -> Any:
    """The polygon of one primitive."""
    if isinstance(primitive, Circle):
        return Point(primitive.x, primitive.y).buffer(primitive.radius)
    x, y, width, height = primitive.x, primitive.y, primitive.width, primitive.height
    upright = box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return rotate(upright, primitive.angle, origin=(x, y))


def union(a: Any, b: Any) -> Any:
    """Everything in either geometry; never raises."""
    return _join(shapely.union, a, b)


def difference(a: Any, b: Any) -> Any:
    """The first geometry without the second; never raises."""
    return _join(shapely.difference, a, b)


def _join(operation: Any, a: Any, b: Any) -> Any:
    """``operation(a, b)``; where GEOS gives up (mixed dimensions, coincident edges), the same on cleaned areas."""
    try:
        return operation(a, b)
    except shapely.errors.GEOSException:
        pass
    # On a grid of 2**-20 units, far below a pixel, overlay is guaranteed to succeed for valid areas.
    return operation(_areas(a), _areas(b), grid_size=2.0**-20)


def _areas(geometry: Any) -> Any:
    """The polygons of a geometry made valid, without the stray lines and points that overlay refuses to mix with."""
    parts = shapely.get_parts(shapely.make_valid(shapely.get_parts(geometry)))
    areas = [part for part in shapely.get_parts(parts) if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(areas, grid_size=2.0**-20) if areas else Polygon()


def geometry(node: Node | None) -> Any:
    """The geometry of a tree, operand by operand from the left."""
    return Polygon() if node is None else evaluate(node, outline, union, difference)


def paint(root: Node | None, size: int) -> Image.Image:
    """The tree as a size x size RGB picture: black on white."""
    image = Image.new("RGB", (size, size), WHITE)
    _fill(image, geometry(root), BLACK, WHITE)
    return image


def bits(shape: Any, size: int) -> bytes:
    """The picture of a geometry as bits, row by row from the top, 1 is ink; rows are filled up to whole bytes."""
    image = Image.new("1", (size, size))
    _fill(image, shape, 1, 0)
    return image.tobytes()


def _fill(image: Image.Image, shape: Any, ink: Any, paper: Any) -> None:
    draw = ImageDraw.Draw(image)
    for part in polygons(shape):
        draw.polygon(_points(part.exterior, image.width), fill=ink)
        for hole in part.interiors:
            draw.polygon(_points(hole, image.width), fill=paper)


def polygons(geometry: Any) -> list[Any]:
    """The polygons in painting order; lines and points, which have no inside, are left out."""
    if geometry.geom_type == "Polygon":
        return [] if geometry.is_empty else [geometry]
    if geometry.geom_type in ("MultiPolygon", "GeometryCollection"):
        return [polygon for part in geometry.geoms for polygon in polygons(part)]
    return []


def _points(ring: Any, size: int) -> list[float]:
    """x, y, x, y, ... of a ring in pixels, y down."""
    coordinates = shapely.get_coordinates(ring) * (size / CANVAS)
    coordinates[:, 1] = size - coordinates[:, 1]
    return coordinates.ravel().tolist()
