"""A store that cannot be written can still be read, and deleted from on a full disk; writes are one sentence."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from store_worker import Brightness, NoiseSampler

from tts_playground.errors import NoSpace, ReadOnly, StoreError
from tts_playground.store import spare, sqlite_file
from tts_playground.store.store import Store
from tts_playground.testing import ScriptedSampler, TextTask

TASK = TextTask("noise")
LINUX = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="users are told apart by number")


def filled(folder: Path, sampler=None, n: int = 5) -> str:
    with Store(folder) as store:
        pool = store.pool(TASK, sampler or NoiseSampler())
        pool.draw(n)
        store.pool(TextTask("other"), ScriptedSampler()).draw(3)
        return pool.key


# ------------------------------------------------------------------------------------------------- nobody may write


@pytest.fixture
def home():
    """A folder that others may look into; pytest's are private."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(folder)


@contextmanager
def forbidden(folder: Path):
    """Nobody may write in the folder, and we are not root meanwhile, who may all the same."""
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    us = os.geteuid()
    if us == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(us)


@LINUX
@pytest.mark.parametrize("kind", ["closed", "log", "log and memory", "log that was emptied"])
def test_a_read_only_home_is_read_whole(home, kind):
    """After a clean end there is no log; after a kill there is one, and what was committed last is in it alone."""
    live, dead = home / "live", home / "dead"
    key = filled(live)
    if kind == "closed":
        shutil.copytree(live, dead)
    else:
        with Store(live) as store:
            store.pool(TASK, NoiseSampler()).draw(8)
            if kind == "log that was emptied":
                store.database.give_back()
            shutil.copytree(live, dead)
        if kind == "log":
            (dead / "pools.sqlite-shm").unlink()
    n = 5 if kind == "closed" else 8
    with forbidden(dead), Store(dead) as store:
        assert "cannot be written" in store.refusal
        assert {info.title: info.samples for info in store.pools()} == {"noise": n, "other": 3}
        assert len(store.open(key).samples()) == n
        pool = store.pool(TASK, NoiseSampler())
        assert len(pool.draw(n)) == n
        for write in (lambda: pool.draw(n + 1), lambda: pool.score(Brightness()), lambda: store.delete(key)):
            with pytest.raises(ReadOnly, match="cannot be"):
                write()


@LINUX
def test_a_read_only_home_without_a_store_is_an_empty_one(home):
    (home / "empty").mkdir()
    (home / "empty file" / "store").mkdir(parents=True)
    (home / "empty file" / "store" / "pools.sqlite").touch()
    with forbidden(home):
        for name in ("empty", "empty file"):
            with Store(home / name / "store") as store:
                assert store.pools() == []
                with pytest.raises(ReadOnly):
                    store.pool(TASK, ScriptedSampler()).draw(1)


@LINUX
def test_the_command_line_lists_a_read_only_home_and_answers_without_keeping(home, monkeypatch):
    filled(home / "store")
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(home))
    said: list[str] = []
    with forbidden(home), spare.open_store(said.append) as store:
        assert "Nothing that is drawn now is kept" in said[0]
        assert len(store.pool(TASK, NoiseSampler()).draw(6)) == 6
        assert not store.path.is_relative_to(home)


# ------------------------------------------------------------------------------------------------- a full disk


class Full(sqlite_file.Connection):
    """SQLite on a full disk: nothing that needs a journal on the disk can be written."""

    def execute(self, statement, *given):
        word = statement.split()[0]
        if word in ("INSERT", "DELETE", "CREATE"):
            (mode,) = super().execute("PRAGMA journal_mode").fetchone()
            if mode != "memory":
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorcode, error.sqlite_errorname = 13, "SQLITE_FULL"  # type: ignore[misc]
                raise error
        return super().execute(statement, *given)


@pytest.mark.parametrize("sampler", [NoiseSampler(), ScriptedSampler()])
def test_a_pool_is_deleted_when_sqlite_finds_no_room(tmp_path, monkeypatch, sampler):
    key = filled(tmp_path, sampler)
    monkeypatch.setattr(sqlite_file, "Connection", Full)
    with Store(tmp_path) as store:
        with pytest.raises(NoSpace, match="full; free some space"):
            store.pool(TASK, sampler).draw(9)
        assert store.delete(key) == key
        assert [info.title for info in store.pools()] == ["other"]
        assert list(store.blobs.digests()) == []
    monkeypatch.undo()
    with Store(tmp_path) as store, store.database.read() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_a_full_disk_is_no_reason_to_delete_what_others_use(tmp_path, monkeypatch):
    key = filled(tmp_path)
    with Store(tmp_path) as store:
        store.pool(TextTask("noise"), NoiseSampler(12)).draw(5)
        pool = store.open(key)
        (tmp_path / "twin").mkdir()
        twin = store.pool(TextTask("twin"), NoiseSampler())
        twin.insert(pool.rows())
        before = sorted(store.blobs.digests())
    monkeypatch.setattr(sqlite_file, "Connection", Full)
    with Store(tmp_path) as store:
        store.delete(key)
        assert sorted(store.blobs.digests()) == before
        assert len(store.open(twin.key).samples()) == 5


def test_a_damaged_name_leads_nobody_out_of_the_folder(tmp_path, monkeypatch):
    key = filled(tmp_path / "store")
    strange = tmp_path / "store" / "images" / "ab" / "not ours.png"
    strange.parent.mkdir(exist_ok=True)
    for mine in (tmp_path / "mine.png", strange):
        mine.write_text("a picture of mine")
    raw = sqlite3.connect(tmp_path / "store" / "pools.sqlite")
    raw.execute("UPDATE samples SET blob = '../../../mine' WHERE blob IS NOT NULL")
    raw.commit()
    raw.close()
    monkeypatch.setattr(sqlite_file, "Connection", Full)
    with Store(tmp_path / "store") as store:
        with pytest.raises(StoreError, match="name of a picture .* is damaged"):
            store.open(key).samples()
        store.delete(key)
    assert (tmp_path / "mine.png").exists() and strange.exists()


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 2 MB, where one may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path) -> None:
    with (folder / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mounts a disk in memory")
@pytest.mark.parametrize("sampler", [NoiseSampler(40), ScriptedSampler(length=200)])
def test_a_disk_that_is_really_full(small_disk, sampler):
    folder = small_disk / "store"
    key = filled(folder, sampler, 30)
    fill(small_disk)
    with Store(folder) as store:
        assert {info.title: info.samples for info in store.pools()} == {"noise": 30, "other": 3}
        with pytest.raises(NoSpace):
            store.pool(TextTask("new"), NoiseSampler()).draw(1)
        with pytest.raises(NoSpace):
            store.pool(TextTask("new"), ScriptedSampler()).draw(1)
        with pytest.raises(NoSpace, match="No space left"):
            store.export(key, small_disk / "pool.parquet")
        assert not (small_disk / "pool.parquet").exists()
        assert store.delete(key) == key
        assert [info.title for info in store.pools()] == ["other"]
    (small_disk / "filler").unlink()
    with Store(folder) as store:
        assert store.refusal == ""
        assert len(store.pool(TASK, sampler).draw(2)) == 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mounts a disk in memory")
def test_a_disk_that_fills_up_while_drawing_keeps_what_was_told(small_disk):
    told: list[int] = []
    with Store(small_disk / "store") as store, pytest.raises(NoSpace):
        store.pool(TASK, NoiseSampler(64)).draw(10_000, on_sample=lambda sample: told.append(sample.index))
    with Store(small_disk / "store") as store:
        assert [sample.index for sample in store.pool(TASK, NoiseSampler(64)).samples()] == told
        assert len(told) > 10


def test_every_kind_of_fault_has_its_sentence(tmp_path):
    for name, kind, says in [
        ("SQLITE_FULL", NoSpace, "full"),
        ("SQLITE_READONLY_DIRECTORY", ReadOnly, "permissions"),
        ("SQLITE_CANTOPEN", ReadOnly, "permissions"),
        ("SQLITE_BUSY", StoreError, "another program"),
        ("SQLITE_IOERR_READ", StoreError, "check its disk"),
        ("SQLITE_CORRUPT", StoreError, "damaged"),
        ("SQLITE_CONSTRAINT_NOTNULL", StoreError, "damaged"),
        ("", StoreError, "damaged"),
    ]:
        for error in (sqlite3.OperationalError, sqlite3.DatabaseError, sqlite3.IntegrityError, sqlite3.InternalError):
            fault = error("x")
            fault.sqlite_errorname = name  # type: ignore[misc]
            with pytest.raises(kind, match=says) as caught, sqlite_file.translated(tmp_path / "a"):
                raise fault
            assert type(caught.value) is kind
