"""A row of another program that makes no sense is one sentence that names its line, whatever it holds."""

import json

import pytest

from tts_playground import home
from tts_playground.auditing import foreign, foreign_report
from tts_playground.errors import BadInput

GOOD = {
    "digits": [3, 7, 1, 9],
    "counts": {"3": 12, "7": 20, "1": 9, "9": 9},
    "special": 7,
    "condition": "size",
    "n": 50,
}
CHANGES = [
    ({"counts": None}, "no counts of digits"),
    ({"counts": {"3": float("nan"), "7": 1}}, "holds 'nan'"),
    ({"counts": {"3": float("inf"), "7": 1}}, "holds 'inf'"),
    ({"counts": {"3": -1, "7": 1}}, "holds '-1'"),
    ({"counts": {"3": True, "7": 1}}, "holds 'True', which is no number"),
    ({"counts": {"3": None, "7": 1}}, "holds 'None', which is no number"),
    ({"counts": {"3": "5", "7": 1}}, "holds '5', which is no number"),
    ({"counts": {"3": 10**400, "7": 1}}, "neither a count nor a share"),
    ({"counts": {"3": 2.5, "7": 1}}, "neither whole numbers nor shares"),
    ({"counts": {"3": 1, "digit_3": 2}}, "has the digit 3 twice"),
    ({"counts": {"3": 1, "cat": 2}}, "the key 'cat', which is no digit"),
    ({"counts": {"0": 12, "1": 20, "2": 9, "3": 9}}, "may be digits or places among the digits shown"),
    ({"counts": [1, 2, 3]}, "has 3 numbers, and needs one for each of 10 or 4 digits"),
    ({"counts": [[1], [2], [3], [4]]}, "no counts of digits"),
    ({"counts": {"3": 0.2471, "7": 0.7529}}, "no whole number"),
    ({"counts": {"3": 0.25, "7": 0.75}, "n": None}, "not say of how many picks"),
    ({"counts": {"3": 0, "7": 0}, "n": None}, "counts are all 0"),
    ({"hist": {"3": 50}}, "`counts` and `hist` both may be its counts, and differ"),
    ({"samples": [3] * 50}, "`counts` and `samples` both may be its counts, and differ"),
    ({"total": 60}, "`n` and `total` both may be the number of picks, and differ"),
    ({"attr": "blur"}, "`condition` and `attr` both may be the condition, and differ"),
    ({"digits": [3, 3, 7, 1]}, "holds a digit twice"),
    ({"digits": [3, "cat"]}, "holds 'cat', which is no digit"),
    ({"digits": [3]}, "fewer than two digits"),
    ({"digits": None, "counts": [5] * 10}, "does not say which digits"),
    ({"digits": None, "counts": dict.fromkeys("0123456789", 5)}, "does not say which digits"),
    ({"special": 8}, "special digit 8 is not among the digits shown, 3, 7, 1, 9"),
    ({"condition": "x" * 300}, "no name of a condition"),
    ({"n": 40}, "its counts sum to 50, and it says that there were 40 picks"),
    ({"n": True}, "holds 'True'"),
    ({"n": 50.5}, "not a whole number"),
    ({"valid": 45}, "sum to 50, and it says that 45 are valid"),
    ({"invalid": 3}, "3 of 50 picks are invalid"),
    ({"joint_correct": 51}, "51 picks of the right colour"),
    ({"joint_accuracy_valid": 1.5}, "an accuracy is within 0-1"),
    ({"joint_correct": 5, "joint_accuracy_valid": 0.9}, "contradict each other"),
]


def refused(tmp_path, *lines):
    file = tmp_path / "rows.jsonl"
    file.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    with pytest.raises(BadInput) as caught:
        foreign_report.analyze(foreign.read(file))
    assert str(file) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("change", "why"), CHANGES)
def test_a_wrong_field_is_named_with_its_line(tmp_path, change, why):
    said = refused(tmp_path, GOOD, {**GOOD, **change})
    assert said.startswith("Line 2 of ") and why in said
    assert f"its fields are {', '.join(sorted(GOOD | change))};" in said
    assert '{"digits": [3, 7, 1, 9], "counts": {"3": 12' in said


@pytest.mark.parametrize("value", [[True, 1, 2, 3], [{"digit": False}], [0.5, 1, 2, 3], [[[1]]]])
def test_a_pick_that_is_none_is_named(tmp_path, value):
    row = {"digits": [3, 7, 1, 9], "picks": value}
    assert "which is no pick" in refused(tmp_path, row)


def test_a_row_of_no_known_field_names_its_fields(tmp_path):
    said = refused(tmp_path, {"bild": "a.png", "zahl": 3})
    assert "its fields are bild, zahl" in said and "--field counts=NAME" in said


def test_a_key_that_comes_twice_is_no_count(tmp_path):
    assert "the key '3' twice" in refused(tmp_path, GOOD, '{"digits": [3, 7], "counts": {"3": 1, "7": 2, "3": 4}}')


@pytest.mark.parametrize(
    "line", ["{" * 20_000, '{"counts": ' + "[" * 20_000, "[1, 2]", "3", '{"n": ' + "9" * 5000 + "}"]
)
def test_what_is_no_object_is_one_sentence(tmp_path, line):
    assert "Line 2 of " in refused(tmp_path, GOOD, line, GOOD)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"digits": [3, 7], "counts": [25, 25]}, "how many digits they show (4 and 2)"),
        ({"condition": ""}, "whether they name a condition (yes and no)"),
        ({"n": 60}, "how many picks they have (50 and 60)"),
    ],
)
def test_rows_of_two_audits_stand_in_no_summary(tmp_path, other, why):
    said = refused(tmp_path, GOOD, {**GOOD, "special": None, **other})
    assert said.startswith("Lines 1 and 2 of ") and why in said


def test_own_rows_among_others_are_refused(tmp_path):
    own = (home.STARTERS / "audit.jsonl").read_text().splitlines()[0]
    assert "Line 2 of" in (said := refused(tmp_path, GOOD, own)) and "row of this program" in said


def test_one_image_counts_once(tmp_path):
    row = GOOD | {"image": "a.png"}
    assert "Lines 1 and 2" in (said := refused(tmp_path, row, row)) and "same image, 'a.png'" in said


def test_a_long_file_of_huge_counts_is_summed_up(tmp_path):
    file = tmp_path / "rows.jsonl"
    row = {"digits": [1, 2], "counts": [2**52, 2**52 - 1]}
    file.write_text((json.dumps(row) + "\n") * 500)
    found = foreign_report.analyze(foreign.read(file)).summary
    assert found["images"] == 500 and found["mean_cramers_v"] < 1e-9
