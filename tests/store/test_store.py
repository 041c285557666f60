"""The store keeps what it was given, draws and scores only what is missing, and says so when a file is not its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tts_playground.core import Cost, Sample
from tts_playground.dsl.tree import Circle, Difference, Program, Quad
from tts_playground.errors import BadInput, CannotDo, StoreError, UnknownName
from tts_playground.estimators.curves import expected_best
from tts_playground.store.pool import pools_curve
from tts_playground.store.rows import canonical, decode, encode, pool_key
from tts_playground.store.store import Store
from tts_playground.store.stored import score_together
from tts_playground.testing import ScriptedSampler, TableReward, TextTask

TASK = TextTask("a word")
LETTERS = TableReward({"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0})


@dataclass
class Counting:
    """Wraps a sampler and remembers which indices were drawn."""

    sampler: Any = field(default_factory=ScriptedSampler)
    asked: list[int] = field(default_factory=list)

    def fingerprint(self):
        return self.sampler.fingerprint()

    def draw(self, task, indices: Sequence[int], *, seed: int = 0):
        for sample in self.sampler.draw(task, indices, seed=seed):
            self.asked.append(sample.index)
            yield sample


@dataclass
class CountingReward:
    seen: int = 0
    name: str = "table"
    revision: str = "1"
    unit_cost: Cost = LETTERS.unit_cost

    def score(self, task, samples):
        self.seen += len(samples)
        return LETTERS.score(task, samples)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "store") as opened:
        yield opened


def test_only_missing_samples_are_drawn_and_only_missing_scores_computed(store):
    sampler, reward = Counting(), CountingReward()
    pool = store.pool(TASK, sampler)
    first = pool.draw(4)
    assert first == list(ScriptedSampler().draw(TASK, range(4)))
    heard: list[int] = []
    assert pool.draw(10, on_sample=lambda s: heard.append(s.index))[:4] == first
    assert sampler.asked == heard == list(range(10))
    scores = pool.score(reward, 6)
    assert scores == LETTERS.score(TASK, pool.draw(6))
    assert pool.score(reward)[:6] == scores
    pool.score(reward)
    assert reward.seen == 10
    assert len(pool) == 10


def test_a_second_store_object_sees_the_same_pool(store):
    store.pool(TASK, ScriptedSampler()).draw(3)
    sampler = Counting()
    with Store(store.path) as again:
        assert len(again.pool(TASK, sampler).draw(3)) == 3
    assert sampler.asked == []


def test_seeds_settings_and_tasks_do_not_mix(store):
    base = store.pool(TASK, ScriptedSampler())
    assert base.draw(4, seed=0) != base.draw(4, seed=1)
    assert [s.seed for s in base.draw(2, seed=1)] == [1, 1]
    other = [store.pool(TASK, ScriptedSampler(length=5)), store.pool(TextTask("b"), ScriptedSampler())]
    assert len({base.key, *(pool.key for pool in other)}) == 3
    assert all(len(pool) == 0 for pool in other)


def test_a_stream_that_is_closed_keeps_what_it_gave(store):
    closed = []

    class Slow(Counting):
        def draw(self, task, indices, *, seed=0):
            try:
                yield from super().draw(task, indices, seed=seed)
            finally:
                closed.append(True)

    sampler = Slow()
    stream = store.pool(TASK, sampler).stream(10)
    assert [next(stream).index for _ in range(3)] == [0, 1, 2]
    stream.close()
    assert closed == [True]
    store.pool(TASK, sampler).draw(5)
    assert sampler.asked == [0, 1, 2, 3, 4]


def test_a_new_revision_of_a_reward_scores_again_and_is_the_one_that_counts(store):
    pool = store.pool(TASK, ScriptedSampler())
    pool.draw(4)
    pool.score(CountingReward())
    second = CountingReward(revision="2")
    pool.score(second)
    assert second.seen == 4
    assert pool.rewards() == [("table", "1"), ("table", "2")]


def test_a_sample_that_another_process_wrote_first_stays(store):
    pool = store.pool(TASK, ScriptedSampler())
    theirs = Sample("theirs", 0, cost=Cost(samples=1, tokens=9))
    fresh = pool.stream(1)
    pool.insert([encode(theirs)])
    pool.insert([encode(replace(theirs, content="too late"))])
    assert next(fresh).content == "theirs"


def test_a_pool_holds_independent_draws_only(store):
    class Fork(ScriptedSampler):
        def draw(self, task, indices, *, seed=0):
            for sample in super().draw(task, indices, seed=seed):
                yield replace(sample, parent=0)

    with pytest.raises(BadInput, match="independent"):
        store.pool(TASK, Fork()).draw(1)


@pytest.mark.parametrize("change", [{"index": 7}, {"seed": 7}])
def test_a_sampler_that_gives_another_sample_is_refused(store, change):
    class Wrong(ScriptedSampler):
        def draw(self, task, indices, *, seed=0):
            for sample in super().draw(task, indices, seed=seed):
                yield replace(sample, **change)

    with pytest.raises(CannotDo, match="The sampler gave"):
        store.pool(TASK, Wrong()).draw(2)


def test_a_reward_that_is_not_finite_is_refused_and_not_kept(store):
    pool = store.pool(TASK, ScriptedSampler())
    pool.draw(2)
    with pytest.raises(CannotDo, match="finite"):
        pool.score(TableReward({}, default=float("nan")))
    assert pool.rewards() == []


def test_the_curve_of_a_pool_is_exact_and_carries_its_cost(store):
    pool = store.pool(TASK, ScriptedSampler())
    pool.draw(12)
    rewards = pool.score(LETTERS)
    curve = pool.curve("table", scoring=LETTERS.unit_cost, label="letters")
    np.testing.assert_allclose(curve.mean, expected_best(rewards, np.arange(1, 13)))
    assert curve.unit == {"samples": 1, "tokens": 4, "verifier_calls": 1, "renders": 0, "seconds": 0}
    other = store.pool(TextTask("b"), ScriptedSampler(length=2))
    other.draw(12)
    other.score(LETTERS)
    both = pools_curve([pool, other], "table", bands=False)
    np.testing.assert_allclose(both.mean, (curve.mean + other.curve("table").mean) / 2)
    with pytest.raises(BadInput, match="it has: table"):
        pool.curve("tabel")
    pool.draw(13)
    with pytest.raises(CannotDo, match="1 of 13"):
        pool.curve("table")


def test_list_open_delete_and_size(store):
    pool, other = store.pool(TASK, ScriptedSampler()), store.pool(TextTask("b"), ScriptedSampler())
    for each in (pool, other):
        each.draw(3)
        each.score(LETTERS)
    listed = {info.key: info for info in store.pools()}
    assert set(listed) == {pool.key, other.key}
    info = listed[pool.key]
    assert (info.samples, info.title, info.kind, info.bytes) == (3, "a word", "text", 12)
    json.dumps(info.as_dict())
    assert store.size() > 0
    assert store.open(pool.key[:10]).samples() == pool.samples()
    assert store.delete(pool.key[:10]) == pool.key
    assert [i.key for i in store.pools()] == [other.key]
    assert pool.rewards() == []
    assert len(other) == 3
    with pytest.raises(UnknownName):
        store.delete(pool.key)
    with pytest.raises(BadInput, match="2 pools begin"):
        for word in range(40):
            store.pool(TextTask(str(word)), ScriptedSampler()).draw(1)
        heads = [i.key[0] for i in store.pools()]
        store.open(next(head for head in heads if heads.count(head) == 2))


def picture(colour: int, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (5, 4), colour)


class Pictures(ScriptedSampler):
    def draw(self, task, indices, *, seed=0):
        for index in indices:
            yield Sample(picture(index % 2), index, seed)


def test_pictures_are_shared_by_content_and_go_when_nobody_uses_them(store):
    first, second = store.pool(TASK, Pictures()), store.pool(TextTask("b"), Pictures())
    drawn = first.draw(6)
    assert [s.content.getpixel((0, 0))[0] for s in drawn] == [0, 1, 0, 1, 0, 1]
    assert len(list(store.blobs.digests())) == 2
    second.draw(1)
    store.delete(first.key)
    assert len(list(store.blobs.digests())) == 1
    assert second.samples()[0].content.tobytes() == picture(0).tobytes()


def test_a_lost_or_changed_picture_is_named(store):
    pool = store.pool(TASK, Pictures())
    pool.draw(1)
    (row,) = pool.rows()
    row.image.write_bytes(b"something else")
    with pytest.raises(StoreError, match="damaged"):
        pool.samples()
    row.image.unlink()
    with pytest.raises(StoreError, match="gone"):
        pool.samples()


# ------------------------------------------------------------------------------------------------------ laws

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NUMBER = st.integers(0, 15)
CONTENT = (
    st.text()
    | st.builds(
        lambda a, b: Program(Difference((a, b))),
        st.builds(Circle, NUMBER, NUMBER, NUMBER),
        st.builds(Quad, NUMBER, NUMBER, NUMBER, NUMBER, st.integers(0, 359)),
    )
    | st.builds(
        lambda mode, data: Image.frombytes(mode, (2, 2), data[: 4 * len(mode)]),
        st.sampled_from(["L", "RGB", "RGBA"]),
        st.binary(min_size=16, max_size=16),
    )
)
SAMPLE = st.builds(
    Sample,
    CONTENT,
    st.integers(0, 2**62),
    st.integers(-(2**62), 2**62),
    st.none() | st.floats(allow_nan=False),
    st.builds(Cost, NUMBER, NUMBER, NUMBER, NUMBER, st.floats(0, 1e6)),
    st.none(),
    st.dictionaries(st.text(), JSON, max_size=3),
)


def same(left: Sample, right: Sample) -> bool:
    if isinstance(left.content, Image.Image):
        pixels = [(s.content.mode, s.content.size, s.content.tobytes()) for s in (left, right)]
        return pixels[0] == pixels[1] and replace(left, content=0) == replace(right, content=0)
    return left == right


@settings(deadline=None, max_examples=150)
@given(SAMPLE)
def test_a_row_gives_back_the_sample(sample):
    assert same(decode(encode(sample)), sample)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SAMPLE, max_size=6, unique_by=lambda s: (s.seed, s.index)), st.data())
def test_the_store_gives_back_every_sample_whatever_the_order(tmp_path_factory, samples, data):
    with Store(tmp_path_factory.mktemp("store")) as store:
        pool = store.pool(TASK, ScriptedSampler())
        for sample in data.draw(st.permutations(samples)):
            pool.insert([encode(sample)])
        back = [decode(row) for row in pool.rows(seed=None)]
    expected = sorted(samples, key=lambda s: (s.seed, s.index))
    assert len(back) == len(expected)
    assert all(map(same, back, expected))


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 12), max_size=6))
def test_any_sequence_of_requests_draws_each_sample_once(tmp_path_factory, requests):
    sampler, reward = Counting(), CountingReward()
    with Store(tmp_path_factory.mktemp("store")) as store:
        pool = store.pool(TASK, sampler)
        for n in requests:
            assert pool.draw(n) == list(ScriptedSampler().draw(TASK, range(n)))
            pool.score(reward)
    assert sampler.asked == list(range(max(requests, default=0)))
    assert reward.seen == max(requests, default=0)


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_a_key_does_not_depend_on_the_order_of_names_nor_on_how_a_whole_number_is_written(settings_):
    turned = dict(reversed(settings_.items()))
    assert pool_key("t", settings_, {}) == pool_key("t", turned, {})
    assert json.loads(canonical(settings_)) == settings_
    assert pool_key("t", {}, {"temperature": 1.0, "size": (2, 3)}) == pool_key(
        "t", {}, {"size": [2, 3], "temperature": np.int64(1)}
    )


def test_what_cannot_be_kept_is_refused_by_name():
    with pytest.raises(BadInput, match="float"):
        encode(Sample(1.5, 3))
    with pytest.raises(BadInput, match="the info of sample 3"):
        encode(Sample("x", 3, info={"model": object()}))
    with pytest.raises(BadInput, match="surrogate"):
        encode(Sample("\ud800", 0))
    with pytest.raises(BadInput, match="finite"):
        canonical({"scale": float("inf")})


def test_pools_of_one_task_are_scored_in_one_call(tmp_path):
    """What a class waits for is scored like what one person waits for, and what is known is not asked again."""
    sizes: list[int] = []

    class Spy:
        name, revision = LETTERS.name, LETTERS.revision

        def score(self, task, samples):
            sizes.append(len(samples))
            return LETTERS.score(task, samples)

    with Store(tmp_path) as store:
        pools = [store.pool(TASK, ScriptedSampler(texts)) for texts in (("a", "b", "c"), ("d", "a"))]
        for pool in pools:
            pool.draw(2)
        pools[0].score(LETTERS, 1)
        score_together(pools, Spy())  # type: ignore[arg-type]
        assert sizes == [3]
        found = [list(pool.values(LETTERS.name, LETTERS.revision).values()) for pool in pools]
        assert found == [LETTERS.score(TASK, pool.samples(2)) for pool in pools] and found[0] != found[1]
        score_together(pools, Spy())  # type: ignore[arg-type]
        assert sizes == [3]
