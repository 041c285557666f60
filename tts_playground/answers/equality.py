"""Whether two answers are the same as mathematics: what votes on solutions group by, and what a truth is held to.

Integers, decimals and fractions are compared exactly and at once. All else is asked of ``math-verify`` in a process of
its own (``equality_worker``), since its time limits are signals, which only a main thread hears, and since an answer
such as 9^{9^{9^9}} must take nothing down. What is not settled there within a second is compared as text.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import IO

from tts_playground.answers.forms import amount
from tts_playground.answers.numbers import read_number

SECONDS = 1.0
"""for one comparison"""
STARTING = 60.0
"""seconds for the process to come up; it imports sympy"""
LONGEST = 300
"""characters of an answer that is read as mathematics"""
_WRAPPED = re.compile(r"\\(?:text|mathrm|textbf|mathbf|mbox)\s*\{([^{}]*)\}")
_DRESS = re.compile(r"\\left(?![a-z])|\\right(?![a-z])|\\[,!;: ]|\s+|\$|(?<=\\)[dt](?=frac)")


def equal(truth: str, said: str) -> bool:
    """Whether ``said`` is the same as ``truth``; nothing is the same as no answer but no answer. Never raises."""
    left, right = normalised(truth), normalised(said)
    if left == right or not (left and right):
        return left == right
    a, b = read_number(truth), read_number(said)
    if a is not None and b is not None:
        return a == b
    if max(len(truth), len(said)) > LONGEST:
        return False
    if (a is None) != (b is None) and "\\" not in truth + said:  # one may name its unit, as "5 dollars" does
        named = read_number(amount(truth if a is None else said))
        if named is not None and named == (b if a is None else a):
            return True
    return _asked(truth, said)


def groups(said: Sequence[str]) -> list[str]:
    """For each answer the name of its group: the first of those that are equal to it; "" for no answer."""
    heads: list[str] = []
    by_number: dict[object, str] = {}
    names: dict[str, str] = {}
    for answer in said:
        if answer in names:
            continue
        number = read_number(answer)
        name = by_number.get(number) if number is not None else None
        if name is None:  # numbers among each other are settled by now
            others = [head for head in heads if number is None or read_number(head) is None]
            name = next((head for head in others if equal(head, answer)), None)
        if name is None:
            name = answer if normalised(answer) else ""
            heads.append(name)
        if number is not None:
            by_number.setdefault(number, name)
        names[answer] = name
    return [names[answer] for answer in said]


@lru_cache(maxsize=65536)
def normalised(answer: str) -> str:
    """An answer as text without LaTeX's dress: spaces, dollars, sizes of brackets and fractions, a full stop."""
    text = _WRAPPED.sub(r"\1", answer.replace("\u2212", "-"))
    text = _DRESS.sub("", text).rstrip(".")
    return text.lower() if text.isalpha() else text


@lru_cache(maxsize=65536)  # a vote compares the same few answers at every N
def _asked(truth: str, said: str) -> bool:
    return _WORKER.equal(truth, said)


class _Worker:
    """The process, started when it is first needed, and again after it had to be ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str] = queue.Queue()
        self._broken = False

    def equal(self, truth: str, said: str) -> bool:
        """What it says; False where it does not answer in time, or is not there."""
        with self._lock:
            process = self._running()
            if process is None or process.stdin is None:
                return False
            try:
                process.stdin.write(json.dumps([truth, said]) + "\n")
                process.stdin.flush()
                return self._lines.get(timeout=SECONDS).strip() == "true"
            except (OSError, ValueError, queue.Empty):
                self._end()
                return False

    def _running(self) -> subprocess.Popen[str] | None:
        if self._process is not None and self._process.poll() is None:
            return self._process
        if self._broken:
            return None
        command = [sys.executable, "-m", "tts_playground.answers.equality_worker"]
        pipe, path = subprocess.PIPE, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
        env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path)), "PYTHONUTF8": "1"}
        try:
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, encoding="utf-8", env=env
            )
        except OSError:
            self._broken = True
            return None
        self._lines = queue.Queue()
        threading.Thread(target=_read, args=(self._process.stdout, self._lines), daemon=True).start()
        try:
            ready = self._lines.get(timeout=STARTING).strip() == "ready"
        except queue.Empty:
            ready = False
        if not ready:  # math-verify is missing or broken: text is what is left
            self._broken = True
            self._end()
        return self._process

    def close(self) -> None:
        """End it."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    _closed(pipe)
        self._process = None


def _read(stream: IO[str] | None, lines: queue.Queue[str]) -> None:
    with suppress(OSError, ValueError):  # it was closed
        for line in stream or ():
            lines.put(line)
    lines.put("")


def _closed(pipe: IO[str]) -> None:
    with suppress(OSError):  # what was still to be written is of no use
        pipe.close()


_WORKER = _Worker()
atexit.register(_WORKER.close)
