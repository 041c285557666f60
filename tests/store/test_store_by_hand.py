"""What the store, its files and its logs do one by one: order, revisions, seeds, flushes, torn and half lines."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import stat
import time
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tts_playground import files, journal
from tts_playground.core import Cost
from tts_playground.errors import BadInput, NoSpace, StoreError
from tts_playground.estimators.curves import expected_best, expected_pick
from tts_playground.store import parquet
from tts_playground.store import store as store_module
from tts_playground.store.blobs import Blobs
from tts_playground.store.pool import mean_cost
from tts_playground.store.store import Store
from tts_playground.testing import ScriptedSampler, TableReward, TextTask

TASK = TextTask("a word")


class Named(TableReward):
    """A table under a name and a revision of its own."""

    def __init__(self, name, table, revision="1"):
        super().__init__(table)
        for field, value in (("name", name), ("revision", revision)):
            object.__setattr__(self, field, value)


UP, DOWN = Named("up", {"a": 1, "b": 2, "c": 3, "d": 4}), Named("down", {"a": 4, "b": 3, "c": 1, "d": 0})


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def pool(store):
    """Ten words of seed 0 and six of seed 1, each scored twice."""
    made = store.pool(TASK, ScriptedSampler())
    for seed, count in ((0, 10), (1, 6)):
        made.draw(count, seed=seed)
        for reward in (UP, DOWN):
            made.score(reward, seed=seed)
    return made


# ---------------------------------------------------------------------------------------------------------- pools


def test_scores_and_curves_are_those_of_their_seed_and_reward(pool):
    for view in (pool, pool.snapshot()):
        for seed, count in ((0, 10), (1, 6)):
            words = list(ScriptedSampler().draw(TASK, range(count), seed=seed))
            up, down = UP.score(TASK, words), DOWN.score(TASK, words)
            assert view.samples(seed=seed) == words and view.count(seed) == count
            assert view.samples(3, seed=seed) == words[:3]
            assert view.scores("up", seed=seed) == up and view.scores("down", 3, seed=seed) == down[:3]
            own, gold = view.curve("up", seed=seed, ns=[1, 3]), view.curve("up", "down", seed=seed, ns=[1, 3])
            np.testing.assert_allclose(own.mean, expected_best(up, [1, 3]))
            np.testing.assert_allclose(gold.mean, expected_pick(up, down, [1, 3]))
            assert (own.measure, gold.measure) == ("up", "down")
        assert len(view) == 16 and view.unit(seed=1) == asdict(Cost(samples=1, tokens=4))


def test_the_latest_revision_of_a_reward_is_the_one_that_counts(pool):
    pool.score(Named("up", {"a": 9}, "2"))
    assert pool.scores("up") == Named("up", {"a": 9}).score(TASK, pool.samples())
    assert pool.values("up", "1") != pool.values("up", "2") and pool.snapshot().scores("up") == pool.scores("up")


def test_the_cost_of_nothing_is_nothing_and_titles_are_cut_at_sixty(store):
    assert set(mean_cost([store.pool(TASK, ScriptedSampler())]).values()) == {0}
    for length, shown in ((60, "x" * 60), (61, "x" * 57 + "...")):
        assert store.pool(TextTask("x" * length), ScriptedSampler()).title == shown


def test_everything_is_copied_batch_by_batch(pool, tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "_BATCH", 3)
    with Store(tmp_path / "other") as other:
        other.add(pool)
        assert other.open(pool.key).snapshot() == pool.snapshot()


def test_the_size_is_that_of_all_files(pool, store):
    assert store.size() == sum(path.stat().st_size for path in store.path.rglob("*") if path.is_file()) > 4096


def test_rows_of_a_file_are_put_in_order(pool, tmp_path):
    file = tmp_path / "pool.parquet"
    parquet.write([pool], file)
    table = pq.read_table(file)
    turned = table.take(pa.array(range(len(table))[::-1])).replace_schema_metadata(table.schema.metadata)
    pq.write_table(turned, file)
    (back,) = parquet.read(file)
    assert back.rows(seed=None) == pool.rows(seed=None) and back.scores("up", seed=1) == pool.scores("up", seed=1)


@pytest.mark.parametrize(("most", "fits"), [(16, True), (15, False)])
def test_a_file_has_at_most_so_many_rows_and_only_our_version(pool, tmp_path, monkeypatch, most, fits):
    file = tmp_path / "pool.parquet"
    parquet.write([pool], file)
    monkeypatch.setattr(parquet, "MOST_ROWS", most)
    if fits:
        assert len(parquet.read(file)[0]) == 16
        table = pq.read_table(file)
        pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"tts_playground": b"9"}), file)
    with pytest.raises(StoreError if fits else BadInput, match="version '9'" if fits else "16 rows; at most 15"):
        parquet.read(file)


# ---------------------------------------------------------------------------------------------------------- database


def test_a_transaction_that_fails_leaves_nothing_and_one_that_is_open_keeps_others_out(pool, store):
    with pytest.raises(ZeroDivisionError), store.database.write() as connection:
        connection.execute("DELETE FROM samples")
        raise ZeroDivisionError
    assert len(pool) == 16
    other = sqlite3.connect(store.database.file, timeout=0)
    with store.database.write(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")  # before the first statement, too: what is read then is what is there
    other.execute("BEGIN IMMEDIATE")
    other.rollback()
    other.close()


# ---------------------------------------------------------------------------------------------------------- pictures


def test_a_picture_that_was_cut_short_is_written_again_and_foreign_files_are_nobodys(tmp_path):
    blobs = Blobs(tmp_path)
    digest = blobs.put(b"a picture")
    file = blobs.path(digest)
    file.write_bytes(b"a pic")
    assert blobs.put(b"a picture") == digest and file.read_bytes() == b"a picture"
    (file.parent / "mine.png").write_bytes(b"x")
    assert list(blobs.digests()) == [digest]
    for name in (digest + "x", digest[:-1], "../" + digest[3:], digest.upper().replace("0", "A") + "\n"):
        with pytest.raises(StoreError, match="damaged"):
            blobs.path(name)
    blobs.remove(digest)
    blobs.remove(digest)
    assert not file.exists() and (file.parent / "mine.png").exists()


def test_half_pictures_of_old_versions_go_once_they_are_old(tmp_path):
    old, young = tmp_path / "ab" / "1.tmp", tmp_path / "ab" / "2.tmp"
    old.parent.mkdir()
    for file in (old, young):
        file.write_bytes(b"half")
    os.utime(old, (time.time() - 2 * files.STALE,) * 2)
    Blobs(tmp_path).remove_unfinished()
    assert not old.exists() and young.exists()


# ---------------------------------------------------------------------------------------------------------- files


@pytest.fixture
def flushed(monkeypatch):
    """What was flushed: "file" or "folder", and whether the target was there by then."""
    seen, own = [], os.fsync

    def fsync(handle):
        seen.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        own(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    return seen


def test_a_file_is_on_the_disk_before_it_has_its_name_and_the_name_after(tmp_path, flushed, monkeypatch):
    target, replaced = tmp_path / "a", type(tmp_path).replace

    def replace(self, other):
        flushed.append("named")
        return replaced(self, other)

    monkeypatch.setattr(type(tmp_path), "replace", replace)
    files.write_text(target, "x")
    assert flushed == ["file", "named", "folder"]
    flushed.clear()
    with files.whole(target, lasting=False) as partial:
        partial.write_text("y")
    assert flushed == ["named"] and target.read_text() == "y"


def test_a_new_file_has_the_permissions_of_any_new_file_and_odd_characters_are_written(tmp_path):
    before = os.umask(0o027)
    try:
        files.write_text(tmp_path / "a", "half \ud800 a character")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
    assert (tmp_path / "a").read_text() == "half ? a character"


def test_a_folder_is_as_new_as_the_newest_of_its_files(tmp_path):
    left = tmp_path / f"{files.PREFIX}1{files.ENDING}"
    left.mkdir()
    for name in ("a", "b"):
        (left / name).write_text("weights")
    for path in (left, left / "a"):
        os.utime(path, (0, 0))
    files.sweep(tmp_path)
    assert left.exists(), "b is young: its writer may live where there are no locks"
    os.utime(left / "b", (0, 0))
    os.utime(left, (0, 0))
    files.sweep(tmp_path)
    assert not left.exists()


# ---------------------------------------------------------------------------------------------------------- logs


def lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_log_is_cut_to_the_lines_to_keep(tmp_path, flushed):
    file = tmp_path / "log.jsonl"
    with journal.growing(file) as append:
        append({"n": n} for n in range(5))
    assert flushed == ["file"]
    with journal.growing(file, keep=2) as append:
        append([{"n": 9}])
    assert lines(file) == [{"n": 0}, {"n": 1}, {"n": 9}]
    with journal.growing(file, keep=0):
        pass
    assert file.read_bytes() == b""


def test_rows_that_did_not_fit_are_taken_back(tmp_path, monkeypatch):
    file, own = tmp_path / "log.jsonl", os.write
    with journal.growing(file) as append:
        append([{"n": 1}])
        monkeypatch.setattr(os, "write", lambda handle, data: own(handle, data[: len(data) // 2]))
        with pytest.raises(NoSpace, match=os.strerror(errno.ENOSPC)):
            append([{"n": 2}, {"n": 3}])
        monkeypatch.setattr(os, "write", own)
        assert lines(file) == [{"n": 1}]
        append([{"n": 4}])
    assert lines(file) == [{"n": 1}, {"n": 4}]


@pytest.mark.parametrize(
    ("text", "read", "kept"),
    [
        ('{"n": 1}\n{"n": ', 1, 1),
        ('{"n": 1}\n{"n": \n\n', 1, 1),
        ('{"n": 1}\n{"n": 2}', 2, 2),
        ('{"n": ', 0, 0),
        ("", 0, 0),
        ("\n\n", 0, 0),
    ],
)
def test_only_a_torn_last_line_is_passed_over_and_then_cut_off(tmp_path, text, read, kept):
    file = tmp_path / "log.jsonl"
    file.write_text(text)
    assert len(journal.read(file)) == read
    with journal.growing(file) as append:
        append([{"n": 7}])
    assert [row["n"] for row in journal.read(file)] == [*range(1, kept + 1), 7]


@pytest.mark.parametrize("text", ['{"n": 1}\n{"n": \n{"n": 3}\n', '{"n": 1}\n3\n', '{"n": 1}\n[2]'])
def test_what_is_whole_and_wrong_or_torn_in_the_middle_is_an_error(tmp_path, text):
    file = tmp_path / "log.jsonl"
    file.write_text(text)
    with pytest.raises(BadInput, match="Line 2"):
        journal.read(file)
    with pytest.raises(BadInput, match="Line 2"):
        journal.read(file, torn=False)


@pytest.mark.parametrize("end", [bytes(40), b'{"n": 2' + bytes(9), b"\x8f\xa2banana", b"banana\n"])
def test_an_end_that_no_killed_writer_leaves_is_damage_and_not_a_torn_line(tmp_path, end):
    file = tmp_path / "log.jsonl"
    file.write_bytes(b'{"n": 1}\n' + end)
    with pytest.raises(BadInput, match="Line 2"):
        journal.read(file)
    with pytest.raises(StoreError, match="end of .* is damaged"), journal.growing(file):
        pass
    assert file.read_bytes() == b'{"n": 1}\n' + end
    with journal.growing(file, keep=1) as append:
        append([{"n": 5}])
    assert journal.read(file) == [{"n": 1}, {"n": 5}]


def test_a_line_that_nests_too_deep_was_not_torn(tmp_path):
    file = tmp_path / "log.jsonl"
    file.write_text('{"n": 1}\n{"n": ' + "[" * 50_000 + "]" * 50_000 + "}\n")
    size = file.stat().st_size
    with pytest.raises(BadInput, match="levels deep"):
        journal.read(file)
    with journal.growing(file):
        pass
    assert file.stat().st_size == size, "nothing is cut off that somebody wrote whole"


def test_a_whole_key_is_not_the_beginning_of_another(pool, store):
    """A damaged store can hold a key that another begins with: given in full it is meant, and no other."""
    short = pool.key[:20]
    with store.database.write() as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(pools)")]
        others = ", ".join(name for name in columns if name != "key")
        connection.execute(f"INSERT INTO pools (key, {others}) SELECT ?, {others} FROM pools", (short,))
    with pytest.raises(BadInput, match="2 pools begin"):
        store.delete(pool.key[:19])
    assert store.delete(short) == short
    assert store.delete(pool.key[:19]) == pool.key


def test_pictures_of_two_pools_outlive_one_of_them(store):
    class Pictures(ScriptedSampler):
        def draw(self, task, indices, *, seed=0):
            for sample in super().draw(task, indices, seed=seed):
                yield type(sample)(Image.new("L", (2, 2), sample.index), sample.index, seed)

    one, two = (store.pool(TextTask(name), Pictures()) for name in "ab")
    one.draw(3)
    two.draw(2)
    store.delete(one.key)
    assert len(list(store.blobs.digests())) == 2 and len(two.samples()) == 2
