"""The held-out drawings are what the script makes, and are drawn by the reference renderer."""

from tts_playground.dsl import parse, render
from tts_playground.worlds import heldout


def test_the_file_is_what_the_script_makes():
    assert list(heldout.texts()[:40]) == heldout.make(40)


def test_two_hundred_different_drawings_of_one_to_six_primitives():
    texts = heldout.texts()
    assert len(texts) == 200 and {len(parse(text)) for text in texts} == {1, 2, 3, 4, 5, 6}
    assert len({render(text).tobytes() for text in texts}) == 200


def test_targets_are_rows_of_program_and_image():
    rows = heldout.targets(3)
    assert [row["program"] for row in rows] == list(heldout.texts()[:3])
    assert all(row["image"].size == (256, 256) and row["image"].mode == "RGB" for row in rows)
