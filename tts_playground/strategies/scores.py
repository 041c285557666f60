"""What rewards say of candidates: one finite number each, or a sentence why there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tts_playground.core import Reward, Sample, Task
from tts_playground.errors import CannotDo, plural


def scores_of(reward: Reward, task: Task, samples: Sequence[Sample]) -> list[float]:
    """What a reward says of samples: one finite number each.

    Raises:
        CannotDo: it says something else, such as not-a-number: nothing can be chosen by that.
    """
    values = [float(value) for value in reward.score(task, samples)]
    if len(values) != len(samples):
        of = plural(len(samples), "candidate")
        raise CannotDo(f"The reward {reward.name!r} gave {plural(len(values), 'score')} for {of}.")
    if not all(map(math.isfinite, values)):
        bad = next(value for value in values if not math.isfinite(value))
        raise CannotDo(f"The reward {reward.name!r} gave {bad} as a score, which is no finite number; use another one.")
    return values


def by_their_judges(task: Task, by: Sequence[Reward], views: Sequence[Sample]) -> list[float]:
    """The score of each view by its own judge, each judge asked once."""
    rewards = [0.0] * len(views)
    for judge in {id(one): one for one in by}.values():
        places = [place for place, one in enumerate(by) if one is judge]
        for place, value in zip(places, scores_of(judge, task, [views[i] for i in places]), strict=True):
            rewards[place] = value
    return rewards
