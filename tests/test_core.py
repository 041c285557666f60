"""Costs add up, budgets name the limit that was reached, and fakes fill the protocols."""

import pytest

from tts_playground import core, errors, home, registry
from tts_playground.randomness import generator, key
from tts_playground.testing import ScriptedSampler, TableReward, TextTask


def test_costs_add_and_multiply():
    one = core.Cost(samples=1, tokens=128, seconds=0.5)
    assert one + one == one * 2 == core.Cost(samples=2, tokens=256, seconds=1.0)
    assert one.as_dict() == {"samples": 1, "tokens": 128, "verifier_calls": 0, "renders": 0, "seconds": 0.5}


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


def test_every_registered_name_resolves():
    for kind in registry.TABLE:
        for name in registry.names(kind):
            assert callable(registry.resolve(kind, name)), f"{kind} {name}"


def test_unknown_names_suggest_near_ones():
    with pytest.raises(errors.UnknownName, match="did you mean 'refine'"):
        registry.resolve("strategy", "refin")
    with pytest.raises(errors.UnknownName, match="choose one of: beam"):
        registry.resolve("strategy", "zzzz")
    with pytest.raises(errors.UnknownName, match="kind of plug-in"):
        registry.names("strategies")


def test_plug_ins_from_outside():
    assert registry.resolve("reward", "tts_playground.testing:TableReward") is TableReward
    with pytest.raises(errors.BadInput, match="not installed"):
        registry.resolve("reward", "no_such_package_at_all:Thing")
    with pytest.raises(errors.BadInput, match="has no .Nothing."):
        registry.resolve("reward", "tts_playground.testing:Nothing")
    with pytest.raises(errors.BadInput, match="no colon"):
        registry.register("reward", "mine", "mine")
    with pytest.raises(errors.BadInput, match="already"):
        registry.register("strategy", "refine", "a:B")


def test_a_missing_package_of_a_known_name_shows_as_itself(monkeypatch):
    monkeypatch.setitem(registry.TABLE["reward"], "broken", "no_such_package_at_all:Thing")
    with pytest.raises(ModuleNotFoundError, match="no_such_package_at_all"):
        registry.resolve("reward", "broken")
