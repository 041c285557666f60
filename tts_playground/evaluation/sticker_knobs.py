"""``eval stickers``, what the knobs do: guidance, temperature and top-p, one after the other, from the same noise.

What a class should find on a text-to-image model: the prompt is followed more as guidance grows and collapses at very
high guidance; a low temperature draws alike, a high one varied and worse, and there best-of-N gains most; truncation
repairs a hot draw. Every cell is drawn with the same seeds, so differences are paired by prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tts_playground.core import Sample
from tts_playground.estimators.curves import expected_pick
from tts_playground.evaluation import metrics
from tts_playground.randomness import generator
from tts_playground.rewards.diversity import pairwise_distance, token_entropy
from tts_playground.samplers.image_tokens import ImageSettings

GUIDANCES = (1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 20.0, 100.0)
"""at temperature 1"""
TEMPERATURES = (0.7, 1.0, 1.3, 1.5)
"""at the guidance that is measured"""
WARM, TOP_PS = 1.3, (0.9, 0.5)
"""the temperature at which truncation is looked at, and how much is kept"""
SEARCHED = ("t0.7", "t1", "t1.3")
"""cells from which as many images are drawn as from the pool, because best-of-N is looked at"""

FEWEST = 8
"""prompts from which on a rank agreement gets an interval"""


def cells(cfg: float) -> dict[str, ImageSettings]:
    """Name -> settings: "cfg7.5", "t0.7", "t1.3_p0.9" and so on."""
    found = {f"cfg{one:g}": ImageSettings(1.0, one) for one in GUIDANCES}
    found |= {f"t{one:g}": ImageSettings(one, cfg) for one in TEMPERATURES}
    return found | {f"t{WARM:g}_p{one:g}": ImageSettings(WARM, cfg, one) for one in TOP_PS}


def wanted(cfg: float, n: int, few: int, seed: int) -> dict[str, tuple[ImageSettings, list[tuple[int, int]]]]:
    """What to draw for one prompt (``sticker_images.draw``): settings that two cells share are drawn once."""
    most: dict[ImageSettings, int] = {}
    for name, settings in cells(cfg).items():
        most[settings] = max(most.get(settings, 0), n if name in SEARCHED else min(few, n))
    return {_key(one): (one, [(seed, index) for index in range(count)]) for one, count in most.items()}


def look(
    drawn: Mapping[str, Sequence[Sample]],
    cfg: float,
    few: int,
    best_of: int,
    passes: Callable[[Sequence[Sample]], np.ndarray],
    embed: Callable[[Sequence[Any]], np.ndarray],
    score: Callable[[Sequence[Sample]], Sequence[float]],
) -> dict[str, dict[str, float]]:
    """The numbers of one prompt, by cell.

    Args:
        drawn: the images of ``wanted``.
        few: images of a cell of which diversity and entropy are taken, the same in every cell.
        best_of: N of best-of-N, where a cell has as many images, else all of them.
        passes: 0 or 1 for each image.
        embed: pictures to unit embeddings.
        score: the reward that best-of-N picks by.
    """
    numbers: dict[str, dict[str, float]] = {}
    for key, samples in drawn.items():
        passed, some, scores = passes(samples), samples[:few], np.array(score(samples))
        numbers[key] = {
            "geneval_single": float(passed.mean()),
            "diversity": pairwise_distance(embed([sample.content for sample in some])),
            "entropy": token_entropy(some),
            "clip": float(scores.mean()),
            "picked": float(expected_pick(scores[None], passed[None], [min(best_of, len(samples))])[0, 0]),
        }
    return {name: numbers[_key(settings)] for name, settings in cells(cfg).items()}


def knob_metrics(looks: Sequence[Mapping[str, Mapping[str, float]]], n: int) -> dict[str, dict[str, Any]]:
    """Numbers with intervals over prompts; ``geneval_loss_CELL`` is what temperature 1 passes more than the cell.

    Args:
        looks: what ``look`` found for each prompt.
        n: N of best-of-N, for the names.
    """
    found: dict[str, dict[str, Any]] = {}
    if not looks:
        return found
    usual = np.array([one["t1"]["geneval_single"] for one in looks])
    for name in looks[0]:
        found[f"geneval_single_{name}"] = metrics.share([one[name]["geneval_single"] for one in looks])
        for what, called in (("diversity", "diversity"), ("entropy", "entropy"), ("clip", "clip_score")):
            found[f"{called}_{name}"] = metrics.mean([one[name][what] for one in looks])
        single = np.array([one[name]["geneval_single"] for one in looks])
        if name != "t1":
            found[f"geneval_loss_{name}"] = metrics.gain(usual, single)
        if name in SEARCHED:
            picked = [one[name]["picked"] for one in looks]
            found[f"geneval_clip{n}_{name}_gain"] = metrics.gain(picked, single)
    for what, called in (("clip", "clip_rank_mean"), ("picked", "clip_rank_picked")):
        found |= _rank_agreement(looks, what, called)
    return found


def _rank_agreement(
    looks: Sequence[Mapping[str, Mapping[str, float]]], what: str, called: str
) -> dict[str, dict[str, Any]]:
    """Spearman's correlation over the guidances, of a number of the reward with the check's passes of single images.

    The interval is a percentile bootstrap over prompts, of 1000 draws. Nothing where one of the two does not vary.
    """
    names = [f"cfg{one:g}" for one in GUIDANCES]
    both = np.array([[[one[name][key] for name in names] for one in looks] for key in (what, "geneval_single")])
    picks = generator("rank agreement", 0).integers(0, len(looks), (1000, len(looks)))
    value = _spearman(*both.mean(1))
    drawn = [rho for pick in picks if (rho := _spearman(*both[:, pick].mean(1))) is not None]
    if value is None:
        return {}
    low, high = np.percentile(drawn, (2.5, 97.5)).tolist() if drawn and len(looks) >= FEWEST else (None, None)
    return {called: {"value": value, "low": low, "high": high, "n": len(looks)}}


def _spearman(a: np.ndarray, b: np.ndarray) -> float | None:
    from scipy.stats import rankdata

    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def _key(settings: ImageSettings) -> str:
    return f"t{settings.temperature:g} cfg{settings.cfg:g} p{settings.top_p:g}"
