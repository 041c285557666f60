"""PickScore, open_clip and VQAScore on random networks of the real classes."""

import json

import numpy as np
import pytest
import tiny_checkpoints
from PIL import Image

from tts_playground.core import Reward, Sample
from tts_playground.errors import ModelUnavailable
from tts_playground.models import loading, two_tower
from tts_playground.models.open_clip import OpenClipTowers
from tts_playground.rewards.open_clip import OpenClipReward
from tts_playground.rewards.pickscore import PickScore
from tts_playground.rewards.vqascore import VQAScore
from tts_playground.testing import TextTask, check_reward


class Prompt(TextTask):
    @property
    def prompt(self):
        return self.text


TASK = Prompt("a red apple")
SAMPLES = [
    Sample(Image.fromarray(np.random.default_rng(seed).integers(0, 256, (40, 40, 3), np.uint8)), seed)
    for seed in range(3)
]


def test_pickscore(random_clip_folder):
    reward = PickScore(str(random_clip_folder))
    assert isinstance(reward, Reward)
    scores = check_reward(reward, TASK, SAMPLES, tolerance=1e-2)
    assert all(-100 <= score <= 100 for score in scores) and len(set(scores)) == 3


TINY_OPEN_CLIP = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 8},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 1},
}


def test_open_clip_takes_any_architecture_and_says_when_it_cannot(tmp_path):
    import open_clip

    (tmp_path / "tiny-test-net.json").write_text(json.dumps(TINY_OPEN_CLIP))
    open_clip.add_model_config(tmp_path)
    reward = OpenClipReward("tiny-test-net", "", "cpu")
    assert isinstance(reward, Reward) and reward.revision != OpenClipReward().revision
    assert all(-1 <= score <= 1 for score in check_reward(reward, TASK, SAMPLES))
    with pytest.raises(ModelUnavailable, match="no-such-net"):
        OpenClipReward("no-such-net", "", "cpu").score(TASK, SAMPLES)


def test_open_clip_that_does_not_fit_is_said_before_it_is_made(monkeypatch):
    monkeypatch.setattr("tts_playground.models.hub.locator.free_memory", lambda device: 2**30)
    with pytest.raises(ModelUnavailable, match=r"open_clip's ViT-H-14 needs about 4\.2 GiB"):
        OpenClipReward("ViT-H-14", "", "cpu").score(TASK, SAMPLES)


def test_vqascore_is_a_probability(tmp_path):
    loading.forget()
    reward = VQAScore(str(tiny_checkpoints.save_vlm(tmp_path)))
    assert isinstance(reward, Reward)
    scores = check_reward(reward, TASK, SAMPLES)
    assert all(0 < score < 1 for score in scores) and len(set(scores)) == 3


def test_open_clip_embeds_each_picture_once_and_tells_palettes_apart(tmp_path, monkeypatch):
    import open_clip

    (tmp_path / "tiny-kept-net.json").write_text(json.dumps(TINY_OPEN_CLIP))
    open_clip.add_model_config(tmp_path)
    towers, sizes, embed = OpenClipTowers("tiny-kept-net", ""), [], OpenClipTowers.embed_images
    monkeypatch.setattr(OpenClipTowers, "embed_images", lambda one, some: sizes.append(len(some)) or embed(one, some))
    red, blue = (Image.new("P", (8, 8)) for _ in range(2))
    red.putpalette([255, 0, 0])
    blue.putpalette([0, 0, 255])
    first = two_tower.embedded_images(towers, [red, blue])
    assert first.shape == (2, towers.width) and np.allclose(np.linalg.norm(first, axis=1), 1, atol=1e-5)
    assert not np.allclose(first[0], first[1])
    assert np.array_equal(two_tower.embedded_images(towers, [blue, red]), first[::-1]) and sizes == [2]
    assert two_tower.embedded_images(towers, []).shape == (0, towers.width)
