"""Single rules of the search strategies on words so few that what must happen can be reckoned by hand."""

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from tts_playground.core import Budget, Cost, Sample, Scored
from tts_playground.errors import BadInput
from tts_playground.strategies import smc
from tts_playground.strategies.beam import Beam
from tts_playground.strategies.best_of_n import BestOfN
from tts_playground.strategies.budget import BudgetTracker
from tts_playground.strategies.gridar import GridAR
from tts_playground.strategies.parm import PARM
from tts_playground.strategies.refine import Refine
from tts_playground.strategies.smc import SMC, Weights
from tts_playground.strategies.suffix import Suffix
from tts_playground.strategies.voting import fingerprint
from tts_playground.testing import ScriptedSampler, TableReward, TextTask

TASK = TextTask()
LETTERS = TableReward({"a": 1, "b": 2, "c": 3, "d": 4})
SEARCHES = [Beam(), Beam(width=9, children=3), GridAR(width=6), PARM(), SMC(sharpness=0.5), Suffix(neighbours=3)]


def run(strategy, sampler, budget, seed=0, reward=LETTERS):
    return list(strategy.run(TASK, sampler, reward, budget=budget, seed=seed))


@dataclass(frozen=True)
class Seeded(ScriptedSampler):
    """Remembers with which seed it was asked, and for what."""

    asked: list = field(default_factory=list)

    def draw(self, task, indices, *, seed=0):
        self.asked.append(("draw", seed))
        return super().draw(task, indices, seed=seed)

    def start(self, task, indices, *, seed=0):
        self.asked.extend(("start", seed) for _ in indices)
        return super().start(task, indices, seed=seed)

    def neighbours(self, task, sample, *, seed=0):
        self.asked.append(("neighbours", seed))
        return super().neighbours(task, sample, seed=seed)


@pytest.mark.parametrize("strategy", [*SEARCHES, BestOfN(), Refine()], ids=str)
def test_every_draw_has_the_seed_of_the_run(strategy):
    sampler = Seeded()
    run(strategy, sampler, Budget(samples=20), seed=5)
    assert {seed for _, seed in sampler.asked} == {5}
    assert ("neighbours", 5) in sampler.asked or not isinstance(strategy, Refine)


@pytest.mark.parametrize("strategy", SEARCHES, ids=str)
def test_an_index_is_one_path_and_grows_only_at_its_end(strategy):
    """Two paths with one index would share their randomness from there on."""
    for seed in range(3):
        words: dict[int, str] = {}
        for one_round in run(strategy, ScriptedSampler(length=8), Budget(tokens=150), seed):
            indices = [c.sample.index for c in one_round.candidates]
            assert len(set(indices)) == len(indices)
            for candidate in one_round.candidates:
                word = candidate.sample.content
                assert word.startswith(words.get(candidate.sample.index, ""))
                words[candidate.sample.index] = word


# ---------------------------------------------------------------------------------------------------------- beam


def test_beam_keeps_no_two_prefixes_that_say_the_same():
    """Four say "b", the best letter, four "a": two are kept, and without the rule both would be "b"."""
    sampler = ScriptedSampler("ab", 3, ("bbb",) * 4 + ("aaa",) * 4)
    first, second, *_ = run(Beam(width=8, children=4), sampler, Budget(samples=8))
    assert Counter(c.sample.content for c in first.candidates) == {"b": 4, "a": 4}
    assert Counter(c.sample.content[0] for c in second.candidates) == {"b": 4, "a": 4}


@pytest.mark.parametrize(("width", "children"), [(10, 4), (7, 3), (5, 3), (8, 4), (3, 4)])
def test_a_beam_is_filled_up_to_its_width_at_every_step(width, children):
    """Also where the width is no multiple of the children: the best prefixes have a continuation more."""
    settings = Beam(width, children, distinct=False, waves=1)
    rounds = run(settings, ScriptedSampler(length=6), Budget(samples=10_000))
    assert [len(one.candidates) for one in rounds[:-1]] == [width] * 6
    first, second = (one.candidates for one in rounds[:2])
    kept = sorted(first, key=lambda one: -one.reward)[: max(1, width // children)]
    given = [sum(one.sample.content.startswith(best.sample.content) for one in second) for best in kept]
    if len({one.sample.content for one in kept}) == len(kept):
        assert given == sorted(given, reverse=True) and max(given) - min(given) <= 1


def test_contents_are_the_same_by_what_they_hold():
    assert fingerprint("ab") == fingerprint("a" + "b") and fingerprint("ab") != fingerprint("ba")
    assert fingerprint([1, 2]) == fingerprint([1, 2]) != fingerprint([2, 1])
    assert fingerprint(np.arange(3)) == fingerprint(np.arange(3)) != fingerprint(np.arange(3) + 1)


def test_the_shape_of_a_given_width():
    assert [Beam().of_width(width, 8) for width in (4, 8, 16)] == [Beam(4, 2), Beam(8, 2), Beam(16, 4)]
    assert [GridAR().of_width(5, horizon).pieces for horizon in (1, 2, 8)] == [(), (1 / 2,), (1 / 8, 1 / 4)]
    assert PARM().of_width(5, 8) == PARM(paths=5) and SMC().of_width(5, 8) == SMC(particles=5)


# ---------------------------------------------------------------------------------------------------------- smc

RISING = ScriptedSampler(length=3, script=("aaa", "aaa", "aaa", "daa"))
"""with a sharpness of log(2)/3 the weights after one letter are 1 : 1 : 1 : 2, so that 25/7 particles are effective"""
SHARE = 25 / 7 / 4


@pytest.mark.parametrize(("threshold", "resampled"), [(SHARE - 0.01, False), (SHARE + 0.01, True)])
def test_particles_are_resampled_below_the_threshold_and_not_above(threshold, resampled):
    first, *_ = run(SMC(4, float(np.log(2) / 3), threshold=threshold), RISING, Budget(samples=4))
    assert first.note.endswith("resampled") == resampled


def test_equal_weights_are_not_below_any_threshold_and_finished_words_are_left_alone():
    even = ScriptedSampler(length=3, script=("abc",) * 4)
    assert not any("resampled" in r.note for r in run(SMC(4, 1.0, threshold=1.0), even, Budget(samples=4)))
    last = run(SMC(4, 1.0, threshold=1.0), RISING, Budget(samples=4))[2]
    assert "step 3" in last.note and "resampled" not in last.note


def test_the_effective_sample_size_is_kishs():
    weights = Weights(SMC(sharpness=1.0), 3)
    weights.log = np.log([2.0, 1.0, 1.0])
    assert weights.effective() == pytest.approx(4**2 / (2**2 + 1 + 1))


def test_systematic_resampling_is_unbiased_and_rounds_every_share_up_or_down():
    """Kitagawa 1996: particle i gets floor or ceil of N w_i children, N w_i on average; one offset moves all."""
    shares, trials, rng = np.array([0.37, 0.28, 0.23, 0.12]), 4000, np.random.default_rng(0)
    children = np.zeros((trials, 4))
    for trial in range(trials):
        weights = Weights(SMC(sharpness=1.0), 4)
        weights.log = np.log(shares)
        chosen = weights.resample(rng)
        assert chosen == sorted(chosen)
        children[trial] = np.bincount(chosen, minlength=4)
    expected = 4 * shares
    assert (children >= np.floor(expected)).all() and (children <= np.ceil(expected)).all()
    # a count between two neighbours has a standard deviation of at most 1/2: 4 standard errors
    np.testing.assert_allclose(children.mean(axis=0), expected, atol=4 * 0.5 / np.sqrt(trials))


def test_a_particle_takes_its_past_to_wherever_it_is_copied():
    weights = Weights(SMC(sharpness=1.0), 4)
    weights.update([0, 1, 2, 3], [0.0, 0.0, 0.0, 99.0], [False] * 4)
    assert weights.resample(np.random.default_rng(0)) == [3, 3, 3, 3]
    weights.update([0], [100.0], [True])
    assert weights.log == pytest.approx([1.0, 0, 0, 0]), "99 of the 100 were paid for by particle 3"


def test_populations_steps_and_seeds_are_resampled_with_noise_of_their_own(monkeypatch):
    keys = []
    own = smc.generator
    monkeypatch.setattr(smc, "generator", lambda *key: keys.append(key) or own(*key))
    for seed in (0, 1):
        run(SMC(4, 3.0, threshold=1.0), ScriptedSampler(length=4), Budget(samples=12), seed)
    assert len(keys) > 8 and len(set(keys)) == len(keys)


# ---------------------------------------------------------------------------------------------------------- others


def test_parm_keeps_a_share_rounded_up():
    rounds = run(PARM(paths=5, keep=0.3, looks=(0.5,)), ScriptedSampler(length=4), Budget(samples=2))
    assert [len(r.candidates) for r in rounds] == [5, 2, 0]


@pytest.mark.parametrize(("starts", "patience"), [(1, 5), (3, 1), (2, 9)])
def test_refine_draws_its_starts_and_tries_as_many_neighbours_as_its_patience(starts, patience):
    sampler = ScriptedSampler(script=("dddd",) * starts)
    notes = [r.note for r in run(Refine(starts, patience), sampler, Budget())]
    assert sum(note.startswith("start") for note in notes) == starts
    assert sum(note.startswith("neighbour") for note in notes) == patience


def cuts(seed, budget):
    rounds = run(Suffix(), ScriptedSampler(length=6), budget, seed)
    return [c.sample.info["forked_at"] for r in rounds[1:] for c in r.candidates[:1]]


def test_suffix_cuts_anywhere_and_elsewhere_with_another_seed():
    assert set(cuts(0, Budget(samples=150))) == set(range(6))
    assert cuts(0, Budget(samples=30)) == cuts(0, Budget(samples=30)) != cuts(1, Budget(samples=30))


# ---------------------------------------------------------------------------------------------------------- ledger


def test_of_equal_candidates_the_first_is_the_best():
    words = ScriptedSampler(length=2, script=("ad", "da", "bc", "aa"))
    assert run(BestOfN(n=4), words, Budget())[-1].best.sample.content == "ad"
    ledger = BudgetTracker(Budget(samples=9), LETTERS)
    for number, value in enumerate((1.0, 2.0, 2.0, 1.5)):
        ledger.consider(Scored(Sample("x", number), value))
    assert ledger.best is not None and ledger.best.sample.index == 1


def test_room_is_counted_in_whole_samples():
    @dataclass(frozen=True)
    class Dear(TableReward):
        unit_cost = Cost(verifier_calls=2)  # type: ignore[misc]

    for calls, room in ((5, 2), (4, 2), (1, 0), (100, 10)):
        assert BudgetTracker(Budget(verifier_calls=calls), Dear({})).room(10) == room


@pytest.mark.parametrize(
    "change",
    [{"threshold": 1.5}, {"threshold": -0.1}, {"sharpness": -1.0}],
)
def test_settings_of_smc_out_of_range_are_refused(change):
    with pytest.raises(BadInput, match="threshold from 0 to 1"):
        replace(SMC(), **change)
