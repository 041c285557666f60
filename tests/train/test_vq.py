"""The VQ: its codes exist beforehand, both halves learn from them, what is saved decodes."""

import numpy as np
import pytest
import torch
from torch.nn import functional
from transformers import JanusVQVAE

from tts_playground.errors import BadInput, Cancelled
from tts_playground.models.janus.vq import load_vq, to_float
from tts_playground.train.common.config import TrainConfig, train
from tts_playground.train.common.loop import TrainPlan, fit
from tts_playground.train.common.pictures import draw_pictures
from tts_playground.train.janus.parts import MINIATURE, vq_config
from tts_playground.train.janus.patches import PatchBook, fit_book, nearest, pieces
from tts_playground.train.janus.vq import PATCHES, VQTraining, make_loss

CPU = torch.device("cpu")


def test_codes_are_the_nearest_pieces_and_survive_a_file(tmp_path):
    images = draw_pictures(1, 30)
    book = fit_book(images, 24, 8, rounds=4)
    codes = book.codes(images)
    assert codes.shape == (30, 64) and codes.dtype == np.int16
    far = torch.cdist(pieces(images), book.centroids)
    mine = far.gather(1, torch.from_numpy(codes).long().view(-1, 1))[:, 0]
    assert torch.allclose(mine, far.min(1).values, atol=1e-3)
    assert torch.allclose(book.directions.norm(dim=1), torch.ones(24), atol=1e-5)
    book.save(tmp_path / "book.safetensors")
    assert np.array_equal(PatchBook.load(tmp_path / "book.safetensors").codes(images), codes)


def test_kmeans_is_exact_where_there_are_as_many_codes_as_pieces():
    rng = np.random.default_rng(0)
    four = rng.integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    images = four[rng.integers(4, size=(6, 64))].reshape(6, 8, 8, 8, 8, 3).transpose(0, 1, 3, 2, 4, 5)
    images = images.reshape(6, 64, 64, 3)
    book = fit_book(images, 4, 3)
    flat = pieces(images)
    assert torch.allclose(book.centroids[nearest(flat, book.centroids)], flat, atol=1e-5)


def parts():
    torch.manual_seed(0)
    images = draw_pictures(1, 40)
    book = fit_book(images, MINIATURE.codes, MINIATURE.code_dim, rounds=3)
    training = VQTraining(JanusVQVAE(vq_config(MINIATURE)), book.directions, CPU)
    codes = torch.from_numpy(book.codes(images)).view(-1, 8, 8)
    return training, make_loss(training, torch.from_numpy(images), codes, 4)


def test_resume_equals_uninterrupted(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))

    def run(name, resume=False, **kwargs):
        training, loss = parts()
        plan = TrainPlan(name, steps=6, warmup=2, device="cpu", bf16=False, resume=resume)
        return training, [row["loss"] for row in fit(training, loss, plan, log_every=1, **kwargs).losses]

    whole_training, whole = run("whole")
    with pytest.raises(Cancelled):
        run("cut", stop_after=3)
    training, cut = run("cut", resume=True)
    assert cut == whole
    assert torch.equal(training.book, whole_training.book)


def test_both_halves_and_the_codebook_learn_and_match_what_ships():
    training, _ = parts()
    images = draw_pictures(2, 8)
    pixels = to_float(torch.from_numpy(images))
    training(pixels, torch.randint(MINIATURE.codes, (8, 8, 8)))["loss"].backward()
    for weight in (training.vq.encoder.conv_in.weight, training.vq.decoder.conv_out.weight, training.book):
        assert weight.grad is not None and weight.grad.abs().sum() > 0
    with torch.no_grad():
        tokens = training.vq.encode(pixels).image_tokens.view(8, -1)  # the nearest code, by transformers' own rule
        book = functional.normalize(training.book, dim=-1)
        said = torch.einsum("bdhw,kd->bhwk", training._halves[0](pixels), book).argmax(-1).view(8, -1)
    assert (tokens == said).float().mean() > 0.99


def test_trains_saves_and_tells(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    order = TrainConfig(tmp_path / "vq", steps=11, device="cpu", miniature=True)
    train("tiny-vq", order)
    rows = (tmp_path / "home/runs/tiny-vq/losses.jsonl").read_text().splitlines()
    assert len(rows) == 2
    vq = JanusVQVAE.from_pretrained(order.out)
    assert vq.dtype == torch.bfloat16 and vq.decode(torch.zeros(1, 64, dtype=torch.long)).shape == (1, 3, 64, 64)
    assert "vq_codes" in (order.out / "README.md").read_text()


def test_going_on_from_a_vq_keeps_what_its_codes_are(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))
    first = TrainConfig(tmp_path / "vq", steps=4, device="cpu", miniature=True)
    train("tiny-vq", first)
    second = TrainConfig(
        tmp_path / "vq2", steps=1, device="cpu", miniature=True, init=first.out, tinted=True, seed=3, run="more"
    )
    train("tiny-vq", second)
    ours, theirs = (PatchBook.load(order.out / PATCHES) for order in (first, second))
    assert torch.equal(ours.centroids, theirs.centroids)
    before, after = (load_vq(order.out, torch.device("cpu")).state_dict() for order in (first, second))
    moved = {name: float((before[name] - value).abs().max()) for name, value in after.items()}
    assert 0 < max(moved.values()) < 0.05, "it starts from the given weights and learns"
    assert "more of tinted things" in (second.out / "README.md").read_text()


def test_a_vq_without_its_patches_cannot_be_gone_on_from(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))
    (tmp_path / "bare").mkdir()
    with pytest.raises(BadInput, match="no book of patches"):
        train("tiny-vq", TrainConfig(tmp_path / "vq", steps=1, device="cpu", miniature=True, init=tmp_path / "bare"))
