"""What was freed goes back to the system."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from tts_playground.pages import freed_memory

RAGS = """
from pathlib import Path
from tts_playground.pages import freed_memory

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

rags = [bytes(60_000) for _ in range(3000)]
rags = rags[::100]
before = held()
assert freed_memory.give_back()
print(before - held())
"""


def test_what_lies_between_what_is_used_goes_back() -> None:
    done = subprocess.run([sys.executable, "-c", RAGS], capture_output=True, text=True, check=True)
    assert float(done.stdout) > 50, done.stdout  # 180 MB were taken


HEAPS = """
import ctypes, sys, threading
from tts_playground.pages import freed_memory

print(freed_memory.share_heaps(3))
gate = threading.Barrier(25)

def take():
    taken = [bytes(2000) for _ in range(50)]  # more than 512 bytes: Python leaves these to the C library
    gate.wait()

threads = [threading.Thread(target=take) for _ in range(24)]
for thread in threads:
    thread.start()
gate.wait()
library = ctypes.CDLL(None)
library.open_memstream.restype = library.fopen.restype = ctypes.c_void_p
text, size = ctypes.c_char_p(), ctypes.c_size_t()
stream = ctypes.c_void_p(library.open_memstream(ctypes.byref(text), ctypes.byref(size)))
library.malloc_info(0, stream)
library.fclose(stream)
print(text.value.count(b"<heap nr="))
"""


@pytest.mark.parametrize("chosen", [None, "5"])
def test_threads_share_their_heaps_unless_an_operator_says_otherwise(chosen: str | None) -> None:
    own = {"MALLOC_ARENA_MAX": chosen} if chosen else {}
    command, environment = [sys.executable, "-c", HEAPS], os.environ | own
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    shared, heaps = done.stdout.split()
    assert (shared, int(heaps)) == (("False", 5) if chosen else ("True", 3)), done.stderr


def test_it_goes_on_until_the_end(monkeypatch) -> None:
    ended, times = threading.Event(), []

    def trim(_: int) -> int:
        times.append(1)
        if len(times) == 3:
            ended.set()
        return 1

    monkeypatch.setattr(freed_memory, "_of_glibc", lambda _: trim)
    thread = freed_memory.give_back_often(ended, 0.01)
    thread.join(10)
    assert not thread.is_alive() and len(times) == 3


def test_another_library_is_left_alone(monkeypatch) -> None:
    monkeypatch.setattr(freed_memory, "_of_glibc", lambda _: None)
    assert not freed_memory.give_back() and not freed_memory.share_heaps()
    thread = freed_memory.give_back_often(threading.Event(), 0.01)
    thread.join(10)
    assert not thread.is_alive()
