"""``geneval:FOLDER`` by random detectors of photographs with COCO's labels, on transformers' own classes."""

import coco
import pytest
import torch
from PIL import Image
from transformers import DetrConfig, DetrForObjectDetection, DetrImageProcessor, ResNetConfig

from tts_playground.core import Sample
from tts_playground.errors import BadInput
from tts_playground.registry import resolve
from tts_playground.tasks.text_to_image import PromptTask
from tts_playground.verifiers import geneval


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A random DETR of 10 queries with DETR's 82 labels, two of which are empty."""
    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("detr")
    backbone = ResNetConfig(embedding_size=8, hidden_sizes=[8, 8], depths=[1, 1], out_features=["stage2"])
    labels = dict(enumerate(coco.DETR))
    sizes = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16}
    sizes |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "num_queries": 10}
    config = DetrConfig(
        use_timm_backbone=False,
        use_pretrained_backbone=False,
        backbone=None,
        backbone_config=backbone,
        id2label=labels,
        **sizes,
    )
    DetrForObjectDetection(config).save_pretrained(place)
    DetrImageProcessor(size={"height": 64, "width": 64}, do_pad=False).save_pretrained(place)
    return place


SAMPLES = [Sample(Image.effect_noise((48, 48), 80).convert("RGB"), 0)]


def test_every_prompt_kind_is_judged_by_a_folder(folder):
    reward = resolve("reward", f"geneval:{folder}", "t2i")
    for prompt in ("a photo of a computer keyboard", "two tv remotes", "a black dog", "a red and white cup", "no cats"):
        (score,) = reward.score(PromptTask(prompt), SAMPLES)
        assert score in (0.0, 1.0)
    with pytest.raises(BadInput, match="in front of"):
        reward.score(PromptTask("a dog in front of a car"), SAMPLES)


def test_its_verdict_follows_its_boxes(folder):
    """At the threshold 0 every query is a box, so that what is there is what the plain model says."""
    judge = geneval.GenEval(str(folder), threshold=0.0, counting_threshold=0.0)
    seen = {one.noun for one in geneval._detector(str(folder), "cpu", 0.0).detect([SAMPLES[0].content])[0]} - {"N/A"}
    other = next(name for name in coco.DETR if name not in seen and name != "N/A")
    for name in seen:
        assert judge.judge_images(f"a {name}", [SAMPLES[0].content])[0].passed
    verdict = judge.judge_images(f"a {other}", [SAMPLES[0].content])[0]
    assert seen and not verdict.passed and "found 0" in verdict.reason


def test_colours_are_told_by_a_clip_of_photographs_where_one_is_here(monkeypatch):
    monkeypatch.setattr(geneval.locator, "cached", lambda name: name if "base" in name else None)
    assert geneval.GenEval("facebook/detr-resnet-50").told_by == "openai/clip-vit-base-patch32"
    assert geneval.GenEval("tiny:detector").told_by == "hue" and geneval.GenEval("a/b", "my/clip").told_by == "my/clip"
    monkeypatch.setattr(geneval.locator, "cached", lambda name: None)
    assert geneval.GenEval("facebook/detr-resnet-50").told_by == "hue"


@pytest.mark.parametrize(
    ("prompt", "clip", "said"),
    [
        ("a red cup", "", True),
        ("a photo of a RED and white cup", "", True),
        ("two cups", "", False),
        ("a red cup", "openai/clip-vit-base-patch32", False),
    ],
)
def test_colours_by_hue_for_want_of_a_clip_are_told_of(folder, prompt, clip, said, monkeypatch):
    from tts_playground.tasks.reward_worlds import warnings

    monkeypatch.setattr(geneval.locator, "cached", lambda name, *_: name == clip or None)
    lines = [line for line in warnings([f"geneval:{folder}"], "", prompt) if "hue" in line]
    assert len(lines) == said and all("download openai/clip" in line and "\n" not in line for line in lines)
    assert not [line for line in warnings(["geneval"], "", prompt) if "hue" in line]
