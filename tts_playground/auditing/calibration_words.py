"""Why a calibration helped or hurt, in a sentence, with the numbers that show it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tts_playground.auditing.calibration import NAMES, Calibrated, prior
from tts_playground.auditing.fair import fair_numbers
from tts_playground.auditing.rows import AuditRow
from tts_playground.auditing.verdict import share
from tts_playground.estimators.intervals import sign

TITLES = {"contextual": "Contextual", "batch": "Batch", "pride": "PriDe", "oracle": "Oracle"}


def sentences(
    found: Sequence[Calibrated], rows: Sequence[AuditRow], blank: AuditRow | None, samples: int
) -> dict[str, str]:
    """Name -> a sentence for every calibration, those that these rows do not allow included; none without a "none".

    Args:
        rows: without the control. samples: N that the fair chooser draws.
    """
    known = {one.name: one for one in found}
    if "none" not in known or not rows:
        return {}
    said = {}
    for name in NAMES[1:]:
        if name == "oracle":
            said[name] = "Oracle is a ceiling: it looks at the answer."
            if rows[0].n:
                fair = fair_numbers(samples, len(rows[0].shown)).distance
                said[name] += f" A fair chooser's {samples:,} draws are {share(fair)} off."
        elif name not in known:
            said[name] = MISSING[name]
        else:
            changed = _change(known["none"], known[name])
            why = "" if changed.startswith(UNCLEAR) else f", {_why(name, known, rows, blank)}"
            said[name] = f"{TITLES[name]} {changed}{why}."
    return said


UNCLEAR = "makes no clear change"
MISSING = {
    "contextual": "Contextual was not tried: there is no reply to a blank picture.",
    "batch": "Batch was not tried: it needs two layouts or more.",
    "pride": "PriDe was not tried: it needs every layout with its digits moved round (see “Pictures”).",
}


def _change(before: Calibrated, after: Calibrated) -> str:
    old, new = before.distance.value, after.distance.value
    numbers = f"from {share(old)} off even to {share(new)}"
    if abs(new - old) < 0.005:
        return f"changes nothing ({share(new)} off even)"
    if not sign(after.change):
        return f"{UNCLEAR}: {numbers}"
    return f"helps: {numbers}" if new < old else f"hurts: {numbers}"


def _why(name: str, known: dict[str, Calibrated], rows: Sequence[AuditRow], blank: AuditRow | None) -> str:
    moved = known[name].distance.value - known["none"].distance.value
    clear = sign(known[name].change) if abs(moved) >= 0.005 else 0
    better, worse = clear < 0, clear > 0
    if name == "contextual":
        said = np.asarray(blank.digits, np.float64) if blank is not None else np.ones(10)
        most = int(said.argmax())
        often = (
            f"on a blank picture it says {most} in {share(float(said[most] / said.sum()))} of replies that name a digit"
        )
        if better:
            return f"because {often}, and it prefers the same digits on real pictures"
        return f"because {often}, which says little about pictures that show digits, and dividing by it " + (
            "spoils the rest" if worse else "evens nothing out"
        )
    taste = prior(name, rows, blank)
    most = int(taste.argmax()) if taste is not None else 0
    times = float(taste[most]) if taste is not None else 1.0
    if better:
        rest = " What it likes about places or single pictures stays" if known[name].distance.value > 0.02 else ""
        return f"because its taste for {most} ({times:.1f} times the average) is much the same on all pictures" + (
            f".{rest}" if rest else ""
        )
    if worse:
        return (
            f"because the taste that it divides out ({most}: {times:.1f} times the average) is noise of these pictures"
        )
    return "because no digit is preferred on all pictures, so there is nothing to divide out"
