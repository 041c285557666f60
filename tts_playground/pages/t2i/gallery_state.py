"""What one open page looks at: the images of a view with their scores, in memory; curves, ranks and picks follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from tts_playground.estimators import curves
from tts_playground.estimators.curves import Curve
from tts_playground.pages.t2i.view_settings import T2iView
from tts_playground.randomness import generator
from tts_playground.tasks.image_rewards import title_of


@dataclass(frozen=True, slots=True)
class Standing:
    """How an image stands among those in view, by one reward."""

    rank: int
    """1 for the best; equals share one"""
    above: float
    """share of the others that score lower, 0-1; an equal one counts half"""


@dataclass(frozen=True, slots=True)
class GalleryState:
    """Lives in the session of one page, and nowhere else. Places count the images as they were drawn."""

    view: T2iView
    files: tuple[str, ...] = ()
    """of the pool's images, as small files for the page"""
    logprobs: tuple[float | None, ...] = ()
    scores: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """reward -> one number an image of the whole pool"""
    cost: Mapping[str, float] = field(default_factory=dict)
    """mean cost of one image, by the names of ``core.Cost``"""

    def __hash__(self) -> int:
        return hash((self.view, self.files, tuple((name, *values) for name, values in self.scores.items())))

    @property
    def size(self) -> int:
        """Images in the pool; the view may ask for fewer or for more."""
        return len(self.files)

    @property
    def shown(self) -> int:
        """Images in view."""
        return min(self.view.n, self.size)

    def ranked(self, reward: str | None = None) -> list[int]:
        """Places of the images in view, best first; as drawn without scores.

        Of equals the second reward decides, then the one drawn first.
        """
        places = range(self.shown)
        scores = self.scores.get(reward or self.view.reward)
        if scores is None:
            return list(places)
        second = self.scores.get(self.view.second, scores)
        return sorted(places, key=lambda place: (-scores[place], -second[place], place))

    def standing(self, place: int, reward: str) -> Standing | None:
        """Where an image stands; None without scores, and where the reward scores all images in view the same."""
        if reward not in self.scores or place >= self.shown:
            return None
        shown = self.scores[reward][: self.shown]
        better, equal = (
            sum(test) for test in zip(*((s > shown[place], s == shown[place]) for s in shown), strict=True)
        )
        if equal == self.shown > 1:
            return None
        lower = self.shown - better - equal
        return Standing(1 + better, (lower + (equal - 1) / 2) / max(1, self.shown - 1))

    def rank(self, place: int, reward: str) -> int | None:
        """1 for the best of the images in view, shared by equals; None where ``standing`` is."""
        found = self.standing(place, reward)
        return None if found is None else found.rank

    def marked(self, chosen: int | None) -> int:
        """The place that was clicked, or else of the best; there must be an image."""
        return chosen if chosen is not None and chosen < self.shown else self.ranked()[0]

    def random_place(self) -> int:
        """A place at random between the best and the worst, which stand beside it; the same every time for one view.

        A twin of one of them (a sure model draws the same tokens again) is taken only where there is nothing else.
        """
        order = self.ranked()
        beside = {self.files[place] for place in (order[0], order[-1])}
        between = order[1:-1] or order
        between = [place for place in between if self.files[place] not in beside] or between
        return between[int(generator(self.view.seed, "random pick", self.shown).integers(len(between)))]

    def curve(self, gold: str | None = None) -> Curve | None:
        """Exact expected best of N by the view's reward, measured by ``gold``; None before there are scores."""
        measured = gold or self.view.reward
        if self.view.reward not in self.scores or measured not in self.scores:
            return None
        return pick_curve(self.scores[self.view.reward], self.scores[measured], measured, tuple(self.cost.items()))

    def gain(self, gold: str) -> Curve | None:
        """As ``curve``, in standard deviations of the measured reward over its mean: rewards of any unit compare."""
        if self.view.reward not in self.scores or gold not in self.scores:
            return None
        values = np.asarray(self.scores[gold])
        spread = float(values.std()) or 1.0
        scaled = tuple(((values - values.mean()) / spread).tolist())
        return replace(
            pick_curve(self.scores[self.view.reward], scaled, gold),
            measure="gain over one draw, in standard deviations",
            label=title_of(gold),
        )


@lru_cache(maxsize=256)
def pick_curve(
    proxy: tuple[float, ...], gold: tuple[float, ...], measure: str, unit: tuple[tuple[str, float], ...] = ()
) -> Curve:
    """The curve of one pool, kept: a slider that comes back finds it."""
    words = title_of(measure)
    return curves.curve([proxy], [gold], measure=words, label=f"{words} of the pick", unit=dict(unit))


def average(rows: Sequence[GalleryState], reward: str) -> Curve | None:
    """The curve averaged over several prompts' pools, those that have the reward."""
    scores = [look.scores[reward] for look in rows if reward in look.scores]
    if not scores:
        return None
    words = title_of(reward)
    return curves.curve(scores, measure=words, label=f"average of {len(scores)} prompts")
