"""The one engine: the same rounds with a store and without, what is kept, and how a run is ended."""

from dataclasses import replace

import pytest

from tts_playground.core import Budget, Progress, Sample
from tts_playground.errors import Cancelled
from tts_playground.store.store import Store
from tts_playground.strategies.beam import Beam
from tts_playground.strategies.best_of_n import BestOfN
from tts_playground.tasks import engine
from tts_playground.testing import ScriptedSampler, TableReward, TextTask

TASK = TextTask("a word")
TABLE = {"a": 1.0, "b": 2.0, "c": 0.5}


class Counting(ScriptedSampler):
    """Counts what is drawn, and streams the samples of a batch last one first."""

    drawn = 0

    def stream(self, task, indices, *, seed=0):
        samples = list(super().draw(task, indices, seed=seed))
        for done, sample in enumerate(reversed(samples), 1):
            Counting.drawn += 1
            yield Progress((sample,), share=done / len(samples))


class CountingReward(TableReward):
    scored = 0

    def score(self, task, samples):
        CountingReward.scored += len(samples)
        return super().score(task, samples)


@pytest.fixture(autouse=True)
def from_zero():
    Counting.drawn = CountingReward.scored = 0


def rounds(sampler=None, **how):
    return list(engine.run(TASK, sampler or Counting(), BestOfN(n=6, batch=4), CountingReward(TABLE), **how))


def plain(found):
    """What a run found, without its clocks."""
    whole = [one for one in found if one.progress is None]
    return [
        (r.number, [(c.sample.content, c.reward) for c in r.candidates], replace(r.cost, seconds=0), r.stopped)
        for r in whole
    ]


def test_a_store_changes_nothing_of_the_rounds_and_a_second_run_draws_and_scores_nothing(tmp_path):
    bare = rounds()
    with Store(tmp_path) as store:
        first, drawn, scored = rounds(store=store), Counting.drawn, CountingReward.scored
        again = rounds(store=store)
        assert plain(first) == plain(bare) == plain(again)
        assert (Counting.drawn, CountingReward.scored) == (drawn, scored)
        pool = store.pool(TASK, Counting())
        assert [s.index for s in pool.samples()] == list(range(6)) and len(pool.scores(TableReward.name)) == 6


def test_candidates_come_in_order_whatever_order_they_finish_in():
    found = [c.sample.index for r in rounds() for c in r.candidates]
    assert found == list(range(6))


def test_reports_stand_between_rounds_and_count():
    found = rounds()
    counts = [(r.number, r.progress.done, r.progress.of) for r in found if r.progress]
    assert counts == [(0, 1, 6), (0, 2, 6), (0, 3, 6), (0, 4, 6), (1, 5, 6), (1, 6, 6)]
    shares = [r.progress.share for r in found if r.progress]
    assert shares == sorted(shares) and shares[-1] == 1.0  # of the whole run, not of a batch
    assert [r.number for r in found if r.progress is None] == [0, 1, 2] and not any(
        r.candidates for r in found if r.progress
    )


def test_a_search_enters_no_pool(tmp_path):
    with Store(tmp_path) as store:
        list(engine.run(TASK, ScriptedSampler(), Beam(2, 2), TableReward(TABLE), budget=Budget(samples=2), store=store))
        assert store.pools() == []


def test_without_a_reward_the_first_is_best_and_no_score_is_kept(tmp_path):
    with Store(tmp_path) as store:
        *_, last = engine.run(TASK, Counting(), BestOfN(n=3), store=store)
        assert last.best.sample.index == 0 and store.pool(TASK, Counting()).rewards() == []


def test_cancel_ends_it_at_the_next_report_and_what_was_whole_is_kept(tmp_path):
    with Store(tmp_path) as store:
        with pytest.raises(Cancelled):
            list(engine.run(TASK, Counting(), BestOfN(n=6, batch=6), store=store, cancel=lambda: Counting.drawn == 3))
        assert len(store.pool(TASK, Counting())) == 3  # the third was whole before anybody asked


def test_a_budget_of_tokens_buys_the_same_whatever_order_samples_finish_in():
    (unit,) = {s.cost.tokens for s in ScriptedSampler().draw(TASK, range(1))}
    budget = Budget(tokens=max(1, unit) * 3)
    quiet = list(BestOfN(batch=8).run(TASK, ScriptedSampler(), TableReward(TABLE), budget=budget))
    found = list(engine.run(TASK, Counting(), BestOfN(batch=8), TableReward(TABLE), budget=budget))
    assert plain(found)[-1][2:] == plain(quiet)[-1][2:]


def test_samples_of_another_seed_or_index_are_refused(tmp_path):
    from tts_playground.errors import CannotDo

    class Wrong(ScriptedSampler):
        def draw(self, task, indices, *, seed=0):
            yield Sample("x", 99, seed)

    with Store(tmp_path) as store, pytest.raises(CannotDo, match="gave sample 99"):
        list(engine.run(TASK, Wrong(), BestOfN(n=2), store=store))
