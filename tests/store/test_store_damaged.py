"""Files that are not a store, or no longer a whole one, are named in one sentence and left alone."""

from __future__ import annotations

import sqlite3

import pytest

from tts_playground import files
from tts_playground.errors import ReadOnly, StoreError
from tts_playground.store import spare, sqlite_file
from tts_playground.store.store import Store
from tts_playground.testing import ScriptedSampler, TextTask

TASK = TextTask("a word")


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "store") as opened:
        yield opened


def filled(folder) -> Store:
    store = Store(folder)
    store.pool(TASK, ScriptedSampler(length=200)).draw(60)
    store.close()
    return store


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    file = tmp_path / "pools.sqlite"
    file.write_text("my shopping list")
    with pytest.raises(StoreError, match="not a sample store"):
        Store(tmp_path)
    assert file.read_text() == "my shopping list"


@pytest.mark.parametrize("application", [0, 77])
def test_a_database_of_another_application_is_refused_and_left_alone(tmp_path, application):
    file = tmp_path / "pools.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA application_id={application}")
        connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    with pytest.raises(StoreError, match="another application"):
        Store(tmp_path)
    with sqlite3.connect(file) as connection:
        assert [row[0] for row in connection.execute("SELECT name FROM sqlite_master")] == ["theirs"]
    connection.close()


def test_a_store_of_another_version_is_refused(tmp_path):
    filled(tmp_path)
    with sqlite3.connect(tmp_path / "pools.sqlite") as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(StoreError, match="version 99"):
        Store(tmp_path)


@pytest.mark.parametrize("keep", [50, 3000, 0.5])
def test_a_file_cut_short_is_damaged_not_a_traceback(tmp_path, keep):
    file = filled(tmp_path).database.file
    data = file.read_bytes()
    file.write_bytes(data[: keep if isinstance(keep, int) else int(len(data) * keep)])
    with pytest.raises(StoreError, match=r"damaged|cannot be used"):  # noqa: SIM117
        with Store(tmp_path) as store:
            store.pool(TASK, ScriptedSampler(length=200)).samples()


def test_garbage_inside_is_damaged_not_a_traceback(tmp_path):
    file = filled(tmp_path).database.file
    data = bytearray(file.read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    file.write_bytes(data)
    with pytest.raises(StoreError, match=r"damaged|cannot be used"):  # noqa: SIM117
        with Store(tmp_path) as store:
            store.pool(TASK, ScriptedSampler(length=200)).samples()


def test_a_row_that_makes_no_sense_is_damaged_not_a_traceback(store):
    pool = store.pool(TASK, ScriptedSampler())
    pool.draw(2)
    with store.database.write() as connection:
        connection.execute("UPDATE samples SET info = '{' WHERE idx = 1")
    with pytest.raises(StoreError, match="Sample 1"):
        pool.samples()


@pytest.mark.parametrize("place", ["file/store", "x" * 300, "loop/store"])
def test_a_folder_that_cannot_be_made_is_an_empty_store_that_says_why(tmp_path, place):
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with Store(tmp_path / place) as store:
        assert "cannot be made" in store.refusal and store.pools() == []
        with pytest.raises(ReadOnly, match="cannot be made"):
            store.pool(TextTask("noise"), ScriptedSampler()).draw(1)


def test_drawing_goes_on_where_the_data_folder_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "file" / "home"))
    monkeypatch.setattr(files, "own_folder", lambda kind: files.make_folder(tmp_path / "own"))
    said: list[str] = []
    assert len(spare.open_store(said.append).pool(TextTask("noise"), ScriptedSampler()).draw(2)) == 2
    assert len(said) == 1 and "cannot be made" in said[0] and "Nothing that is drawn now is kept" in said[0]


def test_a_network_mount_gets_a_rollback_journal(tmp_path, monkeypatch):
    with Store(tmp_path / "local") as local, local.database.read() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    monkeypatch.setattr(sqlite_file, "on_network", lambda folder: True)
    with Store(tmp_path / "far") as far:
        far.pool(TASK, ScriptedSampler()).draw(2)
        with far.database.read() as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"


def test_the_longest_mount_point_decides_what_is_a_network(tmp_path, monkeypatch):
    mounts = f"none / overlay rw 0 0\nhost:/x {tmp_path} nfs4 rw 0 0\nnone {tmp_path}/in ext4 rw 0 0\n"
    monkeypatch.setattr(sqlite_file.Path, "read_text", lambda self: mounts)
    assert sqlite_file.on_network(tmp_path / "a")
    assert not sqlite_file.on_network(tmp_path / "in" / "a")
    assert not sqlite_file.on_network(tmp_path.parent)
