"""Solutions with one wrong calculation, and what is said about them: what revision and process rewards learn from."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from tts_playground.worlds.arithmetic.problem import Number, calculate
from tts_playground.worlds.arithmetic.story import Story
from tts_playground.worlds.arithmetic.writing import solution

_TRIES = 12


def spoilt(story: Story, style: str, rng: Random, reach: int = 3) -> tuple[str, int] | None:
    """A solution with one wrong result, what follows from it carried on, and the place of that step in the story.

    Args:
        reach: calculations that the short style joins into one at most.

    Returns:
        None where no wrong result could be carried on.
    """
    for _ in range(_TRIES):
        place = int(rng.random() * len(story.steps))
        wrong = _wrong(story, place, rng)
        if wrong is None or wrong == story.steps[place].node.value:
            continue
        try:
            return solution(story, style, rng, wrong={place: wrong}, reach=reach), place
        except (ZeroDivisionError, ValueError):
            continue
    return None


def slip(value: Number, rng: Random) -> Number:
    """A number like ``value``: another digit, ten off, digits swapped, one too many or too few."""
    if isinstance(value, Fraction):
        return Fraction(value.numerator + rng.choice((-1, 1, 2)), value.denominator)
    digits = list(str(abs(value)))
    kind = int(rng.random() * 5)
    if kind == 0:
        place = int(rng.random() * len(digits))
        digits[place] = str(int(rng.random() * 10))
        return int("".join(digits))
    if kind == 1 and len(digits) > 1:
        place = int(rng.random() * (len(digits) - 1))
        digits[place], digits[place + 1] = digits[place + 1], digits[place]
        return int("".join(digits))
    if kind == 2:
        return value + rng.choice((-1, 1))
    return value + rng.choice((-10, 10, -100, 100, -20, 20)) if len(digits) > 1 else value + rng.choice((-2, 2, 3))


def _wrong(story: Story, place: int, rng: Random) -> Number | None:
    """A result that a step might wrongly have."""
    node = story.steps[place].node
    if rng.random() < 0.75:
        found = slip(node.value, rng)
    else:  # another operation
        op = rng.choice([one for one in "+-*/" if one != node.op])
        try:
            found = calculate(op, [part.value for part in node.parts])
        except ZeroDivisionError:
            return None
        if isinstance(found, Fraction) and not story.fractions:
            return None
    return found if found > 0 else None


# ------------------------------------------------------------------------------------------ verdicts

WRONG = (
    "That is not right. Please try again.",
    "This answer is wrong.",
    "Wrong, try again.",
    "No, that is not correct.",
)
WRONG_STEP = (
    "Step {} is wrong. Please try again.",
    "There is a mistake in step {}.",
    "Look at step {} again.",
    "Step {} is not right.",
)


def verdict(step: int | None = None, which: int = 0) -> str:
    """What tiny:math is told about a wrong attempt: in its own training it has met these words.

    Args:
        step: the first wrong step, from 1; None says only that the answer is wrong.
        which: one of several wordings.
    """
    options = WRONG if step is None else WRONG_STEP
    return options[which % len(options)].format(step)
