"""Whether a model repairs a wrong solution more often than it finds the answer afresh, at equal tokens.

Every wrong greedy solution is shown to the model again, with a verdict that names its first wrong step where there
is one (as the world knows it). What a new solution costs in tokens buys so many fresh ones, and they count as right as
soon as one of them is: the chance of that is exact for whole numbers of them and a straight line in between. What it
costs to read the attempt again is not counted, as it is nowhere (``core.Cost``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tts_playground.core import Sample
from tts_playground.estimators.curves import pass_at_k
from tts_playground.estimators.intervals import Interval, mean, paired
from tts_playground.evaluation.math_pool import Solutions, task_of
from tts_playground.samplers.lm import LanguageModelSampler
from tts_playground.worlds.arithmetic.checking import is_correct, step_labels
from tts_playground.worlds.arithmetic.problem import MathProblem
from tts_playground.worlds.arithmetic.spoiling import verdict

TRIES = 4
"""new solutions of each wrong one"""


@dataclass(frozen=True, slots=True)
class Revised:
    """What became of one wrong solution."""

    level: int
    repaired: float
    """part of the new solutions that are right"""
    fresh: float
    """chance that fresh ones for as many tokens hold a right one"""


def revisions(
    sampler: LanguageModelSampler,
    problems: Sequence[MathProblem],
    greedy: Sequence[Solutions],
    pool: Sequence[Solutions],
    seed: int,
) -> list[Revised]:
    """Revise every wrong greedy solution; all in one batch."""
    wrong = [place for place, one in enumerate(problems) if not is_correct(one, greedy[place].texts[0])]
    came = _revised(sampler, [problems[place] for place in wrong], [greedy[place] for place in wrong], seed)
    found = []
    for place, new in zip(wrong, came, strict=True):
        one, drawn = problems[place], pool[place]
        right = sum(is_correct(one, text) for text in drawn.texts)
        ratio = float(np.mean([sample.cost.tokens for sample in new]) / np.mean(drawn.tokens))
        repaired = float(np.mean([is_correct(one, str(sample.content)) for sample in new]))
        found.append(Revised(one.level, repaired, any_right(len(drawn.texts), right, ratio)))
    return found


def any_right(n: int, right: int, tries: float) -> float:
    """Chance that ``tries`` of ``n`` solutions hold a right one; a straight line between whole numbers, 0 at none."""
    tries = min(tries, float(n))
    low = int(tries)
    below = float(pass_at_k(n, [right], low)[0]) if low else 0.0
    above = float(pass_at_k(n, [right], min(n, low + 1))[0])
    return below + (tries - low) * (above - below)


def said_of(problem: MathProblem, attempt: Solutions) -> str:
    """The verdict on a wrong solution: its first wrong step, but for its last, whose fault is the answer."""
    labels = step_labels(problem, attempt.steps[0])
    first = labels.index(False) + 1 if False in labels else len(labels)
    return verdict(first if first < len(labels) else None)


def _revised(
    sampler: LanguageModelSampler, problems: Sequence[MathProblem], attempts: Sequence[Solutions], seed: int
) -> list[list[Sample]]:
    batch, ticket_of = sampler.batch(), dict[int, int]()
    for place, (one, attempt) in enumerate(zip(problems, attempts, strict=True)):
        shown, said = attempt.samples()[0], said_of(one, attempt)
        ticket_of[batch.add_revisions(task_of(one), shown, said, range(TRIES), seed=seed)] = place
    found: list[list[Sample]] = [[] for _ in problems]
    while batch.left:
        for ticket, _, path in batch.advance():
            place = ticket_of[ticket]
            found[place] += sampler.peek(task_of(problems[place]), [path])
    return found


def metrics(rows: Sequence[Revised]) -> dict[str, Interval]:
    """revised, fresh_at_equal_tokens and revision_gain: over all, over levels 1 to 3, and of each level."""
    parts = {"": (1, 2, 3, 4, 5), "_levels1to3": (1, 2, 3)} | {f"_level{level}": (level,) for level in range(1, 6)}
    found = {}
    for mark, levels in parts.items():
        some = [row for row in rows if row.level in levels]
        if not some:
            continue
        repaired, fresh = [row.repaired for row in some], [row.fresh for row in some]
        found[f"revised{mark}"] = mean(repaired, "shares")
        found[f"fresh_at_equal_tokens{mark}"] = mean(fresh, "shares")
        found[f"revision_gain{mark}"] = paired(repaired, fresh)
    return found
