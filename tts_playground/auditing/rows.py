"""One picture of an audit and what was answered about it: a row of the JSONL file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tts_playground.auditing.pictures import Picture
from tts_playground.auditing.statistics import Floats, chi_square, cramers_v, entropy, power, total_variation, true_v
from tts_playground.errors import BadInput
from tts_playground.worlds.choices import COLORS, Cell, Choice, record

EXAMPLES = 3
"""unreadable replies that are kept to be shown"""


@dataclass(frozen=True)
class Row:
    """What was answered about one picture."""

    picture: Picture
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
    def total(self) -> float:
        """Picks, or 1 for probabilities."""
        return float(self.n) if self.n else 1.0

    @property
    def shown(self) -> tuple[int, ...]:
        """Digits in the picture, in the order of its cells; all ten for the blank control."""
        return self.picture.scene.digits if self.picture.scene else tuple(range(10))

    @property
    def picks(self) -> Floats:
        """[k] picks or probabilities of the cells, in their order."""
        return np.asarray(self.digits, np.float64)[list(self.shown)]

    @property
    def p(self) -> Floats:
        """[k] probabilities or shares among the valid picks; uniform where there is none (see ``valid``)."""
        picks = self.picks
        return picks / picks.sum() if picks.sum() > 0 else np.full(len(picks), 1 / len(picks))

    @property
    def valid(self) -> float:
        """Share of replies that name a digit in the picture."""
        return min(1.0, float(self.picks.sum()) / self.total)

    @property
    def right(self) -> Floats:
        """[k] picks or probabilities with the right colour of the cell."""
        assert self.picture.scene is not None
        letters = list(COLORS)
        return np.array([self.colours[c.digit][letters.index(c.color)] for c in self.picture.scene.cells])


def facts(row: Row, samples: int) -> dict[str, Any]:
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
        found["p_special"] = float(row.p[0])
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


def row_of(facts: Mapping[str, Any]) -> Row:
    """The row of a JSON object that ``facts`` made.

    Raises:
        BadInput: it is none.
    """
    try:
        scene = None
        if facts["condition"] != "blank":
            cells = tuple(Cell(**cell) for cell in facts["cells"])
            scene = Choice(facts["condition"], cells, facts["seed"], facts["index"])
        picture = Picture(scene, facts["layout"], facts["shift"])
        answers = tuple(float(v) for v in facts["answers"])
        colours = tuple(tuple(float(v) for v in pair) for pair in facts["colour_answers"])
        if len(answers) != 10:
            raise ValueError("ten answers")
        rest = float(facts["unreadable"]), tuple(facts["examples"])
        return Row(picture, str(facts["protocol"]), int(facts["n"]), answers, colours, *rest)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"This is no row of an audit ({type(error).__name__}: {error}).") from error
