"""Particles whose paths end at different lengths: the target is enumerated, and all that ends comes back."""

from collections import Counter
from dataclasses import dataclass, replace
from math import exp

import numpy as np
import pytest
from toy_tree import ALPHABET, TASK, ToyTree, value, words

from tts_playground.core import Budget, Cost
from tts_playground.strategies import smc
from tts_playground.strategies.smc import SMC
from tts_playground.testing import check_strategy

POTENTIALS = ["max", "difference", "sum", "reward"]
ENDS_AT_ONCE = "X"
LONG = 3


@dataclass(frozen=True)
class Uneven(ToyTree):
    """A word that begins with X is whole at once; others have 3 letters, and might have become 16."""

    def horizon(self, task):
        return 16

    def _with(self, path, letter):
        grown = super()._with(path, letter)
        return replace(grown, done=grown.done or grown.letters.startswith(ENDS_AT_ONCE))


@dataclass(frozen=True)
class Worths:
    """A number of its own for every prefix and word, or the same for all."""

    same: float | None = None
    name = "worths"
    revision = "1"
    unit_cost = Cost(verifier_calls=1)

    def score(self, task, samples):
        return [value(str(one.content)) if self.same is None else self.same for one in samples]


def target(sharpness):
    """Share of every whole word under p(x) exp(lambda r(x)), by enumeration."""
    chance = {ENDS_AT_ONCE: 1 / len(ALPHABET)}
    chance |= {word: len(ALPHABET) ** -LONG for word in words() if not word.startswith(ENDS_AT_ONCE)}
    weight = {word: p * exp(sharpness * value(word)) for word, p in chance.items()}
    return {word: one / sum(weight.values()) for word, one in weight.items()}


def populations(monkeypatch, strategy, reward, seeds):
    """The final weights of the first population under each seed, and its words in the places of the weights."""
    kept = []

    class Kept(smc.Weights):
        def __init__(self, *given):
            super().__init__(*given)
            kept.append(self)

    monkeypatch.setattr(smc, "Weights", Kept)
    word_of = {value(word): word for word in target(0.0)}
    for seed in range(seeds):
        kept.clear()
        budget = Budget(samples=strategy.particles)
        rounds = list(strategy.run(TASK, Uneven(), reward, budget=budget, seed=seed))
        yield kept[0].shares(), [word_of.get(last) for last in kept[0].past[:, 0]], rounds


def whole(rounds):
    return [one.sample.content for round_ in rounds for one in round_.candidates if one.sample.info["complete"]]


@pytest.mark.parametrize("potential", POTENTIALS)
@pytest.mark.parametrize("when", [{"threshold": 1.0}, {"schedule": (0.5,)}], ids=str)
def test_weighted_the_final_population_has_the_target_by_enumeration(potential, when, monkeypatch):
    strategy, wanted, found, seeds = SMC(200, 3.0, potential, **when), target(3.0), Counter(), 30
    for shares, said, _ in populations(monkeypatch, strategy, Worths(), seeds):
        for share, word in zip(shares, said, strict=True):
            found[word] += share / seeds
    assert sum(abs(found[word] - wanted[word]) for word in wanted) / 2 < 0.03
    assert found[ENDS_AT_ONCE] == pytest.approx(wanted[ENDS_AT_ONCE], abs=0.02)


@pytest.mark.parametrize("potential", POTENTIALS)
def test_who_ends_early_is_no_rarer_where_all_are_worth_the_same(potential):
    """Before, a particle that ended gave up what its prefixes had earned, and those that had not ended drove it out."""
    seeds, chance, ended = 300, 1 / len(ALPHABET), []
    for seed in range(seeds):
        ended += whole(
            SMC(4, 10.0, potential, 1.0).run(TASK, Uneven(), Worths(0.5), budget=Budget(samples=4), seed=seed)
        )
    share = ended.count(ENDS_AT_ONCE) / len(ended)
    assert abs(share - chance) < 4 * np.sqrt(chance * (1 - chance) / (4 * seeds))


@pytest.mark.parametrize("potential", POTENTIALS)
def test_as_many_whole_candidates_come_back_as_there_are_particles(potential):
    """Whatever is resampled in between, a budget of n candidates is one population that goes on to its end."""
    for seed in range(20):
        strategy = SMC(8, 10.0, potential, threshold=1.0)
        rounds = check_strategy(strategy, TASK, Uneven(), Worths(), budget=Budget(samples=8), seed=seed)
        assert len(whole(rounds)) == rounds[-1].cost.samples == 8
        assert any("resampled" in one.note for one in rounds)


def test_a_finished_particle_keeps_its_weight_and_its_place():
    weights = smc.Weights(SMC(sharpness=1.0), 4)
    weights.update([0, 1, 2, 3], [2.0, 0.0, 0.0, 5.0], [True, False, False, False])
    before = weights.shares()
    chosen = weights.resample(np.random.default_rng(0))
    assert chosen[0] == 0 and 0 not in chosen[1:] and chosen.count(3) == 3
    after = weights.shares()
    assert after[0] == pytest.approx(before[0]) and after[1:] == pytest.approx([before[1:].sum() / 3] * 3)


@pytest.mark.parametrize("schedule", [(0.5,), (0.9,), (0.25, 0.5, 0.75)])
def test_a_schedule_goes_by_the_longest_path_there_was_not_by_the_longest_there_could_be(schedule):
    """Paths of 3 letters that might have become 16: the first to end tells how long the way is."""
    rounds = list(SMC(8, schedule=schedule).run(TASK, Uneven(), Worths(), budget=Budget(samples=24), seed=0))
    assert sum("resampled" in one.note for one in rounds) >= 2


def test_the_last_share_of_a_schedule_comes_before_the_end():
    rounds = list(SMC(4, 0.5, schedule=(0.99,)).run(TASK, ToyTree(), Worths(), budget=Budget(samples=4)))
    assert [one.number for one in rounds if "resampled" in one.note] == [ToyTree().length - 2]
