"""Distilling tiny:janus: its rows are the sampler's, its loss falls and resumes exactly, wrong settings are refused."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import JanusForConditionalGeneration

from tts_playground.errors import BadInput, Cancelled
from tts_playground.models.janus.model import Janus
from tts_playground.train.common.config import TrainConfig, train
from tts_playground.train.common.loop import Moment, TrainPlan, fit
from tts_playground.train.janus import distil, tokens, trainer
from tts_playground.train.janus.parts import MINIATURE, build_model, build_processor
from tts_playground.train.janus.softening import GUIDANCE

pytestmark = pytest.mark.timeout(600)

PROMPTS = ["a photo of a cat", "two red apples left of a dog on a white background"]


@pytest.fixture
def teacher():
    torch.manual_seed(0)
    model = build_model(MINIATURE, len(tokens.tokenizer())).eval()
    with torch.no_grad():  # sharp, as a model of a small world is
        model.model.generation_head.vision_head.weight.normal_(0, 12 / MINIATURE.width**0.5)
        model.model.generation_embeddings.weight.normal_(0, 3.0)
    return model


@pytest.fixture
def data():
    codes = np.random.default_rng(0).integers(32, size=(8, 64)).astype(np.int16)
    return tokens.Tokens(codes, tokens.prompt_ids(PROMPTS * 4).reshape(8, 1, -1))


def test_both_rows_are_those_that_the_sampler_draws_from(teacher, data):
    ids, codes = torch.from_numpy(data.prompts[:2, 0]).long(), torch.from_numpy(data.codes[:2]).long()
    with torch.no_grad():
        cond, uncond = distil.both_logits(teacher, ids, codes)
    drawn = Janus(teacher, build_processor(tokens.tokenizer(), MINIATURE))
    for row, prompt in enumerate(PROMPTS):
        theirs = drawn.teacher_logits(prompt, codes[row].tolist())
        assert torch.allclose(cond[row], theirs[0], atol=1e-3) and torch.allclose(uncond[row], theirs[1], atol=1e-3)


def test_wrong_tokens_are_read_and_not_asked_for(teacher, data):
    ids, codes = torch.from_numpy(data.prompts[:2, 0]).long(), torch.from_numpy(data.codes[:2]).long()
    wrong = codes.clone()
    wrong[:, 30] = (wrong[:, 30] + 1) % 32
    with torch.no_grad():
        right, spoilt = distil.both_logits(teacher, ids, codes)[0], distil.both_logits(teacher, ids, wrong)[0]
    changed = (right - spoilt).abs().amax(-1) > 1e-4
    assert not changed[:, :31].any() and changed[:, 31].all()


def test_a_student_that_is_its_teacher_has_nothing_to_learn_at_strength_1(teacher):
    torch.manual_seed(1)
    logits = (5 * torch.randn(2, 64, 32), torch.randn(2, 64, 32))
    parts = distil.divergences(logits, logits, 1.0, 0.0, 5.0)
    assert all(float(part) == pytest.approx(0, abs=1e-5) for part in parts.values())
    softer = distil.divergences(logits, logits, 0.3, 0.0, 5.0)
    assert float(softer["cond"]) > 0.1 and float(softer["uncond"]) == pytest.approx(0, abs=1e-5)
    assert float(softer["loss"]) == pytest.approx(float(softer["cond"] + distil.GUIDED * softer["guided"]), rel=1e-4)


def _run(teacher, data, name, *, learns=False, **kwargs):
    pair = distil.Pair(copy.deepcopy(teacher), copy.deepcopy(teacher).requires_grad_(learns))
    plan = TrainPlan(name, steps=16, lr=3e-3, warmup=2, device="cpu", bf16=False, resume=kwargs.pop("resume", False))
    loss = distil.make_loss(pair, data, 4, torch.device("cpu"), strength=0.3, floor=0.002, learns=learns)
    return pair, fit(pair, loss, plan, log_every=1, **kwargs).losses


@pytest.mark.parametrize("learns", [False, True])
def test_losses_fall_and_a_resumed_run_equals_an_uninterrupted_one(teacher, data, learns, tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))
    pair, whole = _run(teacher, data, "whole", learns=learns)
    assert whole[-1]["guided"] < 0.8 * whole[0]["guided"] and ("teacher" in whole[0]) == learns
    with pytest.raises(Cancelled):
        _run(teacher, data, "cut", learns=learns, stop_after=3)
    again, rows = _run(teacher, data, "cut", learns=learns, resume=True)
    assert [row["loss"] for row in rows] == [row["loss"] for row in whole]
    ours, theirs = again.state_dict(), pair.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())
    given = teacher.state_dict()
    same = [torch.equal(value, given[name]) for name, value in pair.teacher.state_dict().items()]
    assert all(same) != learns, "a teacher changes exactly if it learns"


def test_what_a_teacher_learns_is_what_training_teaches(teacher, data):
    """With nothing spoilt its part of the loss is the trainer's own, on all rows and a tenth of them without prompt."""
    ids, codes = torch.from_numpy(data.prompts[:4, 0]).long(), torch.from_numpy(data.codes[:4]).long()
    now = distil.Lesson(ids, codes, codes, torch.ones(4, 1, 1), torch.ones(4, dtype=torch.bool))
    grounds = torch.tensor([3, 5])
    with torch.no_grad():
        cond, some = distil._taught(distil.logits_of, teacher, now, 1)
        ours = distil._scene_loss(cond, some, now, grounds)
        drop = torch.tensor([False] * 4 + [True])
        theirs = trainer.token_loss(teacher, torch.cat([ids, ids[:1]]), torch.cat([codes, codes[:1]]), drop, grounds)
    assert float(ours) == pytest.approx(float(theirs), rel=1e-4)


def test_scenes_that_are_read_with_wrong_tokens_teach_the_teacher_nothing(teacher, data):
    ids, codes = torch.from_numpy(data.prompts[:2, 0]).long(), torch.from_numpy(data.codes[:2]).long()
    read = codes.clone()
    read[1, 5] = (read[1, 5] + 1) % 32
    logits = torch.randn(2, 64, 32, requires_grad=True)
    now = distil.Lesson(ids, codes, read, torch.ones(2, 1, 1), torch.tensor([True, False]))
    distil._scene_loss(logits, torch.zeros(0, 64, 32), now, None).backward()
    assert logits.grad is not None and logits.grad[0].abs().sum() > 0 and logits.grad[1].abs().sum() == 0


def test_some_scenes_are_read_with_some_wrong_tokens(data):
    lessons = [distil.lesson(data, 32, 32, Moment(step, 0.0, torch.device("cpu"), 0)) for step in range(20)]
    wrong = torch.cat([one.read != one.codes for one in lessons]).float().mean(1)
    assert 0.15 < float((wrong > 0).float().mean()) < 0.35 and float(wrong.max()) < 0.4
    assert {float(scale) for one in lessons for scale in one.scale.flatten()} == set(distil.SCALES)


def test_some_prompts_are_another_scenes_and_those_scenes_teach_the_teacher_nothing():
    """Every scene here has a first code and a word of its own, so that a pair that does not fit shows."""
    words = ["cat", "dog", "apple", "bus", "house", "bird", "guitar", "pizza"]
    ids = tokens.prompt_ids([f"a photo of a {word}" for word in words]).reshape(8, 1, -1)
    data = tokens.Tokens(np.arange(8, dtype=np.int16)[:, None].repeat(64, 1), ids)
    lessons = [distil.lesson(data, 32, 32, Moment(step, 0.0, torch.device("cpu"), 0)) for step in range(40)]
    own = torch.from_numpy(ids[:, 0]).long()
    foreign = [(one.prompts != own[one.codes[:, 0]][:, : one.prompts.shape[1]]).any(1) for one in lessons]
    part = float(torch.cat(foreign).float().mean())
    assert part == pytest.approx(distil.MISMATCHED * 7 / 8, abs=0.04)  # an eighth of the others is the same scene again
    for one, other in zip(lessons, foreign, strict=True):
        assert not one.whole[other].any() and not one.whole[(one.read != one.codes).any(1)].any()
        assert one.whole.any()


@pytest.fixture(scope="module")
def distilled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("distil")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTS_PLAYGROUND_HOME", str(folder / "home"))
        first = TrainConfig(folder / "teacher", steps=4, device="cpu", miniature=True)
        train("tiny-janus", first)
        second = TrainConfig(folder / "janus", steps=12, device="cpu", miniature=True, distil=first.out, run="soft")
        train("tiny-janus", replace(second, teach=True, tinted=True))
    return folder


def test_the_verb_distils_saves_and_describes(distilled):
    saved = JanusForConditionalGeneration.from_pretrained(distilled / "janus", dtype=torch.float32)
    assert saved.generation_config.guidance_scale == GUIDANCE == 5
    assert JanusForConditionalGeneration.from_pretrained(distilled / "teacher").generation_config.guidance_scale == 1.5
    card = (distilled / "janus" / "README.md").read_text()
    for told in ("--distil teacher", "--strength 0.3 --floor 0.002 --teach --tinted", "- Its teacher: `"):
        assert told in card
    numbers = json.loads((distilled / "janus" / "results.json").read_text())
    assert {"kl_cond", "kl_uncond", "kl_guided", "token_loss_guided", "vq_psnr"} <= set(numbers)
    rows = [json.loads(line) for line in (distilled / "home/runs/soft/losses.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == 10 and set(rows[0]) == {"step", "seconds", "loss", "cond", "uncond", "guided", "teacher"}


def test_a_drawing_takes_the_guidance_of_its_own_generation_config(distilled, monkeypatch):
    saved = JanusForConditionalGeneration.from_pretrained(distilled / "janus", dtype=torch.float32).eval()
    asked = []
    generate = type(saved).generate
    monkeypatch.setattr(
        type(saved), "generate", lambda self, **kw: asked.append(kw["guidance_scale"]) or generate(self, **kw)
    )
    processor = build_processor(tokens.tokenizer(), MINIATURE)
    for cfg in (None, 2.0):
        trainer.draw(saved, processor, ["a cat"], cfg=cfg)
    assert asked == [5.0, 2.0]


@pytest.mark.parametrize(
    "wrong", [{"strength": 0.0}, {"strength": 1.5}, {"floor": -0.1}, {"floor": 0.5}, {"strength": float("nan")}]
)
def test_settings_out_of_range_are_refused(distilled, wrong):
    with pytest.raises(BadInput, match="strength"):
        train("tiny-janus", TrainConfig(distilled / "x", miniature=True, distil=distilled / "teacher", **wrong))


def test_a_teacher_of_another_shape_is_refused(distilled, tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))
    with pytest.raises(BadInput, match="another shape"):
        train(
            "tiny-janus", TrainConfig(tmp_path / "x", steps=1, workers=0, minutes=0.001, distil=distilled / "teacher")
        )


def test_a_teacher_that_is_not_there_is_refused_by_the_verb(tmp_path, capsys):
    from tts_playground.cli import main

    with pytest.raises(SystemExit) as leaving:
        main(["train", "tiny-janus", "--distil", str(tmp_path), "--strength", "0.4", "--teach", "--tinted"])
    assert leaving.value.code == 2 and "no model in" in capsys.readouterr().err
