"""Bad input of every kind, by the thousand: `python -m tests.soak.fuzz --count 100000 --seed 1 [--only pictures]`.

Each input ends in a result or in one sentence (a PlaygroundError), within 5 s. Input `i` of a kind comes from
(seed, kind, i) alone, so that what is printed can be made again: `--only KIND --start I --count 1`. Cases run one after
the other in this process; give it a bound of memory (`ulimit -v 12000000`), and it says how much it grew.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import fuzz_kinds  # noqa: E402

from tts_playground.errors import PlaygroundError  # noqa: E402

LONGEST = 5.0
"""seconds that one input may take; its first, which loads what is needed, is not counted"""
KINDS = tuple(fuzz_kinds.CASES)


@dataclass(frozen=True)
class Find:
    """An input that ended neither in a result nor in a sentence."""

    kind: str
    number: int
    what: str


def tried(kind: str, number: int, seed: int, folder: Path) -> str:
    """What is wrong with how one input ends; "" is nothing."""
    chance = random.Random(f"{seed} {kind} {number}")
    began = time.process_time()
    try:
        fuzz_kinds.CASES[kind](chance, folder)
    except PlaygroundError as error:
        text = str(error).strip()
        if not text or "Traceback" in text or len(text) > 3000:
            return f"its sentence is {text[:200]!r}"
    except Exception as error:
        return "".join(traceback.format_exception(error)[-3:])
    spent = time.process_time() - began
    return f"it took {spent:.1f} s" if spent > LONGEST else ""


def finds(count: int, seed: int, only: tuple[str, ...] = KINDS, start: int = 0) -> Iterator[Find]:
    """Try ``count`` inputs, as many of each kind; what went wrong, as it is found."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as home:
        for kind in only:  # loads what is needed
            for number in range(5):
                tried(kind, number, -1, _fresh(Path(home), kind, number))
        for number in range(start, start + -(-count // len(only))):
            for kind in only:
                if what := tried(kind, number, seed, _fresh(Path(home), kind, number)):
                    yield Find(kind, number, what)


def _fresh(home: Path, kind: str, number: int) -> Path:
    folder = home / f"{kind.replace(' ', '-')}-{number % 2}"
    for old in sorted(folder.rglob("*"), reverse=True):
        old.rmdir() if old.is_dir() and not old.is_symlink() else old.unlink()
    folder.mkdir(exist_ok=True)
    return folder


def memory() -> int:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def main() -> int:
    """Print what is found; the number of finds, at most 100, is the exit code."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--count", type=int, default=2000, help="inputs of all kinds together")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--start", type=int, default=0, help="the number of the first input of each kind")
    asked.add_argument("--only", action="append", choices=KINDS)
    given = asked.parse_args()
    only = tuple(given.only or KINDS)
    first = list(finds(20 * len(only), given.seed - 1, only))
    before, found = memory(), first
    for one in finds(given.count, given.seed, only, given.start):
        found.append(one)
        print(f"{one.kind}: input {one.number} of seed {given.seed}\n{one.what}", flush=True)
    print(f"{given.count} inputs, {len(found)} finds; memory grew from {before} to {memory()} MB.")
    return min(100, len(found))


if __name__ == "__main__":
    sys.exit(main())
