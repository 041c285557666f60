"""Processes that are killed at any moment: what they said was written is there, and whole, and others go on from it."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
import time
from multiprocessing import forkserver

import chaos_writers
import pytest

KINDS = ("pools", "scores", "exports", "journals", "cluster_chunks", "recipe_files")
AT_ONCE = {"pools": 2, "scores": 2}
"""writers that are killed together, where several may write"""


def _live(kind, folder, life, channel):
    getattr(chaos_writers, kind)(folder, life, channel.send)


@pytest.fixture(scope="module")
def processes():
    """A server that has imported all there is and forks a writer at once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["chaos_writers"])
    with pytest.MonkeyPatch.context() as patch:  # the server of Python 3.11 does not hear of our path otherwise
        patch.setenv("PYTHONPATH", os.pathsep.join(one for one in sys.path if one))
        forkserver.ensure_running()
    return context


def _killed(writer, channel, chance):
    """What a writer said before it was killed, somewhere between two of its reports."""
    said = []
    for _ in range(chance.randrange(1, 25)):
        if not channel.poll(120):
            raise AssertionError("a writer said nothing for two minutes")
        said.append(channel.recv())
    time.sleep(chance.random() * 0.01)
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    assert writer.exitcode == -signal.SIGKILL, "a writer ended on its own"
    while channel.poll():
        try:
            said.append(channel.recv())
        except (EOFError, OSError):  # the last report was cut off
            break
    return said


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_was_reported_as_written_is_lost(kind, processes, tmp_path, pytestconfig):
    kills = -(-pytestconfig.getoption("--kills") // len(KINDS))
    chance, said, life = random.Random(kind), [], 0
    while life < kills:
        writers = []
        for _ in range(AT_ONCE.get(kind, 1)):
            ours, theirs = processes.Pipe(duplex=False)
            writer = processes.Process(target=_live, args=(kind, tmp_path, life, theirs))
            writer.start()
            theirs.close()
            writers.append((writer, ours))
            life += 1
        for writer, channel in writers:
            said += _killed(writer, channel, chance)
            channel.close()
        getattr(chaos_writers, f"{kind}_hold")(tmp_path, said)
    assert said
