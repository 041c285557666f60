"""``math-eval``: 500 problems, 100 a level, each with something that training never shows.

A third each of held-out wordings, numbers and compositions (see ``heldout``); the mix was settled before anything was
measured on it. The problems are data (``worlds/data/math-eval.jsonl``, made once by ``make``) with the fields of
MATH-500. They stand in turns of level and kind, so that the first 15, 30, ... are a fair part of the whole.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from itertools import count
from pathlib import Path

from tts_playground.worlds.arithmetic import heldout
from tts_playground.worlds.arithmetic.generate import LEVELS, problem_of, story
from tts_playground.worlds.arithmetic.problem import MathProblem

PATH = Path(__file__).parents[1] / "data" / "math-eval.jsonl"
SEED = 500_018
"""of the generator; training and its own numbers draw from other seeds, and from other splits"""
EACH = 100
"""problems of a level"""


def math_eval(most: int | None = None) -> list[MathProblem]:
    """The first ``most`` problems, all by default."""
    return list(_shipped()[:most])


def kind_of(problem: MathProblem) -> str:
    """What a problem of math-eval holds out: "wording", "number" or "composition"."""
    return problem.unique_id.split("/")[1]


@cache
def _shipped() -> tuple[MathProblem, ...]:
    return tuple(MathProblem(**json.loads(line)) for line in PATH.read_text(encoding="utf-8").splitlines())


def make(each: int = EACH) -> list[MathProblem]:
    """What the file holds: ``each`` problems a level, no two with the same text."""
    indices = {(level, kind): count() for level in LEVELS for kind in heldout.KINDS}
    found: list[MathProblem] = []
    seen: set[str] = set()
    for turn in range(each):
        for level in LEVELS:
            kind = heldout.KINDS[(turn + level) % len(heldout.KINDS)]
            while True:
                index = next(indices[level, kind])
                one = problem_of(story(SEED, index, kind, level), f"math-eval/{kind}/{level}-{index}")
                if one.problem not in seen:
                    break
            seen.add(one.problem)
            found.append(one)
    return found


def lines(problems: list[MathProblem]) -> str:
    """The text of the file."""
    return "".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in problems)
