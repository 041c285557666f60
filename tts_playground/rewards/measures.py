"""How good a text-image reward is, from its similarities alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def recall_at_1(similarity: np.ndarray, captions: Sequence[str], among: int = 100) -> float:
    """Text-to-image retrieval: how often a caption's own picture comes first among ``among``, captions all different.

    Args:
        similarity: [texts, images], text i belonging to image i.
        captions: the texts; of equal ones only the first takes part.
        among: pictures in one round; as many rounds as there are texts for, the rest is left out.

    Returns:
        A rate in [0, 1]; of chance 1 / ``among``.
    """
    places = np.array(list({text: i for i, text in reversed(list(enumerate(captions)))}.values()))
    places.sort()
    among = min(among, len(places))
    rounds = places[: len(places) // among * among].reshape(-1, among)
    return float(np.mean([similarity[np.ix_(r, r)].argmax(1) == np.arange(among) for r in rounds]))


def hard_pairs(true: np.ndarray, wrong: np.ndarray) -> float:
    """How often a picture prefers its caption [n] to each of its wrong captions [n, k]; chance is 0.5."""
    return float((np.asarray(true)[:, None] > np.asarray(wrong)).mean())
