"""Draw the starter pools that ship with the package: ``python -m tts_playground.bench.starters [NAME ...]``.

To be run again whenever a sampler's fingerprint or its draws change; a test redraws a few samples and compares.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from tts_playground.core import Sampler, Task
from tts_playground.errors import UnknownName
from tts_playground.runs import starters
from tts_playground.runs.pool import Snapshot

Plan = tuple[Sequence[Task], Sampler, Sequence[Any], int]
"""tasks (one pool each), sampler, rewards, samples a pool"""


def sketch() -> Plan:
    """Four drawings x 64 programs of the proposal sampler, scored by IoU and by description length."""
    from tts_playground.dsl.examples import PROGRAMS
    from tts_playground.dsl.raster import render
    from tts_playground.rewards.iou import FitReward, IoUReward
    from tts_playground.samplers.proposal import ProposalSampler
    from tts_playground.tasks.sketch import SketchTask

    tasks = [SketchTask.of(render(text, 256)) for text in PROGRAMS.values()]
    return tasks, ProposalSampler(), (IoUReward(), FitReward()), 64


PLANS: dict[str, Callable[[], Plan]] = {"sketch": sketch}
"""by the name of the tab; a new tab adds its own"""


def draw(name: str) -> list[Snapshot]:
    """The pools of one tab, drawn now."""
    if name not in PLANS:
        raise UnknownName("starter", name, PLANS)
    tasks, sampler, rewards, n = PLANS[name]()
    return [starters.draw(task, sampler, rewards, n) for task in tasks]


def main(names: Sequence[str]) -> None:
    """Draw and write the starters of the given names, or all of them."""
    for name in names or list(PLANS):
        file = starters.write(name, draw(name))
        print(f"{file}: {file.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
