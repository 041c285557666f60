"""A guided tour of the sketch tab: each question asks for a guess, and is answered with what is on the page."""

from __future__ import annotations

from tts_playground.errors import plural
from tts_playground.experiments.comparison import Comparison
from tts_playground.pages.sketch import learn_state, reflections, results, shapes
from tts_playground.pages.sketch.page_state import rescored
from tts_playground.pages.sketch.tour_stop import SketchEvidence, SketchStop
from tts_playground.pages.strategy_names import title
from tts_playground.pages.tour import JudgedAnswer, NotYet, TourCard, cards

FIRST = NotYet("Find a program first: press “Find the program”, then guess again.")
POOL = NotYet("These candidates came out of a search: press “Draw a pool of N for this drawing”, then guess again.")


def pixels(seen: SketchEvidence) -> str:
    """How many shapes add ink, and how many take it away."""
    told = shapes.cuts(seen.work.program) if seen.work is not None else ()
    if not told:
        return FIRST
    less, more = sum(told), len(told) - sum(told)
    part = less / len(told)
    right = "none" if not less else "nearly all" if part >= 0.75 else "about half" if part >= 0.25 else ""
    return JudgedAnswer(
        f"This program has {plural(len(told), 'shape')}: {more} {_add(more)} ink and {less}"
        f" {'takes' if less == 1 else 'take'} it away. Point at one in the text: its pixels light up.",
        *([right] if right else []),
    )


def _add(count: int) -> str:
    return "adds" if count == 1 else "add"


def doublings(seen: SketchEvidence) -> str:
    """What each doubling of N adds."""
    work = seen.work
    curve = work.curve() if work is not None else None
    if work is None or curve is None:
        return POOL if work is not None else FIRST
    steps, n = [], 1
    while 2 * n <= max(2, len(work.pool) // 2):
        steps.append(f"{results.gain(curve, n, 2 * n)} from {n} to {2 * n}")
        n *= 2
    first, last = curve.at(2) - curve.at(1), curve.at(n) - curve.at(max(1, n // 2))
    right = "" if n <= 2 else "less each time" if last < 0.8 * first else "more" if last > 1.25 * first else "as much"
    words = f"One draw scores {curve.at(1):.3f}. Each doubling adds: {', '.join(steps)}."
    return JudgedAnswer(words, *([right] if right else []))


def closer(seen: SketchEvidence) -> str:
    """What the price of a shape decides among the same candidates."""
    work = seen.work
    if work is None:
        return FIRST
    if work.settings.reward != "fit":
        return NotYet("This search was guided by a reward without a price for shapes; choose “fit”, and search again.")
    prices, told, lengths = (0.0, 0.6, 1.0), [], []
    for closeness in prices:
        best = rescored(work, closeness).ranked(1)
        if not best:
            return FIRST
        lengths.append(len(best[0].program))
        told.append(f"{plural(lengths[-1], 'shape')} and IoU {best[0].iou:.3f}")
    if len(set(told)) == 1:
        return JudgedAnswer(f"No: the best of these candidates has {told[0]} at 0, at 0.6 and at 1.", "no change")
    right = "longer" if lengths[2] > lengths[1] else "shorter" if lengths[2] < lengths[1] else "no change"
    each = "; ".join(f"at {price:g}, {words}" for price, words in zip(prices, told, strict=True))
    return JudgedAnswer(
        f"The best of these candidates has, {each}. A price per shape buys shortness with overlap.", right
    )


def clever(seen: SketchEvidence) -> str:
    """Searches against independent draws at equal cost."""
    found = seen.found
    if found is None or found.curve is None or not found.points:
        return NotYet("Press “Compare on this drawing” and wait for the points, then guess again.")
    told = []
    for label in dict.fromkeys(point.label for point in found.points):
        last = [point for point in found.points if point.label == label][-1]
        drawn = found.curve.at(last.budget)
        told.append(f"{title(label)} {last.result.value:.3f} (best of {last.budget}: {drawn:.3f})")
    return JudgedAnswer(f"At the largest budget, in candidates: {'; '.join(told)}.", _beats(found))


def _beats(found: Comparison) -> str:
    """Where a search's interval lies above independent draws of the same number: at a small budget too, or not."""
    curve = found.curve
    assert curve is not None
    ahead = [p.budget for p in found.points if p.result.low is not None and p.result.low > curve.at(p.budget)]
    least = min(point.budget for point in found.points)
    return "no" if not ahead else "yes, clearly" if min(ahead) == least else "only at large N"


def training(seen: SketchEvidence) -> str:
    """Training against sampling, on the shipped pools."""
    _, words = learn_state.shipped_curves()
    return words or NotYet("Press “Draw pass@k for this model and its adapters” first, then guess again.")


STOPS = (
    SketchStop(
        "pixels", "1 Shapes and pixels", "A program joins shapes and cuts shapes out. How many of these shapes take ink"
        " away?",
        ("none", "about half", "nearly all"), pixels, "sketch-panel",
    ),
    SketchStop(
        "more", "2 More draws", "Every doubling of N costs twice as much. Does each add as much as the one before?",
        ("as much", "less each time", "more"), doublings, "sketch-curve",
    ),
    SketchStop(
        "closer", "3 Shorter or closer", "“Shorter – closer” is at 1 now, where shapes cost nothing. Does the best"
        " program get longer?",
        ("longer", "no change", "shorter"), closer, "sketch-gallery", {"closeness": 1.0},
    ),
    SketchStop(
        "clever", "4 Search or draw", "Refining, SMC and beam search spend their tries where they promise most. Press"
        " “Compare on this drawing”: do they beat as many independent draws?",
        ("yes, clearly", "no", "only at large N"), clever, "sketch-contest-figure",
    ),
    SketchStop(
        "training", "5 Train or draw", "A model that was trained on programs needs fewer draws. Can drawing more often"
        " make up for training?",
        ("yes, at a large k", "no"), training, "sketch-learn", opens=("learn",),
    ),
)  # fmt: skip


REFLECTIONS = reflections.STOPS
"""about learning; they stand behind the others, and their buttons show once the tour is there"""


def tour_cards() -> dict[str, TourCard]:
    """The questions as cards, by key."""
    return cards(
        "sketch", [(stop.key, stop.title, stop.question, stop.guesses, stop.where) for stop in (*STOPS, *REFLECTIONS)]
    )


def named(key: object) -> SketchStop | None:
    """The question of a key that a page sent."""
    return next((stop for stop in (*STOPS, *REFLECTIONS) if stop.key == key), None)
