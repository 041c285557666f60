"""What the browser has to know to light marks that belong together; ``ui.linked_marks`` reads it there."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence

import numpy as np

from tts_playground.figures.scores import edges_of


def gallery_links(
    scores: Sequence[float],
    order: Sequence[int],
    *,
    gallery: str,
    curve: str,
    shown: Sequence[float] | None = None,
    same: Sequence[Sequence[int]] | None = None,
) -> str:
    """An unseen element that names the pictures of a gallery.

    Args:
        scores: one number per picture of the whole pool.
        order: places of the pictures in view, in the order of the gallery.
        gallery, curve: elem_ids of the gallery, and of the curve in which a picture's score is a level.
        shown: scores that the histogram shows, where it shows others.
        same: for every picture in view all the places of the pool that hold it, where it was drawn more than once.
    """
    if not len(scores):
        return ""
    values = np.asarray(scores, dtype=np.float64)
    ranks = np.empty(len(values), dtype=int)
    ranks[np.lexsort((np.arange(len(values)), -values))] = np.arange(len(values))
    edges = edges_of(np.asarray(values if shown is None else shown, dtype=np.float64))
    bars = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    told = {
        "gallery": gallery,
        "curve": curve,
        "pool": len(values),
        "items": [[f"image-{i}", f"bar-{bars[place]}"] for i, place in enumerate(order)],
        "ranks": [int(ranks[place]) for place in order]
        if same is None
        else [ranks[list(one)].tolist() for one in same],
        "scores": [round(float(values[place]), 6) for place in order],
    }
    return f"<span hidden data-linking='{html.escape(json.dumps(told, separators=(',', ':')), quote=True)}'></span>"
