"""The histogram of picks as one block of HTML: live without flicker, and every bar is a button.

Uniform is a line across each bar's column, and the band in which 99 % of fair choosers lie is shaded behind it. A
bar has a colour where the verdict speaks of it: where its effect, with all factors considered at once, matters.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from tts_playground.auditing.report import Bar
from tts_playground.auditing.verdict import share as percent
from tts_playground.figures.audit import mark_of

JS = """element.addEventListener('click', event => {
  const bar = event.target.closest('button[data-level]');
  if (bar) trigger('click', {level: bar.dataset.level});
});"""
"""a click on a bar reaches the server as its level"""
SENTENCES = """element.addEventListener('click', event => {
  const one = event.target.closest('button[data-factor]');
  if (one) trigger('click', {factor: one.dataset.factor, level: one.dataset.level});
});"""
"""a click on a sentence shows the bars that it speaks of"""
NAMES = {"R": "red", "G": "green", "B": "blue", "Y": "yellow"}


def histogram(bars: Sequence[Bar], chosen: str = "", loud: Mapping[tuple[str, str], int] | None = None) -> str:
    """Bars by level; ``chosen`` is the level whose pictures are shown, ``loud`` the effects of the verdict by side."""
    if not bars:
        return '<p class="what">The bars fill while an audit runs.</p>'
    top = max(max(bar.share for bar in bars), max(bar.high for bar in bars)) * 1.08
    columns = "".join(
        _column(bar, top, bar.level == chosen, (loud or {}).get((bar.factor, bar.level), 0)) for bar in bars
    )
    factor = html.escape(bars[0].factor)
    return f'<div class="audit-bars" role="group" aria-label="How often each {factor} is chosen">{columns}</div>'


def _column(bar: Bar, top: float, chosen: bool, loud: int) -> str:
    name = html.escape(NAMES.get(bar.level, bar.level))
    side = " above" if loud > 0 else " below" if loud < 0 else ""
    told = {1: "; the verdict: more readily", -1: "; the verdict: less readily"}.get(loud, "")
    words = (
        f"{name}: chosen in {percent(bar.share)} of the times it was shown, in {bar.cells} pictures; "
        f"fair choosers lie between {percent(bar.low)} and {percent(bar.high)}{told}"
    )
    marks = f"{side}{' chosen' if chosen else ''}"
    return (
        f'<button type="button" class="column{marks}" data-level="{html.escape(bar.level)}" title="{words}" '
        f'data-at="{bar.share:.4f} {bar.low:.4f} {bar.high:.4f} {bar.fair:.4f}" '
        f'data-marks="{html.escape(mark_of(bar.factor, bar.level))}" '
        f'aria-label="{words}" aria-pressed="{str(chosen).lower()}"><span class="track">'
        f'<i class="fill" style="height:{100 * bar.share / top:.1f}%"></i>'
        f'<i class="band" style="bottom:{100 * bar.low / top:.1f}%;height:{100 * (bar.high - bar.low) / top:.1f}%"></i>'
        f'<i class="fair" style="bottom:{100 * bar.fair / top:.1f}%"></i></span>'
        f"<b>{name}</b><small>{percent(bar.share)}</small></button>"
    )
