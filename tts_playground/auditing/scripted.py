"""Choosers that are no models: a few written-down habits, to learn what an audit shows and to check that it is right.

They are told what is in the picture and do not look at it. Their probabilities are known exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tts_playground import randomness
from tts_playground.auditing.choosers import ChoiceQuestion
from tts_playground.auditing.statistics import Floats
from tts_playground.errors import UnknownName
from tts_playground.worlds.choices import CENTERED, COLORS, LARGE, SEVEN, ChoiceCell

Weigh = Callable[[str, ChoiceCell | None], float]
"""weight of a label, and of its cell where there is one"""


@dataclass(frozen=True)
class ScriptedChooser:
    """Chooses among the labels shown with probability proportional to ``weigh``."""

    name: str
    weigh: Weigh
    colour_skill: float = 1.0
    """chance of naming the right colour; the others share the rest"""
    silent: float = 0.0
    """chance of a reply that names no label"""
    version: str = field(default="1")

    def fingerprint(self) -> Mapping[str, Any]:
        """Its name and version."""
        return {"model": self.name, "version": self.version}

    def chances(self, questions: Sequence[ChoiceQuestion], temperature: float = 1.0) -> Floats:
        """[questions, options] exact; at a temperature, weights to the power of its inverse."""
        return np.array([self._chances(question, temperature) for question in questions])

    def _chances(self, question: ChoiceQuestion, temperature: float) -> list[float]:
        cells = {str(cell.digit): cell for cell in question.scene.cells} if question.scene else {}
        labels = list(dict.fromkeys(option.split(" ")[0] for option in question.options))
        shown = [label for label in labels if label in cells] if cells else labels
        weights = np.array([self.weigh(label, cells.get(label)) for label in shown], np.float64)
        logs = np.log(weights) / max(temperature, 1e-9)
        p = np.exp(logs - logs.max())
        chance = dict(zip(shown, (1 - self.silent) * p / p.sum(), strict=True))
        return [chance.get(option.split(" ")[0], 0.0) * self._colour(option, cells) for option in question.options]

    def _colour(self, option: str, cells: Mapping[str, ChoiceCell]) -> float:
        label, _, letter = option.partition(" ")
        if letter not in COLORS:
            return 1.0
        if label not in cells:
            return 1 / len(COLORS)
        return self.colour_skill if cells[label].color == letter else (1 - self.colour_skill) / (len(COLORS) - 1)

    def replies(
        self, question: ChoiceQuestion, n: int, *, seed: int = 0, temperature: float = 1.0, longest: int = 8
    ) -> list[str]:
        """``n`` replies; where many are asked for in one (``longest`` > 8), a list separated by commas."""
        p = np.array(self._chances(question, temperature))
        edges = np.cumsum([*p, max(0.0, 1 - p.sum())])
        noise = randomness.generator(seed, "scripted", self.name, *question.stream)
        said = [*question.options, "I cannot choose at random."]
        each = longest // 2 if longest > 8 else 1
        picks = np.searchsorted(edges / edges[-1], noise.random((n, each)), side="right")
        return [", ".join(said[min(pick, len(p))] for pick in row) for row in picks]


def _fair(label: str, cell: ChoiceCell | None) -> float:
    return 1.0


def _loves_seven(label: str, cell: ChoiceCell | None) -> float:
    return 3.0 if label == "7" else 1.0


def _middle(label: str, cell: ChoiceCell | None) -> float:
    return 2.0 if cell and cell.centered else 1.0


def _first_read(label: str, cell: ChoiceCell | None) -> float:
    return 1.0 if cell is None else 1.5 if cell.row == 0 else 1.0


def _planted(label: str, cell: ChoiceCell | None) -> float:
    seven = SEVEN if label == "7" else 1.0
    return seven * (LARGE if cell and cell.scale > 1 else 1.0) * (CENTERED if cell and cell.centered else 1.0)


SCRIPTS: dict[str, tuple[str, ScriptedChooser]] = {
    script.name: (what, script)
    for what, script in (
        ("a fair die", ScriptedChooser("scripted:fair", _fair)),
        ("loves 7: three times as readily", ScriptedChooser("scripted:loves-7", _loves_seven)),
        ("likes the middle: twice as readily", ScriptedChooser("scripted:likes-the-middle", _middle)),
        ("prefers what is read first: the top row", ScriptedChooser("scripted:top-first", _first_read)),
        ("as tiny:vlm was taught: 7, large and middle", ScriptedChooser("scripted:planted", _planted)),
        ("hasty: fair, but often silent or wrong", ScriptedChooser("scripted:hasty", _fair, 0.7, 0.1)),
    )
}
"""name -> (in words, chooser)"""


def named(name: str) -> ScriptedChooser:
    """The scripted chooser of a name.

    Raises:
        UnknownName: there is none.
    """
    if name not in SCRIPTS:
        raise UnknownName("scripted chooser", name, SCRIPTS)
    return SCRIPTS[name][1]
