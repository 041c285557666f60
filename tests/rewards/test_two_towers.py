"""Networks of two towers wherever a CLIP is named: CLIP, SigLIP, and PickScore without a processor of its own."""

import json
import shutil

import numpy as np
import pytest
import tiny_checkpoints
import torch
from PIL import Image
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from tts_playground.core import Sample
from tts_playground.errors import ModelUnavailable, PlaygroundError
from tts_playground.models.clip import ClipTowers, clip_and_processor, image_embeddings, text_embeddings
from tts_playground.rewards.clip import ClipReward
from tts_playground.rewards.pickscore import PROCESSOR, PickScore
from tts_playground.tasks.text_to_image import PromptTask

PICTURES = [Image.fromarray(np.random.default_rng(s).integers(0, 256, (40, 52, 3), np.uint8)) for s in range(3)]
SAMPLES = [Sample(picture, place) for place, picture in enumerate(PICTURES)]
SIZES = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


def save_siglip(folder, kind="siglip"):
    """A random SigLIP as the hub has it: a vocabulary in tokenizer.json, which a class of its own would read."""
    import transformers
    from transformers import PreTrainedTokenizerFast, SiglipImageProcessor, SiglipProcessor

    torch.manual_seed(0)
    words = [*tiny_checkpoints.SPECIALS, *tiny_checkpoints.WORDS]
    core = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="<unk>"))
    core.normalizer, core.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    text = SIZES | {"vocab_size": 64, "max_position_embeddings": 12, "projection_size": 32}
    text |= {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    config, network = (getattr(transformers, f"Siglip{'2' * (kind == 'siglip2')}{end}") for end in ("Config", "Model"))
    own = {"num_patches": 256, "patch_size": 16} if kind == "siglip2" else {"image_size": 32, "patch_size": 8}
    network(config(text_config=text, vision_config=SIZES | own)).save_pretrained(folder)
    fast = PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>")
    if kind == "siglip2":
        images = transformers.Siglip2ImageProcessor()
        transformers.Siglip2Processor(images, fast).save_pretrained(folder)
    else:
        SiglipProcessor(SiglipImageProcessor(size={"height": 32, "width": 32}), fast).save_pretrained(folder)
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"tokenizer_class": "SiglipTokenizer"}))
    return folder


@pytest.fixture(scope="module", params=["clip", "siglip", "siglip2"])
def towers(request, tmp_path_factory, random_clip_folder):
    if request.param == "clip":
        return random_clip_folder
    return save_siglip(tmp_path_factory.mktemp(request.param), request.param)


def test_scores_are_the_cosines_of_the_networks_own_features(towers):
    scores = ClipReward(str(towers), "cpu").score(PromptTask("two red apples"), SAMPLES)
    model, processor = clip_and_processor(str(towers), "cpu")
    inputs = processor(
        images=PICTURES, text=["two red apples"], return_tensors="pt",
        padding="max_length" if model.config.model_type != "clip" else True, max_length=12,
    )  # fmt: skip
    inputs.pop("attention_mask", None)
    with torch.inference_mode():
        out = model(**inputs)
    expected = (out.image_embeds @ out.text_embeds.T)[:, 0].numpy()
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert len(set(scores)) == 3


def test_long_and_capital_texts_are_read(towers):
    rows = text_embeddings(["Two Red Apples", "two red apples", "a cat " * 60], str(towers))
    assert rows.shape == (3, ClipTowers(str(towers)).width) == (3, image_embeddings(PICTURES[:1], str(towers)).shape[1])
    if "siglip" in str(towers):
        np.testing.assert_array_equal(rows[0], rows[1])


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"model_type": "siglip_vision_model"}, "half a siglip"),
        ({"model_type": "qwen2_vl"}, "use it with answer"),
        ({"model_type": "janus"}, "use it with generate"),
        ({"model_type": "resnet"}, "says 'resnet'"),
        ({}, "names no model_type"),
        (None, "no config.json"),
    ],
)
def test_a_folder_of_something_else_is_one_sentence(config, says, tmp_path):
    if config is not None:
        (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelUnavailable, match=says) as refused:
        ClipReward(str(tmp_path), "cpu").score(PromptTask("a cat"), SAMPLES)
    assert len(str(refused.value).splitlines()) == 1


def test_a_siglip_that_is_to_draw_or_answer_is_sent_to_the_rewards(tmp_path):
    from tts_playground.models import loading

    folder = save_siglip(tmp_path)
    for kind in ("janus", "vlm"):
        with pytest.raises(ModelUnavailable, match=r"compares pictures with texts, as a reward does \(clip:"):
            loading.load(str(folder), kind, loading.Options("cpu"))


# ------------------------------------------------------------------------------------------------------- PickScore


@pytest.fixture
def without_processor(tmp_path, random_clip_folder):
    """The published layout: weights and configuration alone."""
    folder = tmp_path / "pickscore"
    folder.mkdir()
    for file in ("config.json", "model.safetensors"):
        shutil.copy(random_clip_folder / file, folder)
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path / "cache"


def in_cache(cache, name, source, files):
    repository = cache / f"models--{name.replace('/', '--')}"
    folder = repository / "snapshots" / ("0123456789" * 4)
    folder.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(folder.name)
    for file in files:
        shutil.copy(source / file, folder)
    return folder


READER = ("tokenizer.json", "tokenizer_config.json", "processor_config.json")


def test_pickscore_takes_the_processor_of_the_clip_that_it_was_made_from(without_processor, random_clip_folder, cache):
    in_cache(cache, PROCESSOR, random_clip_folder, READER)  # without weights, which nobody needs
    task = PromptTask("a red apple")
    scores = PickScore(str(without_processor), "cpu").score(task, SAMPLES)
    assert scores == pytest.approx(PickScore(str(random_clip_folder), "cpu").score(task, SAMPLES), abs=1e-4)


def test_pickscore_takes_the_processor_in_a_folder(without_processor, random_clip_folder, cache):
    task = PromptTask("a red apple")
    scores = PickScore(str(without_processor), "cpu", str(random_clip_folder)).score(task, SAMPLES)
    assert scores == pytest.approx(PickScore(str(random_clip_folder), "cpu").score(task, SAMPLES), abs=1e-4)


def test_pickscore_from_the_hubs_cache_needs_no_network(random_clip_folder, cache):
    in_cache(cache, "yuvalkirstain/PickScore_v1", random_clip_folder, ("config.json", "model.safetensors"))
    in_cache(cache, PROCESSOR, random_clip_folder, READER)
    assert len(PickScore(device="cpu").score(PromptTask("a red apple"), SAMPLES)) == 3


def test_without_any_processor_a_sentence_says_what_to_copy(without_processor, cache):
    with pytest.raises(ModelUnavailable, match=r"takes those of laion/CLIP-ViT-H-14.*tokenizer\.json.*into"):
        PickScore(str(without_processor), "cpu").score(PromptTask("a red apple"), SAMPLES)
    with pytest.raises(PlaygroundError, match="has no tokenizer"):
        ClipReward(str(without_processor), "cpu").score(PromptTask("a red apple"), SAMPLES)
