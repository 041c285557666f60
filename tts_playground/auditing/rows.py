"""One picture of an audit and what was answered about it: a row of the JSONL file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from tts_playground.auditing.picked import Picked
from tts_playground.auditing.pictures import ChoicePicture
from tts_playground.auditing.statistics import Floats, chi_square, cramers_v, entropy, power, total_variation, true_v
from tts_playground.errors import BadInput
from tts_playground.worlds.choices import COLORS, CONDITIONS, PLACES, ChoiceCell, ChoiceScene, record

EXAMPLES = 3
"""unreadable replies that are kept to be shown"""


@dataclass(frozen=True)
class AuditRow(Picked):
    """What was answered about one picture."""

    picture: ChoicePicture
    protocol: str
    """"exact", "sampled" or "list" """
    n: int
    """picks asked for; 0 where probabilities are exact"""
    digits: tuple[float, ...]
    """for 0 to 9: the probability of that reply (exact), or how often it was given"""
    colours: tuple[tuple[float, ...], ...] = ()
    """[10][4] the same for a digit with each of R, G, B, Y; empty when no colour was asked for"""
    unreadable: float = 0.0
    """picks that named no digit (counts; for exact the probability of anything else)"""
    examples: tuple[str, ...] = ()
    """a few unreadable replies"""

    @property
    def shown(self) -> tuple[int, ...]:
        """Digits in the picture, in the order of its cells; all ten for the blank control."""
        return self.picture.scene.digits if self.picture.scene else tuple(range(10))

    @property
    def cluster(self) -> int:
        """The layout, which pictures of permuted digits share."""
        return self.picture.layout

    @property
    def p_special(self) -> float:
        """Probability or share of the first cell, the special one, among valid picks."""
        return float(self.p[0])

    @property
    def joint(self) -> float | None:
        """Share of valid picks with the right colour as well; None where no colour was asked for."""
        return self.joint_at(self.p) if self.colours else None

    def joint_at(self, p: Floats) -> float:
        """Chance of a digit with its right colour if cells were chosen with ``p``; colours given digits stay."""
        skill = np.divide(self.right, self.picks, out=np.zeros(len(self.picks)), where=self.picks > 0)
        return float((skill * p).sum()) if self.valid > 0 else 0.0

    @property
    def right(self) -> Floats:
        """[k] picks or probabilities with the right colour of the cell."""
        assert self.picture.scene is not None
        letters = list(COLORS)
        return np.array([self.colours[c.digit][letters.index(c.color)] for c in self.picture.scene.cells])


def facts(row: AuditRow, samples: int) -> dict[str, Any]:
    """The row as JSON: ground truth, answers, and statistics of the picture alone.

    Args:
        samples: N at which ``power`` is given where probabilities are exact.
    """
    found: dict[str, Any] = {"key": row.picture.key, "layout": row.picture.layout, "shift": row.picture.shift}
    found |= record(row.picture.scene) if row.picture.scene else {"condition": "blank", "digits": list(range(10))}
    found |= {
        "protocol": row.protocol,
        "n": row.n,
        "answers": list(row.digits),
        "colour_answers": [list(pair) for pair in row.colours],
        "unreadable": row.unreadable,
        "examples": list(row.examples),
        "valid": row.valid,
        "p": row.p.tolist(),
        "entropy": float(entropy(row.p)[0]),
        "total_variation": float(total_variation(row.p)[0]),
    }
    if row.picture.scene is not None:
        found["p_special"] = row.p_special
    picks = row.picks
    if row.n:
        statistic, p_value = chi_square(picks)
        v = [float(cramers_v(statistic, picks.sum(), len(picks), corrected=c)[0]) for c in (False, True)]
        found |= {"chi2": float(statistic[0]), "p_value": float(p_value[0])}
        found |= {"cramers_v": v[0], "cramers_v_corrected": v[1]}
    else:
        v = float(true_v(row.p)[0])
        found |= {"power": float(power(row.p, samples)[0]), "cramers_v": v, "cramers_v_corrected": v}
    return found


def row_of(facts: Mapping[str, Any]) -> AuditRow:
    """The row of a JSON object that ``facts`` made.

    Raises:
        BadInput: it is none.
    """
    try:
        scene = None
        if facts["condition"] != "blank":
            cells = tuple(_cell(cell) for cell in _list(facts["cells"], "cells"))
            if not cells or len({cell.digit for cell in cells}) != len(cells):
                raise ValueError("its cells have no digits, or one twice")
            if facts["condition"] not in CONDITIONS:
                raise ValueError(f"there is no condition {str(facts['condition'])[:40]!r}")
            scene = ChoiceScene(
                facts["condition"], cells, _whole(facts["seed"], "seed"), _whole(facts["index"], "index")
            )
        picture = ChoicePicture(scene, _whole(facts["layout"], "layout"), _whole(facts["shift"], "shift"))
        answers = _shares(facts["answers"], "answers")
        colours = tuple(_shares(pair, "colour_answers") for pair in _list(facts["colour_answers"], "colour_answers"))
        if len(answers) != 10 or (colours and [len(pair) for pair in colours] != [len(COLORS)] * 10):
            raise ValueError("it has not ten answers")
        if (n := _whole(facts["n"], "n")) < 0:
            raise ValueError("its number of picks is negative")
        rest = _share(facts["unreadable"], "unreadable"), tuple(map(str, _list(facts["examples"], "examples")))
        return AuditRow(picture, str(facts["protocol"]), n, answers, colours, *rest)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        named = ", ".join(sorted(map(str, facts))[:20]) or "none"
        why = f"it has no {error}; its fields are {named}" if isinstance(error, KeyError) else str(error)
        raise BadInput(f"This is no row of an audit: {why}.") from error


def _cell(facts: Mapping[str, Any]) -> ChoiceCell:
    if not isinstance(facts, Mapping):
        raise ValueError("a cell is no object")
    if unknown := facts.keys() - {one.name for one in fields(ChoiceCell)}:
        raise ValueError(f"a cell has the unknown field {min(map(str, unknown))[:40]!r}")
    cell = ChoiceCell(**facts)
    if _whole(cell.digit, "digit") not in range(10) or cell.color not in COLORS:
        raise ValueError("a cell has a digit or a colour that there is not")
    if (_whole(cell.row, "row"), _whole(cell.column, "column")) not in PLACES:
        raise ValueError("a cell stands outside of the grid")
    if not all(0 <= float(number) <= 100 for number in (cell.scale, cell.faded, cell.blurred)):
        raise ValueError("a cell's size, fading or blur is not within 0-100")
    return cell


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"its {what} are of type {type(value).__name__}, not iterable as a list is")
    return value


def _shares(values: Any, what: str) -> tuple[float, ...]:
    return tuple(_share(value, what) for value in _list(values, what))


def _whole(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        raise ValueError(f"its {what} is {str(value)[:40]!r}, not a whole number of at most 64 bits")
    return value


def _share(value: Any, what: str) -> float:
    """A probability or a count."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"its {what} hold {str(value)[:40]!r}, which is no number")
    number = float(value)
    if not -1e-6 <= number < 1e300:  # what is left of 1 may be a rounding error
        raise ValueError(f"its {what} hold {number}, which is neither a probability nor a count")
    return number
