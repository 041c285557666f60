"""Answers of the image tab's tour: sentences about what is on the page, and none that its numbers do not support."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tts_playground.errors import PlaygroundError
from tts_playground.estimators.curves import kl_bound
from tts_playground.estimators.intervals import difference
from tts_playground.pages.t2i import image_repository, render, reward_pair, strategy_comparison, sweep, watch
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.view_settings import guidance
from tts_playground.pages.tour import JudgedAnswer, NotYet

DRAW_FIRST = NotYet("There are no scored images on the page yet: press “Draw”, then guess again.")


@dataclass(frozen=True)
class Evidence:
    """What a page holds when somebody guesses."""

    look: GalleryState
    others: Sequence[GalleryState] = ()
    """of several prompts"""
    beyond: Any = None
    """a ``strategy_comparison.Beyond``"""

    @property
    def scores(self) -> tuple[float, ...]:
        """Of the pool, by the view's reward; empty where there are none."""
        return self.look.scores.get(self.look.view.reward, ())


def hesitation(seen: Evidence) -> str:
    """1.1: where the entropy of the best image's tokens is highest."""
    if not seen.look.shown:
        return DRAW_FIRST
    try:
        info = image_repository.sample_of(seen.look.view, seen.look.ranked()[0]).info
    except PlaygroundError:
        return DRAW_FIRST
    entropies = list(info.get("entropies", ()))
    if not entropies:
        return watch.no_tokens(seen.look.view)
    grid, hardest = round(len(entropies) ** 0.5), int(np.argmax(entropies))
    sure = sum(one < 0.14 for one in entropies)
    where = (
        "the very first one" if hardest == 0 else f"the one in row {hardest // grid + 1}, column {hardest % grid + 1}"
    )
    words = (
        f"In the best image the hardest token is {where}: as undecided as a choice among"
        f" {np.exp(entropies[hardest]):.1f} tokens. At {sure} of {len(entropies)} tokens the model is nearly certain"
        " (a choice among fewer than 1.15)."
    )
    return JudgedAnswer(words, "at the first token") if hardest == 0 else words


def doublings(seen: Evidence) -> str:
    """1.2: what each doubling of N adds, where the pool supports it."""
    looks = [look for look in seen.others if look.curve() is not None] or [seen.look]
    told = []
    for look in looks:
        curve = look.curve()
        if curve is None or curve.pool_size < 8:
            continue
        last = 1 << (curve.pool_size // 2).bit_length() - 1
        early, late = curve.at(2) - curve.at(1), curve.at(last) - curve.at(last // 2)
        told.append((render.shortened(look.view.prompt, 30), early, late, last))
    if not told:
        return DRAW_FIRST
    parts = [
        f"“{name}”: {render.gained(early)} from 1 to 2 images, {render.gained(late)} from {last // 2} to {last}"
        for name, early, late, last in told
    ]
    fewer = sum(late < early for _, early, late, _ in told)
    end = f" The last doubling adds less than the first on {fewer} of {len(told)} prompts." if len(told) > 1 else ""
    less = "less each time" if fewer == len(told) else "it depends on the prompt" if fewer else ""
    return JudgedAnswer("; ".join(parts) + "." + end, *([less] if less else []))


def temperature(seen: Evidence) -> str:
    """1.3: at which temperature the best of a cell stands farthest above its mean."""
    found = sweep.at_hand(seen.look.view)
    if found is None:
        return NotYet("There is no sweep on the page yet: press “Draw the sweep”, then guess again.")
    rooms: dict[float, list[float]] = {}
    for cell in found.cells:
        rooms.setdefault(cell.temperature, []).append(max(cell.rewards) - float(np.mean(cell.rewards)))
    means = {t: float(np.mean(room)) for t, room in rooms.items()}
    best = max(means, key=lambda t: means[t])
    told = ", ".join(f"{render.added(gain)} at T = {t:g}" for t, gain in means.items())
    each = len(found.cells[0].rewards)
    own = found.view.prompt == seen.look.view.prompt
    choosing = "Choosing" if own else f"On “{render.shortened(found.view.prompt)}”, choosing"
    words = f"{choosing} among {each} adds most at T = {best:g}. On average over all CFGs: {told}."
    return JudgedAnswer(words, f"T = {best:g}")


def greedy(seen: Evidence) -> str:
    """1.3: how many different images there are."""
    look = seen.look
    if not look.shown:
        return DRAW_FIRST
    different = len(set(look.files[: look.shown]))
    line = f"{look.shown} draws at T = {look.view.temperature:g} gave {different} different image{_s(different)}."
    line += " With nothing to choose from, drawing more buys nothing." if different == 1 < look.shown else ""
    near = [guess for guess, count in (("one", 1), ("about four", 4), ("sixteen", 16)) if _near(different, count)]
    return JudgedAnswer(line, *near)


def _near(count: int, guess: int) -> bool:
    return count == guess if guess == 1 else guess / 1.6 <= count <= guess * 1.6


def guidance_change(seen: Evidence) -> str:
    """Bonus: one draw and the best of N here, against the model's own guidance."""
    view, here = seen.look.view, seen.scores
    own = replace(view, cfg=guidance(view.model))
    there = image_repository.look(own).scores.get(view.reward, ())
    if not here:
        return DRAW_FIRST
    line = f"At CFG {view.cfg:g} one draw scores {render.number(float(np.mean(here)))} on average"
    if not there or own.cfg == view.cfg:
        return line + "."
    gap = difference(here, there)
    sure = _clear(gap, "worse", "better")
    costs = {1.0: " An image costs half the tokens."}.get(view.cfg, "")
    right = {"no clear difference": "the same", "clearly worse": "worse", "clearly better": "better"}[sure]
    return JudgedAnswer(
        f"{line}; at CFG {own.cfg:g}, this model's own, {render.number(float(np.mean(there)))}: {sure}."
        f" The best of {len(here)}: {render.number(max(here))}, against {render.number(max(there[: len(here)]))}."
        + costs,
        right,
    )


def _clear(gap: Any, less: str, more: str) -> str:
    """What a difference with its interval says."""
    if gap.low is None or gap.low <= 0 <= gap.high:
        return "no clear difference"
    return f"clearly {less}" if gap.high < 0 else f"clearly {more}"


def second_reward(seen: Evidence) -> str:
    """1.4: what the second reward says of the first one's pick."""
    look = seen.look
    if not reward_pair.both(look):
        return NotYet(reward_pair.why_not(look))
    words = reward_pair.sentence(look)
    heard = {"It rises": "it rises too", "It falls": "it falls", "No clear": "nothing clear"}
    return JudgedAnswer(words, *[guess for start, guess in heard.items() if words.startswith(start)])


def beyond(seen: Evidence) -> str:
    """1.5: who wins at equal cost."""
    if seen.beyond is None or not seen.beyond.state.points:
        return NotYet("Nothing has been compared yet: press “Compare”, then guess again.")
    words = strategy_comparison.verdict(seen.beyond)
    if " wins: " in words:
        return JudgedAnswer(words, "yes, clearly")
    none = "No strategy clearly beats it." in words
    every = words.count("is clearly worse") == len(seen.beyond.labels)
    return JudgedAnswer(words, "no" if every else "too close to tell") if none else words


def reach(seen: Evidence) -> str:
    """1.6: what one draw gives, what the best of N gives, and how far that is from the model."""
    curve = seen.look.curve()
    if curve is None:
        return DRAW_FIRST
    at = max(1, min(seen.look.view.n, curve.pool_size // 2))
    kl, top = float(kl_bound([at])[0]), max(seen.scores)
    return JudgedAnswer(
        "No: both only make likelier what the model can already draw. Here one draw scores"
        f" {render.number(curve.at(1))} and the best of {at} {render.number(curve.at(at))},"
        f" at most {kl:.1f} nats away from the model. The best of all {curve.pool_size} is"
        f" {render.number(top)}; beyond that, nothing was found (see arXiv:2504.13837).",
        "no",
    )


def _s(count: int) -> str:
    return "" if count == 1 else "s"
