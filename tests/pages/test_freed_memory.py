"""What was freed goes back to the system."""

from __future__ import annotations

import subprocess
import sys
import threading

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


def test_it_goes_on_until_the_end(monkeypatch) -> None:
    ended, times = threading.Event(), []

    def trim(_: int) -> int:
        times.append(1)
        if len(times) == 3:
            ended.set()
        return 1

    monkeypatch.setattr(freed_memory, "_trim", lambda: trim)
    thread = freed_memory.give_back_often(ended, 0.01)
    thread.join(10)
    assert not thread.is_alive() and len(times) == 3


def test_another_library_is_left_alone(monkeypatch) -> None:
    monkeypatch.setattr(freed_memory, "_trim", lambda: None)
    assert not freed_memory.give_back()
    thread = freed_memory.give_back_often(threading.Event(), 0.01)
    thread.join(10)
    assert not thread.is_alive()
