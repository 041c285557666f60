"""Whether a model reads expressions as people type them: "12*7+5" or "what is 1/2+1/3", of one or two calculations.

The same problems are asked in the words of the arithmetic world, too; the difference is what the spelling costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import numpy as np

from tts_playground.core import Sampler
from tts_playground.estimators.intervals import Interval, mean, paired
from tts_playground.evaluation.math_pool import drawn
from tts_playground.worlds.arithmetic.as_typed import BARE, typed_expression
from tts_playground.worlds.arithmetic.checking import is_correct
from tts_playground.worlds.arithmetic.generate import problems as problems_of
from tts_playground.worlds.arithmetic.problem import MathProblem

SEED, PROBLEMS, EACH = 77_600, 200, 8
"""of problems of training's kind that are never in it; how many; solutions of each"""


def asked(n: int) -> tuple[list[MathProblem], list[MathProblem]]:
    """The same ``n`` problems in the world's words, and as somebody types them."""
    found: list[MathProblem] = []
    for level in (1, 2):
        own = (one for one in problems_of(SEED, 20 * n, "seen", level=level) if one.subject in BARE)
        found += [one for one, _ in zip(own, range(n // 2), strict=False)]
    rng = Random(f"typed/{SEED}")
    return found, [replace(one, problem=typed_expression(one.problem, rng)) for one in found]


def metrics(sampler: Sampler, seed: int) -> dict[str, Interval]:
    """typed: one sample's chance to be right; typed_cost: how much more often it is right in the world's words."""
    in_words, typed = asked(PROBLEMS)
    told, wanted = (_right(sampler, problems, seed) for problems in (in_words, typed))
    return {"typed": mean(wanted, "shares"), "typed_cost": paired(told, wanted)}


def _right(sampler: Sampler, problems: Sequence[MathProblem], seed: int) -> np.ndarray:
    """[problems] part of the solutions that are right."""
    found = drawn(sampler, problems, EACH, seed)
    return np.array(
        [np.mean([is_correct(one, text) for text in own.texts]) for one, own in zip(problems, found, strict=True)]
    )
