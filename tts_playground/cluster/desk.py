"""What a worker's process does: it loads the models once, works on what it is given, and tells what it has written.

The work is done by a thread of its own, so that the desk answers at any time. What is told is on file.
"""

from __future__ import annotations

import os
import secrets
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

from tts_playground.cluster import places
from tts_playground.cluster.chunks import ChunkWriter
from tts_playground.cluster.work import Done, Item, Maker
from tts_playground.errors import Cancelled, PlaygroundError, shown

FLUSH = 1.0
"""seconds after which what is done is written, at the next step"""
SOON = 0.2
"""the same where no further keys are at hand"""


@dataclass(frozen=True, slots=True)
class DeskReport:
    """What a worker says when it is asked."""

    life: str
    """another one after a restart"""
    done: tuple[Done, ...] = ()
    """written since the last report; without their rows, which stand in the chunks"""
    file: str = ""
    """of the chunks that were written"""
    loaded: bool = False
    crash: str = ""
    """why the work on all keys that it held ended, where that was no error of this library; they wait for a new life"""
    fatal: tuple[str, str] | None = None
    """(class, message) of an error that ends the run"""
    node: str = ""


class Desk:
    """A worker: ``turn`` gives it keys and hears of it. Thread-safe."""

    def __init__(self, name: str, load: Callable[[], Maker], folder: str, batch: int) -> None:
        """``folder``: where its chunks go, see ``places.opened``."""
        self.name, self.load, self.batch = name, load, batch
        self.folder = places.opened(folder)
        self._fresh_life()
        self._items: deque[Item] = deque()
        self._told: list[Done] = []
        self._file, self._crash, self._loaded = "", "", False
        self._fatal: tuple[str, str] | None = None
        self._stopping = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="work", daemon=True)
        self._thread.start()

    def turn(self, life: str, items: Sequence[Item], wait: float = 0.5) -> DeskReport:
        """Take keys and say what was done, at once or as soon as there is something to say.

        Args:
            life: whom the keys are for; those for an earlier one are not taken.
            wait: seconds to wait for news.
        """
        with self._news:
            if life == self.life:
                self._items.extend(items)
            if not (self._told or self._crash or self._fatal) and life == self.life:
                self._news.wait(wait)
            told, self._told = tuple(self._told), []
            report = DeskReport(
                self.life, told, self._file, self._loaded, self._crash, self._fatal, f"process {os.getpid()}"
            )
            if self._crash:
                self._crash = ""
                self._fresh_life()
                self._items.clear()
            return report

    def nudge(self) -> None:
        """Let the call of ``turn`` that waits for news return: there are further keys."""
        with self._news:
            self._news.notify_all()

    def stop(self) -> bool:
        """End the work after the step that it is in; what is done is written."""
        self._stopping = True
        self._thread.join(5.0)
        return not self._thread.is_alive()

    def _fresh_life(self) -> None:
        self.life = secrets.token_hex(4)

    def _run(self) -> None:
        try:
            maker = self.load()
            facts = dict(maker.facts())
            with self._news:
                self._loaded = True
                self._news.notify_all()
            while not self._stopping:
                self._work(maker, ChunkWriter(self.folder, f"{self.name}-{self.life}", facts))
        except Cancelled:
            return
        except PlaygroundError as error:
            self._end((type(error).__name__, str(error)))
        except BaseException as error:  # whatever else ends it must be told
            self._end(("CannotDo", f"A worker ended: {shown(error, 300) or type(error).__name__}."))

    def _end(self, fatal: tuple[str, str]) -> None:
        with self._news:
            self._fatal = fatal
            self._news.notify_all()

    def _work(self, maker: Maker, writer: ChunkWriter) -> None:
        """One life: until it is stopped, or until an error that is none of this library."""
        life = self.life
        try:
            with closing(_closable(maker.run(self._coming(life, writer), lambda: self._stopping))) as working:
                for one in working:
                    if one is not None:
                        writer.add(one)
                    if monotonic() - writer.flushed > FLUSH or writer.waiting >= self.batch:
                        self._flush(writer)
        except PlaygroundError:
            self._flush(writer)
            raise
        except Exception as error:  # a library's, about one of the keys: nobody knows which
            self._flush(writer)
            place = traceback.extract_tb(error.__traceback__)[-1]
            with self._news:
                self._crash = f"{type(error).__name__}: {shown(error, 200)} ({place.name}, line {place.lineno})"
                self._news.notify_all()
            while self.life == life and not self._stopping:  # until it was told
                sleep(0.02)
        else:
            self._flush(writer)

    def _coming(self, life: str, writer: ChunkWriter) -> Iterator[Item | None]:
        """The keys that come, None whenever there is none; ends with the life."""
        while self.life == life and not self._stopping:
            if self._items:
                yield self._items.popleft()
                continue
            if monotonic() - writer.flushed > SOON:
                self._flush(writer)
            yield None

    def _flush(self, writer: ChunkWriter) -> None:
        file = writer.file
        done = writer.flush()
        if done:
            with self._news:
                self._file = file
                self._told += [Done(one.key, None, one.cost, one.why, one.hopeless) for one in done]
                self._news.notify_all()


def _closable(steps: Any) -> Any:
    """An iterator that can be closed."""
    return steps if hasattr(steps, "close") else (one for one in steps)
