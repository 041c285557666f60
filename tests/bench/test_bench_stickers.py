"""``bench stickers``: rows for scenes and for images, with the goals that the project set."""

import pytest
import torch

from tts_playground.bench import stickers as bench
from tts_playground.bench import t2i_models as shapes
from tts_playground.models import loading


@pytest.fixture(scope="module")
def janus(random_world):
    loading.forget()
    return loading.load(random_world["janus"], "janus", loading.Options("cpu", "float32"))


def test_rows_have_goals_and_threads_are_given_back(janus, monkeypatch):
    monkeypatch.setattr(shapes, "embedded", lambda: (janus, "miniature"))
    monkeypatch.setattr(bench, "THREADS", 1)  # two would wait for one another where other tests run
    before = torch.get_num_threads()
    result = bench.run(scenes=20, images=2, repeats=1)
    assert result["name"] == "stickers" and torch.get_num_threads() == before
    assert [row["goal"] for row in result["rows"]] == [">= 3000", "<= 1.2", ""]
    assert all(row["ours"] > 0 for row in result["rows"])
    assert "2 images with guidance" in result["rows"][1]["what"] and "miniature" in result["rows"][1]["what"]
