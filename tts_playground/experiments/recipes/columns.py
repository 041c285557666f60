"""What a text answers, and the columns pred_*@N as search-and-learn defines them: by the first N completions.

pred_naive@N is the answer with the best score, pred_weighted@N that of the group of equal answers whose scores sum up
to most, pred_maj@N that of the largest group, the first one on a tie; each as "\\boxed{...}", N = 1, 2, 4, ... up to n.
Two things differ. Scores are aggregated as ``agg_strategy`` says, where the original always takes the last one; and
answers are equal as mathematics by ``answers.equality``, where it compares what sympy makes of each.
"""

from __future__ import annotations

from collections.abc import Sequence

from tts_playground.answers import final_answer
from tts_playground.answers.equality import groups
from tts_playground.answers.reply import MARK, boxed_text, last_number
from tts_playground.rewards.prm import aggregate


def answer_in(completion: str) -> str:
    """What a completion answers: its last box, else what "the answer is", else its last number; "" without any."""
    box = boxed_text(completion)
    if box is not None:
        return box
    if MARK.search(completion):
        return final_answer(completion)
    return last_number(completion)


def aggregated(scores: Sequence[float], how: str) -> float:
    """One number of a completion's step scores; 0 where there are none."""
    return aggregate(scores, how)


def powers(n: int) -> list[int]:
    """1, 2, 4, ... up to ``n``."""
    return [1 << place for place in range(n.bit_length())]


def predictions(answers: Sequence[str], scores: Sequence[float], named: Sequence[str] | None = None) -> dict[str, str]:
    """The columns pred_naive@N, pred_weighted@N and pred_maj@N of a row.

    Args:
        answers: of the completions, one or more, in their order.
        scores: one an answer.
        named: ``groups`` of the answers, where they are known.
    """
    named = groups(answers) if named is None else named
    found: dict[str, str] = {}
    for n in powers(len(answers)):
        best = max(range(n), key=lambda place: scores[place])  # the first of equal ones
        sums: dict[str, float] = {}
        counts: dict[str, int] = {}
        for name, score in zip(named[:n], scores[:n], strict=True):
            sums[name] = sums.get(name, 0.0) + score
            counts[name] = counts.get(name, 0) + 1
        found[f"pred_weighted@{n}"] = boxed(max(sums, key=lambda name: sums[name]))
        found[f"pred_maj@{n}"] = boxed(max(counts, key=lambda name: counts[name]))
        found[f"pred_naive@{n}"] = boxed(answers[best])
    return found


def boxed(answer: str) -> str:
    """An answer as the columns write it."""
    return f"\\boxed{{{answer}}}"
