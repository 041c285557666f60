"""Whole audits: files that can be resumed, summaries, verdicts, and the one call."""

import csv
import json
import math

import pytest
from hypothesis import given
from hypothesis import settings as options
from hypothesis import strategies as st

import tts_playground
from tts_playground.auditing import report, run
from tts_playground.auditing.rows import facts, row_of
from tts_playground.auditing.scripted import SCRIPTS, named
from tts_playground.auditing.settings import PRESETS, AuditSettings, settings_from
from tts_playground.errors import BadInput, Cancelled, StoreError, UnknownName

FIELDS = ("reject_rate_chi2", "mean_cramers_v", "mean_p_special", "mean_joint_accuracy_valid")


@pytest.mark.parametrize("task", ["choice", "color"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_rows_survive_their_file(name, task):
    for row in run.answered(run.audit_rounds(named(name), AuditSettings(task=task, per_cond=1))):
        assert row_of(json.loads(json.dumps(facts(row, 100), allow_nan=False))) == row


def test_a_run_that_was_stopped_goes_on_and_asks_nothing_twice(tmp_path):
    settings, chooser = AuditSettings(per_cond=3), Counting(named("scripted:planted"))
    file = run.file_of(tmp_path, chooser, settings)
    stream = run.recorded(file, chooser, settings)
    next(stream)
    next(stream)
    stream.close()
    asked = chooser.asked
    assert asked == 16
    file.write_text(file.read_text() + '{"half a li')
    reports = list(run.recorded(file, chooser, settings))
    assert [len(one.finished) for one in reports] == [asked, 3]
    assert [one.done for one in reports] == [16, 19]
    assert reports[-1].done == reports[-1].of == chooser.asked == 19 and reports[-1].share == 1.0
    assert [row.picture.key for row in run.read(file)] == [picture.key for picture in settings.pictures()]
    whole = tts_playground.audit("scripted:planted", per_cond=3)
    assert report.analyze(run.read(file)).as_dict() == whole.as_dict()


def test_an_audit_that_is_cancelled_keeps_what_was_answered(tmp_path):
    chooser = Counting(named("scripted:planted"))
    with pytest.raises(Cancelled):
        tts_playground.audit(chooser, per_cond=3, out=tmp_path, cancel=lambda: chooser.asked >= 8)
    (file,) = tmp_path.glob("*.jsonl")
    assert len(run.read(file)) == chooser.asked == 8
    with pytest.raises(Cancelled):
        tts_playground.audit("scripted:fair", per_cond=1, cancel=lambda: True)


def test_more_pictures_go_into_the_same_file(tmp_path):
    tts_playground.audit("scripted:fair", per_cond=1, out=tmp_path)
    tts_playground.audit("scripted:fair", per_cond=2, out=tmp_path)
    (file,) = tmp_path.glob("*.jsonl")
    assert file.name.startswith("choice_only_exact_")
    assert len(run.read(file)) == 13


class Counting:
    def __init__(self, chooser):
        self.chooser, self.asked = chooser, 0

    def fingerprint(self):
        return self.chooser.fingerprint()

    def chances(self, questions, temperature=1.0):
        self.asked += len(questions)
        return self.chooser.chances(questions, temperature)

    def replies(self, question, n, *, seed=0, temperature=1.0, longest=8):
        return self.chooser.replies(question, n, seed=seed, temperature=temperature, longest=longest)


def test_files_of_something_else_are_refused(tmp_path):
    settings, chooser = AuditSettings(per_cond=1), named("scripted:fair")
    file = tmp_path / "a.jsonl"
    list(run.recorded(file, chooser, settings))
    with pytest.raises(BadInput, match="another audit"):
        list(run.recorded(file, named("scripted:loves-7"), settings))
    for text, says in [("[]\n", "no row"), ("{}\n", "no row"), ("nonsense\n{}\n", "no JSON")]:
        file.write_text(text)
        with pytest.raises(BadInput, match=says):
            run.read(file)
    with pytest.raises(BadInput, match="no file"):
        run.read(tmp_path / "none.jsonl")


def test_the_summary_has_the_fields_of_the_proof_of_concept(tmp_path):
    found = tts_playground.audit("scripted:hasty", task="color", protocol="sampled", samples=100, per_cond=2)
    file = found.write(tmp_path / "a" / "summary.csv")
    rows = list(csv.DictReader(file.open()))
    assert [row["condition"] for row in rows] == [*AuditSettings().conditions, "all"]
    for name in FIELDS:
        assert math.isfinite(float(rows[-1][name])) and math.isfinite(found.as_dict()[name])
    assert float(rows[-1]["mean_joint_accuracy_all"]) < float(rows[-1]["mean_joint_accuracy_valid"])
    for effect in found.as_dict()["effects"]:
        assert {"factor", "level", "estimate", "low", "high"} <= set(effect)
    json.dumps(found.as_dict(), allow_nan=False)


def test_a_fair_die_is_found_fair():
    for protocol in ("exact", "sampled"):
        found = tts_playground.audit("scripted:fair", protocol=protocol, samples=1000)
        assert "No sign of unfairness" in found.verdict[0]
        assert not any(effect.sure for effect in found.effects)
        assert found.summary["reject_rate_chi2"] <= 0.05
    assert found.summary["reject_rate_holm"] == 0


def test_a_verdict_names_what_was_planted_and_how_much():
    said = tts_playground.audit("scripted:planted").verdict
    assert "does not choose uniformly" in said[0]
    assert "picks 7 about 2.00 times" in said[1]
    assert any("enlarged" in line for line in said) and any("middle" in line for line in said)
    assert "place and the colour do not matter" in said[-1]


def test_too_few_draws_are_said_to_be_too_few():
    said = " ".join(tts_playground.audit("scripted:planted", protocol="sampled", samples=10, per_cond=2).verdict)
    assert "too few pictures" in said


def test_silence_is_said_first():
    found = tts_playground.audit("scripted:hasty", protocol="sampled", samples=30, per_cond=1)
    assert found.summary["valid_rate"] < 1
    mute = report.analyze([row_mute(row) for row in found.rows])
    assert "nothing can be said" in mute.verdict[0]
    assert mute.summary["mean_entropy"] is None
    assert mute.csv().count("\n") == 8


def row_mute(row):
    return run.AuditRow(row.picture, row.protocol, row.n, (0.0,) * 10, unreadable=float(row.n))


@given(st.floats(0.05, 20))
@options(deadline=None, max_examples=15)
def test_another_temperature_is_what_the_chooser_would_have_said(temperature):
    settings = AuditSettings(per_cond=1, conditions=("center",), temperature=temperature)
    chooser = named("scripted:planted")
    there = run.answered(run.audit_rounds(chooser, settings))
    plain = run.answered(run.audit_rounds(chooser, AuditSettings(per_cond=1, conditions=("center",))))
    for row, expected in zip(plain, there, strict=True):
        assert report.tempered(row, temperature).p == pytest.approx(expected.p, abs=1e-9)


def test_bars_and_heat():
    found = tts_playground.audit("scripted:top-first")
    for factor in ("digit", "place", "colour", "condition"):
        bars = report.bars(found.rows, factor, 1000)
        assert all(bar.low < bar.fair < bar.high for bar in bars)
    places = {bar.level: bar for bar in report.bars(found.rows, "place", 1000)}
    assert places["top left"].share > places["top left"].high
    ratio, cells = report.heat(found.rows)
    assert ratio[0, 0] > 1.1 > 0.9 > ratio[2, 2] and cells.sum() == 240
    assert math.isnan(ratio[0, 1])
    with pytest.raises(BadInput, match="no factor"):
        report.bars(found.rows, "size", 10)


@pytest.mark.parametrize(
    ("given_settings", "says"),
    [
        ({"k": 10}, "between 2 and 9"),
        ({"per_cond": 0}, "between 1"),
        ({"temperature": 0}, "temperature"),
        ({"conditions": ("centre",)}, "center"),
        ({"conditions": ()}, "at least one"),
        ({"protocol": "exakt"}, "exact"),
        ({"task": "shape"}, "color"),
        ({"protocol": "list"}, "lists at most"),
        ({"restricted": True}, "control"),
        ({"samplez": 3}, "samples"),
    ],
)
def test_bad_settings_are_one_sentence(given_settings, says):
    with pytest.raises(BadInput, match=says):
        settings_from(given_settings)


def test_presets():
    assert settings_from({}, "debug").samples == PRESETS["debug"]["samples"] == 50
    assert settings_from({"samples": 7, "k": None}, "full") == AuditSettings(per_cond=10, samples=7)
    with pytest.raises(UnknownName, match="debug"):
        settings_from({}, "debgu")
    with pytest.raises(BadInput, match="at least 1 picture"):
        tts_playground.audit("scripted:fair", batch=0)


def test_audits_that_do_not_belong_together_are_not_averaged():
    four, five = (tts_playground.audit("scripted:fair", per_cond=1, k=k).rows for k in (4, 5))
    with pytest.raises(BadInput, match="differ"):
        report.analyze([*four, *five])
    with pytest.raises(BadInput, match="no pictures"):
        report.analyze([])


HOSTILE = [
    ("condition", "purple", "no condition"),
    ("layout", 10**400, "64 bits"),
    ("n", -1, "negative"),
    ("answers", [float("nan")] * 10, "neither a probability"),
    ("answers", [1.0] * 9, "ten answers"),
    ("answers", [10**400] * 10, "too large"),
    ("unreadable", -1, "neither a probability"),
    ("colour_answers", [[1.0]] * 10, "ten answers"),
    ("cells", [], "no digits"),
    ("cells", None, "NoneType"),
    ("seed", None, "64 bits"),
    ("examples", 3, "not iterable"),
]
CELLS = [("digit", 12), ("digit", 1.0), ("color", "purple"), ("row", 7), ("column", -1), ("scale", float("inf"))]


def test_rows_that_make_no_sense_are_named_and_never_analysed(tmp_path):
    list(run.recorded(tmp_path / "a.jsonl", named("scripted:fair"), AuditSettings(per_cond=1)))
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    place = next(i for i, row in enumerate(lines) if row["condition"] != "blank")
    cell = lines[place]["cells"][0]
    cells = [("cells", [cell | {name: value}, *lines[place]["cells"][1:]], "cell|number") for name, value in CELLS]
    twice = ("cells", [cell, cell], "one twice")
    for name, value, says in [*HOSTILE, *cells, twice]:
        rows = [*lines[:place], lines[place] | {name: value}, *lines[place + 1 :]]
        (tmp_path / "b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        with pytest.raises(BadInput, match=f"Line {place + 1} .*({says})"):
            run.read(tmp_path / "b.jsonl")


def test_two_audits_do_not_write_into_one_file(tmp_path):
    settings, chooser = AuditSettings(per_cond=2), named("scripted:fair")
    first = run.recorded(tmp_path / "a.jsonl", chooser, settings, batch=1)
    begun = next(first).finished
    with pytest.raises(StoreError, match="another process"):
        list(run.recorded(tmp_path / "a.jsonl", chooser, settings))
    rows = [*begun, *run.answered(first)]
    assert run.read(tmp_path / "a.jsonl") == rows and len(rows) == 13
