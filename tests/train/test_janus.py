"""tiny:janus: tokens laid out as generate does, trains, resumes, saves, draws."""

import json
import math

import numpy as np
import pytest
import torch
from transformers import AutoProcessor, JanusForConditionalGeneration, StaticCache

from tts_playground.errors import Cancelled
from tts_playground.train.common.config import TrainConfig, train
from tts_playground.train.common.loop import TrainPlan, fit
from tts_playground.train.janus import tokens, trainer
from tts_playground.train.janus.parts import BOI, BOS, MINIATURE, PAD, build_model, build_processor, prompt_text

pytestmark = pytest.mark.timeout(600)

PROMPTS = ["a cat", "two red apples left of a dog, on a white background"]


@pytest.fixture(scope="module")
def parts():
    torch.manual_seed(0)
    model = build_model(MINIATURE, len(tokens.tokenizer())).eval()
    return model, build_processor(tokens.tokenizer(), MINIATURE)


def test_training_prompts_are_the_processors(parts):
    _, processor = parts
    for text, row in zip(PROMPTS, tokens.prompt_ids(PROMPTS), strict=True):
        ids = processor(text=[prompt_text(processor, text)], generation_mode="image")["input_ids"][0]
        assert row[: len(ids)].tolist() == ids.tolist() and not row[len(ids) :].any()
        assert (ids[0], ids[-1]) == (BOS, BOI) and PAD not in ids


@pytest.mark.parametrize("conditional", [True, False])
def test_training_forward_equals_generation(parts, conditional):
    """Greedy tokens of transformers' own generate are the arguments of the maxima of the training forward."""
    model, processor = parts
    told = [prompt_text(processor, text) for text in PROMPTS]
    inputs = processor(text=told, generation_mode="image", padding=True)
    cache = StaticCache(config=model.config.text_config, max_cache_len=128)
    found = []

    class Spy:
        def __call__(self, input_ids, scores):
            found.append(scores.detach().clone())
            return scores[: len(PROMPTS)] if conditional else scores[len(PROMPTS) :]

    from transformers import LogitsProcessorList

    codes = model.generate(
        **inputs,
        generation_mode="image",
        do_sample=False,
        guidance_scale=1.0,
        past_key_values=cache,
        logits_processor=LogitsProcessorList([Spy()]),
    )
    prompts = torch.from_numpy(tokens.prompt_ids(PROMPTS)).long()
    source, reading = trainer.layout(prompts, 64)
    ours = trainer.without_prompt(prompts, torch.full((2,), not conditional))
    with torch.no_grad():
        logits = trainer.forward(model, ours, source, reading, codes)
    theirs = torch.stack(found, 1)[:2] if conditional else torch.stack(found, 1)[2:]
    assert torch.allclose(logits, theirs, atol=1e-4)


def test_any_text_is_accepted_and_known_words_are_one_token():
    known = tokens.tokenizer()
    assert len(known.tokenize("three purple elephants")) == 3
    strange = "Zürich 🦜 naïve\n\tzebra!"
    assert PAD not in known(strange)["input_ids"]
    assert "zebra" in known.decode(known("zebra")["input_ids"])


def test_trains_resumes_saves_and_draws(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    order = TrainConfig(tmp_path / "janus", steps=21, device="cpu", miniature=True)
    train("tiny-janus", order)
    rows = [json.loads(line) for line in (tmp_path / "home/runs/tiny-janus/losses.jsonl").read_text().splitlines()]
    assert rows[-1]["loss"] < rows[0]["loss"] - 0.05
    card = (order.out / "README.md").read_text()
    assert "tiny:janus" in card and "vq_psnr" in card and "--seed 0" in card
    model = JanusForConditionalGeneration.from_pretrained(order.out, dtype=torch.float32).eval()
    processor = AutoProcessor.from_pretrained(order.out)
    greedy = [trainer.draw(model, processor, PROMPTS, sample=False, seed=seed) for seed in (0, 1)]
    assert greedy[0].shape == (2, 64, 64, 3) and torch.equal(*greedy)
    assert (order.out / "sheet.png").exists()


def test_resume_equals_uninterrupted(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))
    rng = np.random.default_rng(0)
    prompts = tokens.prompt_ids(PROMPTS * 4).reshape(8, 1, -1)
    data = tokens.Tokens(rng.integers(32, size=(8, 64)).astype(np.int16), prompts)

    def run(name, **kwargs):
        torch.manual_seed(3)
        model = build_model(MINIATURE, len(tokens.tokenizer()))
        plan = TrainPlan(name, steps=6, warmup=2, device="cpu", bf16=False, resume=kwargs.pop("resume", False))
        loss = trainer.make_loss(model, data, 4, torch.device("cpu"))
        return [row["loss"] for row in fit(model, loss, plan, log_every=1, **kwargs).losses]

    whole = run("whole")
    with pytest.raises(Cancelled):
        run("cut", stop_after=3)
    assert run("cut", resume=True) == whole
    assert abs(whole[0] - math.log(32)) < 0.5


def test_tokens_survive_the_disk(tmp_path):
    images, prompts = tokens.draw_chunk(1, 5, 0)
    assert images.shape == (5, 64, 64, 3) and prompts.shape == (5, tokens.CAPTIONS, tokens.LONGEST)
    kept = tokens.Tokens(np.zeros((5, 64), np.int16), prompts)
    kept.save(tmp_path / "t.npz")
    assert np.array_equal(tokens.Tokens.load(tmp_path / "t.npz").prompts, prompts)
