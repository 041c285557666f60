"""Models that write programs, judged: metrics over a test set, the four hard drawings, and two models compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tts_playground.dsl.examples import PROGRAMS
from tts_playground.dsl.metrics import Metrics, pooled
from tts_playground.dsl.raster import render
from tts_playground.errors import BadInput
from tts_playground.estimators.intervals import Interval, of_resamples
from tts_playground.randomness import generator
from tts_playground.tasks.zero_shot import Answer, answers

if TYPE_CHECKING:
    from PIL import Image

DRAWS = 1000
"""bootstrap resamples"""
NAMES = tuple(field.name for field in fields(Metrics))


@dataclass(frozen=True)
class Judged:
    """What a model made of a test set."""

    metrics: Metrics
    answers: tuple[Answer, ...]
    targets: tuple[Mapping[str, Any], ...]

    def intervals(self) -> dict[str, Interval]:
        """Every metric with its 95 % bootstrap interval over targets; none of fewer than 8."""
        columns, n = _resampled(self.metrics).T, len(self.targets)
        return {
            name: _within(of_resamples(getattr(self.metrics, name), column, n))
            for name, column in zip(NAMES, columns, strict=True)
        }


def _within(found: Interval) -> Interval:
    """An interval of a share, kept between 0 and 1."""
    if found.low is None or found.high is None:
        return found
    return replace(found, low=max(0.0, found.low), high=min(1.0, found.high))


def judge(model: Any, processor: Any, targets: Iterable[Mapping[str, Any]], *, batch_size: int = 16) -> Judged:
    """Greedy programs for every target and how well they draw it.

    Raises:
        BadInput: there are no targets, or one has no square picture.
    """
    rows = tuple(targets)
    if not rows:
        raise BadInput("The test set is empty; give rows with a program and an image.")
    said = tuple(answers(model, processor, [row["image"] for row in rows], batch_size=batch_size))
    return Judged(Metrics([answer.text for answer in said], rows), said, rows)


def baseline(targets: Iterable[Mapping[str, Any]]) -> Metrics:
    """The empty program for every target: an all-white picture."""
    rows = list(targets)
    return Metrics([""] * len(rows), rows)


def hard_four() -> list[dict[str, Any]]:
    """The four qualitative drawings, from an exclamation mark to a biohazard sign."""
    return [{"program": text, "image": render(text)} for text in PROGRAMS.values()]


def drawn(answer: Answer) -> Image.Image | None:
    """The picture of a reply; None where its program does not parse."""
    return None if answer.found.program is None else render(answer.found.program)


def compare(old: Metrics | Mapping[str, float], new: Metrics | Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """Every metric of two models side by side: old, improved, difference, and where both were judged on the same
    targets the difference's 95 % interval (paired bootstrap over targets) as low and high, None below 8 targets.

    Raises:
        BadInput: a metric is missing.
    """
    pair = [_values(one) for one in (old, new)]
    table: dict[str, dict[str, Any]] = {name: {"old": pair[0][name], "improved": pair[1][name]} for name in NAMES}
    spread = _differences(old, new)
    for number, row in enumerate(table.values()):
        row["difference"] = row["improved"] - row["old"]
        if spread is not None and isinstance(old, Metrics):
            found = of_resamples(row["difference"], spread[:, number], len(old.scores))
            row |= {"low": found.low, "high": found.high}
    return table


def _values(given: Metrics | Mapping[str, float]) -> Mapping[str, float]:
    if isinstance(given, Metrics):
        return {name: getattr(given, name) for name in NAMES}
    missing = [name for name in NAMES if name not in given]
    if missing:
        raise BadInput(f"These metrics are missing: {', '.join(missing)}; give a Metrics or a mapping with all five.")
    return {name: float(given[name]) for name in NAMES}


def _differences(old: Any, new: Any) -> np.ndarray | None:
    """[draws, 5] improved minus old on resampled targets; None where they cannot be paired."""
    if not (isinstance(old, Metrics) and isinstance(new, Metrics)) or len(old.scores) != len(new.scores):
        return None
    return _resampled(new) - _resampled(old) if old.scores else None


def _resampled(metrics: Metrics) -> np.ndarray:
    """[draws, 5] metrics of resampled targets; equal numbers of targets give equal resamples, hence pairs."""
    rng = generator(len(metrics.scores), "metrics bootstrap")
    return np.array([pooled(_drawn_rows(metrics.scores, rng)) for _ in range(DRAWS)])


def _drawn_rows(scores: Sequence[Any], rng: np.random.Generator) -> list[Any]:
    return [scores[i] for i in rng.integers(len(scores), size=len(scores))]
