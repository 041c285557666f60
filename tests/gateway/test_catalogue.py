"""The operator's list: what may stand in it, and what clients get to see."""

import pytest
import tiny_texts

from tts_playground.errors import BadInput, ModelUnavailable, PlaygroundError, UnknownName
from tts_playground.gateway import catalogue
from tts_playground.gateway.catalogue import MODELS, REWARDS, ServedModel, read


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_texts.save(tmp_path_factory.mktemp("models") / "some model")


def test_ids_are_the_operators_or_the_ends_of_names(folder):
    listed = read(
        [f"mine={folder}", str(folder), "big=endpoint:a/b@http://127.0.0.1:9/v1", "endpoint:c/d@http://127.0.0.1:9"]
    )
    assert [one.id for one in listed.models] == ["mine", "some-model", "big", "c/d"]
    assert listed.model("mine") == ServedModel("mine", str(folder), ("lm",))
    assert listed.model("big").url == "http://127.0.0.1:9/v1" and listed.model("big").kinds == ("lm", "vlm")


def test_the_environment_lists_them_too(folder, monkeypatch):
    monkeypatch.setenv(MODELS, f" a={folder} ,, b={folder}")
    monkeypatch.setenv(REWARDS, "strict=prm:tiny:prm2")
    listed = read()
    assert [one.id for one in listed.models] == ["a", "b"] and dict(listed.judges)["strict"] == "prm:tiny:prm2"
    assert [one.id for one in read([f"c={folder}"]).models] == ["c"]


def test_without_a_list_it_is_the_embedded_models_and_this_machines(folder, monkeypatch):
    for variable in (MODELS, REWARDS, "TTS_PLAYGROUND_VLM_MODEL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TTS_PLAYGROUND_LM_MODEL", str(folder))
    monkeypatch.setattr(catalogue, "here", lambda name: name in ("tiny:math", "tiny:prm"))
    monkeypatch.setattr(catalogue.loading, "check", lambda name, kind="": "" if kind == "lm" else "no")
    listed = read()
    assert [one.id for one in listed.models] == ["some-model", "tiny:math"] and dict(listed.judges) == {"prm": "prm"}


def test_a_machine_without_models_says_so(monkeypatch):
    for variable in (MODELS, "TTS_PLAYGROUND_VLM_MODEL", "TTS_PLAYGROUND_LM_MODEL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(catalogue, "here", lambda name: False)
    with pytest.raises(ModelUnavailable, match="There is no model to serve"):
        read()


@pytest.mark.parametrize(
    ("models", "says"),
    [
        (["a=tiny:prm"], "tiny:prm answers nothing"),
        (["tiny:nothing"], "no embedded model called 'tiny:nothing'"),
        (["../x=tiny:math"], "listed as NAME or ID=NAME"),
        (["=tiny:math"], "There is no folder|listed as"),
        (["a="], "listed as NAME or ID=NAME"),
        ([" "], "listed as NAME or ID=NAME"),
        (["endpoint:m"], "An endpoint is named"),
        (["endpoint:m@ftp://x/v1"], "An endpoint is an address like"),
        (["endpoint:m@http://169.254.169.254/v1"], "cloud metadata"),
        (["endpoint:m@http://u:p@h/v1"], "user name or password"),
        (["/etc"], "has no config.json"),
        (["/etc/passwd"], "is a file"),
        (["no/such"], "is not on this machine"),
    ],
)
def test_what_cannot_be_served_is_one_sentence(models, says, monkeypatch):
    monkeypatch.delenv("TTS_PLAYGROUND_ENDPOINT_URL", raising=False)
    with pytest.raises(PlaygroundError, match=says):
        read(models)


def test_two_of_one_id_and_judges_that_are_none(folder):
    with pytest.raises(BadInput, match="Two models would be called 'a'"):
        read([f"a={folder}", f"a={folder}"])
    with pytest.raises(UnknownName):
        read([f"a={folder}"], ["x=nothing"])
    with pytest.raises(BadInput, match="A judge is listed"):
        read([f"a={folder}"], ["a/b=prm"])


def test_a_janus_draws_pictures(random_janus_folder):
    with pytest.raises(ModelUnavailable, match="draws pictures"):
        read([str(random_janus_folder)])
