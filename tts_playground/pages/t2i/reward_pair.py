"""Two rewards on the same images: do they agree, what does one think of the other's pick, and which one is right?"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from tts_playground import figures, registry
from tts_playground.estimators.curves import Curve, kl_bound
from tts_playground.evaluation import falls
from tts_playground.evaluation.falls import Fall
from tts_playground.models.hub.embedded_models import earlier
from tts_playground.pages import percent
from tts_playground.pages.status import status
from tts_playground.pages.t2i import image_repository, render
from tts_playground.pages.t2i.gallery_state import GalleryState, pick_curve
from tts_playground.pages.t2i.view_settings import T2iView, default_view
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
        figures.over_optimisation(gains[0], gains[1], law=_moved(gold, _read_at(look)) != 0),
    )


def reading(look: GalleryState) -> str:
    """What the second reward says of the first one's pick, in words."""
    if not both(look):
        return status(why_not(look))
    view, at = look.view, _read_at(look)
    line = sentence(look)
    if share_weights(view.reward, view.second):
        line += f" Both rewards use the same {_network(view.reward)} network, so they are not independent."
    bound = float(kl_bound([at])[0])
    hint = f"Best-of-{at} lies at most log N - (N-1)/N nats from the model itself (Beirami et al. 2024)."
    return status(
        line,
        [
            ("KL bound", f"{bound:.2f} nats", hint),
            ("images", f"{look.size}", "Independent draws that the correlation and the curves stand on."),
        ],
    )


def _network(reward: str) -> str:
    return "CLIP" if {"clip", "aesthetic"} & set(registry.names_in(reward)) else "scoring"


def _read_at(look: GalleryState) -> int:
    """The N at which the figures are read off: the view's, as far as half of the pool goes."""
    return max(1, min(look.view.n, look.size // 2))


def sentence(look: GalleryState) -> str:
    """What the pick of the first reward is worth by the second one; a move is claimed only where it is clear."""
    view, at = look.view, _read_at(look)
    gold, own = look.curve(view.second), look.scores[view.second]
    assert gold is not None
    start, end, top = gold.at(1), gold.at(at), pick_curve(own, own, view.second).at(at)
    first, second = render.measure(view.reward), render.measure(view.second)
    if at == 1:
        return f"{look.size} image{' is' if look.size == 1 else 's are'} too few to tell what choosing by {first} does."
    moved, band = _moved(gold, at), _band(gold, at)
    told = {1: "It rises", -1: "It falls: over-optimisation", 0: "No clear change"}[moved]
    called = second[0].upper() + second[1:]
    return (
        f"{told}. {called} of the best of {at} by {first}: {render.number(end)} on average{band};"
        f" of one draw: {render.number(start)}; of the best of {at} by {second} itself: {render.number(top)}."
    )


def _band(gold: Curve, at: int) -> str:
    ends = gold.ends(at)
    return "" if ends is None else f" (95 %: {render.number(ends[0])} to {render.number(ends[1])})"


def _moved(gold: Curve, at: int) -> int:
    """1 where the measured reward clearly rises from one draw to the best of N, -1 where it falls, 0 where neither."""
    ends, start = gold.ends(at), gold.at(1)
    if ends is None or at < 2:
        return 0
    return 1 if ends[0] > start else -1 if ends[1] < start else 0


@cache
def clear_case() -> T2iView | None:
    """A ready-made prompt of the training side and two rewards where the second one clearly falls; None without one.

    What ``evaluation.make_fall`` chose comes first, at the rewards and the N that were chosen before its images were
    drawn; then the clearest of the starters, where the same images choose and show. Looked at anew in every process,
    and only at what the weights that are here have drawn, so that others are never vouched for.
    """
    planned = {fall: view for fall, view in _cases(image_repository.FALL).items() if fall.where == falls.planned()}
    for cases in (planned, _cases(image_repository.NAME)):
        if (best := falls.clearest(cases)) is not None:
            return cases[best]
    return None


def _cases(name: str) -> dict[Fall, T2iView]:
    """What the ready-made pools of one name tell of falls, and the view that shows each."""
    found, usual = {}, default_view()
    for pool in image_repository.ready_made(name, usual):
        if not earlier(usual.model, str(pool.fingerprint.get("revision", ""))):
            seen = image_repository.look_at(pool, image_repository.matching(pool, usual))
            for fall in falls.falls(seen.view.prompt, seen.scores):
                found[fall] = replace(seen.view, reward=fall.first, second=fall.second, n=fall.n)
    return found


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
        return status("Which do you like best? Click an image, then press “My favourite”.")
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
    share = f"{percent.share(sum(beaten) / len(beaten))} of the others" if beaten else "–"
    return f"<tr><td>{html.escape(render.measure(name))}</td><td>{hits} of {len(cast)}</td><td>{share}</td></tr>"
