"""A repository's own code runs for whoever named it with a pin, in that version, and for nobody else."""

import inspect
import json

import pytest
import tiny_vlms

from tts_playground import answer
from tts_playground.cli import main
from tts_playground.errors import BadInput, ModelUnavailable, PlaygroundError
from tts_playground.models import loading, trusted_code
from tts_playground.models.hub.code_pins import fingerprint
from tts_playground.models.loading import Options

CONFIG = """
import os, pathlib
from transformers import LlavaConfig
pathlib.Path(os.environ["RAN"]).write_text("ran")
class OwnConfig(LlavaConfig):
    model_type = "own_llava"
"""
MODEL = """
from transformers import LlavaForConditionalGeneration
from .configuration_own import OwnConfig
class OwnModel(LlavaForConditionalGeneration):
    config_class = OwnConfig
"""
MAP = {"AutoConfig": "configuration_own.OwnConfig", "AutoModelForImageTextToText": "modeling_own.OwnModel"}
COMMIT = "0123456789" * 4


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A LLaVA that only its own code can load; ``ran`` beside it tells whether that ran."""
    monkeypatch.setenv("RAN", str(tmp_path / "ran"))
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    loading.forget()
    made = tiny_vlms.save("llava", tmp_path / "model")
    (made / "configuration_own.py").write_text(CONFIG)
    (made / "modeling_own.py").write_text(MODEL)
    changed(made, model_type="own_llava", auto_map=MAP)
    yield made
    loading.forget()


def changed(folder, file="config.json", **values):
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def ran(folder):
    return (folder.parent / "ran").exists()


def test_without_consent_one_sentence_says_how_to_give_it(folder):
    with pytest.raises(ModelUnavailable) as refused:
        answer(tiny_vlms.picture(), "what?", model=str(folder), n=1)
    said = str(refused.value)
    assert f"--trust-code {folder}@{fingerprint(folder)}" in said and len(said.splitlines()) == 1
    assert not ran(folder)


def test_with_consent_it_runs_and_pools_say_so(folder):
    consent = f"{folder}@{fingerprint(folder)}"
    found = answer(tiny_vlms.picture(), "what?", model=str(folder), n=2, trust_code=consent, device="cpu")
    assert len(found.samples) == 2 and ran(folder)
    loaded = loading.load(str(folder), "vlm", Options("cpu", trust_code=consent))
    assert type(loaded.value.model).__name__ == "OwnModel" and loaded.fingerprint()["code"] == consent
    with pytest.raises(ModelUnavailable, match="never run unless"):  # not by way of what is loaded already
        loading.load(str(folder), "vlm", Options("cpu"))


def test_the_command_line_takes_it(folder, tmp_path, capsys):
    tiny_vlms.picture().save(tmp_path / "a.png")
    verb = ["answer", str(tmp_path / "a.png"), "what?", "--model", str(folder), "--n", "1", "--json"]
    with pytest.raises(SystemExit) as leaving:
        main(verb)
    assert leaving.value.code == 1 and "--trust-code" in capsys.readouterr().err and not ran(folder)
    with pytest.raises(SystemExit) as leaving:
        main([*verb, "--trust-code", f"{folder}@{fingerprint(folder)}"])
    assert leaving.value.code == 0 and json.loads(capsys.readouterr().out)["samples"]


def test_code_that_changed_since_is_refused(folder):
    consent = f"{folder}@{fingerprint(folder)}"
    (folder / "modeling_own.py").write_text(MODEL + "\n# one line more\n")
    with pytest.raises(
        ModelUnavailable, match=f"is not what --trust-code names: its fingerprint is {fingerprint(folder)}"
    ):
        loading.load(str(folder), "vlm", Options("cpu", trust_code=consent))
    assert not ran(folder)


@pytest.mark.parametrize(
    "text",
    ["some/model", "some/model@main", "some/model@abc1234", f"@{COMMIT}", f"some/model@{COMMIT}0", "a@B" + "C" * 39],
)
def test_a_consent_without_a_whole_pin_is_none(text, folder):
    with pytest.raises(BadInput, match="all 40 digits"):
        loading.load("some/model", "vlm", Options("cpu", trust_code=text))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ({"auto_map": MAP | {"AutoConfig": "other/repo--configuration.Config"}}, "'other/repo', another repository"),
        ({"auto_map": {"AutoModel": "modeling_own.OwnModel"}}, "its code has no AutoModelForImageTextToText"),
        ({"model_type": "llava"}, "needs no code of its own"),
    ],
)
def test_what_the_consent_does_not_cover(spoil, says, folder):
    changed(folder, **spoil)
    with pytest.raises(PlaygroundError, match=says):
        loading.load(str(folder), "vlm", Options("cpu", trust_code=f"{folder}@{fingerprint(folder)}"))
    assert not ran(folder)


def test_consent_to_one_is_none_to_another(folder):
    with pytest.raises(BadInput, match=r"names 'some/model' and the model is"):
        loading.load(str(folder), "vlm", Options("cpu", trust_code=f"some/model@{COMMIT}"))
    with pytest.raises(BadInput, match="pictures, solve or judge only"):
        trusted_code.ready("some/janus", "janus", f"some/janus@{COMMIT}")
    assert not ran(folder)


def test_a_tokenizer_may_not_bring_code_of_another_repository(folder):
    changed(folder, "tokenizer_config.json", auto_map={"AutoTokenizer": ["other/repo--tok.Tok", None]})
    with pytest.raises(ModelUnavailable, match=r"tokenizer_config\.json takes code from 'other/repo'"):
        loading.load(str(folder), "vlm", Options("cpu", trust_code=f"{folder}@{fingerprint(folder)}"))


def test_a_hub_model_is_fetched_at_that_commit_alone(folder, monkeypatch):
    asked = []

    def download(name, **given):
        asked.append((name, given["revision"], given.get("local_files_only", False)))
        if given.get("local_files_only"):
            raise FileNotFoundError("not here")
        assert "*.py" in given["allow_patterns"]
        return str(folder)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    loaded = loading.load("some/model", "vlm", Options("cpu", trust_code=f"some/model@{COMMIT}"))
    assert asked == [("some/model", COMMIT, True), ("some/model", COMMIT, False)] and ran(folder)
    assert loaded.fingerprint()["code"] == f"some/model@{COMMIT}"


def test_no_page_endpoint_or_tool_takes_it():
    from tts_playground.ui.sketch import api as sketch
    from tts_playground.ui.t2i import api as t2i
    from tts_playground.ui.vqa import api as vqa

    for call in (vqa.answer, sketch.sketch, t2i.generate):
        assert not {"trust_code", "options"} & set(inspect.signature(call).parameters)
