"""Costs add up, budgets name the limit that was reached, and fakes fill the protocols."""

from dataclasses import fields

from tts_playground import core, home
from tts_playground.randomness import generator, key
from tts_playground.testing import ScriptedSampler, TableReward, TextTask


def test_costs_add_and_multiply():
    one = core.Cost(samples=1, tokens=128, seconds=0.5)
    assert one + one == one * 2 == core.Cost(samples=2, tokens=256, seconds=1.0)
    assert one.as_dict() == {"samples": 1, "tokens": 128, "verifier_calls": 0, "renders": 0, "seconds": 0.5}


def test_every_part_of_a_cost_is_added_and_multiplied():
    names = [field.name for field in fields(core.Cost)]
    one, other = (core.Cost(*range(start, start + len(names))) for start in (1, 10))
    for name in names:
        assert getattr(one + other, name) == getattr(one, name) + getattr(other, name)
        assert getattr(one * 3, name) == 3 * getattr(one, name)


def test_a_budget_names_the_limit_that_was_reached():
    budget = core.Budget(samples=4, tokens=100)
    assert budget.exhausted(core.Cost(samples=3, tokens=99)) == ""
    assert budget.exhausted(core.Cost(samples=3, tokens=100)) == "tokens"
    assert budget.left("samples", core.Cost(samples=3)) == 1
    assert budget.left("renders", core.Cost(renders=10**9)) == float("inf")
    assert core.Budget().exhausted(core.Cost(10**9, 10**9, 10**9, 10**9, 1e9)) == ""


def test_fakes_fill_the_protocols():
    assert isinstance(ScriptedSampler(), core.SteppedSampler)
    assert isinstance(ScriptedSampler(), core.Neighbourhood)
    assert isinstance(TableReward({}), core.Reward)
    assert isinstance(TextTask(), core.Task)
    assert not isinstance(TableReward({}), core.Sampler)


def test_randomness_is_keyed_by_all_names():
    assert key(1, 23) != key(12, 3)
    assert key(1) != key("1")
    assert generator(0, 1).random() == generator(0, 1).random() != generator(1, 0).random()


def test_home_follows_the_environment_and_makes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "data"))
    assert home.home() == tmp_path / "data"
    assert not home.home().exists()
    assert home.folder("runs", "x").is_dir()
    monkeypatch.delenv("TTS_PLAYGROUND_HOME")
    assert home.home().name == "tts_playground"
