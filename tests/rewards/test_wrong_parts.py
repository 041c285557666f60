"""Empty folders wherever a folder may be named, and heads on the wrong CLIP: one sentence each."""

import json

import pytest
import tiny_checkpoints
import torch
from PIL import Image

from tts_playground.cli import main
from tts_playground.core import Sample
from tts_playground.errors import BadInput, PlaygroundError
from tts_playground.models.open_clip import OpenClipTowers
from tts_playground.registry import resolve
from tts_playground.rewards.aesthetic import LARGE, AestheticReward, build_head, save_head
from tts_playground.rewards.open_clip import OpenClipReward
from tts_playground.tasks.text_to_image import PromptTask

SAMPLES = [Sample(Image.new("RGB", (32, 32), "red"), 0)]
FOLDERS = ("clip", "pickscore", "geneval", "aesthetic", "imagereward", "hpsv2", "vqascore", "open_clip")


def is_a_sentence(said: str, folder) -> bool:
    return len(said.splitlines()) == 1 and str(folder) in said and "  " not in said


@pytest.mark.parametrize("name", FOLDERS)
def test_a_reward_of_an_empty_folder(name, tmp_path):
    with pytest.raises(PlaygroundError) as refused:
        resolve("reward", f"{name}:{tmp_path}", "t2i").score(PromptTask("a cat"), SAMPLES)
    assert is_a_sentence(str(refused.value), tmp_path), str(refused.value)


@pytest.mark.parametrize(
    "words",
    [
        ["generate", "a cat", "--model"],
        ["answer", "examples/chart.png", "what?", "--model"],
        ["sketch", "examples/drawing.png", "--sampler"],
        ["audit", "run", "--model"],
        ["vqa-curve", "--data"],
        ["score"],
    ],
    ids=lambda words: words[0],
)
def test_a_verb_with_an_empty_folder(words, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    (empty := tmp_path / "empty").mkdir()
    capfd.readouterr()
    with pytest.raises(SystemExit) as leaving:
        main([*words, str(empty), *(["--out", str(tmp_path / "out")] if words[0] == "audit" else [])])
    out, err = capfd.readouterr()
    assert leaving.value.code in (1, 2) and out == ""
    assert str(empty) in err.splitlines()[-1] and "Traceback" not in err


@pytest.fixture
def head(tmp_path):
    """A LAION head in the published form, for embeddings of 768 numbers."""
    file = tmp_path / "sac+logos+ava1-l14-linearMSE.pth"
    torch.save(build_head(768).state_dict(), file)
    return file


def test_a_head_with_the_wrong_clip_names_both_widths(head, random_clip_folder):
    with pytest.raises(BadInput, match=rf"takes embeddings of 768 numbers.* have 16; .*{LARGE}") as refused:
        AestheticReward(str(head), str(random_clip_folder), "cpu").score(PromptTask("a cat"), SAMPLES)
    assert is_a_sentence(str(refused.value), head)


def test_a_folder_with_a_head_reads_the_clip_that_it_names(tmp_path, random_clip_folder):
    torch.manual_seed(0)
    save_head(build_head(16), tmp_path / "head", str(random_clip_folder))
    reward = AestheticReward(str(tmp_path / "head"), device="cpu")
    assert reward.networks == (str(tmp_path / "head"), str(random_clip_folder))
    assert len(reward.score(PromptTask("a cat"), SAMPLES)) == 1
    wide = tiny_checkpoints.save_clip(tmp_path / "wide", width=64)
    config = tmp_path / "head" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"clip": str(wide)}))
    assert len(AestheticReward(str(tmp_path / "head"), device="cpu").score(PromptTask("a cat"), SAMPLES)) == 1


def test_a_folder_of_open_clip_is_an_architecture_with_its_own_weights(tmp_path):
    import open_clip
    from open_clip.push_to_hf_hub import save_config_for_hf
    from safetensors.torch import save_file

    sizes = {"layers": 1, "width": 64}
    config = {"embed_dim": 16, "vision_cfg": sizes | {"image_size": 32, "patch_size": 8}}
    config["text_cfg"] = sizes | {"context_length": 16, "vocab_size": 49408, "heads": 1}
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "tiny-local-net.json").write_text(json.dumps(config))
    open_clip.add_model_config(tmp_path / "json")
    model = open_clip.create_model("tiny-local-net")
    (folder := tmp_path / "folder").mkdir()
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    save_config_for_hf(model, folder / "open_clip_config.json", config)
    reward = resolve("reward", f"open_clip:{folder}", "t2i")
    assert reward == OpenClipReward(f"local-dir:{folder}", "")
    assert OpenClipTowers(reward.architecture, "").embed_images([SAMPLES[0].content]).shape == (1, 16)
