"""Fused kernels for a few rows: in Triton's interpreter they give what ordinary products give."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaModel

from tts_playground.models.decode import fused_step as module
from tts_playground.models.decode.fused_step import PROGRAMS, chunk_of, fits, fused_step, width_at_once
from tts_playground.models.decode.llama import LlamaSteps


def steps_of(**sizes):
    given = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 1, "vocab_size": 8, "head_dim": 16}
    return LlamaSteps(LlamaModel(LlamaConfig(**given | {"num_attention_heads": 4} | sizes)))


def cache_of(steps, rows):
    return torch.zeros(1, 2, rows, steps.kv_heads, 32, steps.head_dim)


def test_a_fused_step_is_the_ordinary_step_but_for_rounding():
    pytest.importorskip("triton")
    script = Path(__file__).with_name("fused_rows.py")
    environment = os.environ | {"TRITON_INTERPRET": "1", "PYTHONPATH": str(script.parents[2])}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    *exact, rounded = found["steps"]
    assert max(off for one in exact for off in one["off"]) < 2e-6
    assert max(rounded["off"]) < 0.03
    assert max(one["looked"] for one in exact) < 2e-6
    assert rounded["looked"] < 0.03
    assert all(one["untouched"] and one["same"] for one in found["steps"])
    plain, fused = found["drawn"]
    assert plain == fused
    assert len(set(plain)) > 1


@pytest.mark.parametrize(
    ("rows", "sizes", "answer"),
    [
        (4, {}, True),
        (5, {}, False),
        (2, {"attention_bias": True}, False),
        (2, {"mlp_bias": True}, False),
        (2, {"head_dim": 24}, False),
        (2, {"intermediate_size": 100}, False),
    ],
)
def test_they_take_a_few_rows_of_models_without_biases_and_of_even_sizes(rows, sizes, answer):
    steps = steps_of(**sizes)
    assert fits(steps, cache_of(steps, rows)) is answer


@pytest.mark.parametrize(("size", "width"), [(16, 16), (96, 128), (2048, 1024), (5632, 1024)])
def test_a_program_takes_a_power_of_two_at_once(size, width):
    assert width_at_once(size) == width


@pytest.mark.parametrize(
    ("factor", "looked", "used"),
    [(1.0, 0, True), (1.02, 0.01, True), (1.5, 0, False), (1.0, 0.5, False), (float("nan"), 0, False)],
)
def test_kernels_that_compute_something_else_are_not_used(monkeypatch, caplog, factor, looked, used):
    class Made:
        def __init__(self, steps):
            pass

        def tune(self, *_):
            pass

        def attention_off(self, *_):
            return looked

        def __call__(self, x, *_):
            return x * factor

    monkeypatch.setattr(module, "FusedStep", Made)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: None)
    steps, x = steps_of(), torch.ones(2, 64)
    made = fused_step(steps, cache_of(steps, 2), x, x, x, torch.tensor([3]), x)
    assert (made is not None) is used
    assert ("Fused kernels are not used: they are off" in caplog.text) is not used


def test_where_triton_does_not_work_ordinary_products_are_used(monkeypatch, caplog):
    def broken(steps):
        raise RuntimeError("Failed to find C compiler.\nSet CC.")

    monkeypatch.setattr(module, "FusedStep", broken)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: None)
    steps, x = steps_of(), torch.ones(2, 64)
    assert fused_step(steps, cache_of(steps, 2), x, x, x, torch.tensor([3]), x) is None
    assert "Fused kernels are not used: RuntimeError: Failed to find C compiler." in caplog.text


@pytest.mark.parametrize(
    ("pairs", "length", "chunk"), [(32, 640, 64), (64, 640, 64), (512, 640, 512), (9999, 640, 1024)]
)
def test_attention_is_cut_into_chunks_by_the_shape_alone(pairs, length, chunk):
    assert chunk_of(pairs, length) == chunk
    assert chunk >= length or pairs * -(-length // chunk) <= PROGRAMS
