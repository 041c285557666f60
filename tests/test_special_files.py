"""What is read from a name that somebody gave: a pipe is not waited for, and no file is read without bound."""

import errno
import os
import signal
from pathlib import Path

import pytest

from tts_playground import files, journal
from tts_playground.errors import BadInput
from tts_playground.evolve import rows
from tts_playground.images import open_image
from tts_playground.store import parquet
from tts_playground.tasks.vqa_data import questions

LARGE = 2 << 30
READERS = {
    "picture": (".png", open_image),
    "pools": (".parquet", parquet.read),
    "journal": (".jsonl", journal.read),
    "rows of objects": (".jsonl", rows.read),
    "rows of parquet": (".parquet", rows.read),
    "rows of csv": (".csv", rows.read),
    "questions": (".jsonl", lambda file: list(questions(str(file)))),
    "questions of parquet": (".parquet", lambda file: list(questions(str(file)))),
}


@pytest.fixture
def in_time():
    """A read that waits for a writer fails the test instead of stopping all others."""

    def late(*_):
        raise AssertionError("it waits for somebody to write")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def pipe(tmp_path, ending):
    file = tmp_path / f"pipe{ending}"
    os.mkfifo(file)
    return file


def sparse(tmp_path, ending):
    file = tmp_path / f"large{ending}"
    with file.open("wb") as opened:
        opened.truncate(LARGE)
    return file


@pytest.mark.parametrize("reader", sorted(READERS))
def test_a_pipe_is_refused_and_not_waited_for(reader, tmp_path, in_time):
    ending, read = READERS[reader]
    with pytest.raises(BadInput, match="is no plain file"):
        read(pipe(tmp_path, ending))


def test_a_journal_does_not_grow_in_a_pipe(tmp_path, in_time):
    with pytest.raises(BadInput, match="is no plain file"), journal.growing(pipe(tmp_path, ".jsonl")):
        pass


@pytest.mark.parametrize("reader", ["picture", "journal", "rows of objects", "questions"])
def test_a_large_file_is_refused_in_little_memory(reader, tmp_path, little_memory):
    ending, read = READERS[reader]
    with pytest.raises(BadInput):
        read(sparse(tmp_path, ending))


@pytest.fixture
def little_memory():
    """Less than the large file: reading it whole is a MemoryError."""
    resource = pytest.importorskip("resource")
    with Path("/proc/self/statm").open() as statm:
        now = int(statm.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + (1 << 30), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def test_a_device_without_end_is_no_picture(little_memory):
    with pytest.raises(BadInput, match="is no plain file"):
        open_image("/dev/zero")


def test_what_is_read_is_bounded(tmp_path):
    file = tmp_path / "a.txt"
    file.write_bytes(b"12345")
    assert files.read_plain(file, 5) == b"12345"
    with pytest.raises(BadInput, match="larger than 4 bytes"):
        files.read_plain(file, 4)
    with pytest.raises(OSError) as missing:
        files.read_plain(tmp_path / "b.txt", 4)
    assert missing.value.errno == errno.ENOENT
