"""What follows from what was read: sums, differences and the largest of a list, practised without looking. No torch.

A mouth that reads a chart well still adds wrongly: each figure gives it few sums, and there are ten thousand pairs of
numbers. So short rows without a picture ask about figures that nobody sees. What would be read off them is given; only
what follows is learnt.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from tts_playground import randomness
from tts_playground.train.vlm.data import tokenizer
from tts_playground.train.vlm.tokens import PackedTokens, Packer, Turn
from tts_playground.worlds.infographics import Figure, figure
from tts_playground.worlds.layout import Draw
from tts_playground.worlds.questions import ask
from tts_playground.worlds.wording import ABOVE, COMPARE, DIFFERENCE, HIGHEST, LABEL_OF, LEAST, LOWEST, MOST, SUM, TOTAL

KINDS = (SUM, DIFFERENCE, TOTAL, HIGHEST, LOWEST, HIGHEST, LOWEST, MOST, LEAST, LABEL_OF, COMPARE, ABOVE)
"""kinds whose answer follows from lines that were read, as often as they are practised"""
BARE = 0.35
"""part of the turns that are one sum or difference without a question, so that many fit into a row"""
LENGTH, TURNS = 96, 6
"""tokens a row; turns a row, if they fit"""
FIGURES = 400
"""figures from whose labels questions are made"""


@cache
def _packer() -> Packer:
    return Packer(tokenizer(), 0, LENGTH)


@cache
def _figures(seed: int) -> tuple[Figure, ...]:
    found = (figure(seed, index) for index in range(FIGURES))
    return tuple(one for one in found if len(one.labels) > 1)


def make(index: int, *, seed: int, rows: int) -> list[PackedTokens]:
    """Chunk ``index``: one batch of ``rows`` rows of ``LENGTH`` tokens without pictures."""
    draws = [Draw(randomness.generator("practice", seed, index, row).random(97).tolist()) for row in range(rows)]
    figures = _figures(seed)
    turns = [
        [_bare(draw) if draw() < BARE else _asked(draw.pick(figures), draw) for _ in range(TURNS)] for draw in draws
    ]
    return [_packer().pack(np.empty((rows, 0), np.uint8), turns)]


def _bare(draw: Draw) -> Turn:
    a, b = draw.between(1, 99), draw.between(1, 99)
    chance = draw()
    if chance < 0.1:  # the running sum of a total
        a += draw.between(1, 99)
    if chance < 0.5:
        task, result = f"{a} + {b}", a + b
    else:
        a, b = max(a, b), min(a, b)
        task, result = f"{a} - {b}", a - b
    return Turn(task, f"{task} = {result}", given=f"{task} =")


def _asked(seen: Figure, draw: Draw) -> Turn:
    values = draw.shuffled(range(1, 100))[: len(seen.labels)]
    if draw() < 0.3:  # close ones are told apart by their last digit
        tens = 10 * draw.between(1, 9)
        values = [tens + place for place in draw.shuffled(range(10))[: len(values)]]
    kind = draw.pick(KINDS if len(values) <= 3 else tuple(kind for kind in KINDS if kind != TOTAL))
    question = ask(replace(seen, values=tuple(values), unit=1), kind, draw)
    told = "\n".join(line for line in question.steps if "=" not in line)
    return Turn(question.text, question.reply, given=told)
