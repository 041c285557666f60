"""Verbs: JSON on stdout, talk on stderr, exit codes 0, 1 and 2, never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tts_playground.cli import main


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))

    def call(*arguments):
        with pytest.raises(SystemExit) as leaving:
            main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return leaving.value.code, out, err

    return call


@pytest.fixture
def drawing(tmp_path):
    from tts_playground.dsl import render

    path = tmp_path / "disc.png"
    render("(Circle 3 8 8)").save(path)
    return path


def test_no_verb_shows_help(run):
    code, out, _ = run()
    assert code == 0
    assert "sketch" in out


def test_an_unknown_verb_is_bad_input(run):
    code, _, err = run("skecth")
    assert code == 2
    assert "sketch" in err


def test_an_unknown_name_is_answered_with_those_there_are(run):
    _, _, told = run("eval", "nosuch")
    assert "choose one of: flow, math, pass-at-k, sketch, stickers, vlm." in told
    assert "did you mean 'run'?" in run("audit", "rum")[2]


def test_sketch_gives_one_json_object(run, drawing):
    code, out, _ = run("sketch", drawing, "--seconds", 20, "--json")
    result = json.loads(out)
    assert code == 0
    assert result["program"] == "(Circle 3 8 8)"
    assert result["iou"] == 1.0
    assert {"program", "iou", "seconds", "cost"} <= set(result)


def test_sketch_writes_what_it_found(run, drawing, tmp_path):
    code, out, _ = run("sketch", drawing, "--seconds", 20, "--out", tmp_path / "a" / "found.svg")
    assert code == 0
    assert out.strip() == "(Circle 3 8 8)"
    assert (tmp_path / "a" / "found.svg").read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere.png"], "no file"),
        (["DRAWING", "--strategy", "refin"], "refine"),
        (["DRAWING", "--sampler", "propsal"], "proposal"),
        (["DRAWING", "--n", "0"], "--n"),
        (["DRAWING", "--outline", "maybe"], "outline"),
        (["DRAWING", "--temperature", "-1"], "temperature"),
        (["DRAWING", "--out", "found.bmp"], ".svg"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(run, drawing, arguments, says):
    code, out, err = run("sketch", *[drawing if a == "DRAWING" else a for a in arguments], "--json")
    assert code == 2
    assert says in err
    assert says in json.loads(out)["error"]


def test_a_file_that_is_no_picture(run, tmp_path):
    (tmp_path / "a.png").write_text("not a picture")
    code, _, err = run("sketch", tmp_path / "a.png")
    assert code == 2
    assert "picture" in err or "image" in err


def test_render_draws_and_counts(run, tmp_path):
    code, out, _ = run("render", "(Circle 3 8 8)", "--out", tmp_path / "disc.png", "--json")
    assert code == 0
    assert json.loads(out) == {"program": "(Circle 3 8 8)", "size": 256, "black": 7301}
    assert Image.open(tmp_path / "disc.png").size == (256, 256)


@pytest.mark.parametrize("text", ["c(32,32,12)", "(+ (Circle 3 8 8) (Quad 8 8 2 2 G))"])
def test_render_reads_related_spellings_and_says_so(run, text, tmp_path):
    code, out, _ = run("render", text, "--out", tmp_path / "disc.txt", "--json")
    result = json.loads(out)
    assert code == 0 and result["program"].count("(Circle 3 8 8)") == 1
    assert (tmp_path / "disc.txt").read_text("utf-8").strip() == result["program"]
    assert "spelling" in result["notes"][0]
    shown = " ".join(run("render", text)[1:])
    assert result["program"] in shown and "spelling" in shown


def test_render_points_at_the_mistake(run):
    code, _, err = run("render", "(Circle 3 8 99)")
    assert code == 2
    assert "^" in err


def test_pools_of_an_empty_store(run):
    code, out, _ = run("pools", "list", "--json")
    assert code == 0
    assert json.loads(out)["pools"] == []


def test_deleting_an_unknown_pool_is_one_sentence(run):
    code, _, err = run("pools", "delete", "abc")
    assert code == 2
    assert "abc" in err


def test_the_module_runs():
    done = subprocess.run([sys.executable, "-m", "tts_playground", "bench", "nope"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "choose one of" in done.stderr


@pytest.mark.parametrize("content", [b"\xff\xfe\x00(Circle 3 8 8)", b"(" * (2 << 20)])
def test_a_file_that_holds_no_program_is_one_sentence(run, tmp_path, content):
    (tmp_path / "a.txt").write_bytes(content)
    code, out, err = run("render", tmp_path / "a.txt", "--json")
    assert code == 2
    assert json.loads(out)["error"] in err


def test_a_program_too_long_for_a_file_name_is_read_as_one(run):
    code, _, err = run("render", "x" * 5000)
    assert code == 2
    assert "expected '('" in err


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_stdout_that_takes_nothing_is_no_traceback(options):
    command = [sys.executable, "-m", "tts_playground", "render", "(Circle 3 8 8)", *options]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "The result cannot be written to stdout: No space left on device.\n"
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")
