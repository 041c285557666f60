"""What a trainer can say about its model at once: how often it is right, and how well it judges steps.

``eval math`` measures the same on math-eval, with intervals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from tts_playground.estimators.calibration import auroc
from tts_playground.train.math.drawing import MOST, draw
from tts_playground.train.math.rows import Text
from tts_playground.train.math.tokens import PAD, encoder
from tts_playground.worlds.arithmetic.checking import boxed_answer, is_correct
from tts_playground.worlds.arithmetic.generate import problems
from tts_playground.worlds.arithmetic.problem import MathProblem

EVAL_SEED = 77_000
"""seed of the problems that a trainer measures on: of the kind that it trained on, but never in training"""


def measured_problems(n: int) -> list[MathProblem]:
    """``n`` problems to measure on, of all levels alike."""
    return [one for level in range(1, 6) for one in problems(EVAL_SEED, -(-n // 5), "seen", level=level)][:n]


def solved(
    model: Any, asked: Sequence[MathProblem], samples: int, temperature: float, rows: int, most: int = MOST
) -> list[list[str]]:
    """``samples`` solutions of each problem, of ``most`` tokens at most; greedy ones at temperature 0."""
    encode = encoder()
    prompts = [encode.prompt(one.problem) for one in asked for _ in range(samples)]
    drawn = draw(model, prompts, temperature=temperature, seed=EVAL_SEED, rows=rows, most=most)
    texts = [encode.text(tokens or []) for tokens in drawn]
    return [texts[start : start + samples] for start in range(0, len(texts), samples)]


def right(asked: Sequence[MathProblem], texts: Sequence[Sequence[str]]) -> np.ndarray:
    """bool [problems, samples]."""
    return np.array([[is_correct(one, text) for text in said] for one, said in zip(asked, texts, strict=True)])


def voted(
    asked: Sequence[MathProblem], texts: Sequence[Sequence[str]], weights: np.ndarray | None = None
) -> np.ndarray:
    """bool [problems]: whether the answer with the most votes, or the largest sum of ``weights``, is right."""
    found = []
    for place, (one, said) in enumerate(zip(asked, texts, strict=True)):
        votes: dict[str, float] = defaultdict(float)
        for number, text in enumerate(said):
            if (answer := boxed_answer(text)) is not None:
                votes[answer] += 1.0 if weights is None else float(weights[place, number])
        best = max(votes, key=lambda answer: votes[answer], default="")
        found.append(is_correct(one, f"\\boxed{{{best}}}"))
    return np.array(found)


def writing(
    model: Any, n: int, samples: int, rows: int, temperature: float = 1.0, most: int = MOST
) -> dict[str, float]:
    """Shares of problems of the training kind: greedy, one sample, vote and any of ``samples``."""
    asked = measured_problems(n)
    greedy = right(asked, solved(model, asked, 1, 0.0, rows, most))[:, 0]
    texts = solved(model, asked, samples, temperature, rows, most)
    good = right(asked, texts)
    found = {"greedy": greedy.mean(), "sample": good.mean()}
    found |= {f"maj{samples}": voted(asked, texts).mean(), f"pass{samples}": good.any(1).mean()}
    for level in range(1, 6):
        own = [place for place, one in enumerate(asked) if one.level == level]
        found |= {f"greedy_level{level}": greedy[own].mean()} if own else {}
    return {name: float(value) for name, value in found.items()}


# ---------------------------------------------------------------------------------------------- judging


@torch.no_grad()
def step_scores(model: Any, texts: Sequence[Text], rows: int = 256) -> list[list[float]]:
    """P(right) at the end of each step of judged solutions."""
    model.eval()
    found: list[list[float]] = [[] for _ in texts]
    order = sorted(range(len(texts)), key=lambda place: len(texts[place].ids))
    for start in range(0, len(order), rows):
        batch = order[start : start + rows]
        longest = max(len(texts[place].ids) for place in batch)
        ids = torch.full((len(batch), longest), PAD)
        for row, place in enumerate(batch):
            ids[row, : len(texts[place].ids)] = torch.tensor(texts[place].ids)
        # padding stands on the right, where a causal model never looks
        probabilities = model(input_ids=ids.to(model.device)).logits.float().softmax(-1)[..., 1].cpu()
        for row, place in enumerate(batch):
            ends = [at for at, mark in enumerate(texts[place].marks) if mark]
            found[place] = probabilities[row, ends].tolist()
    return found


def judging(scores: Sequence[Sequence[float]], labels: Sequence[Sequence[bool]]) -> dict[str, float]:
    """Step AUROC, and ProcessBench's F1: of finding the first wrong step, and of finding none in right solutions.

    Zheng et al. 2024, "ProcessBench"; a step below 0.5 counts as wrong.
    """
    flat = [score for said in scores for score in said]
    truth = [label for told in labels for label in told]
    hits: dict[bool, list[bool]] = {True: [], False: []}
    for said, told in zip(scores, labels, strict=True):
        first = next((place for place, score in enumerate(said) if score < 0.5), None)
        wanted = told.index(False) if False in told else None
        hits[wanted is None].append(first == wanted)
    shares = [float(np.mean(found)) if found else 0.0 for found in hits.values()]
    f1 = 2 * shares[0] * shares[1] / sum(shares) if sum(shares) else 0.0
    return {
        "step_auroc": auroc(flat, truth) or 0.5,
        "first_error_f1": f1,
        "right_kept": shares[0],
        "first_error_found": shares[1],
    }
