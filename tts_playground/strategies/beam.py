"""Beam search over steps: keep the most promising prefixes, give each a few children, drop what says the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tts_playground.core import Budget, Reward, Round
from tts_playground.errors import BadInput
from tts_playground.strategies.ledger import Ledger

BEAM = 1 << 20
"""indices that one beam may use, so that no two share randomness"""


@dataclass(frozen=True)
class Beam:
    """Beams of ``width`` prefixes with ``children`` each, one beam after another while the budget lasts.

    Needs a SteppedSampler. Each step scores all prefixes by the reward and keeps ``width / children`` of them (Snell et
    al. 2024); finished candidates leave the beam, which ends when no prefix is left.
    """

    width: int = 8
    """prefixes scored in a step, 1 or more"""
    children: int = 4
    """continuations of each prefix that is kept, 1 or more"""

    def __post_init__(self) -> None:
        if self.width < 1 or self.children < 1:
            raise BadInput("Beam search needs a width and children of at least 1.")

    def run(self, task: Any, sampler: Any, reward: Reward, *, budget: Budget, seed: int = 0) -> Iterator[Round]:
        """Yield a round per step of a beam; beams follow one another until the budget is spent."""
        if budget == Budget():
            raise BadInput("Beam search would never end: give it a budget with a limit.")
        ledger = Ledger(budget, reward)
        number = 0
        while room := ledger.room(self.width):
            yield from self._beam(task, sampler, ledger, number, room, seed)
            number += 1
        yield ledger.round((), "the budget is spent", ledger.stopped)

    def _beam(self, task: Any, sampler: Any, ledger: Ledger, number: int, width: int, seed: int) -> Iterator[Round]:
        first = number * BEAM
        paths, scored = ledger.start(task, sampler, range(first, first + width), seed)
        if scored:
            yield ledger.round(scored, f"beam {number + 1}, finished at once")
        paths, fresh, step = [path for path in paths if not path.done], first + width, 0
        while paths and (room := ledger.room(len(paths))):
            paths = paths[:room]
            scored = ledger.grow(task, sampler, paths, range(len(paths)))
            if scored is None:
                return
            step += 1
            yield ledger.round(scored, f"beam {number + 1}, step {step}")
            ranked = sorted(zip(scored, paths, strict=True), key=lambda pair: -pair[0].reward)
            kept: dict[Any, Any] = {}
            for one, path in ranked:
                if not path.done and len(kept) < max(1, width // self.children):
                    kept.setdefault(fingerprint(one.sample.content), path)
            paths = []
            for path in kept.values():
                copies = [sampler.fork(path, fresh + i) for i in range(self.children - 1)]
                paths, fresh = [*paths, path, *copies], fresh + len(copies)


def fingerprint(content: Any) -> Any:
    """What makes two contents the same: the value itself where it can be hashed, else its bytes."""
    try:
        hash(content)
    except TypeError:
        return bytes(content)
    return content.tobytes() if hasattr(content, "tobytes") else content
