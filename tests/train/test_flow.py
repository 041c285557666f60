"""tiny:flow: scenes drawn beside, latents evened, velocities learned, and a pipeline that diffusers opens."""

import json

import numpy as np
import pytest
import torch
from scipy import stats

from tts_playground.errors import BadInput, Cancelled, CannotDo
from tts_playground.models.janus.vq import to_float
from tts_playground.train.common.config import TrainConfig, train
from tts_playground.train.common.loop import Moment, TrainPlan, fit
from tts_playground.train.flow import latents, trainer
from tts_playground.train.flow.autoencoder import AutoencoderTraining, make_loss, reconstruct, scale
from tts_playground.train.flow.parts import (
    MINIATURE,
    SHIPPED,
    build_autoencoder,
    build_text_encoder,
    build_transformer,
    draw,
    fresh_pipeline,
    load_pipeline,
    tokenizer,
)
from tts_playground.train.flow.shifts import mix_by_shifts
from tts_playground.worlds import stickers
from tts_playground.worlds.vocabulary import COLORS, NAMES

pytestmark = pytest.mark.timeout(600)
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def chunk():
    return latents.draw_chunk(3, 24, 0)


def a_pupil():
    torch.manual_seed(0)
    return trainer.FlowTraining(build_transformer(MINIATURE), build_text_encoder(MINIATURE))


def some_latents(chunk):
    torch.manual_seed(0)
    return latents.as_latents([chunk], build_autoencoder(MINIATURE), CPU, say=lambda text: None)


def test_tokens_name_what_covers_their_middle(chunk):
    labelled = stickers.batch(3, 0, 24)
    for row in range(24):
        expected = [(len(NAMES), len(COLORS))] * 64
        for kind, color, (x0, y0, x1, y1) in zip(
            labelled.classes[row], labelled.colors[row], labelled.boxes[row], strict=True
        ):
            for place in range(64):
                x, y = place % 8 * 8 + 4, place // 8 * 8 + 4
                if kind >= 0 and x0 < x < x1 and y0 < y < y1:
                    expected[place] = (kind, color)
        assert list(zip(chunk.names[row], chunk.tints[row], strict=True)) == expected
    assert np.array_equal(chunk.images, labelled.images)


def test_the_loss_reads_captions_as_the_pipeline_does(chunk):
    """The mask that follows from ids alone is the tokenizer's, of captions and of none."""
    seen = []

    def pupil(clean, noise, levels, ids, mask, names, tints):
        seen.append((ids, mask, levels))
        return {"loss": clean.sum()}

    trainer.make_loss(pupil, some_latents(chunk), 200)(Moment(0, 0.0, CPU, 0))
    ids, mask, levels = seen[0]
    told = [tokenizer().decode(row[keep.bool()], skip_special_tokens=True) for row, keep in zip(ids, mask, strict=True)]
    again = tokenizer()(told, padding="max_length", max_length=latents.LONGEST, return_tensors="pt")
    assert torch.equal(again["input_ids"], ids) and torch.equal(again["attention_mask"], mask)
    assert 5 < told.count("") < 45 and len(set(told)) > 50
    assert levels.min() > 0 and levels.max() < 1


def test_noise_levels_are_mostly_logit_normal():
    torch.manual_seed(0)
    uniform = (torch.arange(20_000) + 0.5) / 20_000
    found = trainer.noise_levels(uniform).double().numpy()
    mixed = lambda x: 0.9 * stats.norm.cdf(np.log(x / (1 - x))) + 0.1 * x  # noqa: E731 - a distribution function
    assert stats.kstest(found, mixed).statistic < 0.01


def test_who_says_the_velocity_has_no_loss(chunk, monkeypatch):
    pupil = a_pupil()
    clean, noise = torch.randn(4, 8, 8, 8), torch.randn(4, 8, 8, 8)
    levels, ids = torch.rand(4), torch.zeros(4, 24, dtype=torch.long)
    told = []

    def knowing(noisy, levels, ids, mask):
        told.append(noisy)
        pupil._middle = [torch.zeros(4, 64, 32)]
        return noise - clean

    monkeypatch.setattr(pupil, "velocity", knowing)
    covers = torch.zeros(4, 64, dtype=torch.long)
    assert pupil(clean, noise, levels, ids, ids, covers, covers)["flow"] == 0
    # along the straight line, the velocity leads from where it stands to the picture
    assert torch.allclose(told[0] - levels.view(-1, 1, 1, 1) * (noise - clean), clean, atol=1e-5)


def test_every_part_learns(chunk):
    pupil = a_pupil()
    trainer.make_loss(pupil, some_latents(chunk), 8)(Moment(0, 0.0, CPU, 0))["loss"].backward()
    for weight in (
        pupil.transformer.patch_embed.proj.weight,
        pupil.text_encoder.embeddings.token_embedding.weight,
        pupil.names.weight,
        pupil.tints.weight,
    ):
        assert weight.grad is not None and weight.grad.abs().sum() > 0


def test_mixing_by_shifts_is_the_layer_itself():
    torch.manual_seed(0)
    layer = build_transformer(MINIATURE).transformer_blocks[0].ff
    images = torch.randn(3, MINIATURE.width, 8, 8)
    seen = []
    for call in (layer.forward, lambda given: mix_by_shifts(layer, given)):
        layer.zero_grad()
        given = images.clone().requires_grad_()
        made = call(given)
        (made * torch.arange(8.0)).sum().backward()
        grads = [one.grad.clone() for one in layer.parameters()]
        seen.append([made.detach(), given.grad, *grads])
    for mine, theirs in zip(*seen, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-3)


def test_latents_have_unit_variance_and_decode_to_what_they_were(chunk):
    torch.manual_seed(0)
    training = AutoencoderTraining(build_autoencoder(MINIATURE))
    images = torch.from_numpy(chunk.images)
    scale(training.autoencoder, images)
    assert latents.encode(training.autoencoder, images, half=False).std() == pytest.approx(1, abs=1e-3)
    before = (to_float(reconstruct(training.autoencoder, images)) - to_float(images)).square().mean()
    plan = TrainPlan("ae", steps=60, lr=5e-3, warmup=5, device="cpu", bf16=False)
    rows = fit(training, make_loss(training, images, 8), plan).losses
    after = (to_float(reconstruct(training.autoencoder, images)) - to_float(images)).square().mean()
    assert after < before / 2 and rows[-1]["psnr"] > rows[0]["psnr"] + 3


def test_a_stream_gives_scenes_in_order_and_ends(chunk):
    with latents.scene_stream(3, 24, workers=0, scenes=stickers.scenes) as stream:
        assert np.array_equal(stream.first(10)[0].images, chunk.images)
        assert [len(part.images) for part in stream.all(99.0)] == [24]
    assert not stream._thread.is_alive()


def broken(seed, start, n):
    raise ValueError("no scene today")


def test_a_stream_that_fails_says_so():
    with latents.scene_stream(3, 24, workers=0, scenes=broken) as stream, pytest.raises(CannotDo, match="no scene"):
        stream.all(99.0)


def test_what_ships_stays_small():
    pipeline = fresh_pipeline(SHIPPED)
    weights = sum(
        p.numel() for part in ("vae", "text_encoder", "transformer") for p in getattr(pipeline, part).parameters()
    )
    assert 2 * weights < 5.85e6


def test_trains_saves_opens_and_goes_on(tmp_path):
    from diffusers import DiffusionPipeline, SanaPipeline

    order = TrainConfig(tmp_path / "flow", steps=21, device="cpu", miniature=True)
    train("tiny-flow", order)
    rows = [json.loads(line) for line in (tmp_path / "home/runs/tiny-flow/losses.jsonl").read_text().splitlines()]
    assert rows[-1]["loss"] < rows[0]["loss"]
    card = (order.out / "README.md").read_text()
    assert "tiny:flow" in card and "vae_psnr" in card and "of its autoencoder alone" in card and "SanaPipeline" in card
    opened = DiffusionPipeline.from_pretrained(order.out, dtype=torch.float32)
    assert isinstance(opened, SanaPipeline)
    one, again = (draw(opened, ["a cat", "two red apples"], steps=2, seed=1) for _ in range(2))
    assert one.shape == (2, 64, 64, 3) and torch.equal(one, again)
    assert (order.out / "sheet.png").exists() and not (order.out / "transformer/README.md").exists()

    more = TrainConfig(tmp_path / "more", steps=1, device="cpu", miniature=True, init=order.out, run="more")
    train("tiny-flow", more)
    ours, theirs = (load_pipeline(out).vae.state_dict() for out in (order.out, more.out))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours), "its codes stay what they are"
    assert "Started from" in (more.out / "README.md").read_text()


def test_resuming_goes_on_where_it_stopped(tmp_path, monkeypatch):
    def run(name, resume=False, stop=None):
        order = TrainConfig(tmp_path / name, steps=6, device="cpu", miniature=True, run=name, resume=resume)
        real = trainer.carry_out.__globals__["fit"]
        with monkeypatch.context() as patched:
            patched.setitem(
                trainer.carry_out.__globals__, "fit", lambda *a, **k: real(*a, log_every=1, stop_after=stop, **k)
            )
            train("tiny-flow", order)
        return load_pipeline(order.out).transformer.state_dict()

    whole = run("whole")
    with pytest.raises(Cancelled):
        run("cut", stop=3)
    resumed = run("cut", resume=True)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_another_shape_or_no_pipeline_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    order = TrainConfig(tmp_path / "x", steps=1, device="cpu", miniature=True, init=tmp_path / "empty")
    with pytest.raises(BadInput, match="no pipeline"):
        train("tiny-flow", order)
