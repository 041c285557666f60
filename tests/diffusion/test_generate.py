"""``generate`` with a pipeline: Python, command line and the sentences about what does not fit."""

import builtins
import json
import shutil

import pytest
from test_agreement import side

from tts_playground.cli import main
from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.models import loading
from tts_playground.models.hub import pipelines as places
from tts_playground.models.hub.identity import guidance_of, usual_of
from tts_playground.models.hub.picture_kinds import is_pipeline
from tts_playground.samplers.diffusion_paths import DiffusionSettings
from tts_playground.store.store import Store
from tts_playground.tasks.text_to_image import generate, image_settings

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def sana(pipelines):
    return str(pipelines("sana"))


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))


def test_images_their_cost_and_the_store(sana, tmp_path):
    store = Store(tmp_path / "store")
    asked = {"model": sana, "steps": 3, "cfg": 2.0, "reward": "colourfulness", "store": store}
    four = generate("a red cat", n=4, **asked)
    assert isinstance(four.settings, DiffusionSettings) and four.settings.steps == 3
    assert [image.size for image in four.images] == [(side("sana"),) * 2] * 4
    assert four.cost.tokens == 4 * 3 * 2, "guided evaluations count twice"
    two = generate("a red cat", n=2, **asked)
    assert [a.tobytes() for a in two.images] == [a.tobytes() for a in four.images[:2]]
    facts = four.facts(0)
    assert facts["settings"]["steps"] == 3 and facts["model"] == sana


@pytest.mark.parametrize("strategy", ["zero-order", "path-search", "smc"])
def test_searches_are_named_like_any(strategy, sana):
    found = generate("a red cat", model=sana, n=3, steps=4, reward="colourfulness", strategy=strategy)
    assert found.samples and found.cost.samples <= 3


def test_steps_and_guidance_are_what_suits_the_pipeline(sana, tmp_path):
    assert usual_of(sana) == (20, 4.5) and guidance_of(sana) == 4.5
    own = shutil.copytree(sana, tmp_path / "own")
    (own / "generation_config.json").write_text(json.dumps({"guidance_scale": 3.0, "num_inference_steps": 12}))
    assert image_settings(str(own)) == DiffusionSettings(3.0, 12)
    assert image_settings(str(own), cfg=2.0, steps=5, eta=0.5) == DiffusionSettings(2.0, 5, 0.5)
    assert loading.load(str(own), "diffusion").value.usual == (12, 3.0)


@pytest.mark.parametrize("given", [{"temperature": 0.5}, {"top_p": 0.9}, {"top_k": 3}])
def test_settings_of_tokens_are_refused(given, sana):
    with pytest.raises(BadInput, match=f"denoises and has no {next(iter(given))}"):
        generate("a cat", model=sana, **given)


def test_steps_are_refused_where_tokens_are_drawn(random_janus_folder):
    with pytest.raises(BadInput, match="draws tokens and has no steps"):
        generate("a cat", model=str(random_janus_folder), steps=4)


def test_settings_out_of_range_are_named():
    for given in ({"cfg": 0.5}, {"steps": 0}, {"eta": 1.5}, {"size": -1}, {"stride": -1}):
        with pytest.raises(BadInput, match=f"{next(iter(given))} is "):
            DiffusionSettings(**given)


def left(words):
    """The exit code of a command."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    return ended.value.code or 0


def test_the_command_line_takes_a_pipeline(sana, capsys, tmp_path):
    out = tmp_path / "pictures"
    words = ["generate", "a red cat", "--model", sana, "--n", "2", "--steps", "3", "--eta", "0.5", "--cfg", "2"]
    assert left([*words, "--reward", "colourfulness", "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["settings"]["steps"] == 3 and told["settings"]["eta"] == 0.5 and len(list(out.iterdir())) == 2
    assert left(["generate", "a cat", "--model", sana, "--temperature", "0.5"]) == 2
    assert "has no temperature" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------ what cannot be loaded


def test_without_diffusers_one_sentence_says_what_to_install(sana, monkeypatch):
    real = builtins.__import__

    def without(name, *given, **more):
        if name == "diffusers":
            raise ImportError("No module named 'diffusers'")
        return real(name, *given, **more)

    loading.forget()
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModelUnavailable, match="pip install diffusers=="):
        generate("a cat", model=sana, n=1, steps=1)


def changed(folder, tmp_path, change):
    copy = shutil.copytree(folder, tmp_path / "changed")
    index = json.loads((copy / places.INDEX).read_text())
    change(copy, index)
    (copy / places.INDEX).write_text(json.dumps(index))
    return str(copy)


def foreign_class(copy, index):
    index["_class_name"] = ["pipeline", "MyPipeline"]


def unknown_class(copy, index):
    index["_class_name"] = "AudioLDMPipeline"


def foreign_part(copy, index):
    index["transformer"] = ["my_code", "MyTransformer"]


def outside(copy, index):
    index["../vae"] = index.pop("vae")


def pickled(copy, index):
    file = copy / "transformer" / "diffusion_pytorch_model.safetensors"
    file.rename(file.with_suffix(".bin"))


def cut_off(copy, index):
    file = copy / "vae" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:500])


def other_shape(copy, index):
    file = copy / "transformer" / "config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps(config | {"num_attention_heads": 3}))


def enormous(copy, index):
    file = copy / "transformer" / "config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps(config | {"num_layers": 10**9}))


WRONG = {
    foreign_class: "draws no pictures here",
    unknown_class: "AudioLDMPipeline, which draws no pictures here",
    foreign_part: "code from elsewhere is never run",
    outside: "code from elsewhere is never run",
    pickled: "no .safetensors weights",
    cut_off: "no whole safetensors file",
    other_shape: "could not be loaded",
    enormous: "more than any has",
}


@pytest.mark.parametrize("change", WRONG, ids=lambda one: one.__name__)
def test_a_folder_that_is_no_such_pipeline_is_one_sentence(change, sana, tmp_path):
    name = changed(sana, tmp_path, change)
    with pytest.raises(ModelUnavailable, match=WRONG[change]) as told:
        generate("a cat", model=name, n=1, steps=1)
    assert "\n" not in str(told.value)


def test_kinds_are_told_apart_without_the_network(sana, random_janus_folder, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert is_pipeline(sana) and not is_pipeline(str(random_janus_folder)) and not is_pipeline("tiny:janus")
    assert is_pipeline("Efficient-Large-Model/SANA1.5_1.6B_1024px_diffusers")
    assert not is_pipeline("deepseek-community/Janus-Pro-1B")
    assert loading.check(sana, kind="janus").endswith("use it with generate.")
