"""Every part of ``bench gpu`` runs on miniatures, on a CPU in the GPU's place, by the code that a GPU would run."""

import json

import pytest
import torch

from tts_playground.bench import gpu, gpu_janus
from tts_playground.bench.gpu_card import Card, Clock, Late, in_turn
from tts_playground.bench.gpu_models import MINIATURE, Lab
from tts_playground.cli import main
from tts_playground.errors import BadInput, ModelUnavailable


def measured(*parts, out=None):
    return gpu.run(5, parts, out, card=Card("cpu"), sizes=MINIATURE)["rows"]


def value(rows, beginning):
    (found,) = [row for row in rows if row["what"].startswith(beginning)]
    return found


def test_images_are_timed_against_generate_and_against_the_bandwidth():
    rows = measured("janus")
    for n in MINIATURE.counts:
        timed = value(rows, f"image tokens with guidance, N={n}")
        assert timed["ours"] > 0
        assert timed["peer"] > 0
        assert value(rows, f"images a second, N={n}")["ours"] == pytest.approx(n / timed["ours"])
        assert 0 < value(rows, f"tokens a second, N={n}")["ratio"] < 1
    assert not [row for row in rows if "failed" in row["what"] or "left out" in row["what"]]


def test_a_peer_that_does_not_fit_draws_fewer_tokens_and_its_row_says_so(monkeypatch):
    assert gpu_janus.peer_tokens(20.0, 0.02, 576) == 576
    assert gpu_janus.peer_tokens(10.0, 0.02, 576) == 350
    assert gpu_janus.peer_tokens(0.0, 0.02, 576) == gpu_janus.WARM
    lab = Lab(Card("cpu"), MINIATURE)
    drawn = []
    config = lab.janus.value.model.model.vision_model.config
    taken, said = gpu_janus._against(lab, lab.clock, lambda: None, lambda: drawn.append(config.num_image_tokens), 9)
    assert drawn == [9]
    assert [len(times) for times in taken] == [1, 1]
    assert said == f"the peer's time scaled from 9 of {lab.janus.value.tokens} tokens"


def test_the_same_steps_draw_the_same_tokens_as_the_plain_loop():
    rows = [row for row in measured("graphs") if row["what"].startswith("tokens that differ")]
    assert [row["ours"] for row in rows] == [0] * 8


def test_a_batch_that_does_not_fit_is_halved_and_every_image_comes():
    rows = measured("oom")
    assert any(row["what"].endswith("batches begun of 4, 2, 2") for row in rows)
    assert value(rows, "batch halved")["ours"] == 1
    assert value(rows, "images that came")["ours"] == value(rows, "of them equal to a run in halves")["ours"] == 4


def test_answers_and_verifications_are_timed():
    rows = measured("qwen")
    assert len(rows) == 3
    assert all(row["ours"] > 0 and row["peer"] > 0 for row in rows[1:])


def test_an_adapter_is_merged_without_changing_what_the_model_says():
    pytest.importorskip("peft")
    row = value(measured("lora"), "largest change of a logit")
    assert row["ours"] < 0.1 * row["peer"]


def test_what_needs_a_package_that_is_missing_says_so(monkeypatch):
    monkeypatch.setattr("tts_playground.bench.gpu_extras.find_spec", lambda name: None)
    rows = measured("four-bit", "unsloth", "lora")
    assert [row["what"] for row in rows[1:]] == [
        "lora: left out, because the package peft is not installed here",
        "four-bit: left out, because the package bitsandbytes is not installed here",
        "unsloth: left out, because the package unsloth is not installed here",
    ]


def test_one_part_fails_alone_and_rows_are_in_the_file_by_then(monkeypatch, tmp_path):
    def fails(lab):
        yield {**gpu.remark("begun")}
        raise torch.OutOfMemoryError("no room\nfor more")

    def works(lab):
        assert [json.loads(line)["what"] for line in file.read_text().splitlines()][1:] == [
            "begun",
            "a failed: OutOfMemoryError: no room",
        ]
        yield gpu.remark("fine")

    file = tmp_path / "rows.jsonl"
    monkeypatch.setattr(gpu, "PARTS", {"a": (fails, 1.0), "b": (works, 1.0)})
    assert [row["what"] for row in measured(out=file)][-1] == "fine"
    assert len(file.read_text().splitlines()) == 4


def test_a_part_that_comes_too_late_is_left_out():
    (_, row) = gpu.run(0.01, ("qwen",), card=Card("cpu"), sizes=MINIATURE)["rows"]
    assert row["what"] == "qwen left out: the time is used up"
    with pytest.raises(Late, match="generate left out: it takes some 9 s, and 0 s are left"):
        Clock(0.0).hold(9, "generate")


def test_both_sides_are_called_in_turn_and_no_longer_than_the_time_holds():
    called = []
    taken = in_turn(Card("cpu"), Clock(0.0), lambda: called.append("ours"), lambda: called.append("peer"))
    assert called == ["ours", "peer"]
    assert [len(times) for times in taken] == [1, 1]
    in_turn(Card("cpu"), Clock(60.0), lambda: called.append("ours"), lambda: called.append("peer"), most=2)
    assert called == ["ours", "peer"] * 3


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_there_is_one_sentence(capsys):
    with pytest.raises(ModelUnavailable, match="NVIDIA GPU"):
        gpu.run()
    with pytest.raises(SystemExit, match="1"):
        main(["bench", "gpu"])
    assert "bench gpu measures on an NVIDIA GPU, and torch sees none here." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gpu", "--parts", "janus,nope"], "bench gpu has no part 'nope'"),
        (["gpu", "--minutes", "0"], "--minutes is more than 0"),
        (["dsl", "--minutes", "3"], "--minutes is of bench gpu"),
    ],
)
def test_wrong_options_are_one_sentence(words, said, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["bench", *words])
    assert said in capsys.readouterr().err


def test_models_are_let_go_of_in_turn():
    lab = Lab(Card("cpu"), MINIATURE)
    assert lab.vlm is lab.vlm
    lab.alone("janus")
    assert "vlm" not in vars(lab)
    with pytest.raises(BadInput):
        gpu.run(parts=("none",), card=lab.card)
