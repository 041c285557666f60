"""Choose and describe: the digit and the colour of its cell in one reply, exactly or in N draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tts_playground.auditing.choice import REPLY_TOKENS, tally
from tts_playground.auditing.choosers import ExactChooser, ReplyChooser
from tts_playground.auditing.parsing import read_digit_and_color
from tts_playground.auditing.pictures import PAIRS, ChoicePicture, prompt_of
from tts_playground.auditing.rows import AuditRow
from tts_playground.auditing.statistics import Floats
from tts_playground.worlds.choices import COLORS


def exact(chooser: ExactChooser, pictures: Sequence[ChoicePicture], temperature: float = 1.0) -> list[AuditRow]:
    """Probabilities of every digit with every colour letter; a digit's probability is the sum over its letters."""
    questions = [picture.question(prompt_of("color", "exact", 0), PAIRS) for picture in pictures]
    table = chooser.chances(questions, temperature).reshape(len(pictures), 10, len(COLORS))
    return [
        AuditRow(
            picture,
            "exact",
            0,
            tuple(map(float, pairs.sum(axis=1))),
            tuple(tuple(map(float, pair)) for pair in pairs),
            max(0.0, 1 - float(pairs.sum())),
        )
        for picture, pairs in zip(pictures, table, strict=True)
    ]


def sampled(
    chooser: ReplyChooser, pictures: Sequence[ChoicePicture], n: int, *, seed: int = 0, temperature: float = 1.0
) -> list[AuditRow]:
    """N independent replies a picture; a digit without a readable colour counts as chosen, and as a wrong colour."""
    letters, rows = list(COLORS), []
    for picture in pictures:
        question = picture.question(prompt_of("color", "sampled", n), PAIRS)
        replies = chooser.replies(question, n, seed=seed, temperature=temperature, longest=REPLY_TOKENS)
        found = [read_digit_and_color(reply) for reply in replies]
        row = tally(picture, "sampled", replies, [digit for digit, _ in found], n)
        counts = np.zeros((10, len(letters)))
        for digit, letter in found:
            if digit is not None and letter in letters:
                counts[digit, letters.index(letter)] += 1
        rows.append(replace(row, colours=tuple(tuple(map(float, pair)) for pair in counts)))
    return rows


def joint_accuracy(rows: Sequence[AuditRow], p: Sequence[Floats] | None = None) -> tuple[Floats, Floats]:
    """Chance that a reply names a digit that is there and its right colour: [pictures] over valid replies, over all.

    Args:
        p: other probabilities over the cells (after a calibration); the colour given the digit stays the model's.
    """
    over_valid = np.array([row.joint_at(row.p if p is None else p[place]) for place, row in enumerate(rows)])
    valid = np.array([row.valid for row in rows])
    return over_valid, over_valid * valid


def confusion(rows: Sequence[AuditRow]) -> Floats:
    """[4, 4] how often a chosen cell of the row's colour is called by the column's letter; rows sum to 1 or 0."""
    letters = list(COLORS)
    table = np.zeros((4, 4))
    for row in rows:
        if row.picture.scene is not None and row.colours:
            for cell in row.picture.scene.cells:
                table[letters.index(cell.color)] += np.array(row.colours[cell.digit]) / row.total
    sums = table.sum(axis=1, keepdims=True)
    return np.divide(table, sums, out=np.zeros_like(table), where=sums > 0)
