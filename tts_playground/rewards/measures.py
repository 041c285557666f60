"""How good a text-image reward is, from its similarities alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def retrieved(similarity: np.ndarray, captions: Sequence[str], among: int = 100) -> np.ndarray:
    """Text-to-image retrieval: whether a caption's own picture comes first among ``among``, captions all different.

    Args:
        similarity: [texts, images], text i belonging to image i.
        captions: the texts; of equal ones only the first takes part.
        among: pictures in one round; as many rounds as there are texts for, the rest is left out.

    Returns:
        0 or 1 a caption that took part, float [rounds * among]; by chance 1 / ``among`` of them are 1.
    """
    places = np.array(list({text: i for i, text in reversed(list(enumerate(captions)))}.values()))
    places.sort()
    among = min(among, len(places))
    rounds = places[: len(places) // among * among].reshape(-1, among)
    return np.concatenate([similarity[np.ix_(r, r)].argmax(1) == np.arange(among) for r in rounds]).astype(float)


def recall_at_1(similarity: np.ndarray, captions: Sequence[str], among: int = 100) -> float:
    """The mean of ``retrieved``: R@1, in [0, 1]."""
    return float(retrieved(similarity, captions, among).mean())


def preferred(true: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Picture by picture, the part of its wrong captions [n, k] to which it prefers its own [n]: float [n]."""
    return (np.asarray(true)[:, None] > np.asarray(wrong)).mean(1)


def hard_pairs(true: np.ndarray, wrong: np.ndarray) -> float:
    """The mean of ``preferred``: how often a picture prefers its caption to a wrong one; chance is 0.5."""
    return float(preferred(true, wrong).mean())
