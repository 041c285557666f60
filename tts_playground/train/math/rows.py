"""Rows of tokens for tiny:math and its process rewards, made without end from the arithmetic world; without torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from tts_playground.train.math.tokens import ASSISTANT, EOS, PAD, STEP_END, USER, encoder
from tts_playground.worlds.arithmetic.as_typed import as_typed
from tts_playground.worlds.arithmetic.checking import step_labels, steps_of
from tts_playground.worlds.arithmetic.generate import problem_of, story
from tts_playground.worlds.arithmetic.problem import MathProblem
from tts_playground.worlds.arithmetic.spoiling import spoilt, verdict
from tts_playground.worlds.arithmetic.story import Story
from tts_playground.worlds.arithmetic.writing import CAREFUL, PLAIN, SHORT, solution

LENGTH = 512
"""tokens a row"""


@dataclass(frozen=True, slots=True)
class Mix:
    """What training rows of tiny:math are made of; each in [0, 1]."""

    short: float = 0.5
    """solutions that join steps and calculate at once: what a greedy reply becomes when most are such, while samples
    also take the longer ways, which are right more often"""
    careful: float = 0.25
    """solutions that split every calculation up; the rest is plain"""
    noise: float = 0.03
    """rows with a wrong result in them, carried on as if it were right"""
    revision: float = 0.15
    """rows in which a wrong attempt and a verdict come before the solution"""
    joining: float = 0.7
    """part of the joinable steps that a short solution joins"""
    reach: int = 3
    """calculations that a short solution joins into one at most"""


@dataclass(frozen=True, slots=True)
class Text:
    """One conversation or one judged solution as tokens."""

    ids: list[int]
    marks: list[int]
    """of each token: 1 where it is learnt; for a process reward 1 + the label at a step's end; 0 elsewhere"""


@dataclass(frozen=True, eq=False)
class PackedText:
    """Several texts a row; each sees itself only."""

    ids: np.ndarray
    """int16 [rows, length]"""
    segments: np.ndarray
    """int16 [rows, length]: 0, 1, ... texts, -1 padding"""
    positions: np.ndarray
    """int16 [rows, length], from 0 in every text"""
    marks: np.ndarray
    """uint8 [rows, length], as in ``Text``"""


def pack(texts: Iterator[Text], rows: int, length: int = LENGTH) -> PackedText:
    """Fill ``rows`` rows from ``texts``; what does not fit anywhere any more ends it. Too long texts are left out."""
    ids, marks = np.full((rows, length), PAD, np.int16), np.zeros((rows, length), np.uint8)
    segments, positions = np.full((rows, length), -1, np.int16), np.zeros((rows, length), np.int16)
    used, count, first, misses = [0] * rows, [0] * rows, 0, 0
    while first < rows and misses < 4:
        text = next(texts, None)
        if text is None:
            break
        size = len(text.ids)
        if size > length:
            continue
        # rows fill up in order, a few of them open at a time
        row = next((r for r in range(first, min(rows, first + 8)) if used[r] + size <= length), None)
        if row is None:
            misses += first + 8 >= rows
            first = min(rows, first + 1)
            continue
        start, end = used[row], used[row] + size
        ids[row, start:end], marks[row, start:end] = text.ids, text.marks
        segments[row, start:end], positions[row, start:end] = count[row], np.arange(size)
        used[row], count[row] = end, count[row] + 1
    return PackedText(ids, segments, positions, marks)


# ----------------------------------------------------------------------------------------------- tiny:math


def make(index: int, *, seed: int, rows: int, mix: Mix) -> PackedText:
    """Batch ``index`` for tiny:math."""
    return pack(lessons(seed, index, mix), rows)


def lessons(seed: int, index: int, mix: Mix) -> Iterator[Text]:
    """Conversations of batch ``index`` without end."""
    rng = Random(f"tiny-math/{seed}/{index}")
    place = 0
    while True:
        yield lesson(story(1_000 + seed, (index << 12) + place), rng, mix)
        place += 1


def lesson(made: Story, rng: Random, mix: Mix) -> Text:
    """A conversation about one problem, ending with a solution that is learnt."""
    encode = encoder()
    chance = rng.random()
    style = SHORT if chance < mix.short else CAREFUL if chance < mix.short + mix.careful else PLAIN
    ids = encode.prompt(as_typed(" ".join(made.told), made.family, rng))
    if rng.random() < mix.revision:
        revised = _attempted(made, style, rng, mix.reach)
        if revised is not None:
            ids += revised
            style = CAREFUL if rng.random() < 0.75 else PLAIN
    wrong = spoilt(made, style, rng, mix.reach) if rng.random() < mix.noise else None
    text = solution(made, style, rng, joining=mix.joining, reach=mix.reach) if wrong is None else wrong[0]
    learnt = [*encode(text), EOS]
    return Text([*ids, *learnt], [0] * len(ids) + [1] * len(learnt))


def _attempted(made: Story, style: str, rng: Random, reach: int) -> list[int] | None:
    """A wrong attempt, and the turn in which it is judged."""
    found = spoilt(made, style, rng, reach)
    if found is None:
        return None
    text = found[0]
    labels = step_labels(problem_of(made), text)
    first = None if all(labels) or rng.random() < 0.4 else labels.index(False) + 1
    if first is not None and first == len(labels):  # the answer alone is wrong, and it has no number
        first = None
    said = verdict(first, int(rng.random() * 4))
    return [*encoder()(text), EOS, USER, *encoder()(said), ASSISTANT]


# ------------------------------------------------------------------------------------- process rewards


def judged(problem: str, steps: Sequence[str], labels: Sequence[bool]) -> Text:
    """A solution with the label of each step at the "\\n\\n" that ends it."""
    encode = encoder()
    end = encode(STEP_END)
    ids = encode.prompt(problem)
    marks = [0] * len(ids)
    for step, label in zip(steps, labels, strict=True):
        said = encode(step)
        ids += [*said, *end]
        marks += [*[0] * len(said), 1 + label]
    return Text(ids, marks)


def judged_drawn(pairs: Sequence[tuple[MathProblem, list[int]]]) -> list[Text]:
    """Drawn solutions (as tokens) with the world's labels; empty and too long ones are left out."""
    found = []
    for problem, ids in pairs:
        steps = steps_of(encoder().text(ids))
        if steps:
            found.append(judged(problem.problem, steps, step_labels(problem, steps)))
    return [text for text in found if len(text.ids) <= LENGTH]


def make_judged(index: int, *, seed: int, rows: int, reach: int = 3) -> PackedText:
    """Batch ``index`` for a process reward: solutions of the world, half of them spoilt."""
    return pack(judgements(seed, index, reach), rows)


def judgements(seed: int, index: int, reach: int = 3) -> Iterator[Text]:
    """Judged solutions of the world without end, in every style."""
    rng = Random(f"tiny-prm/{seed}/{index}")
    place = 0
    while True:
        made = story(2_000 + seed, (index << 12) + place)
        place += 1
        style = (SHORT, SHORT, PLAIN, CAREFUL)[int(rng.random() * 4)]
        wrong = spoilt(made, style, rng, reach) if rng.random() < 0.6 else None
        text = solution(made, style, rng, reach=reach) if wrong is None else wrong[0]
        steps = text.split(STEP_END)
        problem = problem_of(made)
        yield judged(problem.problem, steps, [True] * len(steps) if wrong is None else step_labels(problem, steps))


def shuffled(texts: Sequence[Text], seed: int, start: int = 0) -> Iterator[Text]:
    """``texts`` without end, in a new order each time round."""
    turn, place = divmod(start, max(1, len(texts)))
    while texts:
        order = np.random.default_rng([seed, turn]).permutation(len(texts))
        for number in order[place:]:
            yield texts[number]
        turn, place = turn + 1, 0


def total(packed: Iterable[PackedText]) -> int:
    """Tokens that are learnt or judged."""
    return int(sum((one.marks > 0).sum() for one in packed))
