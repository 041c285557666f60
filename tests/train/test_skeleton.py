"""What every trainer does around its lesson: settings from the order, the loop, what is closed, the card."""

import json
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch
from torch import nn

from tts_playground.errors import Cancelled
from tts_playground.train.common import skeleton
from tts_playground.train.common.card import command_of, hardware, origins
from tts_playground.train.common.config import TRAINERS, TrainConfig
from tts_playground.train.common.skeleton import CardText, Training, TrainSetup, carry_out
from tts_playground.train.janus.traits import traits


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))


@pytest.fixture
def order(tmp_path):
    return TrainConfig(tmp_path / "out", steps=3, device="cpu", seed=5, run="lines", miniature=True)


def line(setup, told, around=None):
    """A line through the origin, which learns that twice as much comes out as goes in."""
    model = nn.Linear(1, 1, bias=False)

    def loss(moment):
        given = torch.from_numpy(moment.rng().random((8, 1)).astype("float32"))
        told.append("step")
        return (model(given) - 2 * given).square().mean()

    def finish():
        setup.order.out.mkdir()
        told.append("finish")
        return model, {"slope": float(model.weight.detach())}

    plan = setup.plan("line", setup.left(0.1), lr=0.1, warmup=1, bf16=False)
    card = CardText("tiny:line", "A line.", "numbers.", stickers=False)
    return Training(model, loss, plan, finish, card, **({"around": around} if around else {}))


def test_a_trainer_is_trained_finished_and_described(order):
    told = []
    assert carry_out(order, lambda setup: line(setup, told)) == order.out
    assert told == ["step"] * 3 + ["finish"]
    written = (order.out / "README.md").read_text()
    assert written.startswith("# tiny:line\n\nA line.\n") and "- Data: numbers.\n" in written
    assert "3 steps" in written and "Sprites" not in written
    assert "slope" in json.loads((order.out / "results.json").read_text())


def test_what_a_lesson_holds_is_let_go_of_when_it_is_stopped(order, monkeypatch):
    told = []

    @contextmanager
    def around():
        told.append("open")
        try:
            yield
        finally:
            told.append("closed")

    def stopped(*given, **more):
        raise Cancelled("stopped")

    monkeypatch.setattr(skeleton, "fit", stopped)
    with pytest.raises(Cancelled):
        carry_out(order, lambda setup: line(setup, told, around()))
    assert told == ["open", "closed"] and not order.out.exists()


def test_settings_come_from_the_order(order):
    setup = TrainSetup.of(order)
    plan = setup.plan("line", 2.0, lr=0.5, ema=0.9)
    assert (plan.name, plan.steps, plan.seed, plan.device, plan.resume) == ("lines", 3, 5, "cpu", False)
    assert (plan.minutes, plan.lr, plan.ema) == (2.0, 0.5, 0.9)
    assert TrainSetup.of(replace(order, run="", resume=True)).plan("line", 1.0).name == "line"
    assert setup.workers == 0 and TrainSetup.of(replace(order, miniature=False, workers=3)).workers == 3
    assert (setup.sized(1, 2, 3), TrainSetup.of(replace(order, miniature=False)).sized(1, 2, 3)) == (1, 3)
    assert setup.left(99.0) == 99.0 and 29 < setup.left(0.1) <= 30


def test_what_takes_torchs_own_stream_repeats_with_the_seed(order):
    """The main components of tiny:janus's codes are found by random projections."""
    pieces = torch.randn(64, 192, generator=torch.Generator().manual_seed(0))
    found = []
    for noise in (1, 2):
        torch.manual_seed(noise)
        TrainSetup.of(order)
        found.append(traits(pieces))
    assert torch.equal(*found)


@pytest.mark.parametrize("module", [*TRAINERS.values(), "tts_playground.train.janus.distil"])
def test_every_trainer_stands_on_the_skeleton(module, order, monkeypatch):
    from importlib import import_module

    trainer, asked = import_module(module), []
    monkeypatch.setattr(trainer, "carry_out", lambda *given: asked.append(given) or order.out)
    assert trainer.train(order) == order.out and asked == [(order, trainer.prepare)]


def test_a_card_tells_steps_where_steps_were_ordered(tmp_path):
    ordered = command_of(TrainConfig(out=tmp_path / "made", steps=60), "tiny:math")
    assert ordered.startswith("python -m tts_playground.train tiny-math --minutes 30 --steps 60 ")
    assert "--steps" not in command_of(TrainConfig(out=tmp_path), "tiny:math")


def test_a_card_tells_every_training_that_it_goes_back_to(tmp_path):
    for name, lines in (
        ("a", ["- Command: `first`", "- Seed: 1. Hardware: a GPU. Time: 1.0 minutes, 9 steps."]),
        ("b", ["- Command: `second`", "- Seed: 2. Hardware: a CPU. Time: 2.0 minutes, 8 steps."]),
    ):
        (tmp_path / name).mkdir()
        said = lines + ([] if name == "a" else origins(TrainConfig(out=tmp_path, init=tmp_path / "a")))
        (tmp_path / name / "README.md").write_text("\n".join([*said, ""]))
    assert origins(TrainConfig(out=tmp_path, init=tmp_path / "b")) == [
        "- Started from: `second`. Hardware: a CPU. Time: 2.0 minutes, 8 steps.",
        "- Before that: `first`. Hardware: a GPU. Time: 1.0 minutes, 9 steps.",
    ]


def test_hardware_is_counted_in_words(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert hardware("cpu").startswith("1 thread of a CPU (")
