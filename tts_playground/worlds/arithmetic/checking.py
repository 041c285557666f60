"""Whether a solution, however it was drawn, is right, and up to which step: the truth of this world.

A step is judged by its calculations alone. Each must hold exactly, use numbers that are known by then, and come to a
quantity that leads to the answer: one of the canonical solution's, or a part of one of its sums or products, so that
steps may come in another order, several in one, or split up. A solution that gets the right answer by calculations that
all hold is right in every step, whatever way it went.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import combinations

from tts_playground.answers.numbers import read_number
from tts_playground.worlds.arithmetic.calculations import Calculation, Term, calculations
from tts_playground.worlds.arithmetic.problem import MathProblem

_BOX = re.compile(r"\\boxed\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:/\d+)?")
_ALWAYS = frozenset(map(Fraction, (*range(1, 13), 100)))
"""numbers that any calculation may use: small counts and factors, and the hundred of percent"""
_MOST_TERMS = 7


@dataclass(frozen=True, slots=True)
class ProblemFacts:
    """What a problem's steps may use and come to."""

    known: frozenset[Fraction]
    valid: frozenset[Fraction]
    answer: Fraction


def step_labels(problem: MathProblem, text: str | Sequence[str]) -> list[bool]:
    """For each step of a solution, whether everything up to and including it is right and leads to the answer.

    Args:
        text: the solution, or its steps; a step ends at a blank line, and empty ones do not count.
    """
    steps = steps_of(text) if isinstance(text, str) else [step for step in text if step.strip()]
    facts = facts_of(problem)
    labels, found, right, honest = [], set(), True, True
    for step in steps:
        for one in calculations(step):
            holds = one.holds and _uses(one, facts.known | facts.valid | found)
            honest &= holds
            right &= holds and one.result in facts.valid
            if one.result is not None:
                found.add(one.result)
        if (boxed := boxed_answer(step)) is not None:
            right &= read_number(boxed) == facts.answer
        labels.append(right)
    if honest and steps and is_correct(problem, steps[-1]):
        return [True] * len(steps)
    return labels


def steps_of(text: str) -> list[str]:
    """The steps of a solution without empty ones; blank lines part them."""
    return [step.strip() for step in text.split("\n\n") if step.strip()]


def boxed_answer(text: str) -> str | None:
    """What the last ``\\boxed{}`` of a text holds; None without one."""
    found = _BOX.findall(text)
    return found[-1].strip() if found else None


def is_correct(problem: MathProblem, text: str) -> bool:
    """Whether the last boxed answer in ``text`` equals the problem's."""
    boxed = boxed_answer(text)
    return boxed is not None and read_number(boxed) is not None and read_number(boxed) == read_number(problem.answer)


def _uses(one: Calculation, known: frozenset[Fraction] | set[Fraction]) -> bool:
    first = one.sides[0]
    return first is not None and all(number in known for number in first.numbers())


@lru_cache(maxsize=4096)
def facts_of(problem: MathProblem) -> ProblemFacts:
    """Read off the problem and its canonical solution."""
    answer = read_number(problem.answer)
    assert answer is not None
    given = {Fraction(found) for found in _NUMBER.findall(problem.problem) if not found.endswith("/0")}
    terms: dict[Fraction, Term] = {}
    valid: set[Fraction] = {answer}
    for one in calculations(problem.solution):
        first = one.sides[0]
        if first is None:
            continue
        valid |= {first.value, *_partial(_whole(first, terms))}
        given |= set(first.numbers())
        terms.setdefault(first.value, first)
    return ProblemFacts(frozenset(given | _ALWAYS), frozenset(valid), answer)


def _whole(term: Term, terms: dict[Fraction, Term]) -> Term:
    """``term`` with every result of an earlier step written out again."""
    if term.left is None or term.right is None:
        earlier = terms.get(term.value)
        return term if earlier is None else _whole(earlier, {k: v for k, v in terms.items() if v is not earlier})
    return Term(term.value, term.op, _whole(term.left, terms), _whole(term.right, terms))


def _partial(term: Term) -> set[Fraction]:
    """What parts of its sums and products come to, two terms or more, at any depth."""
    if term.left is None:
        return set()
    found: set[Fraction] = set()
    parts = _flat(term, term.op in "+-", False)
    values = [(part.value, turned) for part, turned in parts]
    if 2 < len(values) <= _MOST_TERMS:
        for size in range(2, len(values)):
            for some in combinations(values, size):
                found |= _sum(some) if term.op in "+-" else _product(some)
    found.add(abs(term.value))
    for part, _ in parts:
        found |= _partial(part)
    return found


def _flat(term: Term, sums: bool, turned: bool) -> list[tuple[Term, bool]]:
    """The terms of a sum (or the factors of a product), each with whether it is taken off (or divided by)."""
    if term.left is None or term.right is None or (term.op in "+-") != sums:
        return [(term, turned)]
    return [*_flat(term.left, sums, turned), *_flat(term.right, sums, turned ^ (term.op in "-/"))]


def _sum(some: Sequence[tuple[Fraction, bool]]) -> set[Fraction]:
    return {abs(sum((-value if turned else value for value, turned in some), Fraction(0)))}


def _product(some: Sequence[tuple[Fraction, bool]]) -> set[Fraction]:
    result = Fraction(1)
    for value, turned in some:
        if turned and not value:
            return set()
        result = result / value if turned else result * value
    return {result}
