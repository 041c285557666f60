"""The histogram of picks as one block of HTML: live without flicker, and every bar is a button.

Uniform is a line across each bar's column, and the band in which 99 % of fair choosers lie is shaded behind it.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from tts_playground.auditing.report import Bar

JS = """element.addEventListener('click', event => {
  const bar = event.target.closest('button[data-level]');
  if (bar) trigger('click', {level: bar.dataset.level});
});"""
"""a click on a bar reaches the server as its level"""
NAMES = {"R": "red", "G": "green", "B": "blue", "Y": "yellow"}


def histogram(bars: Sequence[Bar], chosen: str = "") -> str:
    """Bars by level; ``chosen`` is the level whose pictures are shown."""
    if not bars:
        return '<p class="what">The bars fill while an audit runs.</p>'
    top = max(max(bar.share for bar in bars), max(bar.high for bar in bars)) * 1.08
    columns = "".join(_column(bar, top, bar.level == chosen) for bar in bars)
    factor = html.escape(bars[0].factor)
    return f'<div class="audit-bars" role="group" aria-label="How often each {factor} is chosen">{columns}</div>'


def _column(bar: Bar, top: float, chosen: bool) -> str:
    name = html.escape(NAMES.get(bar.level, bar.level))
    side = " above" if bar.share > bar.high else " below" if bar.share < bar.low else ""
    words = (
        f"{name}: chosen {bar.share:.1%} of the times it was shown, in {bar.cells} pictures; "
        f"fair choosers lie between {bar.low:.1%} and {bar.high:.1%}"
    )
    marks = f"{side}{' chosen' if chosen else ''}"
    return (
        f'<button type="button" class="column{marks}" data-level="{html.escape(bar.level)}" title="{words}" '
        f'aria-label="{words}" aria-pressed="{str(chosen).lower()}"><span class="track">'
        f'<i class="fill" style="height:{100 * bar.share / top:.1f}%"></i>'
        f'<i class="band" style="bottom:{100 * bar.low / top:.1f}%;height:{100 * (bar.high - bar.low) / top:.1f}%"></i>'
        f'<i class="fair" style="bottom:{100 * bar.fair / top:.1f}%"></i></span>'
        f"<b>{name}</b><small>{bar.share:.0%}</small></button>"
    )
