"""What went wrong, in the model's own words, written behind the prefix from which another try is made.

After R-MCTS (Yu et al. 2024, arXiv:2410.02052) and Reflexion (Shinn et al. 2023, arXiv:2303.11366).
"""

from __future__ import annotations

from tts_playground.core import ContinuingSampler, Path, Task
from tts_playground.strategies.budget import BudgetTracker

ASK = "\n\nLooking back, that was a mistake, because"
"""written behind a failed candidate; the model goes on from here"""
BEFORE = "\n\n(An earlier try from here failed, because"
AFTER = ")\n\n"


def reflected(
    tracker: BudgetTracker, task: Task, sampler: ContinuingSampler, failed: Path, prefix: Path
) -> Path | None:
    """The prefix with the model's reflection on the failed candidate behind it; None where there is none to be had."""
    asked = [sampler.append(task, failed, ASK)]
    before = str(sampler.peek(task, asked)[0].content)
    if not tracker.grow(task, sampler, asked, [0]):
        return None
    after = str(sampler.peek(task, asked)[0].content)
    said = after[len(before) :] if after.startswith(before) else after.rpartition(ASK.strip())[2]
    return sampler.append(task, prefix, f"{BEFORE} {said.strip()}{AFTER}") if said.strip() else None
