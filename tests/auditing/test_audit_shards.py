"""The whole audit in one command with its published files and fields, and its pictures on disk."""

import csv
import json

import pytest
from PIL import Image

from tts_playground.auditing.settings import AuditSettings
from tts_playground.cli import main

PUBLISHED = ("reject_rate_chi2", "mean_cramers_v", "mean_p_special", "mean_joint_accuracy_valid")


def call(capsys, *words):
    with pytest.raises(SystemExit) as leaving:
        main([*map(str, words), "--json"])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return leaving.value.code, json.loads(out)


def test_four_runs_write_the_published_files(capsys, tmp_path, monkeypatch):
    for name, value in {"PER_COND": "2", "SAMPLES": "20", "BATCH": "4", "DTYPE": "fp32"}.items():
        monkeypatch.setenv(name, value)
    code, found = call(capsys, "audit", "all", "--model=scripted:loves-7", f"--out={tmp_path}", "--gpus=2")
    assert code == 0 and [one["run"] for one in found["runs"]] == [
        "choice, sampled", "color, sampled", "choice, exact", "color, exact"
    ]  # fmt: skip
    tables = sorted(path.name for path in tmp_path.glob("*.csv"))
    assert [name[:12] for name in tables] == ["choice_color", "choice_color", "choice_only_", "choice_only_"]
    for path in tmp_path.glob("*.csv"):
        rows = list(csv.DictReader(path.open()))
        assert set(PUBLISHED) <= set(rows[0]) and {row["images"] for row in rows[:-1]} == {"2"}
        assert bool(rows[-1]["mean_joint_accuracy_valid"]) == path.name.startswith("choice_color")


def test_a_run_that_fails_is_named(capsys, tmp_path):
    code, found = call(capsys, "audit", "all", "--model=scripted:nobody", f"--out={tmp_path}")
    assert code == 1 and found["error"].startswith("4 of 4 runs failed (choice, sampled: There is no")


@pytest.mark.parametrize(
    "name, value, says",
    [
        ("PER_COND", "0", "per_cond is 0, but it must lie between 1 and 1000."),
        ("SAMPLES", "-4", "samples is -4, but it must lie between 1 and 100000."),
        ("DTYPE", "bf7", "The dtype 'bf7' is unknown; use auto, float32, bfloat16, float16."),
    ],
)
def test_what_no_run_could_use_is_one_sentence_before_any_begins(name, value, says, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv(name, value)
    code, found = call(capsys, "audit", "all", "--model=scripted:fair", f"--out={tmp_path}")
    assert (code, found["error"]) == (2, says)


def test_pictures_on_disk_are_those_that_are_shown(capsys, tmp_path):
    code, found = call(capsys, "audit", "pictures", tmp_path, "--per-cond=2", "--conditions=size,center", "--permute")
    settings = AuditSettings(per_cond=2, conditions=("size", "center"), permute=True)
    shown = settings.pictures()
    lines = [json.loads(line) for line in (tmp_path / "metadata.jsonl").read_text().splitlines()]
    assert code == 0 and found["pictures"] == len(lines) == len(shown) == 17
    for line, picture in zip(lines, shown, strict=True):
        with Image.open(tmp_path / line["file_name"]) as written:
            assert written.tobytes() == picture.image().tobytes() and line["key"] == picture.key
    assert lines[0]["condition"] == "blank" and [cell["digit"] for cell in lines[1]["cells"]] == list(
        shown[1].scene.digits
    )
