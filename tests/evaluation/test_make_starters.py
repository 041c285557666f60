"""The shipped starters are what their samplers draw."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tts_playground import home
from tts_playground.errors import UnknownName
from tts_playground.evaluation import make_starters as script
from tts_playground.experiments.sweeps import GUIDANCES, TEMPERATURES
from tts_playground.store import starters
from tts_playground.store.rows import decode, encode
from tts_playground.store.store import Store
from tts_playground.tasks.text_to_image import WORLD_PROMPTS
from tts_playground.testing import ScriptedSampler, TableReward, TextTask


@pytest.mark.parametrize("name", [name for name in script.PLANS if name in starters.names()])
def test_four_samples_drawn_again_are_the_ones_that_ship(name):
    plan = script.plan(name)
    pools = starters.load(name)
    assert [len(pool) for pool in pools] == [plan.n] * len(plan.pairs)
    for number in range(4):
        place = number * len(pools) // 4
        pool, (task, sampler) = pools[place], plan.pairs[place]
        index = (0, 7, 31, 63)[number] % plan.n
        assert _same(pool, task, sampler, index), (
            "the sampler has changed: give it a new version and run "
            f"python -m tts_playground.evaluation.make_starters {name}"
        )
        for reward in plan.rewards:
            (now,) = reward.score(task, [pool.samples()[index]])
            assert pool.scores(reward.name)[index] == pytest.approx(now, abs=1e-12 if name == "sketch" else 1e-4)


def _differing(pool, task, sampler, indices):
    """The indices whose sample, drawn again, is not the one in the pool; all of them if the pool is another one's."""
    if starters.draw(task, sampler, (), 0).key != pool.key:
        return list(indices)
    kept = {row.index: row for row in pool.rows(seed=0)}
    fresh = [encode(sample) for sample in sampler.draw(task, indices, seed=0)]
    return [row.index for row in fresh if row.index not in kept or _content(row) != _content(kept[row.index])]


def _content(row):
    """What must be equal: pixels rather than PNG bytes, which depend on the compressor."""
    if row.image is None:
        return row.codec, row.text
    picture = decode(row).content
    return row.codec, picture.mode, picture.size, picture.tobytes()


def _same(pool, task, sampler, index):
    """Whether a sample drawn again is the one that ships; of an image its tokens, for pixels round by processor."""
    if task.kind != "t2i":
        return _differing(pool, task, sampler, [index]) == []
    again = starters.draw(task, sampler, (), 0)
    (fresh,) = sampler.draw(task, [index])
    return again.key == pool.key and list(fresh.info["tokens"]) == pool.samples()[index].info["tokens"]


def test_image_starters_open_the_tab_without_a_model(random_janus_folder, tmp_path, capsys, monkeypatch):
    options = ["--model", str(random_janus_folder), "--n", "2", "--out", str(tmp_path)]
    script.main(["t2i", "t2i-sweep", *options])
    assert "t2i-sweep.parquet" in capsys.readouterr().out
    monkeypatch.setattr(home, "STARTERS", tmp_path)
    starters.load.cache_clear()
    prompts, cells = starters.load("t2i"), starters.load("t2i-sweep")
    starters.load.cache_clear()
    assert [pool.task_key["prompt"] for pool in prompts] == list(WORLD_PROMPTS)
    assert len(cells) == len(TEMPERATURES) * len(GUIDANCES)
    assert {(pool.fingerprint["temperature"], pool.fingerprint["cfg"]) for pool in cells} == {
        (t, s) for t in TEMPERATURES for s in GUIDANCES
    }
    assert len(prompts[0].scores("sharpness")) == 2


def test_the_shipped_curve_has_something_to_show():
    pools = starters.load("sketch")
    gains = [float(np.ptp(pool.curve("iou", bands=False).mean)) for pool in pools]
    assert max(gains) > 0.1
    assert all(0 <= score <= 1 for pool in pools for score in pool.scores("iou"))


def test_starters_stay_small():
    for name in starters.names():
        assert (home.STARTERS / f"{name}.parquet").stat().st_size < starters.LIMIT


def test_a_changed_sampler_is_noticed():
    task = TextTask("word")
    pool = starters.draw(task, ScriptedSampler(), [TableReward({"a": 1.0})], 6)
    assert _differing(pool, task, ScriptedSampler(), range(6)) == []
    assert _differing(pool, task, ScriptedSampler(length=3), [2, 4]) == [2, 4]
    assert _differing(pool, TextTask("other"), ScriptedSampler(), [1]) == [1]

    class Changed(ScriptedSampler):
        def _letter(self, path):
            return "z" if path.index == 3 else super()._letter(path)

    assert _differing(pool, task, Changed(), range(6)) == [3]


def test_a_pool_drawn_in_memory_is_what_the_store_holds(tmp_path):
    task, reward = TextTask("word"), TableReward({"a": 1.0})
    drawn = starters.draw(task, ScriptedSampler(), [reward], 5)
    with Store(tmp_path) as store:
        pool = store.pool(task, ScriptedSampler())
        pool.draw(5)
        pool.score(reward)
        assert pool.snapshot() == drawn
        assert json.dumps(drawn.unit()) == json.dumps(pool.unit())


def test_unknown_starters_are_named():
    with pytest.raises(UnknownName, match="sketch"):
        script.plan("skech")
