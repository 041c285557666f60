"""The three ways to ask for a choice: exact chances, N independent draws, or N picks in one reply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from tts_playground import randomness
from tts_playground.auditing.choosers import ExactChooser, ReplyChooser
from tts_playground.auditing.parsing import read_digit, read_list
from tts_playground.auditing.pictures import DIGITS, ChoicePicture, prompt_of
from tts_playground.auditing.rows import EXAMPLES, AuditRow

REPLY_TOKENS = 8
LIST_TOKENS = 3
"""tokens a pick in a list: the digit, the comma, and one to spare"""


def exact(chooser: ExactChooser, pictures: Sequence[ChoicePicture], temperature: float = 1.0) -> list[AuditRow]:
    """Probabilities of the digits from the logits of one look at each picture: no draws, no noise."""
    questions = [picture.question(prompt_of("choice", "exact", 0), DIGITS) for picture in pictures]
    table = chooser.chances(questions, temperature)
    return [
        AuditRow(picture, "exact", 0, tuple(map(float, chances)), unreadable=max(0.0, 1 - float(chances.sum())))
        for picture, chances in zip(pictures, table, strict=True)
    ]


def sampled(
    chooser: ReplyChooser, pictures: Sequence[ChoicePicture], n: int, *, seed: int = 0, temperature: float = 1.0
) -> list[AuditRow]:
    """N independent replies a picture, read leniently; what cannot be read is counted."""
    rows = []
    for picture in pictures:
        question = picture.question(prompt_of("choice", "sampled", n), DIGITS)
        replies = chooser.replies(question, n, seed=seed, temperature=temperature, longest=REPLY_TOKENS)
        rows.append(tally(picture, "sampled", replies, [read_digit(reply) for reply in replies], n))
    return rows


def restricted(
    chooser: ExactChooser, pictures: Sequence[ChoicePicture], n: int, *, seed: int = 0, temperature: float = 1.0
) -> list[AuditRow]:
    """The control of restricted output: N draws that can only be digits in the picture."""
    rows = []
    for row in exact(chooser, pictures, temperature):
        draws = randomness.generator(seed, "restricted", row.picture.key).multinomial(n, row.p)
        counts = np.zeros(10)
        counts[list(row.shown)] = draws
        rows.append(AuditRow(row.picture, "sampled", n, tuple(counts)))
    return rows


def listed(
    chooser: ReplyChooser, pictures: Sequence[ChoicePicture], n: int, *, seed: int = 0, temperature: float = 1.0
) -> list[AuditRow]:
    """N picks in one reply. They are not independent, so tests against uniform do not hold for them; effects do."""
    rows = []
    for picture in pictures:
        question = picture.question(prompt_of("choice", "list", n), DIGITS)
        longest = max(LIST_TOKENS * n, REPLY_TOKENS + 1)
        (reply,) = chooser.replies(question, 1, seed=seed, temperature=temperature, longest=longest)
        found = read_list(reply, n)
        missing = [None] * (n - len(found))
        rows.append(tally(picture, "list", [reply] * bool(missing), [*found, *missing], n))
    return rows


def tally(
    picture: ChoicePicture, protocol: str, replies: Sequence[str], digits: Sequence[int | None], n: int
) -> AuditRow:
    """A row of counted picks, with a few of the replies that could not be read."""
    counts = Counter(digits)
    failed = [reply for reply, digit in zip(replies, digits, strict=False) if digit is None]
    if protocol == "list":
        failed = list(replies)
    examples = tuple(dict.fromkeys(reply[:80] for reply in failed))[:EXAMPLES]
    given = tuple(float(counts[digit]) for digit in range(10))
    return AuditRow(picture, protocol, n, given, unreadable=float(counts[None]), examples=examples)
