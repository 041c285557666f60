"""evolve, dataset report, finetune, adapters, sketch --sampler: one JSON object each, nothing overwritten."""

import json

import pytest
import tiny_writers
from PIL import Image

from tts_playground.cli import main
from tts_playground.dsl import render
from tts_playground.models import loading
from tts_playground.models.hub import embedded_models


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))

    def call(*arguments):
        with pytest.raises(SystemExit) as leaving:
            main([*map(str, arguments), "--json"])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return leaving.value.code, json.loads(out)

    return call


@pytest.fixture
def sketch(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded_models, "CHECKPOINTS", tmp_path / "checkpoints")
    loading.forget()
    return tiny_writers.save_sketch(tmp_path / "checkpoints" / "sketch")


def test_evolve_and_report(run, tmp_path):
    code, found = run("evolve", tmp_path / "set", "--size", 20, "--fitness", "--generated", 5)
    assert code == 0 and found["rows"] == 20 and found["quality"]["meaningless_ops_frequency"] == 0
    code, found = run("evolve", tmp_path / "set", "--size", 20, "--fitness", "--generated", 5)
    assert code == 2 and "--resume" in found["error"]
    code, again = run("evolve", tmp_path / "set", "--size", 20, "--fitness", "--generated", 5, "--resume")
    assert (
        code == 0
        and again["quality"] == run("evolve", tmp_path / "b", "--size", 20, "--fitness", "--generated", 5)[1]["quality"]
    )
    code, found = run("dataset", "report", tmp_path / "set", "--wall", tmp_path / "walls")
    assert code == 0 and found["sets"][str(tmp_path / "set")]["programs"] == 20
    assert Image.open(found["walls"][str(tmp_path / "set")]).width > 200
    code, found = run("dataset", "report", tmp_path / "nowhere")
    assert code == 2 and "no file or folder" in found["error"]


def test_finetune_then_sketch_with_the_adapter(run, tmp_path, sketch):
    code, found = run("finetune", "--rows", 8, "--batch", 4, "--name", "mine", "--plot", tmp_path / "loss.html")
    assert code == 0 and found["adapters"][0]["base"] == "tiny:sketch" and len(found["adapters"][0]["loss"]) == 2
    assert (tmp_path / "loss.html").stat().st_size > 1000
    assert run("finetune", "--rows", 8, "--name", "mine")[0] == 2
    assert [one["name"] for one in run("adapters")[1]["adapters"]] == ["mine"]
    render("(Circle 3 8 8)").save(tmp_path / "disc.png")
    for sampler in ("tiny:sketch", "adapter:mine"):
        options = ["--sampler", sampler, "--grammar", "--n", 10, "--seconds", 60]
        code, found = run("sketch", tmp_path / "disc.png", *options)
        assert code == 0 and found["program"].startswith("(") and found["cost"]["tokens"] > 0
    code, found = run("sketch", tmp_path / "disc.png", "--sampler", "tiny:sketch", "--strategy", "smc")
    assert code == 2 and "pauses between steps" in found["error"]
    code, found = run("sketch", tmp_path / "disc.png", "--sampler", "adapter:none")
    assert code == 2 and "mine" in found["error"]


def test_without_the_checkpoint_one_sentence(run, tmp_path, monkeypatch):
    monkeypatch.setattr(embedded_models, "CHECKPOINTS", tmp_path / "none")
    loading.forget()
    render("(Circle 3 8 8)").save(tmp_path / "disc.png")
    code, found = run("sketch", tmp_path / "disc.png", "--sampler", "tiny:sketch")
    assert code == 1 and "train tiny-sketch" in found["error"]
    code, found = run("finetune", "--rows", 4)
    assert code == 1 and "train tiny-sketch" in found["error"]
    code, found = run(
        "finetune", "--rows", 4, "--backend", "unsloth", "--model", tiny_writers.save_sketch(tmp_path / "own")
    )
    assert code == 1 and "unsloth" in found["error"]


def test_a_file_of_a_program_may_have_a_mark_before_it_and_be_missing(run, tmp_path):
    (tmp_path / "marked.txt").write_bytes(b"\xef\xbb\xbf(Circle 3 8 8)")
    code, found = run("render", tmp_path / "marked.txt", "--out", tmp_path / "d.PNG")
    assert code == 0 and found["program"] == "(Circle 3 8 8)"
    with Image.open(tmp_path / "d.PNG") as drawn:
        assert drawn.format == "PNG"
    code, said = run("render", tmp_path / "none.txt")
    assert code == 2 and "There is no file" in said["error"]
