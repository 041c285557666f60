"""``eval vlm``: how well a vision-language model answers a set of questions, and what voting and verifying add.

greedy and greedy_blank (the same questions about a white picture), oracle32 and oracle32_blank (right at least once in
32 samples at temperature 0.8), majority16, and how well P(yes) tells right samples from wrong ones: auroc over all,
auroc_within a question, auroc_blank with the picture taken away, and auroc_rating for the expected 0-10 rating instead
(0.5 is chance). Intervals are over questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tts_playground.answers import groups
from tts_playground.core import Reward, Sampler
from tts_playground.errors import BadInput
from tts_playground.estimators.intervals import Interval, mean, paired, rate
from tts_playground.estimators.voting import expected_majority
from tts_playground.evaluation.countdown import Countdown
from tts_playground.experiments.question_sets import AskedQuestion, trust
from tts_playground.models.hub import cards
from tts_playground.models.hub.embedded_models import where
from tts_playground.samplers.capabilities import HasModel, ModelSampler
from tts_playground.samplers.vlm_settings import AnswerSettings
from tts_playground.tasks.vqa import VqaTask, short_answer, vqa_sampler
from tts_playground.tasks.vqa_data import SHIPPED, Skipped, questions
from tts_playground.verifiers.self_verify import PYes, Rating

TEMPERATURE = 0.8
VOTERS = 16


@dataclass(frozen=True)
class Measured:
    """What was measured on one question."""

    asked: AskedQuestion
    greedy: bool
    greedy_blank: bool
    oracle: bool
    oracle_blank: bool
    majority: float
    """chance that the majority of 16 is right"""


def run(
    model: str = "tiny:vlm", n: int = 32, most: int = 200, seed: int = 0, *, card: bool = False, data: str = SHIPPED
) -> dict[str, Any]:
    """All numbers with their 95 % intervals.

    Args:
        n: samples a question; 32 by definition of the keys, fewer for a quick look.
        most: questions of the set, 1 to 10,000; infographics-eval has 200.
        card: also write the numbers into the model's README.md.
        data: a set of questions, as ``tasks.vqa_data.questions`` reads it; rows that cannot be used are named.

    Raises:
        BadInput: ``n`` or ``most`` is out of its range, the model is none that is loaded here, or no question can be
            used. CannotDo: the hub cannot be reached.
    """
    if not (2 <= n <= 256 and 1 <= most <= 10_000):
        raise BadInput("n must be 2 to 256, and the number of questions 1 to 10000.")
    sampler, greedy = vqa_sampler(model, AnswerSettings(TEMPERATURE)), vqa_sampler(model, AnswerSettings(0.0))
    if not isinstance(sampler, ModelSampler):
        raise BadInput(f"eval vlm reads logits, which {model!r} does not show; name a model that is loaded here.")
    items = list(questions(data, most))
    tasks = [item for item in items if isinstance(item, VqaTask)]
    for item in items:
        if isinstance(item, Skipped):
            print(f"Row {item.number} of {data} is skipped: {item.why}.", flush=True)
    if not tasks:
        raise BadInput(f"{data} has no question that can be used.")
    rows, countdown = [], Countdown(f"{n} answers a question", len(tasks), partial(print, flush=True))
    for task in tasks:
        rows.append(measure(task, sampler, greedy, n, seed))
        countdown.step()
    measured = {name: one.as_dict() for name, one in metrics(rows).items()}
    if card:
        how = (
            f"`eval vlm` on {len(tasks)} questions of {data}, {n} answers each at T = {TEMPERATURE}, "
            f"seed {seed}; 95 % intervals over questions."
        )
        cards.record(Path(where(model)), measured, how)
    return {"name": "vlm", "metrics": measured}


def measure(task: VqaTask, sampler: ModelSampler, greedy: Sampler, n: int, seed: int) -> Measured:
    """Draw and judge everything about one question."""
    blank = task.blank()
    samples = list(sampler.draw(task, range(n), seed=seed))
    said = [short_answer(sample) for sample in samples]
    guessed = [short_answer(sample) for sample in sampler.draw(blank, range(n), seed=seed)]
    first, first_blank = (short_answer(next(greedy.draw(one, [0]))) for one in (task, blank))
    scores = {judge.name: tuple(judge.score(task, samples)) for judge in _judges(sampler)}
    asked = AskedQuestion(task.question, task.answers, tuple(said), scores)
    gold = asked.right()
    majority = float(expected_majority(groups(said), gold, [min(VOTERS, n)])[0])

    def right(answers: Sequence[str]) -> bool:
        return any(task.right(answer) == 1.0 for answer in answers)

    return Measured(asked, right([first]), right([first_blank]), right(said), right(guessed), majority)


def _judges(sampler: HasModel) -> tuple[Reward, ...]:
    return PYes(sampler.loaded), PYes(sampler.loaded, blank=True), Rating(sampler.loaded)


def metrics(rows: Sequence[Measured]) -> dict[str, Interval]:
    """Key -> number with its interval; an AUROC is left out where all answers are right or all wrong."""
    n = len(rows)
    found = {
        "greedy": rate(sum(row.greedy for row in rows), n),
        "greedy_blank": rate(sum(row.greedy_blank for row in rows), n),
        "oracle32": rate(sum(row.oracle for row in rows), n),
        "oracle32_blank": rate(sum(row.oracle_blank for row in rows), n),
        "majority16": mean([row.majority for row in rows], "shares"),
        "majority16_minus_greedy": paired([row.majority for row in rows], [row.greedy for row in rows]),
        "single": mean([float(np.mean(row.asked.right())) for row in rows], "shares"),
    }
    asked = [row.asked for row in rows]
    wanted: dict[str, Interval | None] = {}
    for judge, mark in (("p_yes", ""), ("p_yes_blank", "_blank"), ("rating", "_rating")):
        told = trust(asked, judge)
        wanted |= {f"auroc{mark}": told.auroc, f"auroc_within{mark}": told.within}
    return found | {name: value for name, value in wanted.items() if value is not None}
