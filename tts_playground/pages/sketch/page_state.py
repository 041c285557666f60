"""What one open page is about: the drawing, the candidates found for it, and the pool its curve stands on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from tts_playground.core import Round, Scored
from tts_playground.dsl import Program
from tts_playground.dsl.scoring import CLOSENESS, judge
from tts_playground.estimators import curves
from tts_playground.tasks.sketch import SketchSettings, SketchTask

EMPTY = Program()
DEFAULTS = SketchSettings()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program that was tried."""

    program: Program
    iou: float
    """overlap of its picture with the drawing, 0-1"""
    reward: float
    """what guided the search and orders the gallery; higher is better"""
    score: float = 0.0
    """what is shown of it, 0-1: see ``dsl.scoring``"""


@dataclass(frozen=True, slots=True)
class SketchPageState:
    """Lives in the session of one page, and nowhere else."""

    task: SketchTask
    title: str
    """what the drawing is called"""
    program: Program = EMPTY
    """the best so far"""
    candidates: tuple[Candidate, ...] = ()
    """what was scored, in the order of drawing"""
    pool: tuple[float, ...] = ()
    """scores of independent draws, in order of drawing; empty when the candidates came out of a search"""
    settings: SketchSettings = DEFAULTS
    ready: bool = False
    """whether its pool came with the app"""
    seen: float | None = None
    """closeness at which its scores are looked at, where it is not the one of the search"""

    @property
    def closeness(self) -> float:
        """Closeness of all scores that are shown."""
        return self.settings.shown if self.seen is None else self.seen

    def ranked(self, most: int = 64) -> list[Candidate]:
        """Distinct candidates by reward, best first; of equals the shorter program."""
        distinct = {candidate.program: candidate for candidate in self.candidates}
        return sorted(distinct.values(), key=lambda c: (-c.reward, len(c.program)))[:most]

    def holds(self, text: str) -> bool:
        """Whether a text is one of this work's programs."""
        return text == str(self.program) or any(text == str(c.program) for c in self.candidates)

    def curve(self) -> curves.Curve | None:
        """Expected best score of N, exact for every N up to the size of the pool."""
        return _curve(self.pool) if self.pool else None


def rescored(work: SketchPageState, closeness: float) -> SketchPageState:
    """The same candidates with their scores at another closeness, and the best of them; a search at it may find more.

    Where IoU or the renderer guides, the score is the IoU at every closeness.
    """
    if work.settings.reward != "fit" or closeness == work.closeness:
        return work
    found = {c.program: judge(work.task, c.program, closeness) for c in work.candidates}
    fresh = tuple(replace(c, reward=found[c.program].merit, score=found[c.program].score) for c in work.candidates)
    pool = tuple(c.score for c in fresh) if work.pool else ()
    seen = None if closeness == work.settings.shown else closeness
    again = replace(work, candidates=fresh, pool=pool, seen=seen)
    best = again.ranked(1)
    return replace(again, program=best[0].program) if best else again


@lru_cache(maxsize=128)
def _curve(pool: tuple[float, ...]) -> curves.Curve:
    return curves.curve(pool, label="best-of-N", measure="score", oracle=False)


def judged(task: SketchTask, scored: Iterable[Scored], closeness: float = CLOSENESS) -> tuple[Candidate, ...]:
    """Scored programs with their IoU and their score."""
    return tuple(_candidate(task, one, closeness) for one in scored)


def _candidate(task: SketchTask, scored: Scored, closeness: float) -> Candidate:
    found = judge(task, scored.sample.content, closeness)
    return Candidate(scored.sample.content, found.overlap.iou, scored.reward, found.score)


def grown(work: SketchPageState, rounds: Sequence[Round]) -> SketchPageState:
    """The work with what these rounds scored added; draws of best-of-n are independent and enter the pool."""
    fresh = judged(work.task, (scored for r in rounds for scored in r.candidates), work.settings.shown)
    pool = (*work.pool, *(c.score for c in fresh)) if work.settings.strategy == "best-of-n" else ()
    return replace(work, candidates=(*work.candidates, *fresh), pool=pool)
