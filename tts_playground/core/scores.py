"""What rewards say, checked in one place: whoever asks one, asks here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from inspect import getattr_static
from typing import Any

from tts_playground.core.protocols import Reward
from tts_playground.core.values import Sample
from tts_playground.errors import BadInput, CannotDo, plural, shown

PARTS = ("name", "revision", "unit_cost", "score")
"""what a reward has, see ``core.Reward``"""


def scores_of(reward: Reward, task: Any, samples: Sequence[Sample]) -> list[float]:
    """What a reward says of samples: one finite number each, in order.

    Raises:
        CannotDo: it says something else, such as not-a-number: nothing can be chosen by that.
    """
    said: Any = reward.score(task, samples)
    try:
        values = [float(value) for value in said]
    except (TypeError, ValueError, OverflowError) as error:
        raise CannotDo(
            f"The reward {reward.name!r} gave {shown(said, 60)}, where a list of numbers is wanted, one a candidate."
        ) from error
    if len(values) != len(samples):
        of = plural(len(samples), "candidate")
        raise CannotDo(f"The reward {reward.name!r} gave {plural(len(values), 'score')} for {of}.")
    if not all(map(math.isfinite, values)):
        bad = next(value for value in values if not math.isfinite(value))
        raise CannotDo(f"The reward {reward.name!r} gave {bad} as a score, which is no finite number; use another one.")
    return values


def by_their_judges(task: Any, by: Sequence[Reward], views: Sequence[Sample]) -> list[float]:
    """The score of each view by its own judge, each judge asked once."""
    rewards = [0.0] * len(views)
    for judge in {id(one): one for one in by}.values():
        places = [place for place, one in enumerate(by) if one is judge]
        for place, value in zip(places, scores_of(judge, task, [views[i] for i in places]), strict=True):
            rewards[place] = value
    return rewards


def as_reward(given: Any) -> Reward:
    """A reward as it is.

    Raises:
        BadInput: it is none, or lacks what every reward has.
    """
    if isinstance(given, type) or not callable(getattr(given, "score", None)):
        raise BadInput(
            f"A reward is a registered name like 'clip', or a Reward with a score method, not {shown(given, 60)}; "
            "see core.Reward."
        )
    # not by ``hasattr``, which would work them out: a revision may read a network's files
    lacks = [part for part in PARTS if getattr_static(given, part, None) is None]
    if lacks:
        raise BadInput(f"The reward {type(given).__name__} has no {' and no '.join(lacks)}; see core.Reward.")
    return given
