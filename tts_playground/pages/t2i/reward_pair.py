"""Two rewards on the same images: do they agree, what does one think of the other's pick, and which one is right?"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tts_playground import figures
from tts_playground.estimators.curves import Curve, kl_bound
from tts_playground.pages.status import status
from tts_playground.pages.t2i import render
from tts_playground.pages.t2i.gallery_state import GalleryState, pick_curve
from tts_playground.tasks.image_rewards import share_weights


@dataclass(frozen=True, slots=True)
class Vote:
    """One click on a favourite."""

    prompt: str
    place: int
    of: int
    """images in view"""
    ranks: tuple[tuple[str, int], ...]
    """(reward, the favourite's rank under it); rewards that score all images the same have no say"""
    above: tuple[float, ...]
    """share of the other images that each of these rewards ranks below the favourite, 0-1"""


def both(look: GalleryState) -> bool:
    """Whether both of the view's rewards have scored the images, and differ."""
    view = look.view
    return view.reward != view.second and {view.reward, view.second} <= set(look.scores)


def why_not(look: GalleryState) -> str:
    """What is missing for two rewards."""
    if look.view.reward == look.view.second:
        return "Choose a second reward that differs from the first."
    return "Both rewards must have scored the images: press “Draw”." if look.size else "Draw some images first."


def figures_of(look: GalleryState) -> tuple[Any, Any, Any]:
    """(scatter, both against N, over-optimisation) of the whole pool."""
    if not both(look):
        nothing = figures.empty(why_not(look))
        return nothing, nothing, nothing
    view = look.view
    names = (render.measure(view.reward), render.measure(view.second))
    proxy, gold = look.curve(), look.curve(view.second)
    gains = look.gain(view.reward), look.gain(view.second)
    assert proxy is not None and gold is not None and gains[0] is not None and gains[1] is not None
    return (
        figures.scatter(look.scores[view.reward], look.scores[view.second], names=names),
        figures.two_axes(proxy, gold),
        figures.over_optimisation(gains[0], gains[1]),
    )


def reading(look: GalleryState) -> str:
    """What the second reward says of the first one's pick, in words."""
    if not both(look):
        return status(why_not(look))
    view = look.view
    gold, own = look.curve(view.second), look.scores[view.second]
    assert gold is not None
    at = min(view.n, look.size)
    best = pick_curve(own, own, view.second)
    start, end, top = gold.at(1), gold.at(at), best.at(at)
    first, second = render.measure(view.reward), render.measure(view.second)
    line = (
        f"Picking the best of {at} by {first} moves {second} from {render.number(start)} to {render.number(end)}"
        f" {_sure(gold, at)}. Picking by {second} itself would give {render.number(top)}."
    )
    if share_weights(view.reward, view.second):
        line += " Both read the same network, so part of their agreement is its own taste."
    bound = float(kl_bound([at])[0])
    return status(
        line,
        [
            (
                "KL bound",
                f"{bound:.2f} nats",
                f"Best-of-{at} lies at most log N - (N-1)/N nats from the model itself (Beirami et al. 2024).",
            ),
            ("images", f"{look.size}", "Independent draws that the correlation and the curves stand on."),
        ],
    )


def _sure(gold: Curve, at: int) -> str:
    """Whether more than these images speaks for a move: the band at ``at`` must leave out what one draw gives."""
    place, start = int(np.searchsorted(gold.n, at)), gold.at(1)
    if gold.low is None or gold.high is None or gold.n[place] != at or not np.isfinite(gold.low[place]):
        return f"on these images: more than {gold.pool_size // 2} of {gold.pool_size} leave no interval"
    if gold.low[place] > start:
        return "(95 % sure that it rises)"
    if gold.high[place] < start:
        return "(95 % sure that it falls)"
    return "on these images, too few to say that it moves at all"


def vote(look: GalleryState, place: int | None, votes: Sequence[Vote]) -> tuple[Vote, ...]:
    """The session's votes with one more for the image at ``place``; it replaces an older one on the same images."""
    if place is None or place >= look.shown:
        return tuple(votes)
    found = {name: standing for name in look.scores if (standing := look.standing(place, name)) is not None}
    ranks = tuple((name, standing.rank) for name, standing in found.items())
    mine = Vote(look.view.prompt, place, look.shown, ranks, tuple(standing.above for standing in found.values()))
    kept = [v for v in votes if (v.prompt, v.of) != (mine.prompt, mine.of)]
    return (*kept, mine)


def tally(votes: Sequence[Vote]) -> str:
    """The newest vote and the session's score per reward, as HTML."""
    if not votes:
        return status("Which do you like best? Click on an image, then press “My favourite”.")
    last = votes[-1]
    ranks = ", ".join(f"{rank} of {last.of} by {render.measure(name)}" for name, rank in last.ranks)
    said = f"ranks {ranks}" if ranks else "scores what all the others score"
    rows = "".join(_row(name, votes) for name in dict.fromkeys(name for v in votes for name, _ in v.ranks))
    head = "<tr><th>reward</th><th>agreed on the favourite</th><th>ranked it on average above</th></tr>"
    line = html.escape(f"Your favourite of “{render.shortened(last.prompt)}” {said}.")
    return f'<div class="status"><p>{line}</p></div><table class="tally">{head}{rows}</table>'


def _row(name: str, votes: Sequence[Vote]) -> str:
    told = ((v.of, *one) for v in votes for one in zip(v.ranks, v.above, strict=True))
    cast = [(rank, above, of) for of, (reward, rank), above in told if reward == name]
    hits = sum(rank == 1 for rank, _, _ in cast)
    beaten = [above for _, above, of in cast if of > 1]
    share = f"{sum(beaten) / len(beaten):.0%} of the others" if beaten else "–"
    return f"<tr><td>{html.escape(render.measure(name))}</td><td>{hits} of {len(cast)}</td><td>{share}</td></tr>"
