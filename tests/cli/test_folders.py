"""``score FOLDER``, files of prompts, and GenEval's layout written by ``generate`` and read by ``score``."""

import json

import pytest
from PIL import Image

from tts_playground.cli import main
from tts_playground.tasks.scoring import score_picture


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))

    def call(*arguments):
        with pytest.raises(SystemExit) as leaving:
            main([*map(str, arguments)])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return leaving.value.code, out, err

    return call


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "pictures"
    (place / "sub").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.jpg", "sub/c.webp")):
        Image.effect_noise((32, 32), 20 + 40 * number).convert("RGB").save(place / name)
    (place / "notes.txt").write_text("no picture")
    return place


def rows(out):
    return {row["file"].rpartition("/")[2]: row["prompt"] for row in json.loads(out)["rows"]}


@pytest.mark.parametrize("given", [["a cat"], ["--prompt", "a cat"]])
def test_one_prompt_for_all(run, folder, given):
    code, out, _ = run("score", folder, *given, "--reward", "sharpness", "--json")
    result = json.loads(out)
    assert code == 0 and rows(out) == dict.fromkeys(("a.png", "b.jpg", "c.webp"), "a cat")
    for row in result["rows"]:
        assert row["rewards"] == pytest.approx(score_picture(row["file"], "a cat", ["sharpness"]))
    scores = [row["rewards"]["sharpness"] for row in result["rows"]]
    assert result["means"]["sharpness"] == pytest.approx(sum(scores) / 3)


FILES = {
    "p.jsonl": '{"file": "b.jpg", "prompt": "two"}\n\n'
    '{"file_name": "a.png", "prompt": "one"}\n{"file": "sub/c.webp", "prompt": "three"}',
    "p.csv": 'file,prompt\nb.jpg,two\na.png,one\nc.webp,"three"\n',
    "p.txt": "b.jpg\ttwo\na.png\tone\nsub/c.webp\tthree\n",
    "order.txt": "one\ntwo\nthree\n",
    "order.jsonl": '{"prompt": "one"}\n{"prompt": "two"}\n{"prompt": "three"}',
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_prompts(run, folder, tmp_path, name):
    (tmp_path / name).write_text(FILES[name])
    code, out, err = run("score", folder, "--prompts", tmp_path / name, "--reward", "sharpness", "--json")
    assert code == 0, err
    assert rows(out) == {"a.png": "one", "b.jpg": "two", "c.webp": "three"}


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("p.jsonl", '{"file": "a.png"}', "Line 1 of .* has no prompt"),
        ("p.jsonl", "{", "Line 1"),
        ("p.csv", "a,b\n1,2\n", "Row 1 of .* has no prompt"),
        ("p.txt", "\n", "holds none"),
        ("p.txt", "one\ntwo\n", "2 prompts without files, and .* 3 pictures"),
        ("p.txt", "a.png\tone\n", "Nothing says what .*b.jpg should show"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_sentence(run, folder, tmp_path, name, text, says):
    (tmp_path / name).write_text(text)
    code, _, err = run("score", folder, "--prompts", tmp_path / name, "--reward", "sharpness")
    import re

    assert code == 2 and re.search(says, " ".join(err.split())), err


def test_folders_that_cannot_be_scored(run, folder, tmp_path):
    (tmp_path / "empty").mkdir()
    for given, says in (
        ([tmp_path / "empty", "a cat"], "no pictures"),
        ([folder], "Nothing says what"),
        ([folder / "a.png", "a cat", "--prompts", folder / "notes.txt"], "is for a folder"),
    ):
        code, _, err = run("score", *given, "--reward", "sharpness")
        assert code == 2 and says in " ".join(err.split())


def test_a_check_that_cannot_read_a_prompt_gives_none_and_a_warning(run, folder):
    code, out, err = run("score", folder, "a dog in front of a car", "--reward", "geneval,sharpness", "--json")
    result = json.loads(out)
    assert code == 0 and {row["rewards"]["geneval"] for row in result["rows"]} == {None} == {result["means"]["geneval"]}
    assert "in front of" in result["warnings"][0] and "in front of" in err


def test_genevals_layout_is_written_and_read(run, random_janus_folder, tmp_path):
    metadata = [
        {"tag": "single_object", "include": [{"class": "cat", "count": 1}], "prompt": "a photo of a cat"},
        {"tag": "counting", "include": [{"class": "apple", "count": 2}], "prompt": "a photo of two apples"},
    ]
    (tmp_path / "m.jsonl").write_text("\n".join(map(json.dumps, metadata)))
    layout = tmp_path / "layout"
    options = ["--model", random_janus_folder, "--n", 2, "--reward", "sharpness", "--json"]
    code, out, err = run("generate", "--prompts", tmp_path / "m.jsonl", "--geneval-layout", layout, *options)
    assert code == 0, err
    drawn = json.loads(out)["results"]
    assert [one["prompt"] for one in drawn] == [row["prompt"] for row in metadata]
    for at, row in enumerate(metadata):
        assert json.loads((layout / f"{at:05d}" / "metadata.jsonl").read_text()) == row
        assert sorted(path.name for path in (layout / f"{at:05d}" / "samples").iterdir()) == ["0000.png", "0001.png"]
    Image.new("RGB", (8, 8)).save(layout / "00000" / "grid.png")  # as GenEval writes it; no sample
    code, out, _ = run("score", layout, "--reward", "sharpness", "--json")
    scored = json.loads(out)["rows"]
    assert [row["prompt"] for row in scored] == [row["prompt"] for row in metadata for _ in range(2)]
    assert [row["rewards"]["sharpness"] for row in scored] == pytest.approx(
        [sample["rewards"]["sharpness"] for one in drawn for sample in one["samples"]], abs=1e-6
    )


def test_pictures_of_generate_carry_their_prompt(run, random_janus_folder, tmp_path):
    options = ["--model", random_janus_folder, "--n", 1, "--reward", "sharpness", "--out", tmp_path / "out"]
    assert run("generate", "a red apple", *options)[0] == 0
    code, out, _ = run("score", tmp_path / "out", "--reward", "sharpness", "--json")
    assert code == 0 and rows(out) == {"0000.png": "a red apple"}


def test_prompt_and_prompts_exclude_one_another(run, tmp_path):
    (tmp_path / "p.txt").write_text("a cat\n")
    for more in (["a cat"], ["--out", tmp_path / "o"]):
        code, _, err = run("generate", *more, "--prompts", tmp_path / "p.txt")
        assert code == 2 and "--prompts" in err


def test_every_format_that_is_read_is_scored_and_a_thin_picture_ends_nothing(run, tmp_path):
    place = tmp_path / "mixed"
    place.mkdir()
    for name in ("a.avif", "b.ppm", "c.PNG"):
        Image.new("RGB", (32, 32), "red").save(place / name)
    Image.new("RGB", (1, 999)).save(place / "thin.png")
    code, out, err = run("score", place, "a red cat", "--reward", "sharpness", "--json")
    rows = json.loads(out)["rows"]
    assert code == 0 and [row["rewards"]["sharpness"] is None for row in rows] == [False, False, False, True]
    assert "A picture has no score" in err and "thin.png" in err
