"""Pools that earlier versions wrote open unchanged (``tests/data/README.md``)."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from tts_playground.store import parquet
from tts_playground.store.store import Store

OLD = Path(__file__).parents[1] / "data" / "pools-0.1"
POOLS = {"t2i": (3, ["clip"]), "vqa": (4, ["verifier", "logprob"]), "sketch": (4, ["iou"])}
KEYS = {"t2i": "ae8c1a58db1a", "vqa": "13d73624eba4", "sketch": "5ae441cdb0fb"}


@pytest.fixture
def store(tmp_path):
    shutil.copytree(OLD / "store", tmp_path / "store")
    with Store(tmp_path / "store") as opened:
        yield opened


def test_the_store_of_version_0_1_is_listed_whole(store):
    infos = {info.key[:12]: info for info in store.pools()}
    assert {KEYS[name]: n for name, (n, _) in POOLS.items()} == {key: info.samples for key, info in infos.items()}
    assert not any(info.damage for info in infos.values())


@pytest.mark.parametrize("name", POOLS)
def test_its_pools_and_their_exports_hold_the_same(store, name):
    kept = store.open(KEYS[name])
    (exported,) = parquet.read(OLD / f"{name}.parquet", strict=True)
    n, _ = POOLS[name]
    assert len(kept) == len(exported) == n
    assert kept.key == exported.key
    assert kept.snapshot() == exported
    assert len(kept.samples()) == n
    for reward, _ in kept.rewards():
        assert kept.curve(reward).as_dict() == exported.curve(reward).as_dict()


@pytest.mark.parametrize("name", POOLS)
def test_an_export_comes_back_through_an_import(tmp_path, name):
    with Store(tmp_path / "new") as store:
        (key,) = store.import_(OLD / f"{name}.parquet")
        assert len(store.open(key)) == POOLS[name][0]


def test_columns_are_named_when_rows_are_written(store):
    """A store whose columns stand in another order takes samples all the same."""
    store.close()
    with sqlite3.connect(store.database.file) as raw:
        raw.execute("ALTER TABLE samples RENAME TO before")
        raw.execute(
            "CREATE TABLE samples (info TEXT NOT NULL, cost TEXT NOT NULL, logprob REAL, bytes INTEGER NOT NULL,"
            " blob TEXT, content TEXT, codec TEXT NOT NULL, idx INTEGER NOT NULL, seed INTEGER NOT NULL,"
            " pool TEXT NOT NULL,"
            " extra TEXT DEFAULT 'x', PRIMARY KEY (pool, seed, idx))"
        )
        raw.execute("ALTER TABLE pools ADD COLUMN note TEXT")
        raw.execute("ALTER TABLE rewards ADD COLUMN note TEXT")
    raw.close()
    (pool,) = parquet.read(OLD / "sketch.parquet")
    with Store(store.path) as again:
        again.add(pool)
        assert again.open(pool.key).snapshot() == pool
