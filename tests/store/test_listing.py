"""The list of pools survives whatever is in the database and says which pool is damaged; faults are sentences."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tts_playground.errors import PlaygroundError, StoreError
from tts_playground.store.store import Store

OLD = Path(__file__).parents[1] / "data" / "pools-0.1" / "store"
T2I, VQA = "ae8c1a58db1a94ea", "13d73624eba46ef8"


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(OLD, tmp_path / "store")
    return tmp_path / "store"


def changed(folder: Path, *statements: str) -> None:
    raw = sqlite3.connect(folder / "pools.sqlite")
    for statement in statements:
        raw.execute(statement)
    raw.commit()
    raw.close()


DAMAGE = [
    ("UPDATE pools SET task = '[1]' WHERE kind = 't2i'", "no JSON object"),
    ("UPDATE pools SET task = '{' WHERE kind = 't2i'", "no JSON"),
    ("UPDATE pools SET sampler = 'null' WHERE kind = 't2i'", "no JSON object"),
    ("UPDATE pools SET sampler = '{}' WHERE kind = 't2i'", "its key is not that"),
    ("UPDATE pools SET task = CAST(x'ff' AS TEXT) WHERE kind = 't2i'", "no JSON"),
    ("UPDATE pools SET kind = '' WHERE kind = 't2i'", "its key is not that"),
    ("UPDATE pools SET task = printf('%.*c', 20000, '[') WHERE kind = 't2i'", "levels deep"),
    (f"UPDATE samples SET codec = 'pickle' WHERE pool LIKE '{T2I}%'", "3 of its samples"),
    (f"UPDATE samples SET idx = -1 WHERE pool LIKE '{T2I}%' AND idx = 1", "1 of its samples"),
    (f"UPDATE samples SET blob = NULL WHERE pool LIKE '{T2I}%' AND idx = 1", "1 of its samples"),
    (f"UPDATE samples SET blob = '../../' || blob WHERE pool LIKE '{T2I}%' AND idx = 1", "1 of its samples"),
    (f"UPDATE samples SET bytes = 9223372036854775807 WHERE pool LIKE '{T2I}%'", "integer overflow"),
]


@pytest.mark.parametrize("statement, says", DAMAGE, ids=lambda value: value[:60])
def test_a_damaged_pool_is_named_and_hides_no_other(folder, statement, says):
    changed(folder, statement)
    with Store(folder) as store:
        infos = {info.key[:16]: info for info in store.pools()}
        assert len(infos) == 3
        assert says in infos.pop(T2I).damage
        assert [info.damage for info in infos.values()] == ["", ""]
        json.dumps([info.as_dict() for info in store.pools()], allow_nan=False)
        assert store.delete(T2I).startswith(T2I)
        assert len(store.pools()) == 2
        assert len(store.open(VQA).samples()) == 4


@pytest.mark.parametrize("statement, says", DAMAGE[:7], ids=lambda value: value[:60])
def test_opening_a_damaged_pool_says_how_to_delete_it(folder, statement, says):
    changed(folder, statement)
    with Store(folder) as store, pytest.raises(StoreError, match=f"damaged.*{says}.*pools delete {T2I[:12]}"):
        store.open(T2I)


@pytest.mark.parametrize("created", ["9e999", "-9e999", "-1", "0"])
def test_a_clock_that_was_wrong_breaks_no_list(folder, created):
    changed(folder, f"UPDATE pools SET created = {created} WHERE kind = 't2i'")
    with Store(folder) as store:
        infos = store.pools()
        assert len(infos) == 3 and not any(info.damage for info in infos)
        json.dumps([info.as_dict() for info in infos], allow_nan=False)


def test_the_command_line_lists_a_damaged_store(folder, monkeypatch, capsys):
    from tts_playground.cli import main

    changed(folder, DAMAGE[0][0])
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(folder.parent))
    with pytest.raises(SystemExit):
        main(["pools", "list", "--json"])
    pools = json.loads(capsys.readouterr().out)["pools"]
    assert sorted(bool(pool["damage"]) for pool in pools) == [False, False, True]
    with pytest.raises(SystemExit):
        main(["pools", "list"])
    assert "damaged" in capsys.readouterr().out


@pytest.mark.parametrize(
    "column, value",
    [
        ("cost", "'{}'"),
        ("cost", "'[1]'"),
        ("info", "'[1]'"),
        ("info", "'{'"),
        ("codec", "'pickle'"),
        ("blob", "'0'"),
        ("blob", "'../../a'"),
        ("blob", "'a' || char(0)"),
    ],
)
def test_damaged_rows_are_store_errors(folder, column, value):
    changed(folder, f"UPDATE samples SET {column} = {value} WHERE pool LIKE '{T2I}%'")
    with Store(folder) as store:
        with pytest.raises(StoreError):
            store.open(T2I).samples()
        if column == "cost":
            with pytest.raises(StoreError):
                store.open(T2I).unit()


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE samples DROP COLUMN logprob",
        "DROP TABLE rewards",
        "ALTER TABLE pools RENAME COLUMN task TO duty",
    ],
)
def test_other_tables_than_ours_are_named(folder, statement):
    changed(folder, statement)
    with pytest.raises(StoreError, match="damaged: its table"):
        Store(folder)


# hypothesis: no damage to any page of the file gives anything but our own errors


@example([(3216, b"\x80")])  # SQLite quotes the file in its message, which then is no Unicode
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 49151), st.binary(min_size=1, max_size=64)), min_size=1, max_size=8))
def test_damaged_pages_are_store_errors_at_every_statement(tmp_path, patches):
    folder = tmp_path / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(OLD, folder)
    data = bytearray((folder / "pools.sqlite").read_bytes())
    for place, patch in patches:
        data[place : place + len(patch)] = patch
    (folder / "pools.sqlite").write_bytes(data)
    try:
        with Store(folder) as store:
            for info in store.pools():
                json.dumps(info.as_dict(), allow_nan=False)
                everything(store, info.key)
    except PlaygroundError as error:
        assert sentence(error)


def sentence(error: PlaygroundError) -> bool:
    """Whether it says what was wrong, on one line."""
    return len(str(error)) > 20 and str(error).isprintable()


def everything(store: Store, key: str) -> bool:
    """All that is ever asked of a pool; whether all of it could be had."""
    try:
        pool = store.open(key)
        pool.samples()
        pool.unit()
        for reward, _ in pool.rewards():
            pool.scores(reward)
        store.export(key, store.path / "export.parquet")
        pool.insert(pool.rows(seed=None))
        store.delete(key)
    except PlaygroundError as error:
        assert sentence(error)
        return False
    return True


def test_of_an_undamaged_store_everything_can_be_had(tmp_path):
    shutil.copytree(OLD, tmp_path / "old")
    with Store(tmp_path / "old") as store:
        for info in store.pools():
            assert everything(store, info.key), info.key
        assert store.pools() == []
