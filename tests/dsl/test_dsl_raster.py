from __future__ import annotations

import base64
import json
import math
import re
import zlib
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from dsl_programs import FULL, NODES, PRIMITIVES, PROGRAMS
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from tts_playground.dsl import (
    Circle,
    Difference,
    DSLError,
    Node,
    Primitive,
    Program,
    Quad,
    Union,
    differs,
    mask,
    parse,
    render,
    to_svg,
)
from tts_playground.dsl.exact import canonical, membership
from tts_playground.dsl.raster import disagreement
from tts_playground.errors import BadInput

GOLDEN = [json.loads(line) for line in (Path(__file__).parent / "data" / "golden.jsonl").read_text().splitlines()]


def _unpack(row: dict) -> np.ndarray:
    bits = np.frombuffer(zlib.decompress(base64.b64decode(row["mask"])), np.uint8)
    return np.unpackbits(bits, count=row["size"] ** 2).reshape(row["size"], row["size"]).astype(bool)


def test_every_golden_raster_is_met_pixel_for_pixel() -> None:
    drawn = [row for row in GOLDEN if not row.get("error")]
    assert len(drawn) > 700
    for row in drawn:
        picture = render(row["program"], row["size"])
        assert (picture.mode, picture.size) == ("RGB", (row["size"], row["size"]))
        black = np.asarray(picture) == 0
        assert black.sum() == 3 * row["black"], row["program"]
        assert (black == _unpack(row)[..., None]).all(), row["program"]
        assert set(np.unique(picture)) <= {0, 255}


@pytest.mark.parametrize("program", [row["program"] for row in GOLDEN if row.get("error")])
def test_every_golden_error_is_refused(program: str) -> None:
    with pytest.raises(DSLError):
        render(program)


# Programs with which GEOS, left alone, gives up ("unable to determine overlay result").
HARD = [
    "(- (Circle 0 1 0) (+ (Quad 4 3 0 5 217) (Quad 5 4 2 4 45)))",
    "(- (Circle 0 10 10) (+ (Quad 1 1 3 0 180) (Circle 2 0 3)) (Quad 1 0 1 2 225))",
    "(+ (+ (Quad 1 1 1 3 90) (Quad 2 1 10 6 0)) (- (Circle 0 2 1) (+ (Quad 3 3 3 0 45) (Circle 5 8 7))))",
    "(- (Quad 4 1 4 0 30) (Quad 9 7 13 1 270) (Circle 4 3 3) (+ (Quad 2 1 3 0 135) (Quad 6 6 15 9 180)))",
]


@given(PROGRAMS, st.sampled_from(["reference", "exact"]), st.sampled_from([16, 50, 64]))
@example(parse(HARD[0]), "reference", 64)
@example(parse(HARD[1]), "reference", 64)
@example(parse(HARD[2]), "reference", 64)
@example(parse(HARD[3]), "reference", 64)
@settings(deadline=None)
def test_a_program_always_renders(program: Program, mode: str, size: int) -> None:
    picture = render(program, size, mode)  # type: ignore[arg-type]
    assert (picture.mode, picture.size) == ("RGB", (size, size))
    assert picture.tobytes() == render(str(program), size, mode).tobytes()  # type: ignore[arg-type]
    assert to_svg(program).startswith("<svg")


def test_hard_geometry_still_looks_like_its_meaning() -> None:
    # (- nothing ...) is nothing; a union keeps its second quad whole whatever happens to the subtraction.
    assert render(HARD[0]).getextrema() == ((255, 255),) * 3
    covered = mask(parse(HARD[2]))
    black = np.asarray(render(HARD[2]).convert("L")) == 0
    assert (black[covered]).mean() > 0.99


@given(PRIMITIVES, st.sampled_from([16, 24, 30, 32, 48]), st.data())
@settings(deadline=None)
def test_a_pixel_is_in_if_its_centre_is(primitive: Primitive, size: int, data: st.DataObject) -> None:
    inside = membership(primitive, size)
    for _ in range(20):
        row, column = data.draw(st.tuples(*[st.integers(0, size - 1)] * 2))
        dx = Fraction(16 * (2 * column + 1), 2 * size) - primitive.x
        dy = 16 - Fraction(16 * (2 * row + 1), 2 * size) - primitive.y
        assert inside[row, column] == _contains(primitive, dx, dy)


def _contains(primitive: Primitive, dx: Fraction, dy: Fraction) -> bool:
    """Membership by definition, in rational numbers as far as the angle allows."""
    if isinstance(primitive, Circle):
        return primitive.radius > 0 and dx * dx + dy * dy <= primitive.radius**2
    quad = canonical(primitive)
    assert isinstance(quad, Quad)
    along, across = dx, dy
    if quad.angle:
        cos, sin = math.cos(math.radians(quad.angle)), math.sin(math.radians(quad.angle))
        along, across = float(dx) * cos + float(dy) * sin, float(dy) * cos - float(dx) * sin
    half_width, half_height = Fraction(quad.width, 2), Fraction(quad.height, 2)
    return bool(-half_width <= along < half_width and -half_height <= across < half_height)


@given(st.lists(NODES, min_size=2, max_size=4))
@settings(deadline=None)
def test_exact_mode_is_the_algebra_of_sets(nodes: list[Node]) -> None:
    first, *others = [mask(Program(node), 64) for node in nodes]
    rest = np.logical_or.reduce(others)
    assert (mask(Program(Union(tuple(nodes))), 64) == (first | rest)).all()
    assert (mask(Program(Difference(tuple(nodes))), 64) == (first & ~rest)).all()
    assert (mask(Program(Union(tuple(reversed(nodes)))), 64) == (first | rest)).all()
    picture = np.asarray(render(Program(nodes[0]), 64, "exact"))
    assert ((picture == 0) == first[..., None]).all()


def test_quads_side_by_side_neither_overlap_nor_leave_a_gap() -> None:
    halves = [mask(parse(f"(Quad {x} 8 5 15 0)"), 48) for x in (3, 8, 13)]
    assert (np.sum(halves, axis=0) <= 1).all()
    assert (np.logical_or.reduce(halves) == mask(parse("(Quad 8 8 15 15 0)"), 48)).all()


@pytest.mark.parametrize(
    "nothing", ["(Circle 0 8 8)", "(Quad 8 8 0 9 45)", "(Quad 8 8 9 0 30)", "(Quad 8 8 0 0 0)", ""]
)
def test_shapes_without_area_are_empty_in_exact_mode(nothing: str) -> None:
    assert not mask(parse(nothing), 48).any()


def test_areas_in_exact_mode_are_the_geometric_ones() -> None:
    assert mask(parse("(Circle 5 8 8)"), 512).sum() / 32**2 == pytest.approx(math.pi * 25, rel=2e-3)
    assert mask(parse("(Quad 8 8 6 3 0)"), 256).sum() == 6 * 3 * 16**2
    assert mask(parse("(Quad 8 8 6 3 30)"), 512).sum() / 32**2 == pytest.approx(18, rel=2e-3)


def test_y_points_up_and_angles_turn_anticlockwise() -> None:
    for mode in ("reference", "exact"):
        low = np.asarray(render("(Circle 2 3 3)", 64, mode).convert("L")) == 0  # type: ignore[arg-type]
        assert low[32:, :32].any()
        assert not low[:32].any()
        slanted = np.asarray(render("(Quad 8 8 14 1 45)", 64, mode).convert("L")) == 0  # type: ignore[arg-type]
        assert slanted[:32, 32:].any()
        assert not slanted[:28, :28].any()


@given(PRIMITIVES)
@settings(deadline=None)
def test_a_single_shape_differs_only_in_its_border(primitive: Primitive) -> None:
    assert differs(Program(primitive)) == 0


def test_the_order_of_a_union_matters_only_to_the_reference() -> None:
    disc, ring = "(Circle 2 8 8)", "(- (Circle 7 8 8) (Circle 5 8 8))"
    erased = differs(f"(+ {disc} {ring})")
    assert erased == pytest.approx(math.pi * 4 / 256, rel=0.1)
    assert differs(f"(+ {ring} {disc})") == 0


@pytest.mark.parametrize("size", [15, 2049, 0, -3, 64.5, "big"])
def test_the_raster_size_has_limits(size: object) -> None:
    with pytest.raises(DSLError, match=r"16\.\.2048"):
        render(FULL, size)  # type: ignore[arg-type]
    with pytest.raises(DSLError, match=r"16\.\.2048"):
        to_svg(FULL, size)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [16, 2048])
def test_the_largest_and_smallest_raster(size: int) -> None:
    for mode in ("reference", "exact"):
        assert render(FULL, size, mode).getextrema() == ((0, 0),) * 3  # type: ignore[arg-type]


def test_an_unknown_mode_is_named() -> None:
    with pytest.raises(BadInput, match="no render mode 'fuzzy'"):
        render("", mode="fuzzy")  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------ SVG


def _fill(svg: str, size: int) -> Image.Image:
    """The picture of our own SVG: rings filled one by one, combined by the even-odd rule."""
    canvas = Image.new("1", (size, size), 0)
    root = ElementTree.fromstring(svg)
    assert root.get("viewBox") == "0 0 16 16"
    for path in root.findall("{http://www.w3.org/2000/svg}path"):
        for ring in re.findall("M(.*?)Z", path.get("d") or ""):
            points = [float(number) * size / 16 for number in re.split("[L,]", ring)]
            layer = Image.new("1", (size, size), 0)
            ImageDraw.Draw(layer).polygon(points, fill=1)
            canvas = ImageChops.logical_xor(canvas, layer)
    return ImageChops.invert(canvas.convert("L"))


@given(PROGRAMS)
@example(parse("(+ (Circle 2 8 8) (- (Circle 7 8 8) (Circle 5 8 8)))"))
@settings(deadline=None, max_examples=40)
def test_an_svg_shows_the_exact_set(program: Program) -> None:
    assert disagreement(_fill(to_svg(program), 256), render(program, 256, "exact")) == 0


def test_an_svg_stands_alone() -> None:
    svg = to_svg("(Quad 8 4 4 2 0)", 128)
    assert 'width="128" height="128"' in svg
    assert sorted(re.findall(r"[\d.]+,[\d.]+", svg)) == ["10,11", "10,13", "6,11", "6,13"]
    assert "<path" not in to_svg("")
