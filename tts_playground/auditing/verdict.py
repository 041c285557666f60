"""The audit's result in words: how sure, how much, and what does not matter. Effect sizes stand before tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tts_playground.auditing.effects import FACTORS, Effect
from tts_playground.auditing.rows import AuditRow

SMALL = 0.12
"""effects below this share of the fair chance are called small: 0.03 in probability with four cells"""
MOST = 4
"""effects that are named"""
UNTOLD = 0.9
"""share of valid replies under which the verdict begins with that"""
FACTOR_WORDS = {"digit": "the digit", "place": "the place", "colour": "the colour", "condition": "the condition"}
COLOUR_WORDS = {"R": "red", "G": "green", "B": "blue", "Y": "yellow"}
CONDITION_WORDS = {
    "sym": "an untouched special digit",
    "center": "a digit in the middle",
    "size": "an enlarged digit",
    "contrast": "a digit among faded ones",
    "occlusion": "a half covered digit",
    "blur": "a blurred digit",
}


def verdict(summary: dict[str, Any], effects: Sequence[Effect], rows: Sequence[AuditRow]) -> tuple[str, ...]:
    """Sentences about one audit, the most important first."""
    if not rows:
        return ("No reply named a digit of its picture, so nothing can be said about how it chooses.",)
    small = SMALL / summary["k"]
    found = sorted((e for e in effects if matters(e, small)), key=lambda e: -abs(e.estimate))
    said = [_opening(summary, bool(found))]
    if summary["valid_rate"] < UNTOLD:
        said.insert(0, f"Only {summary['valid_rate']:.0%} of its replies name a digit that is in the picture; the rest"
                       " of this is about those replies alone.")  # fmt: skip
    said += [_sentence(effect) for effect in found[:MOST]]
    if len(found) > MOST:
        said.append(f"{len(found) - MOST} more of its effects are above {small:.1%}.")
    said += _silent(effects, {effect.factor for effect in found}, small)
    if summary["protocol"] == "list":
        said.append("Picks in one list are not independent, so the chi-square test does not hold for them.")
    if summary.get("mean_joint_accuracy_valid") is not None:
        said.append(
            f"It names the right colour with {summary['mean_joint_accuracy_valid']:.0%} of its valid choices"
            f" ({summary['mean_joint_accuracy_all']:.0%} of all replies)."
        )
    return tuple(said)


def matters(effect: Effect, small: float) -> bool:
    """At least ``small``, and not zero with all levels considered at once."""
    return abs(effect.estimate) >= small and effect.sure


def name_of(effect: Effect) -> str:
    """The level in words: "7", "the top left cell", "a red cell", "an enlarged digit"."""
    if effect.factor == "condition":
        return CONDITION_WORDS[effect.level]
    words = {"digit": "{}", "place": "the {} cell", "colour": "a {} cell"}[effect.factor]
    return words.format(COLOUR_WORDS.get(effect.level, effect.level))


def _opening(summary: dict[str, Any], caused: bool) -> str:
    distance, n = summary["mean_total_variation"], summary["n"]
    moved = f"{distance:.1%} of its picks would have to move to make a picture fair, on average"
    if caused:
        return f"It does not choose uniformly: {moved}."
    if summary["protocol"] == "exact":
        tests = f"a test of {n:,} draws would object to {summary['reject_rate_chi2']:.0%} of the pictures"
    else:
        tests = f"the test objects to {summary['reject_rate_chi2']:.0%} of the pictures, 1% is expected of a fair one"
    if distance < 0.01 or summary["reject_rate_chi2"] <= 0.05:
        return f"No sign of unfairness: {moved}; {tests}."
    return f"It is not uniform within pictures ({moved}; {tests}), but no single cause stands out."


def _sentence(effect: Effect) -> str:
    name = name_of(effect)
    other = {"digit": "another digit", "place": "a cell elsewhere", "colour": "a cell of another colour"}
    against = other.get(effect.factor, "an untouched one")
    sure = f"95 % {_times(effect.ratio_low)} to {_times(effect.ratio_high)}"
    return (
        f"It picks {name} about {_times(effect.ratio)} times as readily as {against} ({sure}): "
        f"{effect.estimate:+.1%} in probability."
    )


def _times(ratio: float) -> str:
    if ratio < 0.01 or ratio > 1000:
        return "nearly 0" if ratio < 1 else "over 1000"
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def _silent(effects: Sequence[Effect], loud: set[str], small: float) -> list[str]:
    """Factors without an effect: those that surely have none, and those of which this audit cannot tell."""
    calm, unclear = [], []
    for factor in FACTORS:
        own = [effect for effect in effects if effect.factor == factor]
        if not own or factor in loud:
            continue
        reach = max(max(abs(effect.sure_low), abs(effect.sure_high)) for effect in own)
        (calm if reach < small else unclear).append((FACTOR_WORDS[factor], reach))
    said = []
    if calm:
        most = max(reach for _, reach in calm)
        names = _and([name for name, _ in calm])
        said.append(f"{names} {_do(calm)} not matter: no effect is above {max(most, 0.001):.1%} in probability.")
    if unclear:
        names = _and([name for name, _ in unclear])
        most = max(reach for _, reach in unclear)
        said.append(f"Whether {names[0].lower()}{names[1:]} {_matter(unclear)} cannot be told from these pictures:"
                    f" effects up to {most:.0%} are possible. More pictures would tell.")  # fmt: skip
    return said


def _and(names: list[str]) -> str:
    joined = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return joined[0].upper() + joined[1:]


def _do(items: list[Any]) -> str:
    return "does" if len(items) == 1 else "do"


def _matter(items: list[Any]) -> str:
    return "matters" if len(items) == 1 else "matter"
