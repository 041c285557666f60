"""Another program's rows summed up by the same statistics: the published fields by condition, and what counts allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tts_playground.auditing.foreign import ForeignRow, ForeignRows
from tts_playground.auditing.report import Summaries, summary
from tts_playground.auditing.verdict import UNTOLD, counted, invalid, share
from tts_playground.errors import BadInput

WITHOUT_CELLS = (
    "Effects of digit, place, colour and size, calibrations and figures are left out: they need the cells of each"
    " picture, which these rows do not tell."
)


@dataclass(frozen=True)
class ForeignReport(Summaries):
    """What the counts of another program's audit say."""

    rows: tuple[ForeignRow, ...]
    conditions: tuple[dict[str, Any], ...]
    """one summary a condition, and one of all; None for what is not known"""
    verdict: tuple[str, ...]
    notes: tuple[str, ...]
    """what was read as what, and what is left out"""

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the fields of ``AuditReport.as_dict``, with no effects and no calibrations, and the notes."""
        return {
            **self.summary,
            "effects": [],
            "conditions": list(self.conditions),
            "calibrations": [],
            "verdict": list(self.verdict),
            "notes": list(self.notes),
        }


def analyze(found: ForeignRows) -> ForeignReport:
    """The report of another program's rows.

    Raises:
        BadInput: there are none.
    """
    rows = found.rows
    if not rows:
        raise BadInput("There are no pictures in this audit yet.")
    parts = {row.condition: [] for row in rows if row.condition}
    for row in rows if parts else ():
        parts[row.condition].append(row)
    named = [(f"{name} (a condition)" if name == "all" else name, part) for name, part in parts.items()]
    named.append(("all", list(rows)))
    summaries = [summary(name, part, _n(part)) for name, part in named]
    said = tuple(_sentences(summaries[-1], rows))
    if not all(row.known_n for row in rows):
        for one in summaries:
            one |= {"valid_rate": None, "mean_joint_accuracy_all": None}
    return ForeignReport(rows, tuple(summaries), said, (*found.notes, WITHOUT_CELLS))


def _n(rows: Sequence[ForeignRow]) -> int:
    return round(float(np.mean([row.n for row in rows])))


def _sentences(found: dict[str, Any], rows: Sequence[ForeignRow]) -> list[str]:
    usable = [row for row in rows if row.valid > 0]
    if not usable:
        return ["No pick is of a digit of its picture, so nothing can be said about how it chooses."]
    said = [counted(found)]
    if found["valid_rate"] < UNTOLD:
        said.insert(
            0, f"Only {share(found['valid_rate'])} of its picks are of a digit of their picture; this is about them."
        )
    if found["mean_p_special"] is not None:
        low, high = found["p_special_low"], found["p_special_high"]
        reach = "" if low is None or high is None else f" (95 %: {share(low)} to {share(high)})"
        said.append(
            f"The special digit takes {share(found['mean_p_special'])} of the valid picks{reach}; a fair share is"
            f" {share(1 / found['k'])}."
        )
    said += [line.text for line in invalid(found, rows)]
    if found["mean_joint_accuracy_valid"] is not None:
        said.append(f"It names the right colour with {share(found['mean_joint_accuracy_valid'])} of its valid picks.")
    return said
