"""Outlines turned into the shapes that they stand for: people who draw a closed line mean what it encloses.

The strokes cut the paper into regions. Ends of strokes are first joined to what lies close by, so that small gaps do
not matter; then the region that holds most of the paper's edge is called outside, and every other one the opposite of
the neighbour with which it shares most of its outline: what lies in a hole of a shape is paper again, and the two
halves of a divided shape are both ink. Each pixel of a stroke follows the nearest region, so that shapes end at the
middle of their outline and reach the edge of the paper where their outline runs off it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tts_playground.dsl.strokes import components, depth, distance
from tts_playground.tasks.gaps import bridges

THIN = 14.5
"""usual width, in canvas pixels, of the widest stroke that counts as an outline"""
WIDEST = 0.4
"""share of a loop's length that its gaps may have where somebody asks for it to be filled"""
BLOT = 3.0
"""a stroke may be this many times its usual width where it crosses or touches itself"""
CRACK = 12
"""regions of fewer pixels than this, between strokes that nearly touch, are part of the strokes"""
LEAST = 1 / 6
"""least area enclosed by an outline, as a share of the stroke's own"""
OUTER = 1.5
"""how much more a border with the outside counts than one with another region"""
TAIL = 2.0
"""a line that leads away from a loop is kept if its area is that of this many squares as wide as the line ..."""
OVERSHOOT = 0.6
"""... and it is longer than this share of the loop's longer side, or leads to another loop"""
TOUCHING = 0.1
"""a region that shares less of its border with the outside only touches it, at corners"""
WHOLE = 0.4
"""a region is a hole if one shape makes up this share of its border; between several shapes it is a part of them"""

Mask = NDArray[np.bool_]
Labels = NDArray[np.integer]


def fill_outlines(mask: Mask) -> Mask:
    """Fill thin strokes that close, or nearly close, a loop; a loop inside a loop is a hole.

    Args:
        mask: (height, width), True is ink.

    Lines that lead away from a loop, open lines and thick ink stay as they are; they turn paper to ink and, inside a
    shape, ink to paper.
    """
    return filled_outlines(mask)[0]


def filled_outlines(mask: Mask, *, asked: bool = False) -> tuple[Mask, str]:
    """As ``fill_outlines``, with a note on what was done.

    Args:
        asked: whether somebody asked for it, who is told if nothing could be filled, and means also wider gaps.
    """
    labels = components(mask)
    widths = _widths(mask, labels)
    thin = (widths <= THIN)[labels] & mask
    if not thin.any():
        return mask, "nothing filled: no line is thin enough to be an outline" if asked and mask.any() else ""
    half = float(np.median(widths[np.unique(labels[thin])])) / 2
    filled = _filled(mask, thin, labels, bridges(thin, half), half)
    if asked and (filled == mask).all():
        filled = _filled(mask, thin, labels, bridges(thin, half, share=WIDEST, wide=np.inf), half)
    if (filled != mask).any():
        return filled, "closed outlines filled"
    return mask, "nothing filled: no line closes a loop" if asked else ""


def _filled(mask: Mask, thin: Mask, labels: Labels, joined: Mask, half: float) -> Mask:
    regions, nearest = _regions(thin | joined)
    if regions.max() < 2:
        return mask
    inked = _colours(regions, nearest)
    shape = inked[nearest]
    shape = _with_lines(shape, np.where(thin, labels, 0), np.bincount(regions.ravel()) * inked, nearest, half)
    return shape ^ (mask & ~thin)


# ------------------------------------------------------------------------------------------------ strokes


def _widths(mask: Mask, labels: Labels) -> NDArray[np.float64]:
    """Usual width of each component along its middle, in pixels; infinite for blots, and for label 0."""
    from scipy import ndimage

    deep = depth(mask)
    middle = mask & (deep == ndimage.maximum_filter(deep, 3))
    numbers = np.arange(1, int(labels.max()) + 1)
    usual = np.asarray(ndimage.median(deep, np.where(middle, labels, 0), numbers), np.float64) - 0.5
    most = np.asarray(ndimage.maximum(deep, labels, numbers), np.float64)
    return np.concatenate([[np.inf], np.where(most <= BLOT * usual + 1, 2 * usual, np.inf)])


# ------------------------------------------------------------------------------------------------ regions


def _regions(strokes: Mask) -> tuple[Labels, Labels]:
    """Numbers of the regions between strokes, 0 on strokes; and for every pixel the number of the nearest region."""
    from scipy import ndimage

    regions = components(~strokes, diagonal=False)
    sizes = np.bincount(regions.ravel())
    kept = sizes >= CRACK
    kept[0] = False
    regions = np.where(kept, np.cumsum(kept), 0)[regions]
    if not kept.any():
        return regions, regions
    places = ndimage.distance_transform_edt(regions == 0, return_distances=False, return_indices=True)
    assert places is not None
    return regions, regions[tuple(places)]


def _colours(regions: Labels, nearest: Labels) -> Mask:
    """Whether each region is ink, by number, along the tree of the longest borders that begins outside."""
    from scipy import sparse
    from scipy.sparse import csgraph

    edge = np.concatenate([regions[0], regions[-1], regions[1:-1, 0], regions[1:-1, -1]])
    number = int(regions.max()) + 1
    outside = int(np.bincount(edge[edge > 0], minlength=number).argmax()) if edge.any() else 1
    pairs = np.concatenate(
        [np.stack([a.ravel(), b.ravel()]) for a, b in ((nearest[1:], nearest[:-1]), (nearest[:, 1:], nearest[:, :-1]))],
        axis=1,
    )
    pairs = pairs[:, pairs[0] != pairs[1]]
    weight = np.where((pairs == outside).any(0), -OUTER, -1.0)  # negative: the longest borders make the smallest tree
    borders = sparse.coo_matrix((weight, tuple(np.sort(pairs, 0))), (number, number)).tocsr()
    order, before = csgraph.breadth_first_order(csgraph.minimum_spanning_tree(borders), outside, directed=False)
    inked = np.zeros(number, bool)
    for region in order[1:]:
        inked[region] = not inked[before[region]]
    return _with_middles(inked, pairs, outside)


def _with_middles(inked: Mask, pairs: Labels, outside: int) -> Mask:
    """Also the regions in the middle of several shapes, which no one of them surrounds: the pentagon of a star."""
    from scipy import sparse

    number = len(inked)
    one_way = sparse.coo_matrix((np.ones(pairs.shape[1]), tuple(pairs)), (number, number)).tocsr()
    shared = sparse.csr_matrix(one_way + one_way.T)
    border, outer = np.asarray(shared.sum(1)).ravel(), shared[outside].toarray().ravel()
    with_ink = shared.multiply(inked[None]).tocsr()
    most, sum_of = with_ink.max(1).toarray().ravel(), np.asarray(with_ink.sum(1)).ravel()
    middle = ~inked & (outer <= TOUCHING * border) & (most < WHOLE * sum_of)
    middle[[0, outside]] = False
    return inked | middle


def _with_lines(shape: Mask, strokes: Labels, areas: NDArray[np.integer], nearest: Labels, half: float) -> Mask:
    """The shape and the strokes that are not its outline: loose ones, those around next to nothing, and tails.

    Args:
        strokes: numbers of the strokes, 0 elsewhere.
        areas: ink of every region, by number.
    """
    border = np.zeros_like(shape)
    border[1:] |= shape[1:] != shape[:-1]
    border[:, 1:] |= shape[:, 1:] != shape[:, :-1]
    away = distance(border)
    result = shape.copy()
    for number in np.unique(strokes[strokes > 0]):
        stroke = strokes == number
        if not (border & stroke).any():
            result ^= stroke
        elif areas[np.unique(nearest[stroke])].sum() <= LEAST * stroke.sum():
            result |= stroke
        else:
            for tail in _tails(stroke & (away > half + 3), shape, half):
                result |= stroke & (distance(tail) <= half + 4)
    return result


def _tails(loose: Mask, shape: Mask, half: float) -> list[Mask]:
    """The parts of a stroke away from its loops that are lines of their own: overshoots are not meant."""
    from scipy import ndimage

    labels = components(loose)
    areas = np.bincount(labels.ravel())
    loops = components(shape)
    sizes = [0, *(max(rows.stop - rows.start, cols.stop - cols.start) for rows, cols in ndimage.find_objects(loops))]
    found = []
    for number in np.flatnonzero(areas > TAIL * (2 * half) ** 2):
        if number:
            tail = labels == number
            near = ndimage.binary_dilation(tail, np.ones((3, 3)), iterations=round(2 * half) + 6)
            by = np.unique(loops[np.asarray(near, bool)])
            of = [sizes[one] for one in by if one]
            if len(of) != 1 or areas[number] / (2 * half) + half + 3 > OVERSHOOT * of[0]:
                found.append(tail)
    return found
