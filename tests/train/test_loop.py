"""The training loop: falls, resumes exactly, survives a stop, logs, and ends its schedule at zero."""

import pytest
import torch
from torch import nn

from tts_playground.errors import BadInput, Cancelled, CannotDo
from tts_playground.train.__main__ import main
from tts_playground.train.common.data_workers import data_workers
from tts_playground.train.common.loop import TrainPlan, fit, learning_rate, pick_device, read_log


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))


def parts(plan):
    """A small regression whose batches depend on the step and whose loss draws torch noise too."""
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Dropout(0.1), nn.Linear(16, 1))

    def loss(moment):
        x = torch.from_numpy(moment.rng().standard_normal((32, 4))).float()
        return {"loss": ((model(x) - x.sum(1, keepdim=True)) ** 2).mean(), "fraction": torch.tensor(moment.fraction)}

    return model, loss


def run(plan, **kwargs):
    model, loss = parts(plan)
    return model, fit(model, loss, plan, log_every=1, **kwargs)


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_resume_equals_uninterrupted(ema):
    whole_model, whole = run(TrainPlan("whole", steps=30, device="cpu", lr=1e-2, ema=ema))
    with pytest.raises(Cancelled, match="step 13"):
        run(TrainPlan("cut", steps=30, device="cpu", lr=1e-2, ema=ema), stop_after=13)
    cut_model, cut = run(TrainPlan("cut", steps=30, device="cpu", lr=1e-2, ema=ema, resume=True))
    drop = [{k: v for k, v in row.items() if k != "seconds"} for row in whole.losses]
    assert drop == [{k: v for k, v in row.items() if k != "seconds"} for row in cut.losses]
    for a, b in zip(whole_model.parameters(), cut_model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_loss_falls_and_is_logged():
    _, report = run(TrainPlan("falls", steps=200, device="cpu", lr=2e-2, warmup=10, bf16=False))
    losses = [row["loss"] for row in report.losses]
    assert sum(losses[-20:]) < 0.3 * sum(losses[:20])
    assert read_log(report.folder) == report.losses


def test_minutes_end_the_run_and_time_counts_over_a_resume():
    plan = TrainPlan("timed", minutes=0.02, device="cpu")
    _, report = run(plan)
    assert report.steps > 1 and report.seconds >= 1.2
    _, again = run(TrainPlan("timed", minutes=0.02, device="cpu", resume=True))
    assert again.steps == report.steps


def test_a_log_cut_by_a_kill_is_read(tmp_path):
    (tmp_path / "losses.jsonl").write_text('{"step": 0, "loss": 1.0}\n{"step": 1, "lo')
    assert read_log(tmp_path) == [{"step": 0, "loss": 1.0}]


def test_schedule_warms_up_and_ends_at_zero():
    plan = TrainPlan("x", lr=1.0, warmup=10)
    assert learning_rate(plan, 0, 0.0) == pytest.approx(0.1)
    assert learning_rate(plan, 100, 0.5) == pytest.approx(0.5)
    assert learning_rate(plan, 100, 1.0) == pytest.approx(0.0)


def test_state_of_another_model_is_refused_in_one_sentence():
    with pytest.raises(Cancelled):
        run(TrainPlan("other", steps=3, device="cpu"), stop_after=1)
    with pytest.raises(CannotDo, match="another shape"):
        fit(nn.Linear(2, 2), lambda m: torch.zeros(()), TrainPlan("other", steps=3, device="cpu", resume=True))


def test_devices_are_named_in_words():
    with pytest.raises(BadInput, match="no device called"):
        pick_device("banana")
    if not torch.cuda.is_available():
        with pytest.raises(CannotDo, match="--device cpu"):
            pick_device("cuda")


def test_feed_is_in_order_with_and_without_processes():
    for workers in (0, 2):
        made = data_workers(abs, 3, workers=workers)
        assert [next(made) for _ in range(5)] == [3, 4, 5, 6, 7]
        made.close()


def test_command_line_says_what_is_wrong(capsys):
    assert main(["tiny-janos"]) == 2
    assert "did you mean 'tiny-janus'" in capsys.readouterr().err
    assert main(["tiny-vq", "--minutes", "0"]) == 2
