"""The process behind ``equality``: reads ["truth", "said"] a line, answers "true" or "false" a line.

It ends when its input does, and holds no more than ``MEMORY``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

MEMORY = 2 << 30
"""bytes of address space beyond what importing took"""
SECONDS = 1
"""that math-verify itself gives reading and comparing; whoever asked ends this process a little later"""


def serve() -> None:
    """Answer until the input ends."""
    from math_verify import LatexExtractionConfig, parse, verify

    _bounded()
    # LaTeX alone: it is read by a grammar, while plain expressions would go through Python's eval
    how = [LatexExtractionConfig(boxed_match_priority=0)]
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            truth, said = (parse(f"\\boxed{{{text}}}", how, parsing_timeout=SECONDS) for text in json.loads(line))
            same = bool(truth and said and verify(truth, said, timeout_seconds=SECONDS))
        except Exception:  # any failure of a reader of what anybody wrote: not equal, as far as it can say
            same = False
        print("true" if same else "false", flush=True)


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
