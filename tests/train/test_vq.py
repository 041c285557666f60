"""The VQ: its codebook fills, gradients go straight through, crops stay on the grid, what is saved decodes."""

import pytest
import torch
from torch.nn import functional
from transformers import JanusVQVAE

from tts_playground.errors import Cancelled
from tts_playground.models.vq import to_float
from tts_playground.train.janus_parts import MINIATURE, vq_config
from tts_playground.train.loop import Plan, fit
from tts_playground.train.order import Order, train
from tts_playground.train.pictures import draw_pictures
from tts_playground.train.vq import Stages, VQTraining, busiest_crops, make_loss, picture_loss, spherical_kmeans

CPU = torch.device("cpu")


def test_kmeans_finds_directions_and_leaves_none_empty():
    torch.manual_seed(0)
    true = functional.normalize(torch.randn(6, 8), dim=-1)
    flat = functional.normalize(true.repeat_interleave(200, 0) + 0.01 * torch.randn(1200, 8), dim=-1)
    book = spherical_kmeans(torch.cat([flat, flat[:1].repeat(5000, 1)]), 6)
    assert (true @ book.T).max(-1).values.min() > 0.99


def test_crops_are_pieces_on_the_grid_where_something_is():
    pixels = torch.zeros(3, 3, 64, 64)
    pixels[:, :, 40:56, 40:56] = torch.rand(3, 3, 16, 16)
    crops = busiest_crops(pixels)
    assert crops.shape == (3, 3, 32, 32)
    for crop, picture in zip(crops, pixels, strict=True):
        pieces = picture.unfold(1, 32, 8).unfold(2, 32, 8).permute(1, 2, 0, 3, 4).flatten(0, 1)
        assert any(torch.equal(crop, piece) for piece in pieces) and crop.abs().sum() > 0


def test_perfect_pictures_cost_nothing():
    pixels = torch.rand(2, 3, 8, 8)
    assert picture_loss(pixels, pixels)[0] == 0
    assert picture_loss(pixels + 0.2, pixels)[1].item() == pytest.approx(20, abs=1e-3)


def parts():
    torch.manual_seed(0)
    training = VQTraining(JanusVQVAE(vq_config(MINIATURE)), Stages(quantize=0.5), CPU)
    return training, make_loss(training, torch.from_numpy(draw_pictures(1, 40)), 4)


def test_resume_equals_uninterrupted_across_the_codebooks_birth(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))

    def run(name, resume=False, **kwargs):
        training, loss = parts()
        plan = Plan(name, steps=8, warmup=2, device="cpu", bf16=False, resume=resume)
        return training, [row["loss"] for row in fit(training, loss, plan, log_every=1, **kwargs).losses]

    whole_training, whole = run("whole")
    for stop in (3, 6):
        with pytest.raises(Cancelled):
            run("cut", stop_after=stop, resume=stop > 3)
    training, cut = run("cut", resume=True)
    assert cut == whole
    assert torch.equal(training.book, whole_training.book)
    assert torch.allclose(training.book.norm(dim=-1), torch.ones(MINIATURE.codes), atol=1e-5)


def test_encoder_learns_through_the_codes_and_matches_what_ships():
    training, _ = parts()
    pixels = to_float(torch.from_numpy(draw_pictures(2, 8)))
    training.start(pixels)
    training.has_book = True
    training(pixels, 0.9)["loss"].backward()
    grad = training.vq.encoder.conv_in.weight.grad
    assert grad is not None and grad.abs().sum() > 0
    with torch.no_grad():
        tokens = training.vq.encode(pixels).image_tokens.view(8, -1)  # the nearest code, by transformers' own rule
        latents = functional.normalize(training.vq.quant_conv(training.vq.encoder(pixels)), dim=1)
        nearest = torch.einsum("bdhw,kd->bhwk", latents, training.book).argmax(-1).view(8, -1)
    assert (tokens == nearest).float().mean() > 0.99


def test_trains_saves_and_tells(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    order = Order(tmp_path / "vq", steps=24, device="cpu", miniature=True)
    train("tiny-vq", order)
    rows = (tmp_path / "home/runs/tiny-vq/losses.jsonl").read_text().splitlines()
    assert len(rows) == 3
    vq = JanusVQVAE.from_pretrained(order.out)
    assert vq.dtype == torch.bfloat16 and vq.decode(torch.zeros(1, 64, dtype=torch.long)).shape == (1, 3, 64, 64)
    assert "vq_codes" in (order.out / "README.md").read_text()
