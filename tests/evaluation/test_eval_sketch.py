"""eval sketch and pass@k on a random model: their keys, exact curves, and where two curves meet."""

import numpy as np
import pytest
import tiny_writers

from tts_playground.core import Sample
from tts_playground.dsl import parse
from tts_playground.errors import BadInput, CannotDo
from tts_playground.estimators.curves import pass_at_k as exact
from tts_playground.estimators.intervals import paired
from tts_playground.evaluation import pass_at_k
from tts_playground.evaluation import sketch as sketch_eval
from tts_playground.models import loading
from tts_playground.models.hub import embedded_models


@pytest.fixture
def sketch(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(embedded_models, "CHECKPOINTS", tmp_path)
    monkeypatch.setattr("tts_playground.samplers.programs.ProgramSampler.max_tokens", 12)
    loading.forget()
    return tiny_writers.save_sketch(tmp_path / "sketch")


def test_the_keys_of_eval_sketch(sketch):
    found = sketch_eval.run(drawings=2, samples=16, paired=1, times=(0.05,))["metrics"]
    assert list(found)[:5] == ["parse_rate", "greedy_f1", "best16_iou", "refined_iou", "refined_seconds"]
    assert all(m["low"] is None or m["low"] <= m["value"] <= m["high"] for m in found.values())
    assert found["best16_iou"]["low"] is not None and found["greedy_f1"]["low"] is None  # two drawings
    assert found["parse_rate"]["value"] < 0.5 and "iou_gain_0.05s" in found
    with pytest.raises(BadInput):
        sketch_eval.run(drawings=0)


def test_only_whole_replies_parse():
    def said(reply):
        return Sample(parse(""), 0, info={"reply": reply})

    assert sketch_eval.parses(said(" (Circle 3 8 8)\n"))
    assert not any(sketch_eval.parses(said(t)) for t in ("so: (Circle 3 8 8)", "(+ (Circle 3 8 8)", "no"))


def test_pools_are_drawn_and_kept(sketch, tmp_path):
    result = pass_at_k.run(drawings=2, samples=4, out=tmp_path / "pools.parquet")
    assert list(result["metrics"]) == ["tiny:sketch pass@1", "tiny:sketch pass@4"]
    assert pass_at_k.read(tmp_path / "pools.parquet").ious["tiny:sketch"].shape == (2, 4)


def test_curves_are_exact_and_meet(tmp_path):
    rng = np.random.default_rng(0)
    base = np.where(rng.random((30, 64)) < 0.1, 1.0, 0.2)  # seldom right, on every drawing
    tuned = np.where((rng.random((30, 64)) < 0.6) & (np.arange(30)[:, None] < 15), 1.0, 0.2)  # often, on half of them
    pools = pass_at_k.Pools({"base": base.astype(np.float32), "tuned": tuned.astype(np.float32)})
    kept = pass_at_k.read(pass_at_k.write(pools, tmp_path / "p.parquet"))
    assert all(np.array_equal(kept.ious[name], matrix) for name, matrix in pools.ious.items())
    first, second = pass_at_k.curves(kept, most=32)
    assert first.n[-1] == 32 and np.allclose(first.mean, exact(64, (base > 0.9).sum(1), first.n).mean(0))
    meet = pass_at_k.meeting(first, second)
    assert second.mean[0] > first.mean[0] and second.mean[-1] < first.mean[-1] and 1 < meet <= 32
    assert f"meet at k = {meet}" in pass_at_k.verdict([first, second])[0]
    (told,) = pass_at_k.verdict([first, second], kept)
    gain = paired((tuned > 0.9).mean(1), (base > 0.9).mean(1))
    assert f"{gain.value:+.3f} (95 %: {gain.low:+.3f} to {gain.high:+.3f}) at k = 1" in told
    assert told.startswith("Tuned: better with one program, worse with 32 programs. ")
    assert pass_at_k.meeting(second, second) is None and pass_at_k.verdict([]) == []
    assert len(pass_at_k.figure([first, second]).data) >= 4
    with pytest.raises(CannotDo, match="draws them"):
        pass_at_k.read(tmp_path / "none.parquet")
