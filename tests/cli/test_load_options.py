"""``--dtype``, ``--load-4bit`` and ``--device`` wherever a model is loaded, in verbs and in Python alike."""

import inspect
import json

import pytest
import tiny_vlms
from PIL import Image

import tts_playground
from tts_playground.cli import main
from tts_playground.errors import BadInput
from tts_playground.models import adapters, loading
from tts_playground.models.load_options import Options
from tts_playground.tasks import image_rewards
from tts_playground.tasks.vqa import vqa_sampler
from tts_playground.tasks.vqa_search import reason

GIVEN = ["--dtype", "bf16", "--load-4bit", "--device", "cpu"]
VERBS = {
    "generate": ["a red apple", "--n", "1", "--reward", "sharpness"],
    "compare": ["a red apple", "--n", "8"],
    "answer": ["PICTURE", "what is it?", "--n", "1"],
    "answer in steps": ["PICTURE", "what is it?", "--n", "1", "--strategy", "beam"],
    "vqa-curve": ["--n", "1", "--questions", "1"],
    "sketch": ["PICTURE", "--sampler", "a/model", "--n", "1"],
    "audit run": ["--preset", "debug"],
    "solve": ["what is two and three?", "--n", "1"],
}


class Loading(Exception):
    """What was to be loaded."""


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """The options that a model was to be loaded with; nothing is loaded."""
    found = []

    def load(name, *given):
        found.append(next(one for one in given if isinstance(one, Options)))
        raise BadInput("Enough.")

    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, "load", load)
    monkeypatch.setattr(adapters, "load", load)
    return found


def drawing(folder):
    picture = Image.new("RGB", (64, 64), "white")
    picture.paste("black", (10, 10, 40, 40))
    picture.save(folder / "a.png")
    return folder / "a.png"


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_hands_them_to_the_loader(verb, asked, tmp_path, capsys):
    words = [str(drawing(tmp_path)) if word == "PICTURE" else word for word in VERBS[verb]]
    model = ["--model", "a/model"] if "--sampler" not in words else []
    with pytest.raises(SystemExit) as leaving:
        main([*verb.replace(" in steps", "").split(), *words, *model, *GIVEN])
    assert leaving.value.code == 2 and "Enough." in capsys.readouterr().err
    assert asked[-1].resolved() == Options("cpu", "bfloat16", four_bit=True)


@pytest.mark.parametrize("name", ["generate", "answer", "sketch", "solve"])
def test_python_takes_them_last(name):
    wanted = ["dtype", "load_in_4bit", "device", *(["trust_code"] if name != "generate" else ["steps", "eta"])]
    assert list(inspect.signature(getattr(tts_playground, name)).parameters)[-len(wanted) :] == wanted
    assert name != "answer" or list(inspect.signature(reason).parameters)[-4:] == wanted


def test_a_model_is_loaded_so_and_its_pools_say_so(random_janus_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))
    shared = ["generate", "a red apple", "--model", str(random_janus_folder), "--n", "1", "--reward", "", "--json"]
    for dtype in ("float32", "bfloat16"):
        with pytest.raises(SystemExit) as leaving:
            main([*shared, "--dtype", dtype, "--device", "cpu"])
        assert leaving.value.code == 0
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["pools", "list", "--json"])
    assert len(json.loads(capsys.readouterr().out)["pools"]) == 2


def test_an_answer_in_half_precision(tmp_path):
    folder = str(tiny_vlms.save("llava", tmp_path))
    found = tts_playground.answer(tiny_vlms.picture(), "what is it?", model=folder, n=2, dtype="bfloat16", device="cpu")
    assert len(found.samples) == 2 and 0 <= min(found.scores["p_yes"]) <= max(found.scores["p_yes"]) <= 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--dtype", "int3"], "The dtype 'int3' is unknown; use auto, float32"),
        (["--device", "toaster"], "The device 'toaster' is unknown"),
    ],
)
@pytest.mark.parametrize("verb", ["generate", "answer", "sketch", "solve"])
def test_wrong_ones_are_one_sentence(verb, options, says, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))
    words = (
        ["a cat"]
        if verb in ("generate", "solve")
        else [str(drawing(tmp_path)), *(["what?"] if verb == "answer" else [])]
    )
    with pytest.raises(SystemExit) as leaving:
        main([verb, *words, *options])
    assert leaving.value.code == 2 and says in capsys.readouterr().err


def test_what_is_not_loaded_here_refuses_them(tmp_path):
    with pytest.raises(BadInput, match="loaded here, and 'endpoint:m@http://127.0.0.1:1/v1' is none"):
        vqa_sampler("endpoint:m@http://127.0.0.1:1/v1", options=Options("cpu"))
    with pytest.raises(BadInput, match="'proposal' is none"):
        tts_playground.sketch(drawing(tmp_path), dtype="bfloat16")


def test_named_rewards_follow_the_device():
    both = image_rewards.reward_named("0.5*clip+0.5*min(aesthetic,geneval)")
    moved = image_rewards.on_device(both, "cpu")
    assert repr(both).count("device='auto'") == repr(moved).count("device='cpu'") == 3
    assert moved.name == both.name and image_rewards.on_device(both, "auto") is both
