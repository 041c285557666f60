"""PARM, GridAR and suffix search: what they draw, what they save, and who descends from whom."""

from dataclasses import dataclass, field

import pytest

from tts_playground.core import Budget
from tts_playground.strategies.beam import Beam
from tts_playground.strategies.best_of_n import BestOfN
from tts_playground.strategies.budget import checkpoints
from tts_playground.strategies.gridar import GridAR
from tts_playground.strategies.parm import PARM
from tts_playground.strategies.smc import SMC
from tts_playground.strategies.suffix import Suffix
from tts_playground.testing import ScriptedSampler, TableReward, TextTask

TASK = TextTask()
LETTERS = TableReward({"a": 1, "b": 2, "c": 3, "d": 4})


@dataclass(frozen=True)
class Watched(ScriptedSampler):
    """Remembers how many letters were really drawn, and in batches of what size."""

    batches: list[int] = field(default_factory=list)

    def step(self, task, paths):
        self.batches.append(sum(not path.done for path in paths))
        return super().step(task, paths)


def run(strategy, sampler, budget, seed=0):
    return list(strategy.run(TASK, sampler, LETTERS, budget=budget, seed=seed))


def forked_from(ranked, drawn):
    """The parents of the refilled slots, in the order of the slots: the worst two get the best two, in turn."""
    parents = {worse.sample.index: better for worse, better in zip(ranked[2:], ranked[:2], strict=True)}
    return [parents[c.sample.index] for c in drawn if c.sample.index in parents]


@pytest.mark.parametrize(
    ("horizon", "shares", "ends"),
    [
        (8, (0.25, 0.5), [2, 4, 8]),
        (24, (0.25, 0.5, 0.75), [6, 12, 18, 24]),
        (2, (0.25, 0.5), [1, 2]),
        (1, (0.5,), [1]),
        (7, (0.25, 0.5), [2, 4, 7]),
    ],
)
def test_stages_are_whole_steps(horizon, shares, ends):
    assert checkpoints(shares, horizon) == ends


def test_parm_stops_drawing_what_it_drops_and_says_what_that_saved():
    sampler = Watched(length=8)
    rounds = run(PARM(paths=8), sampler, Budget(samples=1))
    assert [len(r.candidates) for r in rounds] == [8, 4, 2, 1, 0]
    assert sampler.batches == [8, 8, 4, 4, 2, 2, 1, 1]
    assert rounds[-1].cost.tokens == sum(sampler.batches) == 30
    assert rounds[-1].cost.verifier_calls == 15
    assert "4 dropped: 24 tokens saved" in rounds[0].note
    assert "1 dropped: 34 tokens saved" in rounds[2].note, "8 whole words would have taken 64 letters, 30 were drawn"
    kept = {c.sample.index for c in rounds[1].candidates}
    best = sorted(rounds[0].candidates, key=lambda c: -c.reward)[:4]
    assert kept == {c.sample.index for c in best}
    assert rounds[0].best is None and rounds[3].best is rounds[3].candidates[0]


def test_parm_begins_no_more_paths_than_the_budget_sees_to_the_end():
    for tokens in (8, 16, 24, 60, 64):
        sampler = Watched(length=8)
        rounds = run(PARM(paths=8), sampler, Budget(tokens=tokens))
        assert rounds[-1].best is not None
        assert rounds[-1].stopped == "tokens"
        assert rounds[-1].cost.tokens == sum(sampler.batches) <= tokens


def test_gridar_draws_as_much_as_best_of_n_and_refills_from_the_best_prefixes():
    sampler = Watched(length=8)
    rounds = run(GridAR(width=4), sampler, Budget(samples=4))
    assert [len(r.candidates) for r in rounds] == [4, 4, 4, 0]
    assert rounds[-1].cost.tokens == sum(sampler.batches) == 32 == run(BestOfN(n=4), sampler, Budget())[-1].cost.tokens
    quarter, half = rounds[0].candidates, rounds[1].candidates
    ranked = sorted(quarter, key=lambda c: -c.reward)
    by_index = {c.sample.index: c.sample for c in quarter}
    forks = [c.sample for c in half if c.sample.index not in by_index]
    assert [sample.parent for sample in forks] == [c.sample.index for c in forked_from(ranked, quarter)]
    for sample in forks:
        assert sample.content.startswith(by_index[sample.parent].content)
        assert sample.info["forked_at"] == 2 and sample.cost.tokens == 2
    assert {c.sample.index for c in half} >= {c.sample.index for c in ranked[:2]}


def test_suffix_keeps_the_beginning_of_the_best_and_pays_for_the_rest_alone():
    sampler = Watched(length=8)
    rounds = run(Suffix(starts=2, neighbours=2), sampler, Budget(tokens=80), seed=1)
    best = max(rounds[0].candidates, key=lambda c: c.reward)
    seen = {c.sample.index: c.sample for c in rounds[0].candidates}
    for r in rounds[1:-1]:
        cut = r.candidates[0].sample.info["forked_at"]
        for one in r.candidates:
            assert one.sample.parent == best.sample.index
            assert one.sample.content[:cut] == best.sample.content[:cut]
            assert one.sample.cost.tokens == 8 - cut and one.sample.index not in seen
            seen[one.sample.index] = one.sample
        best = max([best, *r.candidates], key=lambda c: c.reward)
        assert r.best.reward == best.reward
    assert rounds[-1].cost.tokens == sum(sampler.batches) == 80, "what is left is spent on shorter suffixes"
    assert best.reward > max(c.reward for c in rounds[0].candidates)


@pytest.mark.parametrize("strategy", [PARM(), GridAR(), Suffix(), SMC(sharpness=0.5), Beam()], ids=str)
@pytest.mark.parametrize("words", [1, 2, 3, 16])
def test_any_number_of_tokens_ends_with_a_whole_candidate(strategy, words):
    sampler = Watched(length=8)
    last = run(strategy, sampler, Budget(tokens=8 * words))[-1]
    assert last.best is not None and len(last.best.sample.content) == 8
    assert last.cost.tokens == sum(sampler.batches) <= 8 * words


@pytest.mark.parametrize("strategy", [PARM(), GridAR(), Suffix(), SMC(sharpness=0.5), Beam()], ids=str)
def test_time_is_a_limit_on_the_way_too(strategy):
    last = run(strategy, ScriptedSampler(length=8), Budget(seconds=0.03))[-1]
    assert last.stopped == "seconds" and last.cost.seconds < 5


@pytest.mark.parametrize("strategy", [PARM(), GridAR(), Suffix()], ids=str)
def test_it_beats_best_of_n_at_equal_tokens_where_partial_views_tell(strategy):
    budget, ours, theirs = Budget(tokens=8 * 16), 0.0, 0.0
    for seed in range(20):
        ours += run(strategy, ScriptedSampler(length=8), budget, seed)[-1].best.reward
        theirs += run(BestOfN(), ScriptedSampler(length=8), budget, seed)[-1].best.reward
    assert ours > theirs + 10


@pytest.mark.parametrize("strategy", [PARM(), GridAR(), Suffix(), SMC(), Beam()], ids=str)
def test_another_seed_is_another_run(strategy):
    budget = Budget(tokens=64)
    one, other = (
        [c.sample.content for r in run(strategy, ScriptedSampler(length=8), budget, seed) for c in r.candidates]
        for seed in (0, 1)
    )
    assert one != other
