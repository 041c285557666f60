"""ImageReward and HPSv2.1 by their files: random checkpoints with the published names, against the plain networks."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import BertTokenizer

from tts_playground.core import Reward, Sample
from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.models import image_reward
from tts_playground.registry import resolve
from tts_playground.tasks.text_to_image import PromptTask
from tts_playground.testing import check_reward

TASK = PromptTask("a red apple")
SAMPLES = [
    Sample(Image.fromarray(np.random.default_rng(seed).integers(0, 256, (40, 40, 3), np.uint8)), seed)
    for seed in range(3)
]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "red", "apple"]


def published(wide=64, deep=2, text=64):
    """A random state dict with the names of ImageReward.pt, as Salesforce's ViT and BERT have them."""
    torch.manual_seed(0)
    sizes = {"blip.visual_encoder.cls_token": (1, 1, wide), "blip.visual_encoder.pos_embed": (1, 5, wide)}
    sizes |= _pair("blip.visual_encoder.patch_embed.proj", (wide, 3, 16, 16))
    sizes |= {f"blip.visual_encoder.norm.{end}": (wide,) for end in ("weight", "bias")}
    for at in range(deep):
        block = f"blip.visual_encoder.blocks.{at}"
        for norm in ("norm1", "norm2"):
            sizes |= {f"{block}.{norm}.{end}": (wide,) for end in ("weight", "bias")}
        sizes |= _pair(f"{block}.attn.qkv", (3 * wide, wide)) | _pair(f"{block}.attn.proj", (wide, wide))
        sizes |= _pair(f"{block}.mlp.fc1", (4 * wide, wide)) | _pair(f"{block}.mlp.fc2", (wide, 4 * wide))
        layer = f"blip.text_encoder.encoder.layer.{at}"
        for name, reads in (("attention", text), ("crossattention", wide)):
            sizes |= _pair(f"{layer}.{name}.self.query", (text, text))
            sizes |= _pair(f"{layer}.{name}.self.key", (text, reads)) | _pair(
                f"{layer}.{name}.self.value", (text, reads)
            )
            sizes |= _pair(f"{layer}.{name}.output.dense", (text, text))
            sizes |= {f"{layer}.{name}.output.LayerNorm.{end}": (text,) for end in ("weight", "bias")}
        sizes |= _pair(f"{layer}.intermediate.dense", (2 * text, text)) | _pair(
            f"{layer}.output.dense", (text, 2 * text)
        )
        sizes |= {f"{layer}.output.LayerNorm.{end}": (text,) for end in ("weight", "bias")}
    tables = "blip.text_encoder.embeddings"
    sizes |= {f"{tables}.word_embeddings.weight": (len(WORDS) + 2, text)}
    sizes |= {f"{tables}.position_embeddings.weight": (40, text)}
    sizes |= {f"{tables}.LayerNorm.{end}": (text,) for end in ("weight", "bias")}
    sizes |= _pair("blip.vision_proj", (8, wide)) | _pair("blip.text_proj", (8, text))
    for at, (before, after) in zip(
        (0, 2, 4, 6, 7), ((text, 1024), (1024, 128), (128, 64), (64, 16), (16, 1)), strict=True
    ):
        sizes |= _pair(f"mlp.layers.{at}", (after, before))
    weights = {name: torch.randn(size) * 0.2 for name, size in sizes.items()}
    return weights | {f"{tables}.position_ids": torch.arange(40)[None]}


def _pair(name, size):
    return {f"{name}.weight": size, f"{name}.bias": size[:1]}


@pytest.fixture
def folder(tmp_path):
    torch.save(published(), tmp_path / "ImageReward.pt")
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS))
    return tmp_path


def plain(weights, image):
    """The published forward, written out for one picture: a pre-norm ViT, a post-norm BERT, five linear layers."""
    functional = torch.nn.functional

    def linear(name, x):
        return functional.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def norm(name, x, eps):
        return functional.layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], eps)

    def attend(q, k, v):
        return (q @ k.T / q.shape[-1] ** 0.5).softmax(-1) @ v

    eyes = "blip.visual_encoder"
    conv = functional.conv2d(
        image[None], weights[f"{eyes}.patch_embed.proj.weight"], weights[f"{eyes}.patch_embed.proj.bias"], 16
    )
    x = torch.cat([weights[f"{eyes}.cls_token"][0], conv[0].flatten(1).T]) + weights[f"{eyes}.pos_embed"][0]
    for at in range(2):
        block = f"{eyes}.blocks.{at}"
        x = x + linear(
            f"{block}.attn.proj", attend(*linear(f"{block}.attn.qkv", norm(f"{block}.norm1", x, 1e-6)).chunk(3, -1))
        )
        x = x + linear(f"{block}.mlp.fc2", functional.gelu(linear(f"{block}.mlp.fc1", norm(f"{block}.norm2", x, 1e-6))))
    seen = norm(f"{eyes}.norm", x, 1e-6)
    text = "blip.text_encoder"
    ids = torch.tensor([2, 5, 6, 7, 3])  # what is padded is not attended to
    h = (
        weights[f"{text}.embeddings.word_embeddings.weight"][ids]
        + weights[f"{text}.embeddings.position_embeddings.weight"][:5]
    )
    h = norm(f"{text}.embeddings.LayerNorm", h, 1e-12)
    for at in range(2):
        for name in ("attention", "crossattention"):
            part = f"{text}.encoder.layer.{at}.{name}"
            other = h if name == "attention" else seen
            found = attend(
                linear(f"{part}.self.query", h), linear(f"{part}.self.key", other), linear(f"{part}.self.value", other)
            )
            h = norm(f"{part}.output.LayerNorm", linear(f"{part}.output.dense", found) + h, 1e-12)
        layer = f"{text}.encoder.layer.{at}"
        inner = functional.gelu(linear(f"{layer}.intermediate.dense", h))
        h = norm(f"{layer}.output.LayerNorm", linear(f"{layer}.output.dense", inner) + h, 1e-12)
    y = h[0]
    for at in (0, 2, 4, 6, 7):
        y = linear(f"mlp.layers.{at}", y)
    return (y.item() - 0.16717362830052426) / 1.0333394966054072


def test_image_reward_is_the_published_forward(folder):
    weights = published()
    reward = resolve("reward", f"imagereward:{folder}", "t2i")
    assert isinstance(reward, Reward)
    scores = check_reward(reward, TASK, SAMPLES, tolerance=1e-3)
    pixels = [image_reward.load(str(folder), "cpu")._pixels(sample.content) for sample in SAMPLES]
    assert scores == pytest.approx([plain(weights, one) for one in pixels], rel=1e-3, abs=1e-3)
    assert resolve("reward", f"imagereward:{folder / 'ImageReward.pt'}", "t2i").score(TASK, SAMPLES) == scores


def test_a_file_that_is_no_image_reward_is_said(folder, tmp_path):
    for name, weights in (("other.pt", {"a": torch.ones(2)}), ("code.pt", None)):
        torch.save(weights or BertTokenizer, tmp_path / name)
        with pytest.raises(ModelUnavailable, match="is no ImageReward"):
            resolve("reward", f"imagereward:{tmp_path / name}").score(TASK, SAMPLES)
    with pytest.raises(ModelUnavailable, match="no ImageReward at"):
        resolve("reward", "imagereward:/nowhere").score(TASK, SAMPLES)
    (folder / "vocab.txt").unlink()
    image_reward.load.cache_clear()
    with pytest.raises(ModelUnavailable, match="bert-base-uncased"):
        resolve("reward", f"imagereward:{folder}").score(TASK, SAMPLES)
    with pytest.raises(BadInput, match="needs file"):
        resolve("reward", "imagereward")


NET = {"embed_dim": 16, "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 8}}
NET |= {"text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 1}}


def test_hpsv2_is_a_hundred_cosines_of_the_file(tmp_path):
    import open_clip

    (tmp_path / "tiny-hps-net.json").write_text(json.dumps(NET))
    open_clip.add_model_config(tmp_path)
    torch.manual_seed(1)
    model, _, transform = open_clip.create_model_and_transforms("tiny-hps-net")
    file = tmp_path / "HPS_v2.1_compressed.pt"
    torch.save({"state_dict": model.state_dict()}, file)
    reward = resolve("reward", f"hpsv2:{file}", "t2i", architecture="tiny-hps-net")
    scores = check_reward(reward, TASK, SAMPLES, tolerance=1e-2)
    with torch.inference_mode():
        seen = model.eval().encode_image(torch.stack([transform(one.content) for one in SAMPLES]), normalize=True)
        told = model.encode_text(open_clip.get_tokenizer("tiny-hps-net")(["a red apple"]), normalize=True)[0]
    assert scores == pytest.approx((100 * seen @ told).tolist(), abs=1e-3)
    with pytest.raises(ModelUnavailable, match="no HPSv2 checkpoint"):
        resolve("reward", "hpsv2:/nowhere.pt").score(TASK, SAMPLES)
