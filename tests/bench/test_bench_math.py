"""bench math in small: its rows, what stands in for models that are not there, and that both sides do the same work."""

import pytest

from tts_playground.bench import math, math_models
from tts_playground.errors import ModelUnavailable
from tts_playground.models import loading
from tts_playground.samplers.lm import LanguageModelSampler
from tts_playground.samplers.lm_settings import SolutionSettings

SIZE = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    def none(name, kind, options=None):
        raise ModelUnavailable("Not here.")

    monkeypatch.setattr(loading, "load", none)
    monkeypatch.setattr(math_models, "SIZE", SIZE)
    for name, value in {"N": 4, "PROBLEMS": 2, "JUDGED": 1, "BEAM": 4, "LONGEST": 12, "BATCHES": (2, 4)}.items():
        monkeypatch.setattr(math, name, value)


def test_it_gives_its_rows():
    found = math.run(repeats=1)
    aimed = [bool(row["goal"]) for row in found["rows"]]
    assert found["name"] == "math" and aimed == [True, False, False, True, True, False]
    drawn, bound, tokens, judged, beams, least = found["rows"]
    assert least["what"].startswith("the products of weights alone, a token of 8 rows: 2 times 4 rows as peer")
    assert "a random model of its size" in drawn["what"] and drawn["goal"].startswith(">= ")
    assert bound["ours"] > 0 and tokens["ours"] >= 8 and judged["goal"] == ">= 5" and beams["goal"] == ">= 3"


def test_both_sides_of_the_judging_find_the_same():
    loaded, _ = math_models.model_or_random("tiny:math")
    sampler = LanguageModelSampler(loaded, SolutionSettings(1.0, max_tokens=30))
    (task,) = math_models.problems(1)
    asked = [(task.problem, tuple(one.info["steps"])) for one in sampler.draw(task, range(6))]
    _, judge, _ = math_models.judge_or_random("tiny:prm")
    theirs = math.prefix_by_prefix(judge, asked)()
    for mine, other in zip(judge.step_scores(asked), theirs, strict=True):
        assert list(mine) == pytest.approx(other, abs=1e-5)
    assert any(len(one) > 1 for one in theirs)
