"""Figures and sentences about many problems: accuracy against tokens, difficulty, and the judge of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from tts_playground import figures
from tts_playground.errors import plural
from tts_playground.estimators.curves import Curve
from tts_playground.experiments.recipes.shipped import BASELINE
from tts_playground.figures.answers import reliability_plot
from tts_playground.pages.math import recipe_data
from tts_playground.pages.math import trust as trusting
from tts_playground.pages.math.accuracy_data import accuracy_data, vote_for
from tts_playground.pages.math.page_state import starter
from tts_playground.pages.math.solution_pool import CALLED
from tts_playground.pages.percent import ends, share, with_ends
from tts_playground.pages.status import status
from tts_playground.pages.strategy_names import called, title, titled


def accuracy_figure(aggregation: str = "last", axis: str = "tokens", level: int = 0) -> Any:
    """Accuracy against tokens: votes and picks of independent solutions as lines, searches as points."""
    data = accuracy_data(aggregation, level)
    if not data.lines and not data.points:
        return figures.empty("No ready-made searches are installed.")
    shown = one_band(data.lines)
    above = data.title.replace(", tiny:math", "<br>tiny:math")  # a phone has no room for it in one line
    points = titled(data.points)
    figure = figures.strategies(points, axis, shown, title=above, measure="share of problems solved")
    return figure.update_layout(height=410, title_font_size=12)


def one_band(curves: Sequence[Curve]) -> list[Curve]:
    """The first curve with its band, the others without: bands on top of each other tell nothing."""
    return [*curves[:1], *(replace(one, low=None, high=None) for one in curves[1:])]


def accuracy_words(aggregation: str = "last", level: int = 0) -> str:
    """The one conclusion of that figure: the best search at the largest N, and a vote for as many tokens."""
    data = accuracy_data(aggregation, level)
    if not data.points or not data.lines:
        return ""
    most = max(point.budget for point in data.points)
    best = max((one for one in data.points if one.budget == most), key=lambda one: one.result.value)
    vote = data.lines[0]
    n, reached = vote_for(vote, best.cost["tokens"])
    line = f"{called(best.label)} at N = {most} solves {with_ends(best.result)} for"
    line += f" {best.cost['tokens']:,.0f} tokens a problem; a {vote.label} of {plural(n, 'whole solution')},"
    line += f" {share(reached)}."
    return status(line)


def trust_figure() -> Any:
    """How often a step is right against what the process reward says."""
    found = step_trust()
    if found is None or found.reliability is None:
        return figures.empty("No solutions whose steps can be checked.")
    one = found.reliability
    figure = reliability_plot(one.said, one.true, one.count)
    figure.update_layout(height=320)
    figure.update_xaxes(title_text="score of a step")
    return figure.update_yaxes(title_text="share of steps that are right")


@lru_cache(maxsize=1)
def step_trust() -> trusting.StepTrust | None:
    """What the scores of steps are worth on the solutions that ship; None where none do."""
    held = starter()
    return trusting.trust(held.pools, trusting.threshold()) if held else None


def trust_words() -> str:
    """The same in sentences."""
    found = step_trust()
    if found is None:
        return status("The process reward can be checked where the truth of steps is known.")
    numbers = found.numbers
    lines = []
    if "step_auroc" in numbers:
        one = numbers["step_auroc"]
        lines.append(f"A right step scores above a wrong one {share(one.value)} of the time ({ends(one)}).")
    if "first_error_found" in numbers:
        one = numbers["first_error_found"]
        lines.append(f"It names the first error of a wrong solution {share(one.value)} of the time ({ends(one)}).")
    if "right_kept" in numbers:
        lines.append(f"It finds no fault with {share(numbers['right_kept'].value)} of the right solutions.")
    lines.append(f"From {found.steps:,} steps of {plural(found.solutions, 'solution')}.")
    return status(" ".join(lines))


def bins_table(aggregation: str = "last") -> str:
    """What each selector, or each approach, reaches on problems of each difficulty, and what choosing by it gains."""
    bins = accuracy_data(aggregation).bins
    if not bins:
        return ""
    names = list(bins[0].accuracy)
    head = "".join(f"<th>{_bin_name(name)}</th>" for name in names)
    words = {0: "hardest", len(bins) - 1: "easiest"}
    rows = "".join(
        f"<tr><th scope='row'>{words.get(one.number, one.number + 1)}</th>"
        f"<td>{one.problems}</td><td>{share(one.ease)}</td>"
        + "".join(f"<td>{_share(one.accuracy, name)}</td>" for name in names)
        + "</tr>"
        for one in bins
    )
    return (
        f'{_gained()}<div class="scrolls"><table class="plain"><thead><tr><th>problems</th><th>how many</th>'
        f"<th>one solution</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _bin_name(name: str) -> str:
    """Best-of-n's solutions vote here, with the scores for weights, as those of every search do."""
    return CALLED["weighted"] if name == BASELINE else CALLED.get(name) or title(name)


def _share(accuracy: Mapping[str, float], name: str) -> str:
    """Bold where nothing is better."""
    if name not in accuracy:
        return "–"
    best = accuracy[name] == max(accuracy.values())
    return f"<b>{share(accuracy[name])}</b>" if best else share(accuracy[name])


def _gained() -> str:
    """What the compute-optimal policy gains, in a sentence."""
    gain = recipe_data.policy_gain()
    if gain is None:
        return ""
    sure = (gain.gain.low or 0) > 0
    line = f"With at most the tokens of {recipe_data.AT} whole solutions, the best approach for each difficulty solves"
    line += f" {with_ends(gain.policy)}, the weighted vote {share(gain.baseline.value)}, on problems that the choice"
    line += " was not made on"
    return status(line + ("." if sure else ": no clear gain."))
