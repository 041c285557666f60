"""The process behind ``equality``: reads ["truth", "said"] a line, answers "true" or "false" a line.

It ends when its input does, and holds no more than ``MEMORY``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

MEMORY = 2 << 30
"""bytes of address space beyond what importing took"""
SECONDS = 1
"""that math-verify itself gives reading and comparing; whoever asked ends this process a little later"""
FIRST = ((r"2\sqrt{3}", r"\sqrt{12}"), ("x^2-1", "(x-1)(x+1)"))
"""compared before anybody asks: what is imported on the way takes more than that on a slow machine"""
PATIENCE = 20
"""seconds for each of those two"""


def serve() -> None:
    """Answer until the input ends."""
    from math_verify import LatexExtractionConfig, parse, verify

    # LaTeX alone: it is read by a grammar, while plain expressions would go through Python's eval
    how = [LatexExtractionConfig(boxed_match_priority=0)]

    def same(pair: Iterable[str], seconds: int) -> bool:
        truth, said = (parse(f"\\boxed{{{text}}}", how, parsing_timeout=seconds) for text in pair)
        return bool(truth and said and verify(truth, said, timeout_seconds=seconds))

    for pair in FIRST:
        with suppress(Exception):
            same(pair, PATIENCE)
    _bounded()
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            found = same(json.loads(line), SECONDS)
        except Exception:  # any failure of a reader of what anybody wrote: not equal, as far as it can say
            found = False
        print("true" if found else "false", flush=True)


def _bounded() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    statm = Path("/proc/self/statm")
    used = int(statm.read_text().split()[0]) * resource.getpagesize() if statm.exists() else 0
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = used + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard < 0 else min(wanted, hard), hard))


if __name__ == "__main__":
    serve()
