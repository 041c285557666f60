"""The audit's result in words: how sure, how much, and what does not matter. Effect sizes stand before tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tts_playground.auditing.effects import FACTORS, Effect
from tts_playground.auditing.fair import fair_beside, fair_numbers
from tts_playground.auditing.picked import Picked
from tts_playground.auditing.rows import AuditRow

SMALL = 0.12
"""effects below this share of the fair chance are called small: 0.03 in probability with four cells"""
MOST = 4
"""effects that are named"""
UNTOLD = 0.9
"""share of valid replies under which the verdict begins with that"""
NAMED = 0.005
"""share of replies without a digit of their picture from which on they are named"""
TIMES = (0.05, 20.0)
"""factors beyond which "so many times as readily" says more than pictures can tell"""
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


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """One sentence of a verdict, and what it is about."""

    text: str
    about: tuple[tuple[str, str], ...] = ()
    """(factor, level) of the bars that it speaks of"""
    few: bool = False
    """whether more pictures would tell"""


def verdict(summary: dict[str, Any], effects: Sequence[Effect], rows: Sequence[AuditRow]) -> tuple[str, ...]:
    """The texts of ``sentences``."""
    return tuple(said.text for said in sentences(summary, effects, rows))


def sentences(summary: dict[str, Any], effects: Sequence[Effect], rows: Sequence[AuditRow]) -> tuple[VerdictLine, ...]:
    """Sentences about one audit, the most important first."""
    if not rows:
        return (VerdictLine("No reply named a digit of its picture, so nothing can be said about how it chooses."),)
    small = SMALL / summary["k"]
    found = loud(effects, small)
    said = [_opening(summary, bool(found), effects, small), *_unseen(summary)]
    missing = invalid(summary, rows)
    if summary["valid_rate"] < UNTOLD:
        only = (
            f"Only {share(summary['valid_rate'])} of its replies name a digit that is in the picture; the rest of this"
            " is about those replies alone."
        )
        said.insert(0, VerdictLine(only))
    said += [_sentence(effect) for effect in found[:MOST]]
    if len(found) > MOST:
        rest = found[MOST:]
        effect_is = "effect is" if len(rest) == 1 else "effects are"
        said.append(
            VerdictLine(f"{len(rest)} more {effect_is} above {share(small)}.", tuple((e.factor, e.level) for e in rest))
        )
    said += missing + _silent(effects, {effect.factor for effect in found}, small)
    if summary["protocol"] == "list":
        said.append(
            VerdictLine("Picks in one list are not independent, so the chi-square test does not hold for them.")
        )
    if summary.get("mean_joint_accuracy_valid") is not None:
        said.append(
            VerdictLine(
                f"It names the right colour with {share(summary['mean_joint_accuracy_valid'])} of its valid choices"
                f" ({share(summary['mean_joint_accuracy_all'])} of all replies)."
            )
        )
    return tuple(said)


def loud(effects: Sequence[Effect], small: float) -> list[Effect]:
    """The effects that a verdict speaks of, and that colour the bars, the largest first."""
    return sorted((e for e in effects if matters(e, small)), key=lambda e: -abs(e.estimate))


def matters(effect: Effect, small: float) -> bool:
    """At least ``small``, and not zero with all levels considered at once."""
    return abs(effect.estimate) >= small and effect.sure


def share(value: float) -> str:
    """A share in words: "23 %", "0.4 %"; what lies between 99.5 and 100 % is not rounded to all."""
    percent = 100 * value
    if 99.5 <= percent < 100:
        return f"{min(99.9, percent):.1f} %"
    return f"{percent:.1f} %" if 0 < percent < 1 else f"{percent:.0f} %"


def name_of(effect: Effect) -> str:
    """The level in words: "7", "the top left cell", "a red cell", "an enlarged digit"."""
    if effect.factor == "condition":
        return CONDITION_WORDS[effect.level]
    words = {"digit": "{}", "place": "the {} cell", "colour": "a {} cell"}[effect.factor]
    return words.format(COLOUR_WORDS.get(effect.level, effect.level))


def counted(summary: dict[str, Any]) -> str:
    """What counts alone say of uniformity, where no cells are known and so no effects.

    Pictures are tested with the chance of any false alarm held at 1 %; unlike ``sentences`` this names no cause.
    """
    distance, n = summary["mean_total_variation"], summary["n"]
    fair = fair_numbers(n, summary["k"]).distance
    if distance >= 0.01 and summary["reject_rate_holm"] > 0:
        return f"It does not choose uniformly: {_moved(summary)}; {_objects(summary)}."
    as_fair = distance < 0.01 or (_alike(distance, fair) and summary["reject_rate_chi2"] <= 0.05)
    return f"{'No sign of unfairness' if as_fair else TOO_FEW}: {_beside(distance, fair, n)}"


def _opening(summary: dict[str, Any], caused: bool, effects: Sequence[Effect], small: float) -> VerdictLine:
    distance, n = summary["mean_total_variation"], summary["n"]
    fair = fair_numbers(n, summary["k"]).distance
    moved = _moved(summary)
    if caused:
        return VerdictLine(f"It does not choose uniformly: {moved}.")
    exact = summary["protocol"] == "exact"
    as_fair = distance < 0.01 or (summary["reject_rate_chi2"] <= 0.05 and not exact)
    beside = _exactly(distance) if exact else _beside(distance, fair, n)
    wide = [e for e in effects if max(abs(e.sure_low), abs(e.sure_high)) > small]
    if not effects or len(wide) > len(effects) / 2:
        opening = "No sign of unfairness, but too few pictures for a verdict" if as_fair else TOO_FEW
        return VerdictLine(f"{opening}: {beside}", few=True)
    if as_fair:
        return VerdictLine(f"No sign of unfairness: {beside}")
    return VerdictLine(
        f"It is not uniform within pictures, but no single cause stands out: {moved}; {_objects(summary)}."
    )


def _moved(summary: dict[str, Any]) -> str:
    n = summary["n"]
    fair = fair_beside(summary["protocol"], n, summary["k"]).distance
    beside = f"{_of_100(fair)} for {n:,} draws of a fair chooser" if fair else "none for a fair chooser"
    return (
        f"on average, {_of_100(summary['mean_total_variation'])} picks would have to go elsewhere for a picture to be"
        f" fair ({beside})"
    )


def _unseen(summary: dict[str, Any]) -> list[VerdictLine]:
    """Of exact chances: that so few draws would not show what they do."""
    distance, n = summary["mean_total_variation"], summary["n"]
    noise = fair_numbers(n, summary["k"]).distance
    if summary["protocol"] != "exact" or not 0.01 <= distance < noise:
        return []
    draws = "one draw" if n == 1 else f"{n:,} draws"
    return [
        VerdictLine(
            f"These are exact chances; {draws} a picture could hardly tell, since chance alone moves {_of_100(noise)}"
            " picks of a fair chooser."
        )
    ]


def _exactly(distance: float) -> str:
    end = "and so is a fair chooser" if distance < 0.0005 else "and a fair chooser 0 %"
    return f"{share(distance)} off even by exact chances, {end}."


def _beside(distance: float, fair: float, n: int) -> str:
    far = "about as far off" if _alike(distance, fair) else f"{share(fair)} off"
    return f"{share(distance)} off even, and a fair chooser is {far} at {n:,} draws."


def _alike(distance: float, fair: float) -> bool:
    return abs(distance - fair) < 0.01 + 0.2 * fair


def _objects(summary: dict[str, Any]) -> str:
    tests = f"a test of {summary['n']:,} draws objects" if summary["protocol"] == "exact" else "the test objects"
    return f"{tests} to {share(summary['reject_rate_chi2'])} of the pictures, and to 1 % with a fair chooser"


TOO_FEW = "Too few pictures for a verdict"


def _of_100(value: float) -> str:
    """A share as picks out of a hundred."""
    return f"{100 * value:.1f} of 100" if 0 < value < 0.01 else f"{100 * value:.0f} of 100"


def _sentence(effect: Effect) -> VerdictLine:
    name = name_of(effect)
    other = {"digit": "another digit", "place": "a cell elsewhere", "colour": "a cell of another colour"}
    against = other.get(effect.factor, "an untouched one")
    by = f"its chance is {points(abs(effect.estimate))} {'higher' if effect.estimate > 0 else 'lower'}"
    about = ((effect.factor, effect.level),)
    if not TIMES[0] <= effect.ratio <= TIMES[1]:
        rare = "hardly ever" if effect.ratio < 1 else "nearly always"
        return VerdictLine(f"It {rare} picks {name} where {against} could be picked: {by} than that.", about)
    low, high = max(effect.ratio_low, TIMES[0]), min(effect.ratio_high, TIMES[1])
    ends = "at least" if effect.ratio_high > TIMES[1] else "at most" if effect.ratio_low < TIMES[0] else ""
    one = f"{ends} {_times(low if ends == 'at least' else high)}"
    reach = one if ends else f"{_times(low)} to {_times(high)}"
    return VerdictLine(
        f"It picks {name} about {_times(effect.ratio)} times as readily as {against} (95 %: {reach}); {by}.", about
    )


def points(value: float) -> str:
    """A difference of two chances: "17 points of 100"."""
    many = f"{100 * value:.0f}" if value >= 0.0095 else f"{100 * value:.1f}"
    return f"{many} {'point' if many == '1' else 'points'} of 100"


def _times(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def invalid(summary: dict[str, Any], rows: Sequence[Picked]) -> list[VerdictLine]:
    """What the replies say that name no digit of their picture."""
    missing = 1 - summary["valid_rate"]
    if missing < NAMED:
        return []
    other: dict[int, float] = defaultdict(float)
    for row in rows:
        for digit in set(range(10)) - set(row.shown):
            other[digit] += row.digits[digit] / row.total / summary["images"]
    named, silent = sum(other.values()), max(0.0, missing - sum(other.values()))
    parts = []
    if named >= 0.0005:
        often = max(other, key=lambda digit: other[digit])
        parts.append(f"{share(named)} name a digit that is not there (most often {often})")
    if silent >= 0.0005:
        said = next((text for row in rows for text in row.examples), "")
        parts.append(f"{share(silent)} name no digit at all" + (f" (“{said[:40]}”)" if said else ""))
    what = f": {' and '.join(parts)}" if parts else ""
    return [VerdictLine(f"{share(missing)} of its replies are invalid{what}; a fair chooser has none.")]


def _silent(effects: Sequence[Effect], loud: set[str], small: float) -> list[VerdictLine]:
    """Factors without an effect: those that surely have none, and those of which this audit cannot tell."""
    calm, unclear = [], []
    for factor in FACTORS:
        own = [effect for effect in effects if effect.factor == factor]
        if not own or factor in loud:
            continue
        reach = max(max(abs(effect.sure_low), abs(effect.sure_high)) for effect in own)
        (calm if reach < small else unclear).append((factor, reach))
    said = []
    if unclear:
        names = _and([FACTOR_WORDS[name] for name, _ in unclear], "or")
        most = max(reach for _, reach in unclear)
        possible = f": effects up to {share(most)} are possible" if most < 0.5 else ""
        said.append(
            VerdictLine(
                f"Too few pictures to tell whether {names} matters{possible}.",
                few=True,
            )
        )
    if calm:
        most = max(max(reach for _, reach in calm), 0.001)
        names = _and([FACTOR_WORDS[name] for name, _ in calm])
        do = "does" if len(calm) == 1 else "do"
        said.append(VerdictLine(f"{names[0].upper()}{names[1:]} {do} not matter: no effect is above {share(most)}."))
    return said


def _and(names: list[str], last: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"
