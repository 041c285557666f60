"""``compare`` and ``score`` as a person types them, on a random tiny Janus."""

import json

import pytest
from PIL import Image

from tts_playground import cli
from tts_playground.experiments.comparison import ComparisonPlan
from tts_playground.experiments.prompts import compare_prompts
from tts_playground.store.store import Store
from tts_playground.tasks.text_to_image import image_sampler

QUICK = ["--n", "4", "--budgets", "4,2", "--seeds", "2", "--strategies", "parm,suffix"]
PLAIN = ["--reward", "sharpness", "--judge", "colourfulness"]


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))

    def call(*arguments):
        with pytest.raises(SystemExit) as leaving:
            cli.main([*map(str, arguments)])
        out, err = capsys.readouterr()
        return leaving.value.code, out, err

    return call


def test_points_beside_the_curve_and_one_object(run, random_janus_folder, tmp_path):
    plot = tmp_path / "compare.html"
    given = ["compare", "a cat", "a dog", "--model", random_janus_folder, *QUICK, *PLAIN]
    code, out, err = run(*given, "--plot", plot, "--json")
    said = json.loads(out)
    assert code == 0 and "done" in err
    assert said["prompts"] == ["a cat", "a dog"] and said["judge"] == said["curve"]["measure"] == "colourfulness"
    assert said["curve"]["n"] == [1, 2, 3, 4] and said["curve"]["unit"]["samples"] == 1
    runs = [(point["strategy"], point["budget"]) for point in said["points"]]
    assert runs == [("parm", 2), ("parm", 4), ("suffix", 2), ("suffix", 4)]
    for point in said["points"]:
        assert point["low"] <= point["value"] <= point["high"]
        assert 0 < point["cost"]["tokens"] <= point["budget"] * said["curve"]["unit"]["tokens"]
        assert point["best_of_n"] == pytest.approx(said["curve"]["mean"][point["budget"] - 1])
    assert plot.stat().st_size > 1000
    code, out, _ = run(*given)
    assert code == 0 and "parm" in out and "best-of-N" in out


def test_one_run_is_said_to_support_no_interval(run, random_janus_folder):
    given = ["compare", "a cat", "--model", random_janus_folder, *QUICK, *PLAIN, "--seeds", "1"]
    code, out, _ = run(*given, "--json")
    assert code == 0 and {point["low"] for point in json.loads(out)["points"]} == {None}
    code, out, _ = run(*given)
    assert code == 0 and "too few" in out.replace("\n", " ")


def test_the_pool_is_drawn_once(run, random_janus_folder):
    sampler, plan = image_sampler(str(random_janus_folder)), ComparisonPlan((2,), 1, 0, 4)
    names = {"strategies": ["parm"], "guide": "sharpness", "judge": "colourfulness"}
    with Store() as store:
        first = list(compare_prompts(["a cat"], sampler, store, plan=plan, **names))
        again = list(compare_prompts(["a cat"], sampler, store, plan=plan, **names))
    assert first[-1].points[0].result == again[-1].points[0].result
    assert len(again) < len(first)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["a cat", *QUICK, "--reward", "sharpness", "--judge", "sharpness"], "same network"),
        (["a cat", *QUICK, "--reward", "clip", "--judge", "aesthetic"], "same network"),
        (["a cat", "--budgets", "2,many", *PLAIN], "whole numbers"),
        (["a cat", "--budgets", "64", *PLAIN], "smaller than the largest budget"),
        (["a cat", "--strategies", "smd", *PLAIN], "smc"),
        (["a cat", "--strategies", "", *PLAIN], "strategy"),
        ([" ", *QUICK, *PLAIN], "prompt is empty"),
        (["a cat", *QUICK, "--reward", "sharp", "--judge", "colourfulness"], "sharpness"),
        (["a cat", *QUICK, *PLAIN, "--cfg", "0"], "cfg"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(run, random_janus_folder, given, says):
    code, out, _ = run("compare", *given, "--model", random_janus_folder, "--json")
    assert code == 2 and says in json.loads(out)["error"]


def test_a_model_that_is_not_here(run):
    code, _, err = run("compare", "a cat", *QUICK, *PLAIN, "--model", "nobody/no-such-model")
    assert code == 1 and "nobody/no-such-model" in err


def test_score_of_a_picture(run, tmp_path):
    file = tmp_path / "a.png"
    Image.linear_gradient("L").convert("RGB").resize((64, 64)).save(file)
    code, out, _ = run("score", file, "a cat", "--reward", "sharpness,colourfulness", "--json")
    said = json.loads(out)
    assert (
        code == 0 and set(said["rewards"]) == {"sharpness", "colourfulness"} and said["rewards"]["colourfulness"] == 0
    )
    code, out, _ = run("score", file, "a cat", "--reward", "sharpness")
    assert code == 0 and out.startswith("sharpness")
    for given, says in (
        ([tmp_path / "gone.png", "a cat"], "no file"),
        ([file, ""], "prompt is empty"),
        ([file, "a cat", "--reward", "clap"], "clip"),
    ):
        code, out, _ = run("score", *given, "--json")
        assert code == 2 and says in json.loads(out)["error"]
