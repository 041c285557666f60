"""Pools leave and come back as parquet, for the store, for the datasets library and for starters."""

from __future__ import annotations

import pytest
from store_worker import Brightness, NoiseSampler

from tts_playground import home
from tts_playground.errors import BadInput, CannotDo, StoreError, UnknownName
from tts_playground.store import starters
from tts_playground.store.store import Store
from tts_playground.testing import ScriptedSampler, TableReward, TextTask


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "store") as opened:
        yield opened


def fill(store, text="noise", sampler=None, n=5):
    pool = store.pool(TextTask(text), sampler or NoiseSampler())
    pool.draw(n)
    return pool


def test_a_pool_comes_back_as_it_was(store, tmp_path):
    pool = fill(store)
    pool.draw(2, seed=4)
    pool.score(Brightness())
    words = fill(store, "words", ScriptedSampler(), 3)
    words.score(TableReward({"a": 1.0}))
    file = tmp_path / "pools.parquet"
    assert store.export([pool.key, words.key], file) == 10
    with Store(tmp_path / "elsewhere") as other:
        assert other.import_(file) == [pool.key, words.key]
        assert other.import_(file) == [pool.key, words.key]
        back = other.open(pool.key)
        assert [r.png() for r in back.rows(seed=None)] == [r.png() for r in pool.rows(seed=None)]
        assert back.scores("brightness") == pool.scores("brightness")
        assert other.open(words.key).samples() == words.samples()
        assert other.open(words.key).title == "words"
        assert len(other.pools()) == 2


def test_the_datasets_library_reads_it_with_its_pictures(store, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from datasets import Dataset

    pool = fill(store)
    pool.score(Brightness())
    store.export(pool.key, tmp_path / "pool.parquet")
    data = Dataset.from_parquet(str(tmp_path / "pool.parquet"), cache_dir=str(tmp_path / "cache"))
    assert data.num_rows == 5
    row = data[2]
    assert row["image"].tobytes() == pool.samples()[2].content.tobytes()
    assert row["rewards"] == [{"reward": "brightness", "revision": "1", "value": pool.scores("brightness")[2]}]
    # what the library writes, with the mark of the file kept or not, is refused rather than guessed at
    data.to_parquet(str(tmp_path / "theirs.parquet"))
    with pytest.raises(StoreError, match="not a file of pools"):
        store.import_(tmp_path / "theirs.parquet")


def test_foreign_and_missing_files_are_one_sentence(store, tmp_path):
    with pytest.raises(BadInput, match="no file"):
        store.import_(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("hello")
    with pytest.raises(StoreError, match="not a parquet file"):
        store.import_(tmp_path / "text.parquet")
    pool = store.pool(TextTask("empty"), NoiseSampler())
    pool.insert([])
    with pytest.raises(BadInput, match="no samples"):
        store.export(pool.key, tmp_path / "empty.parquet")
    assert not (tmp_path / "empty.parquet").exists()


def test_a_starter_reads_like_a_pool_without_a_store(store, tmp_path, monkeypatch):
    pool = fill(store)
    pool.score(Brightness())
    monkeypatch.setattr(home, "STARTERS", tmp_path / "starters")
    starters.load.cache_clear()  # another test may have read them
    with pytest.raises(CannotDo, match="install"):
        starters.load("t2i")
    starters.write("t2i", [pool], tmp_path / "starters")
    assert starters.names() == ["t2i"]
    (starter,) = starters.load("t2i")
    assert starter.key == pool.key
    assert starter.scores("brightness") == pool.scores("brightness")
    assert [s.content.tobytes() for s in starter.samples(3)] == [s.content.tobytes() for s in pool.samples(3)]
    assert starter.curve("brightness").as_dict() == pool.curve("brightness").as_dict()
    assert pool.snapshot().rows() == starter.rows()
    with pytest.raises(UnknownName):
        starters.load("t2j")
    starters.load.cache_clear()


def test_a_starter_over_the_limit_is_not_written(store, tmp_path, monkeypatch):
    monkeypatch.setattr(starters, "LIMIT", 100)
    with pytest.raises(BadInput, match="MB"):
        starters.write("t2i", [fill(store)], tmp_path)
    assert list(tmp_path.glob("t2i*")) == []


def test_a_file_that_repeats_a_long_text_is_not_unpacked(store, tmp_path, monkeypatch):
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tts_playground.store import parquet

    pool, file, bomb = fill(store), tmp_path / "pool.parquet", tmp_path / "bomb.parquet"
    store.export(pool.key, file)
    table = pq.read_table(file)
    place = table.schema.get_field_index("info")
    table = pa.concat_tables([table] * 200)
    pq.write_table(table.set_column(place, "info", pa.array(["x" * 100_000] * 1000)), bomb, compression="zstd")
    assert bomb.stat().st_size < 300_000
    read = []
    monkeypatch.setattr(parquet, "ALWAYS_READ", 8_000_000)
    monkeypatch.setattr(parquet, "_to_records", lambda table, file: read.append(table) or [])
    with pytest.raises(BadInput, match="unpacks to over 7 MB"):
        store.import_(bomb)
    assert not read
    store.import_(file)
    assert read[0].num_rows == 5
