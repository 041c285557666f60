"""What came out: the candidates by reward, and what the number of candidates buys."""

from __future__ import annotations

import html
from typing import Any

from tts_playground import figures
from tts_playground.estimators.curves import Curve
from tts_playground.pages.links import gallery_links
from tts_playground.pages.made import made
from tts_playground.pages.sketch.page_state import SketchPageState
from tts_playground.pages.sketch.view_settings import ORDER, values_of
from tts_playground.pages.thumbnails import thumbnail
from tts_playground.tasks.sketch import CANDIDATES, SketchSettings

HEIGHT = 250
"""pixels of the chart"""
SHOWN = 48
"""candidates in the gallery"""


def gallery(work: SketchPageState | None) -> list[tuple[str, str]]:
    """(file, caption) of the distinct candidates, best first."""
    if work is None:
        return []
    return [
        (thumbnail(candidate.program), f"{rank} · {candidate.score:.3f}")
        for rank, candidate in enumerate(work.ranked(SHOWN), 1)
    ]


def links(work: SketchPageState | None) -> str:
    """An unseen element that says how likely each candidate is to be the best of N draws."""
    if work is None or not work.pool:
        return ""
    places: dict[Any, list[int]] = {}
    for place, candidate in enumerate(work.candidates):
        places.setdefault(candidate.program, []).append(place)
    same = [places[candidate.program] for candidate in work.ranked(SHOWN)]
    return gallery_links(
        work.pool, [draws[0] for draws in same], gallery="sketch-gallery", curve="sketch-curve", same=same
    )


def figure(work: SketchPageState | None, n: int) -> Any:
    """Expected best score against N with the slider's N marked, or a sentence where there is no pool to stand on."""
    if work is None:
        nothing = figures.empty("No pool for this drawing yet:<br>draw one, or open a ready-made one.")
        return nothing.update_layout(height=HEIGHT)
    curve = work.curve()
    if curve is None:
        return figures.empty(
            "These candidates came out of<br>a search and depend on each<br>other. Draw a pool for a curve."
        ).update_layout(height=HEIGHT)
    drawn = figures.best_of_n(curve, at=min(n, len(work.pool)), measure=f"score at “closer” {work.closeness:g}")
    return drawn.update_layout(height=HEIGHT)


def reading(work: SketchPageState | None, n: int) -> str:
    """The headline: what the best program scores, and what the slider's N buys."""
    if work is None or not work.candidates:
        return _line("Press “Find the program”: the headline then says how well it explains the drawing.")
    quiet = "This is a ready-made example: draw your own after “Clear”, or draw on. " if work.ready else ""
    if work.seen is not None:
        quiet += (
            f"Scored at “closer” {work.seen:g}, searched at {work.settings.shown:g}: press “Find the program” to search"
            " at the new one. "
        )
    return _read(work, n, quiet) + made_of(work)


def _read(work: SketchPageState, n: int, quiet: str) -> str:
    curve = work.curve()
    if curve is None:
        best, first = work.ranked(1)[0], work.candidates[0]
        scored, different = len(work.candidates), len({one.program for one in work.candidates})
        count = f"the best of {scored} programs" if scored > 1 else "the one program"
        count += f" ({different} different)" if different < scored else ""
        quiet += f"N allows {n}; this search scored {scored}. " if scored < n else ""
        words = f"{work.title}: {count} scores {{}}; the first one, {first.score:.3f}."
        return _line(words, best.score, quiet + "A curve needs independent draws: press “Draw a pool”.")
    size = len(work.pool)
    at = min(n, size)
    best = f"best of {at} programs" if at > 1 else "one program"
    words = f"{work.title}: {best} scores {{}} on average; one draw, {curve.at(1):.3f}."
    if at >= 4:
        half = at // 2
        words += f" From 1 to 2 programs adds {gain(curve, 1, 2)}; from {half} to {at} {gain(curve, half, at)}."
    if n > size:
        quiet += f"The pool holds {size}: draw a larger one to see N = {n}."
    return _line(words, curve.at(at), quiet)


def made_of(work: SketchPageState) -> str:
    """The controls that the candidates depend on; "shorter - closer" scores them anew, and N looks at a pool.

    How a drawing is read (inverted, cropped) is none of them: another reading is another drawing, and begins empty.
    """
    if work.ready:
        return made("sketch", f"the ready-made pool of “{work.title}”", None)
    looks = ("closeness", "invert", "crop", *(("n",) if work.pool else ()))
    values = dict(zip(ORDER, values_of(work.settings), strict=True))
    of = {name: value for name, value in values.items() if name not in looks}
    return made("sketch", searched(work.settings), of)


def searched(settings: SketchSettings) -> str:
    """Every setting of a search that matters, in words."""
    parts = [settings.strategy, f"N = {settings.n or CANDIDATES}", settings.sampler, f"T = {settings.temperature:g}"]
    parts += [f"reward {settings.reward}", f"seed {settings.seed}"]
    return ", ".join(parts + ([f"{settings.seconds:g} s"] if settings.seconds else []))


def gain(curve: Curve, low: int, high: int) -> str:
    """What going from N = low to N = high adds, in words."""
    added = curve.at(high) - curve.at(low)
    return f"{added:.3f}" if added >= 0.0005 else "nothing"


def _line(words: str, number: float | None = None, quiet: str = "") -> str:
    told = html.escape(words).replace("{}", "" if number is None else f"<b>{number:.3f}</b>")
    more = f' <span class="quiet">{html.escape(quiet)}</span>' if quiet else ""
    return f'<p class="headline" role="status">{told}{more}</p>'
