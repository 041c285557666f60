"""``eval sketch``: how well a model turns held-out drawings into programs, alone and as the start of a search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tts_playground.core import Budget, Neighbourhood, Sample
from tts_playground.dsl.drawings import overlap
from tts_playground.dsl.extraction import extract
from tts_playground.dsl.metrics import Metrics
from tts_playground.errors import BadInput
from tts_playground.evaluation import metrics
from tts_playground.evaluation.programs import Judged
from tts_playground.rewards.iou import FitReward
from tts_playground.samplers.programs import ProgramSampler
from tts_playground.samplers.proposal import ProposalSampler
from tts_playground.strategies.refine import Refine
from tts_playground.tasks.sketch import SketchTask
from tts_playground.tasks.zero_shot import Answer
from tts_playground.worlds import heldout

STARTS = 16
"""samples of the model that a search starts from"""
CANDIDATES = 100_000
"""more than any search tries in its time"""


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """IoU, length and seconds of the program that one search ended with."""

    iou: float
    length: int
    seconds: float


def run(
    model: str = "tiny:sketch",
    *,
    drawings: int = heldout.NUMBER,
    samples: int = 64,
    paired: int = 50,
    times: Sequence[float] = (1.0, 2.0, 4.0),
    seed: int = 0,
    card: bool = False,
) -> dict[str, Any]:
    """Measure a model on the first ``drawings`` of drawings-eval.

    Args:
        samples: replies a drawing, at temperature 1 without a grammar: for the parse rate and the best of them.
        paired: drawings on which 16 samples + refine is compared with proposal + refine at equal wall-clock ``times``.
        card: also write the numbers into the model's README.md.

    Raises:
        BadInput: no drawings or no samples.
    """
    if drawings < 1 or samples < 1:
        raise BadInput("eval sketch needs at least one drawing and one sample.")
    targets = heldout.targets(drawings)
    tasks = [SketchTask.of(row["image"], outline="keep") for row in targets]
    sampler = ProgramSampler(model)
    greedy = [next(iter(replace(sampler, temperature=0.0).draw(task, [0], seed=seed))) for task in tasks]
    judged = _judged(greedy, targets)
    drawn = [list(sampler.draw(task, range(samples), seed=seed)) for task in tasks]
    best = [max(overlap(task, one.content).iou for one in row) for task, row in zip(tasks, drawn, strict=True)]
    searched = [search(task, sampler, STARTS, 2.0, seed) for task in tasks]
    measured = {
        "parse_rate": metrics.share([np.mean([parses(one) for one in row]) for row in drawn]),
        "greedy_f1": judged.intervals()["f1_score"].as_dict(),
        f"best{samples}_iou": metrics.share(best),
        "refined_iou": metrics.share([one.iou for one in searched]),
        "refined_seconds": metrics.mean([one.seconds for one in searched]),
        **_against_proposal(tasks[:paired], sampler, times, seed),
    }
    if card:
        _record(model, measured, drawings, samples, seed)
    return {"name": "sketch", "metrics": measured}


def parses(sample: Sample) -> bool:
    """Whether the raw reply is a program as it stands: no extraction, no repair."""
    found = extract(sample.info["reply"])
    return found.program is not None and not found.repaired and found.text == sample.info["reply"].strip()


def search(task: SketchTask, sampler: Neighbourhood, starts: int, seconds: float, seed: int) -> SearchOutcome:
    """Refine from so many samples within so many seconds; the IoU of the best by description length."""
    budget = Budget(samples=CANDIDATES, seconds=seconds)
    *_, last = Refine(starts=starts).run(task, sampler, FitReward(), budget=budget, seed=seed)
    if last.best is None:
        return SearchOutcome(0.0, 0, last.cost.seconds)
    program = last.best.sample.content
    return SearchOutcome(overlap(task, program).iou, len(program), last.cost.seconds)


def _judged(samples: Sequence[Sample], targets: list[dict[str, Any]]) -> Judged:
    replies = [sample.info["reply"] for sample in samples]
    said = tuple(Answer(reply, extract(reply)) for reply in replies)
    return Judged(Metrics([answer.text for answer in said], targets), said, tuple(targets))


def _against_proposal(
    tasks: list[SketchTask], sampler: Neighbourhood, times: Sequence[float], seed: int
) -> dict[str, Any]:
    """Paired gains of the model's start over the model-free one, at equal time: in IoU, and in primitives saved."""
    gains = {}
    for seconds in times if tasks else ():
        ours = [search(task, sampler, STARTS, seconds, seed) for task in tasks]
        peer = [search(task, ProposalSampler(), Refine().starts, seconds, seed) for task in tasks]
        gains[f"iou_gain_{seconds:g}s"] = metrics.gain([one.iou for one in ours], [one.iou for one in peer])
        gains[f"primitives_saved_{seconds:g}s"] = metrics.gain([p.length for p in peer], [o.length for o in ours])
    return gains


def _record(model: str, measured: dict[str, Any], drawings: int, samples: int, seed: int) -> None:
    from pathlib import Path

    from tts_playground.models.hub import cards, embedded_models

    how = (
        f"`eval sketch` on {drawings} drawings of drawings-eval, {samples} samples each at temperature 1, seed {seed}; "
        f"95 % intervals over drawings; refine starts from {STARTS} samples within 2 s."
    )
    cards.record(Path(embedded_models.where(model)), measured, how)
