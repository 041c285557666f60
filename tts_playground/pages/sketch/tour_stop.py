"""One question of the sketch tab's tour, and what a page holds when somebody guesses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tts_playground.evolve.quality import Quality
from tts_playground.experiments.comparison import Comparison
from tts_playground.pages.sketch.learn_state import LearnRun
from tts_playground.pages.sketch.page_state import SketchPageState
from tts_playground.pages.sketch.replies import DrawingReplies


@dataclass(frozen=True, slots=True)
class LearnFindings:
    """What came out of the Learn view of one page so far: the last of each kind."""

    sets: Mapping[str, Quality] = field(default_factory=dict)
    """reports on the data sets that were made, by recipe"""
    run: LearnRun | None = None
    """the last fine-tuning that ended"""
    replies: DrawingReplies | None = None
    verdict: tuple[str, ...] = ()
    """what pass@k drawn on this page says of the adapters, a sentence each"""


@dataclass(frozen=True, slots=True)
class SketchEvidence:
    """What a page holds when somebody guesses."""

    work: SketchPageState | None
    found: Comparison | None = None
    learned: LearnFindings = LearnFindings()


@dataclass(frozen=True, slots=True)
class SketchStop:
    """One question."""

    key: str
    title: str
    question: str
    guesses: tuple[str, ...]
    answer: Callable[[SketchEvidence], str]
    where: str
    """elem_id of the figure that shows it"""
    changes: Mapping[str, float] = field(default_factory=dict)
    """settings that differ from the page's"""
    opens: tuple[str, ...] = ()
    """which folded parts open: "learn", and in it "why" """
