"""``generate`` on a random tiny Janus: files with their settings, one JSON object, sentences for what cannot be."""

import json

import pytest
from PIL import Image

from tts_playground.cli import main
from tts_playground.tasks.picture_facts import facts_of


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))

    def call(*arguments):
        with pytest.raises(SystemExit) as leaving:
            main(["generate", *map(str, arguments)])
        out, err = capsys.readouterr()
        return leaving.value.code, out, err

    return call


def test_pictures_scores_and_one_object(run, random_janus_folder, tmp_path):
    pictures = tmp_path / "pictures"
    options = ["--n", 3, "--reward", "sharpness", "--out", pictures, "--plot", tmp_path / "curve.html", "--json"]
    code, out, _ = run("a cat", "--model", random_janus_folder, *options)
    result = json.loads(out)
    assert code == 0
    assert [sample["index"] for sample in result["samples"]] == [0, 1, 2]
    scores = [sample["rewards"]["sharpness"] for sample in result["samples"]]
    assert scores[result["best"]] == max(scores) == pytest.approx(result["curve"]["best"][-1])
    facts = facts_of(Image.open(pictures / "0002.png"))
    assert (facts["prompt"], facts["index"]) == ("a cat", 2)
    assert (tmp_path / "curve.html").stat().st_size > 1000


def test_pictures_of_another_prompt_are_not_replaced(run, random_janus_folder, tmp_path):
    options = ["--model", random_janus_folder, "--n", 1, "--reward", "", "--out", tmp_path / "kept"]
    assert run("a cat", *options)[0] == 0
    before = (tmp_path / "kept" / "0000.png").read_bytes()
    code, _, err = run("a dog", *options)
    assert code == 2 and "holds pictures of “a cat” already (0000.png); choose another folder" in err
    assert (tmp_path / "kept" / "0000.png").read_bytes() == before
    assert run("a cat", *options)[0] == 0
    (tmp_path / "file").write_text("x")
    assert run("a cat", *options[:-1], tmp_path / "file")[0] == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--cfg", 0], "cfg"),
        (["--temperature", 9], "temperature"),
        (["--reward", "clap"], "clip"),
        (["--top-p", 0], "top"),
    ],
)
def test_bad_settings_are_one_sentence(run, random_janus_folder, options, says):
    code, _, err = run("a cat", "--model", random_janus_folder, "--n", 1, *options)
    assert code == 2
    assert says in err


def test_a_model_that_is_not_here(run):
    code, _, err = run("a cat", "--model", "nobody/no-such-model")
    assert code == 1
    assert "nobody/no-such-model" in err
