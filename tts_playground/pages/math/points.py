"""The points behind the charts of the tab of reasoning, as rows for a table."""

from __future__ import annotations

import math
from typing import Any

from tts_playground.estimators.curves import Curve
from tts_playground.pages.math import many_problems
from tts_playground.pages.math.accuracy_data import accuracy_data
from tts_playground.pages.math.page_state import MathPageState
from tts_playground.pages.math.solution_pool import accuracy_curves


def rows(state: MathPageState) -> list[dict[str, Any]]:
    """One row a point: {"figure", "series", "n", "tokens", "value", "low", "high"}; what is not known is empty."""
    how = state.view.aggregation
    own = accuracy_curves([state.pool], how) if state.pool else {}
    found = [row for curve in own.values() for row in _curve("this problem", curve)]
    data = accuracy_data(how)
    for curve in data.lines:
        found += _curve("accuracy against tokens", curve)
    for point in data.points:
        low, high = point.result.low, point.result.high
        found.append(_row("accuracy against tokens", point.label, point.budget, point.cost["tokens"],
                          point.result.value, low, high))  # fmt: skip
    trusted = many_problems.step_trust()
    if trusted is not None and trusted.reliability is not None:
        one = trusted.reliability
        for said, true, count in zip(one.said, one.true, one.count, strict=True):
            found.append(_row("trust in the judge", f"score {said:.3f}", int(count), None, float(true), None, None))
    return found


def _curve(figure: str, curve: Curve) -> list[dict[str, Any]]:
    tokens = curve.unit.get("tokens", 0)
    ends = curve.low, curve.high
    found = []
    for place, n in enumerate(curve.n):
        low, high = (None if end is None else float(end[place]) for end in ends)
        spent = float(n) * tokens or None
        found.append(_row(figure, curve.label, int(n), spent, float(curve.mean[place]), low, high))
    return found


def _row(
    figure: str, series: str, n: int, tokens: float | None, value: float, low: float | None, high: float | None
) -> dict[str, Any]:
    told = {"figure": figure, "series": series, "n": n, "tokens": tokens, "value": value, "low": low, "high": high}
    return {name: _plain(one) for name, one in told.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value
