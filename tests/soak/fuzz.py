"""Bad input of every kind, by the thousand: `python -m tests.soak.fuzz --count 100000 --seed 1 [--only pictures]`.

Each input ends in a result or in one sentence (a PlaygroundError), within 5 s of the processor and a minute of the
clock, and all of them leave the process no larger by more than 500 MB. Input `i` of a kind comes from (seed, kind, i)
alone, so that what is printed can be made again: `--only KIND --start I --count 1`. Cases run one after the other in
this process; give it a bound of memory (`ulimit -v 12000000`). `seeds.jsonl` beside this file keeps which seeds were
run, on how many inputs, and what they found; `--keep` adds a line, and `test_kept_seeds.py` tries what was found
again.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import fuzz_kinds  # noqa: E402

from tts_playground.errors import PlaygroundError  # noqa: E402

LONGEST = 5.0
"""seconds that one input may take; its first, which loads what is needed, is not counted"""
WAITING = 60.0
"""seconds on the clock after which an input that waits, or never ends, is given up"""
GROWTH = 500
"""MB that the process may grow after its first inputs"""
KINDS = tuple(fuzz_kinds.CASES)
KEPT = Path(__file__).with_name("seeds.jsonl")


@dataclass(frozen=True)
class Find:
    """An input that ended neither in a result nor in a sentence."""

    kind: str
    number: int
    what: str


class Hangs(BaseException):
    """An input has not ended; no ``except Exception`` may hold it up."""


def _hangs(*_: object) -> None:
    raise Hangs


def tried(kind: str, number: int, seed: int, folder: Path) -> str:
    """What is wrong with how one input ends; "" is nothing."""
    chance = random.Random(f"{seed} {kind} {number}")
    began = time.process_time()
    before = signal.signal(signal.SIGALRM, _hangs)
    signal.setitimer(signal.ITIMER_REAL, WAITING)
    try:
        fuzz_kinds.CASES[kind](chance, folder)
    except Hangs as error:
        return f"it had not ended after {WAITING:g} s:\n" + "".join(traceback.format_exception(error)[-3:])
    except PlaygroundError as error:
        text = str(error).strip()
        if not text or "Traceback" in text or len(text) > 3000:
            return f"its sentence is {text[:200]!r}"
    except Exception as error:
        return "".join(traceback.format_exception(error)[-3:])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    spent = time.process_time() - began
    return f"it took {spent:.1f} s" if spent > LONGEST else ""


def finds(count: int, seed: int, only: tuple[str, ...] = KINDS, start: int = 0) -> Iterator[Find | int]:
    """Try ``count`` inputs, as many of each kind; what went wrong as it is found, and MB that a process has grown by.

    They are tried in a process below this one, and go on in another where one of them ends it.
    """
    plan = [(kind, number) for number in range(start, start + -(-count // len(only))) for kind in only]
    forked, at = multiprocessing.get_context("fork"), 0
    while at < len(plan):
        under_way, told = forked.Value("q", at, lock=False), forked.SimpleQueue()
        worker = forked.Process(target=_try_all, args=(plan[at:], at, seed, under_way, told))
        worker.start()
        while worker.is_alive() or not told.empty():
            if told.empty():
                worker.join(0.2)
            else:
                yield told.get()
        at = len(plan)
        if worker.exitcode:
            kind, number = plan[under_way.value]
            yield Find(kind, number, f"the process ended with {worker.exitcode}")
            at = under_way.value + 1


def _try_all(plan: Sequence[tuple[str, int]], first: int, seed: int, under_way: Any, told: Any) -> None:
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as home:
        for kind in dict.fromkeys(kind for kind, _ in plan):  # loads what is needed
            for number in range(20):
                tried(kind, number, seed - 1, _fresh(Path(home), kind, number))
        before = memory()
        for place, (kind, number) in enumerate(plan, first):
            under_way.value = place
            if what := tried(kind, number, seed, _fresh(Path(home), kind, number)):
                told.put(Find(kind, number, what))
        told.put(memory() - before)


def _fresh(home: Path, kind: str, number: int) -> Path:
    folder = home / f"{kind.replace(' ', '-')}-{number % 2}"
    for old in sorted(folder.rglob("*"), reverse=True):
        old.rmdir() if old.is_dir() and not old.is_symlink() else old.unlink()
    folder.mkdir(exist_ok=True)
    return folder


def memory() -> int:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def kept() -> list[dict[str, Any]]:
    """{"seed", "count", "finds"} of each run that was kept; finds are {"kind", "number"}."""
    return [json.loads(line) for line in KEPT.read_text().splitlines()] if KEPT.exists() else []


def main() -> int:
    """Print what is found; the number of finds, at most 100, is the exit code."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--count", type=int, default=2000, help="inputs of all kinds together")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--start", type=int, default=0, help="the number of the first input of each kind")
    asked.add_argument("--only", action="append", choices=KINDS)
    asked.add_argument("--keep", action="store_true", help="add a line to seeds.jsonl")
    given = asked.parse_args()
    only = tuple(given.only or KINDS)
    found, growth = list[Find](), 0
    for one in finds(given.count, given.seed, only, given.start):
        if isinstance(one, Find):
            found.append(one)
            print(f"{one.kind}: input {one.number} of seed {given.seed}\n{one.what}", flush=True)
        else:
            growth = max(growth, one)
    print(f"{given.count} inputs, {len(found)} finds; memory grew by {growth} MB.")
    if given.keep:
        told = [{"kind": one.kind, "number": one.number} for one in found]
        line = {"seed": given.seed, "start": given.start, "count": given.count, "only": list(only), "finds": told}
        with KEPT.open("a") as file:
            file.write(json.dumps(line) + "\n")
    if growth > GROWTH:
        print(f"That is more than {GROWTH} MB.")
    return min(100, len(found) + (growth > GROWTH))


if __name__ == "__main__":
    sys.exit(main())
