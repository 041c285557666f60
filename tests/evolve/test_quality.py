"""Quality of data sets: known sets with known faults, and the four recipes side by side."""

import pytest

from tts_playground.dsl import parse
from tts_playground.errors import BadInput
from tts_playground.evolve.comparison import compare, recipes, report, table, wall
from tts_playground.evolve.quality import analyze, dead_operands, depth


def test_dead_operands_are_those_whose_loss_nobody_sees():
    assert len(dead_operands(parse("(+ (Circle 3 8 8) (Circle 3 8 8))"))) == 2  # either may go
    assert [str(n) for n in dead_operands(parse("(- (Circle 3 4 4) (Circle 2 12 12))"))] == [
        "Circle(radius=2, x=12, y=12)"
    ]
    assert not dead_operands(parse("(- (Quad 8 8 8 8 0) (Circle 3 8 8))")) and not dead_operands(parse(""))


def test_a_small_set_by_hand():
    found = analyze(
        [
            "(Circle 3 8 8)",
            "( Circle 3 8 8 )",
            "(+ (Circle 3 8 8) (Circle 1 8 8))",
            "(Quad 8 8 15 15 0)",
            "(- (Quad 4 4 4 4 0) (+ (Circle 1 4 4) (Quad 4 4 1 3 45)))",
            "no program",
        ]
    )
    assert found.programs == 6 and found.parse_rate == pytest.approx(5 / 6)
    assert found.duplicate_texts == pytest.approx(1 / 5) and found.duplicate_rasters == pytest.approx(2 / 5)
    assert found.meaningless_ops_frequency == pytest.approx(1 / 5)
    assert found.dead_operands == pytest.approx(1 / 6)
    assert (found.circles, found.quads) == (pytest.approx(5 / 8), pytest.approx(3 / 8))
    assert (found.unions, found.differences) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert (found.depth_0, found.depth_1, found.depth_2_or_more) == (0.6, 0.2, 0.2)
    assert found.coverage_above_75 == 0.2 and found.coverage_below_5 == 0.2
    assert found.mean_primitives == pytest.approx(8 / 5)


def test_entropy_and_spread_have_ends():
    one = analyze(["(Circle 3 8 8)"] * 4)
    assert one.parameter_entropy == 0 and one.position_spread == 0 and one.off_centre == pytest.approx(0, abs=1e-9)
    many = analyze([f"(Circle 1 {x} {y})" for x in range(16) for y in range(16)])
    assert many.entropy_of["x"] == pytest.approx(1) and many.entropy_of["radius"] == 0
    assert 0.85 < many.position_spread < 1.05
    assert set(many.as_dict()) >= {"entropy_x", "entropy_angle", "meaningless_ops_frequency"}


def test_depth_and_empty_sets():
    assert [
        depth(parse(t).root) for t in ("", "(Circle 1 1 1)", "(+ (Circle 1 1 1) (- (Circle 2 2 2) (Circle 1 2 2)))")
    ] == [0, 0, 2]
    with pytest.raises(BadInput, match="empty"):
        analyze([])
    assert analyze(["nonsense"]).parse_rate == 0


def test_four_recipes_side_by_side():
    sets = {name: make() for name, make in recipes([], 40, seed=1).items()}
    assert list(sets) == ["evolved", "hand-written", "fitness", "hybrid"] and {len(s) for s in sets.values()} == {40}
    found = compare(sets)
    for name in ("hand-written", "fitness", "hybrid"):
        assert found[name].meaningless_ops_frequency == 0 < found["evolved"].meaningless_ops_frequency
        assert found[name].duplicate_rasters == 0 == found[name].coverage_below_5
    columns, rows = table(found)
    assert columns == ["measure", *sets] and all(len(row) == 5 for row in rows)
    assert any("*" in cell for row in rows for cell in row)
    assert report(sets)["hybrid"]["programs"] == 40


def test_the_wall_holds_every_picture():
    sheet = wall(["(Quad 8 8 15 15 0)"] * 5, columns=3, side=20)
    assert sheet.size == (3 * 24 + 4, 2 * 24 + 4)
    assert sheet.getpixel((14, 14)) == (0, 0, 0) and sheet.getpixel((14 + 48, 14 + 24)) == (222, 222, 222)
