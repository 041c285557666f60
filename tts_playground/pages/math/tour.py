"""A guided tour: each stop asks for a guess, sets the page, and then says what this page's own numbers are. Data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tts_playground.pages.math.accuracy_data import SHOWN, accuracy_data, vote_for
from tts_playground.pages.math.page_state import MathPageState, starter
from tts_playground.pages.math.trust import DifficultyBin, threshold, trust
from tts_playground.pages.math.view_settings import MathView
from tts_playground.pages.percent import share
from tts_playground.pages.strategy_names import title
from tts_playground.pages.tour import JudgedAnswer, NotYet, TourCard, cards

CLEAR = 0.05
"""how much more of the problems a search that clearly beats a vote solves"""
_OFTEN = {"nearly always": 0.95, "about half": 0.5, "rarely": 0.1}
"""what a guess means, as a share"""


@dataclass(frozen=True, slots=True)
class TourQuestion:
    """One question."""

    key: str
    title: str
    """on its button"""
    question: str
    guesses: tuple[str, ...]
    """what one may predict"""
    answer: Callable[[MathPageState], str]
    """what is to be seen, with numbers"""
    where: str
    """elem_id of the figure that shows it"""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """settings that differ from the page's"""

    def view(self, now: MathView) -> MathView:
        """The page's view with this question's settings."""
        return replace(now, **dict(self.changes))


def _dropped(state: MathPageState) -> str:
    if state.tree is None:
        return NotYet("Press “Solve” first, then guess again.")
    tree = state.tree
    dropped = [node for node in tree.nodes if node.fate == "dropped"]
    wrong = [node for node in dropped if node.right is False]
    known = [node for node in dropped if node.right is not None]
    line = f"{len(dropped)} of {len(tree.nodes)} steps were dropped."
    if known:
        line += f" Of those, {len(wrong)} had gone wrong and {len(known) - len(wrong)} were still right."
    line += " Faded nodes are dropped; a dashed ring says that the step is wrong."
    return JudgedAnswer(line, "only wrong ones" if len(wrong) == len(known) else "right ones too") if known else line


def _votes(state: MathPageState) -> str:
    data = accuracy_data()
    curves = dict(zip(SHOWN, data.lines, strict=False))
    if "weighted" not in curves:
        return "There are no ready-made solutions to look at."
    n = min(16, int(curves["weighted"].n[-1]))
    found = {words: curves[key].at(n) for key, words in _WORDS if key in curves}
    told = ", ".join(f"{words} {share(value)}" for words, value in found.items())
    which = data.title.partition(",")[0]
    line = f"Of {which}, with {n} solutions of each: {told}. One solution alone: {share(curves['naive'].mean[0])}."
    return JudgedAnswer(line, max(found, key=lambda words: found[words]))


_WORDS = (("weighted", "votes weighted by score"), ("majority", "most votes"), ("naive", "the best score"))


def _strategies(state: MathPageState) -> str:
    data = accuracy_data()
    if not data.points or not data.lines:
        return "There are no ready-made searches to look at."
    most = max(point.budget for point in data.points)
    points = [point for point in data.points if point.budget == most]
    told = ", ".join(
        f"{title(one.label)} {share(one.result.value)} with {one.cost['tokens']:,.0f} tokens"
        for one in sorted(points, key=lambda one: -one.result.value)
    )
    dearest = max(one.cost["tokens"] for one in points)
    n, reached = vote_for(data.lines[0], dearest)
    vote = f"a {data.lines[0].label} of {n} whole solutions, which take no more than the dearest of them,"
    line = f"At N = {most}, of {data.title.partition(',')[0]}: {told}; {vote} {share(reached)}."
    ahead = max(one.result.value for one in points) - reached
    return JudgedAnswer(line, "no" if ahead <= 0 else "a little" if ahead < CLEAR else "yes, clearly")


def _judge(state: MathPageState) -> str:
    held = starter()
    found = trust(held.pools, threshold()) if held else None
    if found is None or "first_error_found" not in found.numbers:
        return "The truth of the steps is not known here."
    named = found.numbers["first_error_found"].value
    line = f"It names the first wrong step in {share(named)} of the wrong solutions: a judge that errs."
    return JudgedAnswer(line, min(_OFTEN, key=lambda words: abs(_OFTEN[words] - named)))


def _hard(state: MathPageState) -> str:
    bins = accuracy_data().bins
    vote = next((name for name in ("weighted", "best_of_n") if bins and name in bins[0].accuracy), "")
    if not vote:
        return "There are no ready-made solutions to look at."
    gains = {one.number: one.accuracy[vote] - one.ease for one in bins}
    best = max(gains, key=lambda number: gains[number])
    words = {0: "the hardest problems", len(bins) - 1: "the easiest problems"}.get(
        best, f"row {best + 1} of {len(bins)}, counted from the hardest"
    )
    line = f"Votes help most on {words}: {_from_to(bins[best], vote)}."
    line = line if best == 0 else f"{line} On the hardest, {_from_to(bins[0], vote)}."
    return JudgedAnswer(line, {0: "hard", len(bins) - 1: "easy"}.get(best, "between"))


def _from_to(one: DifficultyBin, vote: str) -> str:
    return f"from {share(one.ease)} right with one solution to {share(one.accuracy[vote])} with a vote"


STOPS = (
    TourQuestion(
        "grow",
        "1 A tree grows",
        "Beam search keeps the steps with the best scores and drops the others. Does it drop wrong steps only?",
        ("only wrong ones", "right ones too"),
        _dropped,
        "math-tree",
        {"strategy": "beam"},
    ),
    TourQuestion(
        "votes",
        "2 Who picks best?",
        "Sixteen solutions of each of many problems: who finds the right answer most often?",
        ("the best score", "most votes", "votes weighted by score"),
        _votes,
        "math-accuracy",
    ),
    TourQuestion(
        "equal",
        "3 Equal tokens",
        "Does a search over steps beat voting on whole solutions, for as many tokens?",
        ("yes, clearly", "a little", "no"),
        _strategies,
        "math-accuracy",
    ),
    TourQuestion(
        "judge",
        "4 Trust the judge?",
        "The process reward reads a wrong solution. How often does it name the first wrong step?",
        ("nearly always", "about half", "rarely"),
        _judge,
        "math-trust",
    ),
    TourQuestion(
        "hard",
        "5 Easy and hard",
        "Where do votes help most: on easy problems, on hard ones, or between?",
        ("easy", "between", "hard"),
        _hard,
        "math-bins",
    ),
)


def tour_cards() -> dict[str, TourCard]:
    """The tour's cards, by key, in order."""
    return cards("math", [(one.key, one.title, one.question, one.guesses, one.where) for one in STOPS])
