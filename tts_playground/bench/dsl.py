"""``bench dsl``: drawing programs against the way the language was first implemented, and the mask engine.

The peer is that way, written afresh: a scannerless Earley parser called for every text, a bottom-up tree transformer,
geometry by shapely's methods, polygons by Pillow on a grey picture. Its parser is built once and both sides start warm,
so that it runs at its best. Ours keeps no program either: the only thing kept between programs is the polygon of each
primitive. Run it on one core (``taskset -c 0``) for numbers that compare.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from typing import Any

from lark import Lark, Transformer
from PIL import Image, ImageDraw
from shapely.affinity import rotate
from shapely.geometry import Point, Polygon, box

from tts_playground.bench.timing import contended, timed_row
from tts_playground.dsl import parse, render, stream
from tts_playground.errors import CannotDo

PROGRAMS = 500
SIZE = 256

_GRAMMAR = r"""
    start: shape?
    ?shape: many | disc | rectangle
    many: "(" sign shape shape+ ")"
    sign: plus | minus
    plus: "+"
    minus: "-"
    disc: "(" "Circle" value value value ")"
    rectangle: "(" "Quad" value value value value degrees ")"
    value: INT
    degrees: INT
    %import common.INT
    %import common.WS
    %ignore WS
"""


class _Geometry(Transformer):
    """Evaluates the peer's parse tree to plain tuples: kind, then arguments."""

    def value(self, tokens: list[Any]) -> int:
        return self._within(int(tokens[0]), 15)

    def degrees(self, tokens: list[Any]) -> int:
        return self._within(int(tokens[0]), 359)

    @staticmethod
    def _within(number: int, most: int) -> int:
        if not 0 <= number <= most:
            raise ValueError(f"{number} is above {most}")
        return number

    def plus(self, _: list[Any]) -> str:
        return "union"

    def minus(self, _: list[Any]) -> str:
        return "difference"

    def sign(self, children: list[Any]) -> str:
        return children[0]

    def many(self, children: list[Any]) -> tuple[Any, ...]:
        return tuple(children)

    def disc(self, children: list[int]) -> tuple[Any, ...]:
        return ("disc", *children)

    def rectangle(self, children: list[int]) -> tuple[Any, ...]:
        return ("rectangle", *children)

    def start(self, children: list[Any]) -> Any:
        return children[0] if children else None


@lru_cache(maxsize=1)
def _earley() -> Lark:
    return Lark(_GRAMMAR, start="start")


def peer_parse(text: str) -> Any:
    """The peer's tree of a program: nested tuples."""
    return _Geometry().transform(_earley().parse(text))


def peer_render(text: str, size: int = SIZE) -> Image.Image:
    """The peer's picture of a program: size x size, RGB, black on white."""
    image = Image.new("L", (size, size), 255)
    _peer_paint(ImageDraw.Draw(image), _peer_shape(peer_parse(text)), size)
    return image.convert("RGB")


def _peer_shape(tree: Any) -> Any:
    if tree is None:
        return Polygon()
    kind, *rest = tree
    if kind == "disc":
        radius, x, y = rest
        return Point(x, y).buffer(radius)
    if kind == "rectangle":
        x, y, width, height, degrees = rest
        return rotate(box(x - width / 2, y - height / 2, x + width / 2, y + height / 2), degrees, origin=(x, y))
    shape = _peer_shape(rest[0])
    for other in rest[1:]:
        shape = getattr(shape, kind)(_peer_shape(other))
    return shape


def _peer_paint(draw: ImageDraw.ImageDraw, shape: Any, size: int) -> None:
    if shape.is_empty:
        return
    if shape.geom_type == "Polygon":
        scale = size / 16.0
        for ring, ink in [(shape.exterior, 0), *((hole, 255) for hole in shape.interiors)]:
            draw.polygon([(x * scale, size - y * scale) for x, y in ring.coords], fill=ink)
    elif hasattr(shape, "geoms"):
        for part in shape.geoms:
            _peer_paint(draw, part, size)


def run(programs: int = PROGRAMS, repeats: int = 5) -> dict[str, Any]:
    """Measure everything; ``programs`` distinct generated programs are drawn ``repeats`` times by each side.

    Raises:
        CannotDo: the two sides' pictures differ in some pixel, so that comparing their speed would mean nothing.
    """
    from tts_playground.bench import masks

    return {"name": "dsl", "rows": [*render_rows(programs, repeats), *masks.rows()]}


def render_rows(programs: int, repeats: int) -> list[dict[str, Any]]:
    """The rows about drawing: whole programs from text to pixels, and parsing alone.

    Raises:
        CannotDo: the two renderers draw a program differently.
    """
    busy = contended()
    texts = [str(program) for program in islice(stream(seed=2026), programs)]
    for text in texts:
        if render(text, SIZE).tobytes() != peer_render(text).tobytes():
            raise CannotDo(f"The two renderers draw {text} differently; mend render before measuring it.")

    def against(peer: Callable[[str], Any], ours: Callable[[str], Any], what: str, goal: str = "") -> dict[str, Any]:
        what = f"{what}, {len(texts)} distinct programs"
        return timed_row(
            what, lambda: list(map(ours, texts)), lambda: list(map(peer, texts)), goal, repeats=repeats, busy=busy
        )

    return [
        against(peer_render, render, f"reference render at {SIZE} px, pixel-equal", "ratio >= 5"),
        against(peer_parse, parse, "parse alone"),
        against(peer_render, lambda text: render(text, SIZE, "exact"), f"exact render at {SIZE} px, same peer"),
    ]
