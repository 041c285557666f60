"""Which pixels of a picture of many greys are ink: shadows are levelled, then one threshold splits the rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tts_playground.dsl.strokes import components, otsu
from tts_playground.tasks.shrinking import without_rulings

WORK = 768
"""longest side at which photos are thresholded"""
CONTRAST = 24
"""least distance, in grey levels, between the means of ink and paper ..."""
FAINT, SIGMAS = 10, 6.0
"""... or, where it is this many times the grain of the paper, and at least so many levels"""
SHADOW = 0.3
"""solid ink is at most this far, as a share, from the darkness of strokes to that of paper; shadows are further"""
STROKES = 0.005
"""share of a photo from which strokes tell ink from paper"""
MOST = 0.4
"""largest share of a picture that faint ink may take"""

Mask = NDArray[np.bool_]
Grey = NDArray[np.uint8]
NOTHING = "no drawing found: no contrast between ink and paper"


def threshold(grey: Grey, turn: bool | None = None) -> tuple[Mask, list[str]]:
    """Split a picture of many greys into ink and paper, with notes; in pixels of at most ``WORK`` a side.

    Args:
        turn: whether the ink is the lighter part; None decides by the border of a canvas or the strokes of a photo.
    """
    whole, grey = grey, _scaled(grey)
    cut, contrast = otsu(grey)
    if contrast == 0:
        return np.zeros(grey.shape, bool), [NOTHING]
    photo = _is_photo(grey, cut)
    notes = []
    if turn or (turn is None and contrast >= CONTRAST and _light_on_dark(grey, cut, photo)):
        whole, grey, cut = 255 - whole, 255 - grey, 254 - cut
        notes = ["light on dark, turned"]
    if photo:
        notes.append("photo, levelled")
        ink, found = _of_photo(grey)
    else:
        ink, found = (grey <= cut, True) if contrast >= CONTRAST else _faint(grey)
    ink, ruled = without_rulings(ink, grey)
    if ruled:
        notes.append("rulings taken out")
    fine = _fine(whole, ink) if max(whole.shape) > 1.5 * WORK else np.zeros_like(ink)
    if fine.any():
        ink, found = ink | fine, True
        notes.append("fine lines kept")
    return ink, notes if found else [*notes, NOTHING]


def _scaled(grey: Grey) -> Grey:
    reduced = Image.fromarray(grey)
    reduced.thumbnail((WORK, WORK), Image.Resampling.BOX)
    return np.asarray(reduced)


def _of_photo(grey: Grey) -> tuple[Mask, bool]:
    """Ink under uneven light: strokes against the paper next to them, solid ink against the light of the whole."""
    flat = level(grey)
    cut, contrast = otsu(flat)
    if contrast < CONTRAST:
        return _faint(grey)
    solid, near = flat <= cut, level(grey, sharp=True)
    edge, apart = otsu(near)
    if apart < CONTRAST:
        return solid, True
    strokes = near <= edge
    if not (both := strokes & solid).any():
        return solid, True
    dark, paper = float(np.median(flat[both])), float(np.median(flat[~solid]))
    labels = components(solid & ~strokes)
    middle = _medians(flat, labels)
    kept = middle <= dark + SHADOW * (paper - dark)
    kept[0] = False
    return strokes | kept[labels], True


def _medians(grey: Grey, labels: NDArray[np.integer]) -> NDArray[np.floating]:
    from scipy import ndimage

    numbers = np.arange(1, int(labels.max()) + 1)
    return np.concatenate([[255.0], np.asarray(ndimage.median(grey, labels, numbers), float).reshape(-1)])


def _faint(grey: Grey) -> tuple[Mask, bool]:
    """Ink of little contrast, such as pencil, where the grain of the paper is much less than that."""
    from scipy import ndimage

    soft = np.asarray(ndimage.gaussian_filter(level(grey, sharp=True).astype(np.float32), 1))
    paper = float(np.median(soft))
    grain = 1.4826 * float(np.median(np.abs(soft - paper)))
    ink = soft < paper - max(FAINT, SIGMAS * grain)
    ink = _long(ink, max(ink.shape) / 16)
    share = float(ink.mean())
    return (ink, True) if 0 < share <= MOST else (np.zeros_like(ink), False)


def _fine(whole: Grey, ink: Mask) -> Mask:
    """Lines so fine that averaging made paper of them: those in the darkest pixels, away from what is found already."""
    from scipy import ndimage

    by = -(-max(whole.shape) // WORK)
    darkest = np.asarray(ndimage.minimum_filter(whole, by))
    darkest = np.asarray(Image.fromarray(darkest).resize(ink.shape[::-1], Image.Resampling.NEAREST))
    near = level(darkest, sharp=True)
    cut, contrast = otsu(near)
    if contrast < 2 * CONTRAST:
        return np.zeros_like(ink)
    there = near <= cut
    labels = components(there)
    longest = _longest(labels)
    size = np.bincount(labels.ravel())
    seen = np.bincount(labels.ravel(), weights=np.asarray(ndimage.binary_dilation(ink, iterations=3)).ravel())
    lines = (longest >= max(ink.shape) / 16) & (seen < 0.5 * size)
    lines[0] = False
    fine = lines[labels]
    if ink.any() and fine.any():  # paler than the ink, they are rulings
        dark, paper = float(np.median(near[ink])), float(np.median(near[~ink & ~there]))
        fine &= (_medians(near, labels) <= dark + SHADOW * (paper - dark))[labels]
    return fine if 0 < fine.mean() <= MOST / 2 else np.zeros_like(ink)


def _long(mask: Mask, least: float) -> Mask:
    """The parts of a mask that are at least so long."""
    labels = components(mask)
    return (_longest(labels) >= least)[labels]


def _longest(labels: NDArray[np.integer]) -> NDArray[np.integer]:
    """The longer side of every part, by number; 0 for what is no part."""
    from scipy import ndimage

    boxes = ndimage.find_objects(labels)
    return np.array([0, *(max(rows.stop - rows.start, cols.stop - cols.start) for rows, cols in boxes)])


def _is_photo(grey: Grey, cut: int) -> bool:
    """Whether ink and paper have many greys each, as light falls on them; on a canvas they have one."""
    centres = [int(np.median(part)) for part in (grey[grey <= cut], grey[grey > cut])]
    near = [np.abs(grey.astype(int) - centre) <= 8 for centre in centres]
    return bool(np.mean(near[0] | near[1]) < 0.9)


def _light_on_dark(grey: Grey, cut: int, photo: bool) -> bool:
    """Whether the ink is the lighter part: paper is what a canvas's border is, or what surrounds strokes in a photo."""
    if not photo:
        border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
        return bool(np.mean(border <= cut) > 0.5)
    from scipy import ndimage

    small = _reduced(grey, 256)
    dark = np.count_nonzero(ndimage.grey_closing(small, (25, 25)) - small > CONTRAST)
    light = np.count_nonzero(small - ndimage.grey_opening(small, (25, 25)) > CONTRAST)
    if max(dark, light) > 2 * min(dark, light) and max(dark, light) > STROKES * small.size:
        return bool(light > dark)
    above = grey - _enlarged(ndimage.median_filter(_reduced(grey), 33, mode="nearest"), grey.shape)
    return bool(np.count_nonzero(above > CONTRAST) > np.count_nonzero(above < -CONTRAST))


def _reduced(grey: Grey, side: int = 64) -> NDArray[np.float32]:
    """The picture at 64 x 64, for what changes slowly."""
    return np.asarray(Image.fromarray(grey).resize((side, side), Image.Resampling.BOX), np.float32)


def _enlarged(small: NDArray[np.floating], shape: tuple[int, ...]) -> NDArray[np.float32]:
    picture = Image.fromarray(np.asarray(small, np.float32))
    return np.asarray(picture.resize((shape[1], shape[0]), Image.Resampling.BICUBIC))


def level(grey: Grey, *, sharp: bool = False) -> Grey:
    """Divide by the light of the paper, estimated as the upper envelope at a scale far above a stroke's.

    Args:
        sharp: follow the edges of shadows; what is wider than an eighth of the picture then counts as shadow.
    """
    from scipy import ndimage

    if sharp:
        light = ndimage.gaussian_filter(ndimage.grey_closing(_reduced(grey, 256), size=(33, 33)), 1)
    else:
        light = ndimage.gaussian_filter(ndimage.grey_closing(_reduced(grey), size=(25, 25)), 4)
    return np.clip(grey / np.maximum(_enlarged(light, grey.shape), 1) * 230, 0, 255).astype(np.uint8)
