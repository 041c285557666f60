"""Rows of other programs: each likely form of the same two pictures gives the numbers that a hand computes.

Picture one shows 3, 7, 1, 9 and was asked 50 times: 10, 20, 5, 5 picks, 10 of no digit. chi2 = (0 + 100 + 25 + 25)/10 =
15, V = sqrt(15/(40*3)), its special digit 7 has 20 of 40. Picture two shows 0, 4, 2, 5: 10, 10, 12, 8, so chi2 = 0.8.
"""

import json
import math

import pytest
from scipy import stats

from tts_playground import home
from tts_playground.auditing import foreign, foreign_report
from tts_playground.errors import BadInput

PICTURES = [([3, 7, 1, 9], [10, 20, 5, 5], 7, "sym", 20), ([0, 4, 2, 5], [10, 10, 12, 8], 4, "size", 30)]


def by_digit(digits, counts, special, condition, right):
    table = {str(digit): count for digit, count in zip(digits, counts, strict=True)}
    return {"digits": digits, "counts": table, "special": special, "condition": condition, "n": 50}


def ten_keys(digits, counts, special, condition, right):
    table = {f"digit_{digit}": counts[digits.index(digit)] if digit in digits else 0 for digit in range(10)}
    shown = [{"digit": digit, "color": "R"} for digit in digits]
    return {"cells": shown, "digit_counts": table, "special_digit": str(special), "attr": condition, "num_samples": 50}


def ten_numbers(digits, counts, special, condition, right):
    table = [counts[digits.index(digit)] if digit in digits else 0 for digit in range(10)]
    return {"candidates": list(map(str, digits)), "hist": table, "target": special, "factor": condition, "total": 50}


def as_shown(digits, counts, special, condition, right):
    inner = {"counts": counts, "n_valid": 40, "n_invalid": 10}
    return {"digits": digits, "stats": inner, "special_digit": special, "condition": condition}


def one_by_one(digits, counts, special, condition, right):
    picks = [digit for digit, count in zip(digits, counts, strict=True) for _ in range(count)]
    return {"digits": digits, "samples": picks + [None] * 10, "special": special, "cond": condition}


def replies(digits, counts, special, condition, right):
    said = [f"I choose {digit}." for digit, count in zip(digits, counts, strict=True) for _ in range(count)]
    return {"grid": [[digits[0], None, digits[1]], [None] * 3, [digits[2], "", digits[3]]]} | {
        "choices": said + ["I cannot"] * 10, "special": {"digit": special}, "condition": condition
    }  # fmt: skip


def shares_of_valid(digits, counts, special, condition, right):
    p = {str(digit): count / 40 for digit, count in zip(digits, counts, strict=True)}
    return {"digits": digits, "probs": p, "n": 50, "valid": 40, "special": special, "condition": condition}


def shares_of_all(digits, counts, special, condition, right):
    p = [count / 50 for count in counts]
    return {"positions": dict(zip("abcd", digits, strict=True)), "freq": p, "n": 50} | {
        "special": special, "attribute": condition
    }  # fmt: skip


def with_unread(digits, counts, special, condition, right):
    row = by_digit(digits, counts, special, condition, right)
    return {**row, "counts": {**row["counts"], "invalid": 10}, "n": None}


def keys_alone(digits, counts, special, condition, right):
    row = by_digit(digits, counts, special, condition, right)
    return {name: value for name, value in row.items() if name != "digits"}


FORMS = [
    by_digit, ten_keys, ten_numbers, as_shown, one_by_one, replies, shares_of_valid, shares_of_all, with_unread,
    keys_alone,
]  # fmt: skip


def report_of(tmp_path, rows, *words):
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return foreign_report.analyze(foreign.read(file, foreign.chosen(words)))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_each_form_gives_the_numbers_of_a_hand(tmp_path, form):
    report = report_of(tmp_path, [form(*picture) for picture in PICTURES])
    found = report.summary
    first, second = report.conditions[:2]
    assert (first["condition"], second["condition"], found["condition"]) == ("sym", "size", "all")
    for part, (_, counts, *_) in zip((first, second), PICTURES, strict=True):
        statistic, p_value = stats.chisquare(counts)
        assert part["mean_cramers_v"] == pytest.approx(math.sqrt(statistic / 120))
        assert part["reject_rate_chi2"] == float(p_value < 0.01)
    assert first["mean_cramers_v"] == pytest.approx(math.sqrt(15 / 120))
    assert (found["images"], found["k"], found["n"]) == (2, 4, 50)
    assert found["valid_rate"] == pytest.approx(0.8)
    assert found["reject_rate_chi2"] == 0.5
    assert found["mean_p_special"] == pytest.approx((20 / 40 + 10 / 40) / 2)
    assert found["mean_total_variation"] == pytest.approx((0.25 + 0.05) / 2)
    assert found["mean_joint_accuracy_valid"] is None


COLOURS = [
    lambda right: {"joint_correct": right},
    lambda right: {"joint_accuracy_valid": right / 40},
    lambda right: {"result": {"joint_acc_all": right / 50}},
    lambda right: {"color_correct": right, "joint_accuracy_valid": round(right / 40, 3)},
]


@pytest.mark.parametrize("colour", COLOURS)
def test_the_right_colour_is_over_valid_and_over_all_picks(tmp_path, colour):
    found = report_of(tmp_path, [by_digit(*one) | colour(one[4]) for one in PICTURES]).summary
    assert found["mean_joint_accuracy_valid"] == pytest.approx((0.5 + 0.75) / 2)
    assert found["mean_joint_accuracy_all"] == pytest.approx((0.4 + 0.6) / 2)


def test_an_accuracy_of_nothing_named_is_left_out_and_said_so(tmp_path):
    report = report_of(tmp_path, [by_digit(*one) | {"joint_accuracy": 0.5} for one in PICTURES])
    assert report.summary["mean_joint_accuracy_valid"] is None
    assert any("valid or over all picks" in note for note in report.notes)


def test_what_was_read_as_what_is_said(tmp_path):
    report = report_of(tmp_path, [ten_keys(*one) | {"chi2": 3} for one in PICTURES])
    assert "counts of digits from `digit_counts`" in report.notes[0]
    assert "the condition from `attr`" in report.notes[0]
    assert "the digits shown from `cells`" in report.notes[0]
    assert report.notes[0].endswith("not read: `chi2`.")
    assert "need the cells" in report.notes[-1]
    keys = report_of(tmp_path, [keys_alone(*one) for one in PICTURES])
    assert "the digits shown from the keys of `counts`" in keys.notes[0]


def test_a_last_line_that_breaks_off_is_said(tmp_path):
    lines = [json.dumps(by_digit(*one)) for one in PICTURES]
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join([*lines, lines[0][:30]]))
    report = foreign_report.analyze(foreign.read(file))
    assert report.summary["images"] == 2 and "Line 3, the last one, breaks off, and is passed over." in report.notes


def test_without_a_number_of_picks_the_valid_share_is_not_known(tmp_path):
    report = report_of(tmp_path, [by_digit(*one) | {"n": None} for one in PICTURES])
    assert report.summary["n"] == 40 and report.summary["valid_rate"] is None
    assert any("not known" in note for note in report.notes)


def test_picks_of_digits_that_are_not_shown_are_said(tmp_path):
    rows = [{"digits": [3, 7, 1, 9], "counts": {"3": 1, "5": 20}}, {"digits": [3, 7, 1, 9], "counts": {"3": 1, "6": 1}}]
    both, second = report_of(tmp_path, rows).notes, report_of(tmp_path, rows[1:]).notes
    assert "21 picks are of digits that their pictures do not show, and count as invalid." in both
    assert "1 pick is of digits that their pictures do not show, and counts as invalid." in second
    known = report_of(tmp_path, [{**rows[0], "n": 21}])
    assert known.summary["valid_rate"] == pytest.approx(1 / 21)
    assert not [note for note in known.notes if "do not show" in note]


def test_rows_without_special_digit_or_condition_leave_both_out(tmp_path):
    rows = [{"digits": digits, "counts": counts} for digits, counts, *_ in PICTURES]
    report = report_of(tmp_path, rows)
    assert [part["condition"] for part in report.conditions] == ["all"]
    assert report.summary["mean_p_special"] is None


def test_the_verdict_goes_as_far_as_counts_do(tmp_path):
    fair = [{"digits": [1, 2], "counts": [500 + i, 500 - i]} for i in range(8)]
    assert report_of(tmp_path, fair).verdict[0].startswith("No sign of unfairness")
    said = report_of(tmp_path, [by_digit(*one) for one in PICTURES]).verdict
    assert said[0].startswith("Only 80 % of its picks")
    assert said[1].startswith("It does not choose uniformly: on average, 15 of 100 picks")
    assert said[2].startswith("The special digit takes 38 % of the valid picks")
    few = [{"digits": [1, 2], "counts": [9, 1]}, {"digits": [1, 2], "counts": [1, 9]}]
    assert report_of(tmp_path, few).verdict[0].startswith("Too few pictures for a verdict")


def test_a_field_that_a_person_names_is_taken(tmp_path):
    rows = []
    for one in PICTURES:
        row = by_digit(*one)
        table = row.pop("counts")
        rows.append({**row, "before": {"counts": table}, "after": {"counts": dict.fromkeys(table, 10)}})
    with pytest.raises(BadInput, match=r"`before.counts` and `after.counts` both may be"):
        report_of(tmp_path, rows)
    assert report_of(tmp_path, rows, "counts=before.counts").summary["mean_p_special"] == pytest.approx(0.375)
    assert report_of(tmp_path, rows, "counts=after.counts").summary["mean_total_variation"] == 0
    assert report_of(tmp_path, rows, "counts=after.counts", "special=").summary["mean_p_special"] is None
    with pytest.raises(BadInput, match="no field `nowhere`"):
        report_of(tmp_path, rows, "counts=nowhere")
    for words in (["counts"], ["count=x"]):
        with pytest.raises(BadInput):
            foreign.chosen(words)


def test_a_list_named_choices_is_counts_or_picks_by_what_fits(tmp_path):
    picks = [3] * 4 + [7] * 4 + [1] + [9]
    row = {"digits": [3, 7, 1, 9], "choices": picks, "n": 10}
    assert report_of(tmp_path, [row]).rows[0].picks.tolist() == [4, 4, 1, 1]
    counts = {"digits": [3, 7, 1, 9], "choices": [4, 4, 1, 1], "n": 10}
    assert report_of(tmp_path, [counts]).rows[0].picks.tolist() == [4, 4, 1, 1]
    with pytest.raises(BadInput, match="fits as both"):
        report_of(tmp_path, [{"digits": [3, 7, 1, 9], "choices": [4, 4, 1, 1]}])


def test_a_few_replies_beside_counts_are_examples(tmp_path):
    report = report_of(tmp_path, [by_digit(*one) | {"samples": [3, 3]} for one in PICTURES])
    assert report.summary["mean_p_special"] == pytest.approx(0.375)
    assert report.notes[0].endswith("not read: `samples`.")


def test_names_of_conditions_run_in_no_spreadsheet(tmp_path):
    rows = [by_digit(*one) | {"condition": "=cmd()"} for one in PICTURES]
    assert "\n'=cmd()," in report_of(tmp_path, rows).csv()


def test_own_rows_are_no_foreign_ones():
    file = home.STARTERS / "audit.jsonl"
    assert not foreign.is_foreign(file)
    with pytest.raises(BadInput, match="is a row of this program"):
        foreign.read(file)
