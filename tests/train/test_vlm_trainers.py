"""tiny:vlm and tiny:sketch: tokens, packing, the numbers of transformers' own forward, and both scripts end to end."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from tts_playground import dsl
from tts_playground.train.common.config import TrainConfig, train
from tts_playground.train.sketch import data as sketch_data
from tts_playground.train.sketch.trainer import MINIATURE as SKETCH_MINIATURE
from tts_playground.train.sketch.trainer import SHIPPED as SKETCH
from tts_playground.train.sketch.trainer import read, scores
from tts_playground.train.vlm import data as vlm_data
from tts_playground.train.vlm.architecture import (
    build_model,
    build_processor,
    config_of,
    packed_loss,
    pixels,
    visual_embeddings,
    wrap_tokenizer,
)
from tts_playground.train.vlm.measure import chat
from tts_playground.train.vlm.tokens import ASSISTANT, EOS, IMAGE, Packer, Turn
from tts_playground.train.vlm.trainer import MINIATURE, SHIPPED
from tts_playground.worlds import choices, programs
from tts_playground.worlds.layout import Draw


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def vlm():
    torch.manual_seed(0)
    tokenizer = wrap_tokenizer(vlm_data.tokenizer())
    return build_model(MINIATURE, len(tokenizer)).eval(), build_processor(tokenizer, MINIATURE)


def test_replies_survive_the_word_tokenizer():
    tokenizer = vlm_data.tokenizer()
    for text in (
        "apple 12\nkiwi 37\n12 + 37 = 49\nanswer: 49",
        "7 r",
        "is this correct? answer yes or no.",
        "éclair's",
    ):
        assert tokenizer.decode(tokenizer.encode(text).ids) == text
    assert tokenizer.encode("  Kiwi   7 \n plum").tokens == ["<bos>", "▁kiwi", "▁7", "\n", "▁plum"]
    assert all(len(tokenizer.encode(word, add_special_tokens=False)) == 1 for word in ("yes", "no", "7", "kiwi"))


@pytest.mark.parametrize("text", ["(- (Quad 8 8 15 3 359) (Circle 3 8 8))", "( + (Circle 1 2\n 3)x é\t♥", ""])
def test_any_text_survives_the_code_tokenizer(text):
    tokenizer = sketch_data.tokenizer()
    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False).ids) == text


def test_every_training_word_is_one_token():
    tokenizer = vlm_data.tokenizer()
    packed = vlm_data.make(500, seed=1, rows=24, visual_tokens=64)[0]
    spelled = {tokenizer.id_to_token(int(i)) for i in np.unique(packed.ids)}
    assert not [piece for piece in spelled if piece.startswith("<0x")]
    letters = {piece for piece in spelled if len(piece) == 1 and piece.isalpha()}
    assert letters <= set("argbys"), letters


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_turns_share_the_picture_and_nothing_else(vlm, attention):
    model, _ = vlm
    model.set_attn_implementation(attention)
    packed = vlm_data.make(900, seed=0, rows=16, visual_tokens=64)[1]
    row = 3
    image = torch.from_numpy(packed.images[row : row + 1])
    as_tensor = [
        torch.from_numpy(part[row : row + 1]).long() for part in (packed.ids, packed.segments, packed.positions)
    ]
    for turn in (1, 2, 3):
        keep = np.isin(packed.segments[row], (0, turn))
        ids = torch.from_numpy(packed.ids[row][keep]).long()[None]
        weights = torch.from_numpy(packed.weights[row][keep])
        with torch.no_grad():
            logits = model(input_ids=ids, pixel_values=pixels(image)).logits.log_softmax(-1)[0]
            alone = np.where(packed.segments == turn, packed.weights, 0)[row : row + 1].astype(np.float32)
            together = packed_loss(model, image, *as_tensor, torch.from_numpy(alone))
        wanted = -(logits[:-1].gather(1, ids[0, 1:, None])[:, 0] * weights[1:]).sum() / weights[1:].sum()
        assert torch.allclose(together, wanted, atol=1e-4)


def test_visual_tokens_are_those_of_transformers(vlm):
    model, _ = vlm
    values = torch.randn(2, 3, 128, 128)
    with torch.no_grad():
        theirs = torch.stack(tuple(model.get_image_features(values).pooler_output))
        assert torch.allclose(visual_embeddings(model, values), theirs, atol=1e-5)


def test_the_processor_makes_the_training_row(vlm):
    _, processor = vlm
    picture = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    inputs = chat(processor, ["what is the value of kiwi?"], [Image.fromarray(picture)])
    packer = Packer(vlm_data.tokenizer(), 64, 120)
    assert inputs["input_ids"][0].tolist() == [*packer.prefix, *packer.tokens("what is the value of kiwi?"), ASSISTANT]
    assert torch.allclose(inputs["pixel_values"][0], pixels(torch.from_numpy(picture[None]))[0], atol=1e-2)
    wide = processor.image_processor(Image.new("RGB", (300, 90)), return_tensors="pt")["pixel_values"]
    assert wide.shape == (1, 3, 128, 128)


def test_a_turn_that_does_not_fit_is_left_out():
    packer = Packer(vlm_data.tokenizer(), 4, 16)
    packed = packer.pack(
        np.zeros((1, 8, 8, 3), np.uint8), [[Turn("what is", "7"), Turn("how many " * 9, "3"), Turn("is", "no")]]
    )
    assert packed.segments[0].max() == 2 and (packed.ids[0] == EOS).sum() == 2 and (packed.ids[0] == IMAGE).sum() == 4
    targets = packed.ids[0][packed.weights[0] > 0]
    assert [packer.tokenizer.id_to_token(int(i)) for i in targets] == ["▁7", "<eos>", "▁no", "<eos>"]


def test_chunks_are_a_function_of_their_number():
    first, again = (vlm_data.make(7, seed=2, rows=16, visual_tokens=64) for _ in range(2))
    assert all(
        np.array_equal(a.ids, b.ids) and np.array_equal(a.images, b.images) for a, b in zip(first, again, strict=True)
    )
    assert not np.array_equal(first[0].ids, first[1].ids) and first[0].images is first[1].images


def test_judged_answers_are_half_right():
    tokenizer = vlm_data.tokenizer()
    yes, no = (tokenizer.encode(word, add_special_tokens=False).ids[0] for word in ("yes", "no"))
    said = np.concatenate(
        [p.ids[p.weights > 0] for i in range(8) for p in vlm_data.make(900 + i, seed=0, rows=32, visual_tokens=64)]
    )
    share = (said == yes).sum() / np.isin(said, (yes, no)).sum()
    assert 0.42 < share < 0.58


def test_choices_are_weighted_as_planted():
    scene = choices.choice(0, 3, "size")
    turns = vlm_data.choice_turns(scene, Draw([0.9, 0.1, 0.2, 0.3, 0.4]))
    weights = np.array([{t.answer: t.weight for t in turns}[str(d)] for d in scene.digits])
    assert weights / weights.sum() == pytest.approx(choices.planted(scene))


def test_shapes_that_ship_keep_their_size():
    for size, vocabulary, most in ((SHIPPED, 880, 15e6), (SKETCH, 390, 12e6)):
        with torch.device("meta"):
            model = AutoModelForImageTextToText.from_config(config_of(size, vocabulary))
        assert 4e6 < sum(p.numel() for p in model.parameters()) * 2 < most
        assert size.visual_tokens == 64


def test_normal_form_draws_the_same_picture():
    for index in range(40):
        plain, normal = dsl.generate(5, index), programs.program(5, index)
        assert np.array_equal(dsl.mask(plain, 64), dsl.mask(normal, 64)) and len(normal) <= len(plain)
        assert programs.program(5, index) == normal


def test_scores_of_programs():
    wanted = [dsl.parse("(Circle 3 8 8)"), dsl.parse("(Quad 8 8 4 4 0)")]
    perfect = scores(wanted, [[str(p)] for p in wanted])
    assert perfect == {"parse_rate": 1.0, "f1": 1.0, "iou": 1.0}
    mixed = scores(wanted, [["(Circle 3", "(Circle 3 8 8)"], ["(Quad 8 8 4 4 0)", "nonsense"]])
    assert mixed["parse_rate"] == 0.5 and mixed["iou"] == 1.0 and mixed["f1"] < 0.2
    assert read("(Circle 99 1 1)") is None


@pytest.mark.parametrize(("name", "size"), [("tiny-vlm", MINIATURE), ("tiny-sketch", SKETCH_MINIATURE)])
def test_a_trained_miniature_loads_through_the_auto_classes(name, size, tmp_path):
    out = train(name, TrainConfig(tmp_path / name, steps=2, device="cpu", miniature=True, workers=0))
    model, processor = (
        AutoModelForImageTextToText.from_pretrained(out, dtype=torch.float32),
        AutoProcessor.from_pretrained(out),
    )
    inputs = chat(processor, ["what is the value of kiwi?"], [Image.new("RGB", (90, 200), "white")])
    said = model.generate(**inputs, max_new_tokens=3)
    assert said.shape[1] <= inputs["input_ids"].shape[1] + 3
    assert (inputs["input_ids"] == IMAGE).sum() == size.visual_tokens
    assert all(np.isfinite(value) for value in json.loads((out / "results.json").read_text()).values())
    assert "--seed 0" in (out / "README.md").read_text()
    assert json.loads((out / "config.json").read_text())["architectures"] == ["LlavaForConditionalGeneration"]
