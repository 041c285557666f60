"""What a model of images gets wrong, by what was asked for, and whether a reward sees it.

A judge in the way of GenEval (Ghosh et al. 2023) names each fault: a thing is missing; their number, a colour, a
place or the background is wrong. A reward's scores are set beside it: the area under its ROC curve within a prompt is
1/2 where it cannot tell pictures with a fault from others of the same prompt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tts_playground.core import Verdict
from tts_playground.errors import BadInput
from tts_playground.estimators.calibration import auroc_within
from tts_playground.estimators.intervals import Interval, clustered, mean
from tts_playground.verifiers.checks import FAULTS, fault_kinds
from tts_playground.verifiers.english import Request
from tts_playground.verifiers.geneval import GenEval

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class FailureModes:
    """What went wrong with the pictures of some prompts."""

    asked: Mapping[str, Interval]
    """what a prompt asks for ("number", "colour", "position", "background", "several things") -> share of the pictures
    of such prompts that fail, with its interval over prompts"""
    faults: Mapping[str, int]
    """kind of fault (``verifiers.checks.FAULTS``) -> pictures that have it, the most frequent first"""
    gaps: Mapping[str, float]
    """kind of fault -> mean score of the pictures without a fault, less that of those with it; {} without scores"""
    told_apart: Interval | None
    """chance that a picture that passes scores above one of the same prompt that fails, mean over prompts; None without
    scores, and where no prompt has both"""
    examples: Mapping[str, tuple[str, int, str]]
    """kind of fault -> a prompt, the place of its first picture with that fault, and the judge's sentence"""

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, for JSON."""
        asked = {name: interval.as_dict() for name, interval in self.asked.items()}
        told = None if self.told_apart is None else self.told_apart.as_dict()
        examples = {name: list(one) for name, one in self.examples.items()}
        return {"asked": asked, "faults": dict(self.faults), "gaps": dict(self.gaps), "told_apart": told} | {
            "examples": examples
        }


def failure_modes(
    pictures: Mapping[str, Sequence[Image.Image]],
    scores: Mapping[str, Sequence[float]] | None = None,
    judge: GenEval | None = None,
) -> FailureModes:
    """Judge the pictures of each prompt, and count what is wrong with them.

    Args:
        pictures: prompt -> its pictures.
        scores: prompt -> a reward's scores of the same pictures.
        judge: None takes ``GenEval()``, which knows the embedded models' world.

    Raises:
        BadInput: no picture, a prompt that the judge cannot check, or scores that are not one a picture.
    """
    judge, shown = judge or GenEval(), {prompt: list(images) for prompt, images in pictures.items() if len(images)}
    if not shown:
        raise BadInput("There is no picture to look at; give a dictionary from prompts to their pictures.")
    if scores is not None and any(len(scores.get(prompt, ())) != len(images) for prompt, images in shown.items()):
        raise BadInput("Give one score for each picture of each prompt, or no scores.")
    verdicts = {prompt: judge.judge_images(prompt, images) for prompt, images in shown.items()}
    asked = {prompt: _asked(judge.request(prompt)) for prompt in shown}
    kinds = {prompt: [fault_kinds(one) for one in found] for prompt, found in verdicts.items()}
    counted = Counter(kind for rows in kinds.values() for row in rows for kind in dict.fromkeys(row))
    faults = dict(counted.most_common())
    gaps, told = ({}, None) if scores is None else (_gaps(kinds, scores, faults), _told_apart(verdicts, scores))
    return FailureModes(_rates(verdicts, asked), faults, gaps, told, _examples(verdicts, kinds, faults))


def _asked(request: Request) -> list[str]:
    said = {
        "number": any(want.exact and want.count > 1 for want in request.wants),
        "colour": any(want.color for want in request.wants),
        "position": bool(request.relation),
        "background": bool(request.background),
        "several things": len(request.wants) > 1,
    }
    return [name for name, true in said.items() if true]


def _rates(verdicts: Mapping[str, Sequence[Verdict]], asked: Mapping[str, Sequence[str]]) -> dict[str, Interval]:
    rates = {}
    for name in dict.fromkeys(name for names in asked.values() for name in names):
        rows = [[float(not one.passed) for one in verdicts[prompt]] for prompt in verdicts if name in asked[prompt]]
        rates[name] = clustered(
            [value for row in rows for value in row], [n for n, row in enumerate(rows) for _ in row]
        )
    return dict(sorted(rates.items(), key=lambda item: -item[1].value))


def _gaps(
    kinds: Mapping[str, Sequence[Sequence[str]]], scores: Mapping[str, Sequence[float]], faults: Mapping[str, int]
) -> dict[str, float]:
    """Within prompts, so that a prompt whose words a reward likes does not count."""
    found: dict[str, list[float]] = {name: [] for name in faults}
    for prompt, rows in kinds.items():
        fine = [score for row, score in zip(rows, scores[prompt], strict=True) if not row]
        for name in faults:
            bad = [score for row, score in zip(rows, scores[prompt], strict=True) if name in row]
            if fine and bad:
                found[name].append(float(np.mean(fine) - np.mean(bad)))
    return {name: float(np.mean(values)) for name, values in found.items() if values}


def _told_apart(verdicts: Mapping[str, Sequence[Verdict]], scores: Mapping[str, Sequence[float]]) -> Interval | None:
    passed = [[bool(one.passed) for one in found] for found in verdicts.values()]
    within = auroc_within([scores[prompt] for prompt in verdicts], passed)
    return mean(within) if within else None


def _examples(
    verdicts: Mapping[str, Sequence[Verdict]], kinds: Mapping[str, Sequence[Sequence[str]]], faults: Mapping[str, int]
) -> dict[str, tuple[str, int, str]]:
    examples: dict[str, tuple[str, int, str]] = {}
    for prompt, rows in kinds.items():
        for place, row in enumerate(rows):
            for kind in row:
                examples.setdefault(kind, (prompt, place, verdicts[prompt][place].reason))
    return {kind: examples[kind] for kind in FAULTS if kind in faults}
