"""A full disk, a home that is read-only, a clock that goes wrong, and damage: what was written stays, or it is said."""

import json
import os
import random
import resource
import subprocess
import time
from pathlib import Path

import chaos_writers
import pytest
from store_worker import Brightness, NoiseSampler

from tts_playground import cli, files, journal
from tts_playground.cluster import chunks, places
from tts_playground.cluster.work import Done
from tts_playground.errors import PlaygroundError
from tts_playground.store import parquet
from tts_playground.store.rows import decode
from tts_playground.store.store import Store

ROOT = Path(__file__).parents[2]
KINDS = ("pools", "scores", "exports", "journals", "cluster_chunks")


def in_child(work):
    """What ``work()`` said, and how it ended, in a process of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(writer, "w") as out:
            try:
                end = work(lambda one: out.write(json.dumps(one) + "\n"))
            except PlaygroundError as error:
                end = f"sentence: {error}"
            except BaseException as error:
                end = f"fault: {error!r}"
            out.write(json.dumps({"end": end}) + "\n")
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as read:
        *said, last = [json.loads(line) for line in read]
    os.waitpid(child, 0)
    return [tuple(one) if isinstance(one, list) else one for one in said], last["end"]


ROOM = {"pools": 150_000, "scores": 600_000, "exports": 30_000, "journals": 150_000, "cluster_chunks": 5_000}
"""bytes that no file may pass"""
DISK = {"pools": 600, "scores": 600, "exports": 80, "journals": 200, "cluster_chunks": 200}
"""size of a disk in thousands of bytes"""


@pytest.mark.parametrize("room", [1.0, 0.05])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_can_grow_no_further_keeps_what_was_reported_and_is_said_in_a_sentence(kind, room, tmp_path):
    def work(say):
        most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(room * ROOM[kind]), most))
        return getattr(chaos_writers, kind)(tmp_path, 0, say)

    said, end = in_child(work)
    assert end.startswith("sentence: ") and end.endswith(".") and "\n" not in end
    if room == 1.0:
        assert said
    if said:
        getattr(chaos_writers, f"{kind}_hold")(tmp_path, said)


@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_that_is_full_keeps_what_was_reported_and_is_said_in_a_sentence(kind, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK[kind]}k", "tmpfs", disk], capture_output=True
    ).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        said, end = in_child(lambda say: getattr(chaos_writers, kind)(disk, 0, say))
        assert end.startswith("sentence: ")
        assert said
        getattr(chaos_writers, f"{kind}_hold")(disk, said)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("verb", [["pools", "list"], ["sketch", str(ROOT / "examples" / "drawing.png"), "-n", "2"]])
def test_verbs_answer_in_a_home_that_nobody_may_write(verb, tmp_path, monkeypatch):
    for folder in (tmp_path, *tmp_path.parents[:2]):  # those that pytest made, and keeps private
        folder.chmod(0o755)
    home = tmp_path / "home"
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "warm"))

    def code_of(verb):
        try:
            cli.main(verb)
        except SystemExit as leaving:
            return leaving.code

    def work(say):
        assert code_of(verb) == 0  # as root: it imports what nobody else may read
        home.mkdir(0o555)
        os.environ["TTS_PLAYGROUND_HOME"] = str(home)
        os.seteuid(65534)
        return code_of(verb)

    _, end = in_child(work)
    assert end == 0
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("years", [-30, 30])
def test_a_clock_that_is_put_back_or_forward_between_two_writes_loses_nothing(kind, years, tmp_path, monkeypatch):
    class Enough(Exception):
        pass

    said, clock = [], time.time

    def say(one):
        said.append(one)
        if len(said) % 20 == 0:
            raise Enough

    for life in range(3):
        monkeypatch.setattr(time, "time", lambda off=life % 2 * years * 365.25 * 86400: clock() + off)
        files._swept.clear()  # as a process that has just begun
        with pytest.raises(Enough):
            getattr(chaos_writers, kind)(tmp_path, life, say)
        getattr(chaos_writers, f"{kind}_hold")(tmp_path, said)


def test_a_living_writer_keeps_its_file_whatever_the_clock_says(tmp_path, monkeypatch):
    with files.whole(tmp_path / "file") as partial:
        partial.write_text("all of it")
        monkeypatch.setattr(time, "time", lambda: 10.0)
        files.sweep(tmp_path)
    assert (tmp_path / "file").read_text() == "all of it"


# --------------------------------------------------------------------------------------------------------- damage


def _write_all(folder):
    with Store(folder / "store") as store:
        pool = store.pool(chaos_writers.TASK, NoiseSampler())
        pool.draw(120)
        pool.score(Brightness())
        store.export(pool.key, folder / "pool.parquet")
    with journal.growing(folder / "rows.jsonl") as append:
        append({"number": number, "text": "words " * 20} for number in range(60))
    writer = chunks.ChunkWriter(places.opened(str(folder / "chunks")), "w0", {"model": "x"})
    for number in range(60):
        writer.add(Done(f"k{number}", {"number": number, "text": "words " * 20}))
    writer.flush()


def _read_store(folder):
    with Store(folder / "store") as store:
        pool = store.pool(chaos_writers.TASK, NoiseSampler())
        rows = pool.rows(seed=None)
        return {row.index: decode(row).content.tobytes() for row in rows}, dict(pool.values("brightness", "1"))


def _read_export(folder):
    (pool,) = parquet.read(folder / "pool.parquet", strict=True)
    return {one.index: one.content.tobytes() for one in pool.samples()}, dict(pool.values("brightness", "1"))


READERS = {
    "store/pools.sqlite": _read_store,
    "store/images": _read_store,
    "pool.parquet": _read_export,
    "chunks/w0-00000.parquet": lambda folder: {
        key: one.row for key, one in chunks.read(places.opened(str(folder / "chunks"))).done.items()
    },
    "rows.jsonl": lambda folder: journal.read(folder / "rows.jsonl"),
}


def _spoil(file, chance):
    """A page of zeros, a page of noise, a cut, or an end in zeros as a power cut leaves it; returns which."""
    data = bytearray(file.read_bytes())
    size = min(len(data), 4096)
    start = chance.randrange(-(-len(data) // size)) * size
    how = chance.choice(("zeros", "noise", "cut", "end"))
    if how == "cut":
        del data[max(1, start) :]
    else:
        end = min(start + size, len(data)) if how != "end" else len(data)
        data[start:end] = chance.randbytes(end - start) if how == "noise" else bytes(end - start)
    file.write_bytes(data)
    return how, start


@pytest.mark.parametrize("what", READERS)
def test_damage_is_said_in_a_sentence_and_never_read_as_something_else(what, tmp_path, pytestconfig):
    _write_all(tmp_path)
    read = READERS[what]
    whole, chance = read(tmp_path), random.Random(what)
    file = tmp_path / what
    said = 0
    for _ in range(pytestconfig.getoption("--kills")):
        hurt = chance.choice(sorted(file.glob("??/*.png"))) if file.is_dir() else file
        before = hurt.read_bytes()
        how = _spoil(hurt, chance)
        try:
            found = read(tmp_path)
            # a file of lines that somebody cut short is a shorter file of lines
            assert found == (whole[: len(found)] if how[0] == "cut" and what == "rows.jsonl" else whole), how
        except PlaygroundError as error:
            said += 1
            assert str(error).rstrip().endswith(".") and "Traceback" not in str(error)
        for log in tmp_path.glob("store/pools.sqlite-*"):
            log.unlink()
        hurt.write_bytes(before)
    assert said > pytestconfig.getoption("--kills") // 3
    assert read(tmp_path) == whole
