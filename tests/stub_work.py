"""Work without models, for workers in other processes: it writes down what it starts and ends, and can die."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from tts_playground.cluster.work import Done
from tts_playground.core import Cost
from tts_playground.errors import CannotDo


@dataclass
class Squares:
    """Squares numbers, a few at once, in no order."""

    log: str
    seconds: float = 0.01
    at_once: int = 4

    def facts(self):
        return {"model": "squares"}

    def run(self, items, cancel):
        under_way, ended = [], False
        while True:
            while not ended and len(under_way) < self.at_once:
                one = next(items, 0)
                if one is None:
                    break
                if one == 0:
                    ended = True
                else:
                    self._say("start", one[0])
                    under_way.append(one)
            if ended and not under_way:
                return
            if cancel():
                return
            time.sleep(self.seconds)
            if not under_way:
                yield None
                continue
            key, payload = under_way.pop(len(under_way) // 2)
            yield self._made(key, payload)

    def _made(self, key, payload):
        if payload == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if payload == "raise":
            raise ZeroDivisionError("by this row")
        if payload == "cannot":
            return Done(key, None, why="it cannot be squared")
        self._say("end", key)
        row = {"square": payload**2, "third": payload / 3}
        return Done(key, row, Cost(samples=1, tokens=payload, verifier_calls=2, seconds=time.time() % 7))

    def _say(self, what, key):
        line = f"{what} {key} {os.getpid()} {time.time()}\n".encode()
        handle = os.open(self.log, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(handle, line)
        os.close(handle)


def refuse():
    raise CannotDo("There is no such model on this worker.")


def said(log, what):
    """(key, process) of each line."""
    lines = [line.split() for line in Path(log).read_text().splitlines()] if Path(log).exists() else []
    return [(key, int(process)) for word, key, process, _ in lines if word == what]
