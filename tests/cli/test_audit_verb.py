"""``audit run|analyze``: files, resuming, one JSON object, and the proof of concept's environment names."""

import json
from pathlib import Path

import pytest

from tts_playground.cli import main


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TTS_PLAYGROUND_AUDIT_MODEL", raising=False)

    def call(*arguments):
        with pytest.raises(SystemExit) as leaving:
            main(["audit", *map(str, arguments)])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return leaving.value.code, out, err

    return call


def test_run_writes_rows_summary_and_figures(run, tmp_path):
    options = ["--model", "scripted:planted", "--preset", "debug", "--out", tmp_path, "--json"]
    code, out, _ = run("run", *options)
    result = json.loads(out)
    assert code == 0
    assert {"reject_rate_chi2", "mean_cramers_v", "mean_p_special", "mean_joint_accuracy_valid"} <= set(result)
    seven = next(e for e in result["effects"] if (e["factor"], e["level"]) == ("digit", "7"))
    assert seven["low"] <= seven["estimate"] <= seven["high"] and seven["ratio"] == pytest.approx(2, rel=0.05)
    assert result["images"] == 12 and result["n"] == 50
    figures = Path(result["files"]["figures"]).read_text()
    assert "picks 7 about 2.00 times" in figures and "Plotly" in figures and "<script src=" not in figures
    assert len(Path(result["files"]["rows"]).read_text().splitlines()) == 13
    code, again, _ = run("analyze", result["files"]["rows"], "--samples", 50, "--json")
    assert code == 0 and json.loads(again) == result


def test_the_environment_of_the_proof_of_concept_is_heard(run, tmp_path, monkeypatch):
    for name, value in {"PER_COND": "1", "SAMPLES": "20", "BATCH": "3", "DTYPE": "fp32", "LOAD_4BIT": "0"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TTS_PLAYGROUND_AUDIT_MODEL", "scripted:hasty")
    code, out, _ = run("run", "--protocol", "sampled", "--task", "color", "--out", tmp_path, "--json")
    result = json.loads(out)
    assert code == 0
    assert (result["images"], result["n"]) == (6, 20)
    assert 0 < result["mean_joint_accuracy_all"] < 1


def test_people_read_a_verdict_and_two_tables(run, tmp_path):
    code, out, err = run(
        "run", "--model", "scripted:fair", "--per-cond", 2, "--conditions", "sym,size", "--out", tmp_path
    )
    assert code == 0
    assert "No sign of unfairness" in out
    assert "condition" in out and "largest effects" in out
    assert ".csv" in err


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--model", "scripted:fare"], 2, "scripted:fair"),
        (["--model", "scripted:fair", "--k", 12], 2, "between 2 and 9"),
        (["--model", "scripted:fair", "--preset", "huge"], 2, "debug"),
        (["--model", "scripted:fair", "--protocol", "list"], 2, "lists at most"),
        (["--model", "scripted:fair", "--temperature", 0], 2, "temperature"),
        (["--model", "nobody/no-such-model"], 1, "nobody/no-such-model"),
    ],
)
def test_what_cannot_be_is_one_sentence(run, tmp_path, options, code, says):
    left, out, err = run("run", *options, "--out", tmp_path, "--json")
    assert left == code
    assert says in err and says in json.loads(out)["error"]


def test_analyze_needs_an_audit(run, tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text("{}\n")
    for path in (file, tmp_path / "none.jsonl"):
        code, _, err = run("analyze", path)
        assert code == 2 and str(path) in err


FOREIGN = [
    {"digits": [3, 7, 1, 9], "counts": {"3": 10, "7": 20, "1": 5, "9": 5}, "special_digit": 7, "attr": "size", "n": 40},
    {"digits": [0, 4, 2, 5], "counts": {"0": 10, "4": 10, "2": 12, "5": 8}, "special_digit": 4, "attr": "sym", "n": 40},
]


def test_analyze_reads_rows_of_another_program_and_says_how(run, tmp_path):
    file, theirs = tmp_path / "choice_only_llava.jsonl", tmp_path / "choice_only_llava.csv"
    file.write_text("".join(json.dumps(row) + "\n" for row in FOREIGN))
    theirs.write_text("theirs")
    code, out, err = run("analyze", file, "--json")
    result = json.loads(out)
    assert code == 0 and "counts of digits from `counts`" in err
    assert "counts of digits from `counts`" in result["notes"][0]
    assert result["mean_p_special"] == pytest.approx(0.375) and result["reject_rate_chi2"] == 0.5
    lines = Path(result["files"]["summary"]).read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["condition", "size", "sym", "all"]
    fields = {"reject_rate_chi2", "mean_cramers_v", "mean_p_special", "mean_joint_accuracy_valid"}
    assert fields <= set(lines[0].split(","))
    assert theirs.read_text() == "theirs"
    code, out, err = run("analyze", file, "--field", "special=")
    assert code == 0 and "uniformly" in out and "largest effects" not in out and "special digit" not in out


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ('{"bild": 1}\n', [], "its fields are bild"),
        ('{"counts": ' + "{" * 20_000 + "\n{}\n", [], "Line 1"),
        ("{}\n" + json.dumps(FOREIGN[0]) + "\n", [], "its fields are none"),
        ("", [], "is empty"),
        (json.dumps(FOREIGN[0]) + "\n", ["--field", "counts"], "counts=raw.counts"),
        (json.dumps(FOREIGN[0]) + "\n", ["--field", "count=n"], "did you mean"),
    ],
)
def test_what_is_no_audit_of_any_program_is_one_sentence(run, tmp_path, text, options, says):
    file = tmp_path / "rows.jsonl"
    file.write_text(text)
    code, out, err = run("analyze", file, *options, "--json")
    assert code == 2 and says in json.loads(out)["error"] and len(err.strip().splitlines()) == 1


def test_own_rows_need_no_fields_named(run):
    from tts_playground import home

    code, _, err = run("analyze", home.STARTERS / "audit.jsonl", "--field", "counts=answers")
    assert code == 2 and "holds none" in err


def test_more_samples_than_fit_in_memory_are_a_limit_and_no_table(run, tmp_path):
    from tts_playground import home

    file = tmp_path / "audit.jsonl"
    file.write_bytes((home.STARTERS / "audit.jsonl").read_bytes())
    code, out, _ = run("analyze", file, "--samples", 10**12, "--json")
    assert code == 0 and json.loads(out)["n"] == 10**12
