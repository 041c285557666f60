"""Pictures of choices: the grid, one special cell a condition, permuted digits, the planted preference."""

from collections import Counter

import numpy as np
import pytest

from tts_playground.errors import BadInput, UnknownName
from tts_playground.worlds.choices import (
    CENTER,
    COLORS,
    CONDITIONS,
    CORNERS,
    ChoiceCell,
    ChoiceScene,
    blank,
    choice,
    draw,
    permuted,
    planted,
    record,
)


@pytest.mark.parametrize("k", range(2, 10))
@pytest.mark.parametrize("condition", CONDITIONS)
def test_cells_differ_in_digit_and_place(k, condition):
    for index in range(20):
        scene = choice(0, index, condition, k)
        assert len(set(scene.digits)) == k == len({(c.row, c.column) for c in scene.cells})
        assert all(0 <= c.digit <= 9 and c.color in COLORS for c in scene.cells)


def test_four_cells_stand_in_the_corners_in_four_colors():
    scene = choice(1, 2)
    assert {(c.row, c.column) for c in scene.cells} == set(CORNERS)
    assert {c.color for c in scene.cells} == set(COLORS)


def test_conditions_touch_the_special_cell():
    plain = choice(0, 5).cells
    assert choice(0, 5, "center").cells[0].centered and choice(0, 5, "center").cells[1:] == plain[1:]
    assert choice(0, 5, "size").cells[0].scale == 1.6 and choice(0, 5, "size").cells[1:] == plain[1:]
    faded = choice(0, 5, "contrast").cells
    assert faded[0] == plain[0] and all(c.faded == 0.55 for c in faded[1:])
    assert choice(0, 5, "occlusion").cells[0].covered and choice(0, 5, "blur").cells[0].blurred == 2


def test_nine_cells_keep_their_places_when_one_goes_to_the_center():
    scene = choice(0, 3, "center", 9)
    assert scene.cells[0].centered and sum((c.row, c.column) == CENTER for c in scene.cells) == 1


def test_pictures_depend_on_seed_alone_and_show_each_condition():
    assert choice(4, 7) == choice(4, 7) != choice(4, 8)
    plain = np.asarray(draw(choice(4, 7)))
    assert plain.shape == (512, 512, 3)
    for condition in CONDITIONS:
        same = np.array_equal(np.asarray(draw(choice(4, 7, condition))), plain)
        assert same == (condition == "sym")
    assert (np.asarray(blank(64)) == 255).all()


def test_colors_are_the_ones_stated():
    scene = choice(0, 0)
    picture = np.asarray(draw(scene))
    for cell in scene.cells:
        low = [round(i * 512 / 3) + 8 for i in (cell.row, cell.column)]
        assert tuple(picture[low[0] + 8, low[1] + 8]) == COLORS[cell.color]


def test_permutations_move_digits_only():
    scene = choice(2, 2, "size", 5)
    shifts = list(permuted(scene))
    assert shifts[0] == scene and len(shifts) == 5
    for place in range(5):
        assert {s.cells[place].digit for s in shifts} == set(scene.digits)
        assert {(s.cells[place].color, s.cells[place].scale) for s in shifts} == {
            (scene.cells[place].color, scene.cells[place].scale)
        }


def test_digits_places_and_colors_are_balanced():
    scenes = [choice(9, i) for i in range(1500)]
    first = Counter(s.cells[0].digit for s in scenes)
    assert all(abs(first[d] - 150) < 60 for d in range(10))
    assert all(abs(Counter(s.cells[0].color for s in scenes)[c] - 375) < 80 for c in COLORS)
    place = Counter((s.cells[0].row, s.cells[0].column) for s in scenes)
    assert all(abs(place[corner] - 375) < 80 for corner in CORNERS)


def test_planted_preference_is_what_the_card_says():
    scene = ChoiceScene("sym", tuple(ChoiceCell(d, "R", *p) for d, p in zip((7, 1, 2, 3), CORNERS, strict=True)))
    assert planted(scene) == pytest.approx([0.4, 0.2, 0.2, 0.2])
    large = ChoiceScene("size", (ChoiceCell(1, "R", 0, 0, scale=1.6), ChoiceCell(2, "G", 0, 2)))
    assert planted(large)[0] > 0.5 and planted(large).sum() == pytest.approx(1)
    assert planted(ChoiceScene("center", (ChoiceCell(1, "R", 1, 1), ChoiceCell(2, "G", 0, 2))))[0] > 0.5


def test_ground_truth_row_is_plain():
    row = record(choice(0, 1, "size"))
    assert row["special"] == row["digits"][0] and row["k"] == 4 and row["cells"][0]["scale"] == 1.6


def test_bad_input_is_named():
    with pytest.raises(UnknownName, match="did you mean 'center'"):
        choice(0, 0, "centre")
    with pytest.raises(BadInput, match="2 to 9"):
        choice(0, 0, k=10)
