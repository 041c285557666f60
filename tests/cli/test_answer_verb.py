"""``answer`` and ``vqa-curve`` as a person types them, on a random model; ``eval vlm`` and ``bench vqa`` on a few."""

import json
from pathlib import Path

import pytest
import tiny_vlms
from PIL import Image

from tts_playground import cli
from tts_playground.bench import vqa
from tts_playground.errors import BadInput
from tts_playground.evaluation import vlm

QUESTION = "what is the value of kiwi?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_vlms.save("tiny", tmp_path_factory.mktemp("vlm")))


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        cli.main(list(arguments))
    return left.value.code, capsys.readouterr().out


def test_answer_prints_one_json_object(folder, tmp_path, capsys):
    file = tmp_path / "a.png"
    tiny_vlms.picture().save(file)
    code, out = call(capsys, "answer", str(file), QUESTION, "--model", folder, "--n", "3", "--truth", "7", "--json")
    said = json.loads(out)
    assert code == 0 and said["question"] == QUESTION and len(said["samples"]) == 3
    assert set(said["samples"][0]) == {"text", "answer", "logprob", "p_yes", "steps"}
    assert {"verifier", "majority", "weighted", "oracle"} <= set(said["picks"]) and said["cost"]["samples"] == 3
    code, out = call(capsys, "answer", str(file), QUESTION, "--model", folder, "--n", "2")
    assert code == 0 and "majority" in out
    code, out = call(capsys, "answer", str(file), "", "--model", folder, "--json")
    assert code == 2 and "question is empty" in json.loads(out)["error"]
    code, out = call(capsys, "answer", str(tmp_path / "gone.png"), QUESTION, "--model", folder, "--json")
    assert code == 2 and "no file" in json.loads(out)["error"]


def test_answer_by_a_search_over_steps_shows_its_tree(folder, tmp_path, capsys):
    file = tmp_path / "a.png"
    tiny_vlms.picture().save(file)
    given = ("answer", str(file), QUESTION, "--model", folder, "--n", "2", "--strategy", "beam")
    code, out = call(capsys, *given, "--truth", "7", "--json")
    said = json.loads(out)
    assert code == 0 and said["strategy"] == "beam" and said["guide"] == "p_yes" and said["right"] in (0.0, 1.0)
    assert said["answer"] in [one["answer"] for one in said["samples"]] and said["tree"]["nodes"][0]["text"]
    code, out = call(capsys, *given, "--guide", "logprob")
    assert code == 0 and "beam picks" in out and "0 replies judged" in out
    code, out = call(capsys, *given[:-1], "magic", "--json")
    assert code == 2 and "magic" in json.loads(out)["error"]


def pictures(folder):
    """name -> a file that cannot be asked about, and what is said of it."""
    from PIL import Image

    frames = [Image.new("RGB", (9, 9), (i, 0, 0)) for i in range(3)]
    frames[0].save(folder / "moves.gif", save_all=True, append_images=frames[1:])
    (folder / "words.png").write_text("no picture")
    (folder / "empty.png").write_bytes(b"")
    Image.new("1", (9000, 8000)).save(folder / "huge.png")
    Image.new("RGB", (900, 2)).save(folder / "thin.png")
    whole = folder / "whole.png"
    tiny_vlms.picture().save(whole)
    (folder / "half.png").write_bytes(whole.read_bytes()[:90])
    said = {"moves.gif": "moves", "words.png": "not a picture", "empty.png": "empty", "huge.png": "at most"}
    return said | {"thin.png": "too thin", "half.png": "damaged", ".": "no plain file"}


def test_pictures_and_questions_that_cannot_be_used_are_one_sentence(folder, tmp_path, capsys):
    for name, says in pictures(tmp_path).items():
        code, out = call(capsys, "answer", str(tmp_path / name), QUESTION, "--model", folder, "--json")
        assert code == 2 and says in json.loads(out)["error"], name
    for question, says in (("x" * 10_000, "10,000 characters"), (" \n", "is empty")):
        code, out = call(capsys, "answer", str(tmp_path / "whole.png"), question, "--model", folder, "--json")
        assert code == 2 and says in json.loads(out)["error"]


def test_vqa_curve_over_the_shipped_set(folder, tmp_path, capsys):
    plot = tmp_path / "curve.html"
    given = ["vqa-curve", "--model", folder, "--n", "4", "--questions", "2", "--plot", str(plot), "--json"]
    code, out = call(capsys, *given)
    said = json.loads(out)
    assert code == 0 and said["questions"] == 2 and said["skipped"] == [] and plot.stat().st_size > 1000
    assert said["curves"]["oracle"]["n"] == [1, 2, 3, 4] and "which_n" in said and "trust" in said
    assert set(said["measures"]) == {"exact", "anls", "containment"} and "coverage_law" in said
    code, out = call(capsys, *given[:-1], "--axis", "tokens")
    assert code == 0 and "By measure" in out and "more tokens a question" in out
    code, out = call(capsys, *given, "--axis", "euros")
    assert code == 2 and "axis" in json.loads(out)["error"]
    code, out = call(capsys, "vqa-curve", "--measure", "vibes", "--json")
    assert code == 2 and "measure" in json.loads(out)["error"]


@pytest.fixture
def own_set(tmp_path):
    """Two questions of somebody's own, one about a large picture, and a row that cannot be used."""
    Image.new("RGB", (1600, 900), "red").save(tmp_path / "large.png")
    Image.new("RGB", (90, 90), "blue").save(tmp_path / "small.png")
    asked = [("large.png", "red"), ("small.png", "blue"), ("none.png", "green")]
    rows = [{"image": name, "question": "which colour?", "answers": [colour]} for name, colour in asked]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return str(tmp_path / "rows.jsonl")


def test_vqa_curve_says_what_was_scaled_and_what_was_skipped(folder, own_set, capsys):
    code, out = call(capsys, "vqa-curve", "--data", own_set, "--model", folder, "--n", "2", "--json")
    found = json.loads(out)
    assert code == 0 and found["questions"] == 2 and found["scaled"] == 1 and len(found["skipped"]) == 1
    code, out = call(capsys, "vqa-curve", "--data", own_set, "--model", folder, "--n", "2")
    assert code == 0 and "1 question's picture was larger than --picture-side and scaled down to it." in out


def test_eval_vlm_measures_on_a_set_of_ones_own(folder, own_set, capsys):
    assert vlm.run(folder, n=2, most=9, data=own_set)["metrics"]["greedy"]["n"] == 2
    assert "Row 2 of" in capsys.readouterr().out
    with pytest.raises(BadInput, match="no question that can be used"):
        vlm.run(folder, n=2, most=1, data=str(empty_set(own_set)))


def empty_set(beside):
    file = Path(beside).with_name("none.jsonl")
    file.write_text(json.dumps({"image": "none.png", "question": "which colour?", "answers": ["green"]}))
    return file


def test_eval_vlm_has_its_keys(folder):
    result = vlm.run(folder, n=4, most=2)
    wanted = {"greedy", "greedy_blank", "oracle32", "oracle32_blank", "majority16", "majority16_minus_greedy", "single"}
    assert result["name"] == "vlm" and wanted <= set(result["metrics"])
    for one in result["metrics"].values():
        assert one["low"] is None or one["low"] <= one["value"] <= one["high"]
        assert one["n"] >= 1
    with pytest.raises(BadInput, match="2 to 256"):
        vlm.run(folder, n=1)


def test_metrics_by_hand():
    asked = vlm.AskedQuestion(
        "q", ("7",), ("7", "8"), {"p_yes": (0.9, 0.2), "p_yes_blank": (0.5, 0.5), "rating": (3, 8)}
    )
    rows = [vlm.Measured(asked, True, False, True, False, 0.75)] * 4
    found = vlm.metrics(rows)
    assert (found["greedy"].value, found["greedy_blank"].value, found["oracle32"].value) == (1.0, 0.0, 1.0)
    assert found["auroc"].value == 1.0 and found["auroc_within"].value == 1.0 and found["auroc_blank"].value == 0.5
    assert found["auroc_rating"].value == found["auroc_within_rating"].value == 0.0
    assert found["majority16_minus_greedy"].value == pytest.approx(-0.25) and found["single"].value == 0.5


def test_bench_vqa_gives_its_rows(folder, monkeypatch):
    monkeypatch.setattr(vqa, "N", 3)
    monkeypatch.setattr(vqa, "LONGEST", 4)
    rows = vqa.run(folder, repeats=1)["rows"]
    assert rows[0]["goal"] == ">= 3" and rows[0]["ratio"] > 0 and not rows[1]["goal"] and rows[2]["ours"] > 0
