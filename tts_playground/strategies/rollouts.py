"""Looking ahead: a prefix is scored by what it comes to some steps later; those steps are paid for and thrown away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tts_playground.core import ForetellingSampler, Path, Scored, SteppedSampler, Task
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import BudgetTracker

Rollout = Literal["auto", "greedy", "sampled"]
"""how the steps ahead are drawn: by the likeliest tokens, at random, or "auto": greedily where the sampler can"""


def greedy(sampler: SteppedSampler, rollout: Rollout) -> bool:
    """Whether rollouts follow the likeliest tokens.

    Raises:
        BadInput: that is asked for, and the sampler cannot.
    """
    able = isinstance(sampler, ForetellingSampler)
    if rollout == "greedy" and not able:
        raise BadInput("This sampler cannot follow its likeliest tokens; choose sampled rollouts, or auto.")
    return able and rollout != "sampled"


def scored_ahead(
    tracker: BudgetTracker,
    task: Task,
    sampler: SteppedSampler,
    paths: Sequence[Path],
    steps: int,
    fresh: int,
    *,
    foretell: bool,
) -> list[Scored] | None:
    """The paths as they stand, each with the reward of what it is ``steps`` later; None where the budget ends it.

    Finished paths are scored as they are. What rollouts come to is no candidate.

    Args:
        fresh: the first of as many unused indices as there are paths, for sampled rollouts.
    """
    ahead: list[Path] = list(paths)
    if steps:
        ahead = [path if path.done else sampler.fork(path, fresh + i) for i, path in enumerate(paths)]
        if not tracker.grow(task, sampler, ahead, range(len(ahead)), steps, foretell=foretell):
            return None
    return tracker.judged(task, sampler, paths, seen=ahead if steps else None)
