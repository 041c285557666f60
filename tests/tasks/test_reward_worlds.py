"""Defaults follow the generator; a reward outside its world says so; rewards run where the generator is."""

import pytest
import torch

from tts_playground import registry
from tts_playground.models import loading
from tts_playground.tasks import image_rewards, reward_worlds
from tts_playground.tasks.image_rewards import rewards_here
from tts_playground.tasks.reward_worlds import rewards_for, warnings
from tts_playground.tasks.text_to_image import generate

BIG = "deepseek-community/Janus-Pro-1B"
B32, L14 = "clip:openai/clip-vit-base-patch32", "clip:openai/clip-vit-large-patch14"


@pytest.fixture
def cached(monkeypatch):
    """Says which hub models are on this machine; the embedded ones are."""

    def put(*names):
        monkeypatch.setattr(image_rewards, "_here", lambda model: model in names or model.startswith("tiny:"))

    put()
    return put


def test_the_embedded_generator_is_judged_by_what_knows_stickers(cached):
    cached("openai/clip-vit-base-patch32")
    assert rewards_for("tiny:janus") == rewards_for() == ("clip", "aesthetic", "geneval")


def test_a_folder_with_as_small_a_vocabulary_is_of_that_world(cached, random_janus_folder):
    assert rewards_for(str(random_janus_folder)) == ("clip", "aesthetic", "geneval")


@pytest.mark.parametrize(
    ("there", "first"),
    [
        (["openai/clip-vit-large-patch14", "openai/clip-vit-base-patch32"], B32),
        (["openai/clip-vit-large-patch14"], L14),
        (["yuvalkirstain/PickScore_v1"], "pickscore"),
        ([], "clip"),
    ],
)
def test_a_big_generator_is_judged_by_what_is_cached(cached, there, first):
    cached(*there)
    assert rewards_for(BIG)[0] == first and "colourfulness" in rewards_for(BIG)
    assert bool(warnings([first], BIG)) == (first == "clip")


def test_there_is_always_a_reward(monkeypatch):
    monkeypatch.setattr(image_rewards, "_here", lambda model: False)
    for model in ("tiny:janus", BIG):
        assert set(rewards_for(model)) == {"sharpness", "colourfulness"} == set(rewards_here())


@pytest.mark.parametrize("name", ["clip", "aesthetic", "geneval", "vqascore"])
def test_an_embedded_network_says_that_photographs_are_outside_its_world(cached, name):
    (line,) = warnings([name], BIG, "a zebra")
    assert line.startswith(f"{name} reads tiny:") and BIG in line and B32 in line and "\n" not in line
    assert not warnings([name], "tiny:janus", "a red apple")
    assert warnings([f"0.5*{name}+sharpness"], BIG) == [line] == warnings([image_rewards.reward_named(name)], BIG)


def test_words_that_a_reward_never_learned_are_named(cached):
    (line,) = warnings(["clip"], "", "a photo of a zebra and an apple")
    assert "'zebra'" in line and "apple" not in line and "\n" not in line
    assert not warnings(["clip"], "", "a photo of a zebra", ["zebra"])
    assert not warnings(["sharpness", "aesthetic", "no such reward"], "", "a zebra")


def test_generate_warns_and_follows_the_model(random_janus_folder, monkeypatch):
    from tts_playground.experiments.generated import as_dict

    model = str(random_janus_folder)
    for world, lines in ((True, 0), (False, 1)):
        monkeypatch.setattr(reward_worlds, "knows_stickers_only", lambda name, world=world: world)
        drawn = generate("a red apple", model=model, n=1)
        assert drawn.guide == "clip" and len(as_dict(drawn)["warnings"]) == lines


def test_rewards_run_where_the_generator_is(monkeypatch):
    assert loading.device_of("auto") == loading.Options().resolved().device and loading.device_of("cpu") == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.delenv("TTS_PLAYGROUND_DEVICE", raising=False)
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    assert loading.device_of("auto") == "cuda"
    monkeypatch.setenv("TTS_PLAYGROUND_DEVICE", "cuda:1")
    assert loading.device_of("auto") == "cuda:1"
    monkeypatch.setenv("SPACES_ZERO_GPU", "1")
    assert loading.device_of("auto") == "cpu", "the GPU of such a Space is there in decorated calls alone"
    for name in ("clip", "aesthetic", "pickscore", "open_clip", "vqascore"):
        assert registry.resolve("reward", name).device == "auto"
    assert registry.resolve("reward", "clip", device="cuda:1").device == "cuda:1"


def test_the_verb_warns_on_stderr_and_in_its_json(random_janus_folder, monkeypatch, capsys, tmp_path):
    import json

    from tts_playground.cli import main

    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))
    monkeypatch.setattr(reward_worlds, "knows_stickers_only", lambda name: False)
    with pytest.raises(SystemExit) as leaving:
        main(["generate", "a red apple", "--model", str(random_janus_folder), "--n", "1", "--json"])
    out, err = capsys.readouterr()
    (line,) = json.loads(out)["warnings"]
    assert leaving.value.code == 0 and "outside its world" in line and line in err


def test_the_page_warns(random_janus_folder, monkeypatch):
    from tts_playground.pages.t2i.view_settings import T2iView
    from tts_playground.ui.t2i.callbacks import remarks

    monkeypatch.setattr(reward_worlds, "knows_stickers_only", lambda name: False)
    view = T2iView("a red apple", model=str(random_janus_folder), reward="clip", second="sharpness")
    assert "outside its world" in remarks(view)


def test_every_word_of_the_sticker_world_is_known_to_its_rewards():
    from tts_playground.worlds.evalset import cases

    assert not warnings(["clip"], "", " ".join(case.prompt for case in cases()))
