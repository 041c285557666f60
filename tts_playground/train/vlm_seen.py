"""What stands in each place of a picture: the task that teaches the eye of tiny:vlm to read. No torch in here.

Before the language model answers anything, the eye names, in each of its 8 x 8 places: the word that stands there, the
number, the number or word that belongs to it elsewhere in the chart, and the colour of what it is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from tts_playground import randomness
from tts_playground.train.vlm_data import SCENES, SHARES, random_choice, shrink
from tts_playground.worlds import choices, stickers
from tts_playground.worlds.charts import Canvas, drawn
from tts_playground.worlds.infographics import SIZE, figure_from
from tts_playground.worlds.layout import Draw
from tts_playground.worlds.scene import Scene
from tts_playground.worlds.vocabulary import NAMES, TINTS
from tts_playground.worlds.vocabulary import SIZE as STICKERS_SIZE
from tts_playground.worlds.wording import COLORS, THEMES, TITLES

PLACES = 8
"""places a side"""
WORD, NUMBER, ITS_WORD, ITS_NUMBER, COLOR = 0, slice(1, 4), 4, slice(5, 8), 8
"""columns of the targets; a number is three digits"""
ELSEWHERE = (4, 5, 6, 7)
"""columns that other places tell"""
UNKNOWN = -1
"""target that does not count"""
_ALL_COLORS = tuple(dict.fromkeys([*COLORS, *TINTS, *choices.COLORS]))


@cache
def words() -> dict[str, int]:
    """Word or title to class; 0 is nothing."""
    texts = [*(word for group in THEMES.values() for word in group), *(t for group in TITLES.values() for t in group)]
    return {word: i for i, word in enumerate(dict.fromkeys([*texts, *NAMES]), 1)}


def classes() -> tuple[int, ...]:
    """Classes of each column; 0 is always nothing."""
    word = len(words()) + 1
    return (word, 11, 11, 11, word, 11, 11, 11, len(_ALL_COLORS) + 1)


def digits(value: int) -> list[int]:
    """Three classes, the last digit last: 1 + digit, or 0 where there is none."""
    return [0 if c == " " else 1 + int(c) for c in f"{value:3d}"[-3:]]


def _nothing() -> np.ndarray:
    seen = np.full((PLACES, PLACES, len(classes())), UNKNOWN, np.int16)
    seen[..., :4] = 0
    return seen


def figure_seen(canvas: Canvas) -> np.ndarray:
    """Targets int16 [8, 8, 9] of a chart."""
    figure, seen, step = canvas.figure, _nothing(), SIZE / PLACES
    numbers = {str(value): i for i, value in enumerate(figure.values)}
    labels = {label: i for i, label in enumerate(figure.labels)}
    for text, x, y in canvas.written:
        place = seen[min(PLACES - 1, int(y / step)), min(PLACES - 1, int(x / step))]
        item = labels.get(text.lower(), numbers.get(text))
        if text.lower() in words():
            place[WORD] = words()[text.lower()]
            if item is not None:
                place[ITS_NUMBER] = digits(figure.values[item])
        else:
            place[NUMBER] = digits(int(text.removeprefix("= ")))
            if item is not None:
                place[ITS_WORD] = words()[figure.labels[item]]
        if item is not None and figure.colorful:
            place[COLOR] = 1 + _ALL_COLORS.index(figure.colors[item])
    return seen


def stickers_seen(scene: Scene) -> np.ndarray:
    """Targets of a sticker picture: every place that a thing covers names it."""
    seen, step = _nothing(), STICKERS_SIZE / PLACES
    middles = step * (np.arange(PLACES) + 0.5)
    for thing in scene.things:
        x0, y0, x1, y1 = thing.box
        inside = ((middles >= y0) & (middles < y1))[:, None] & ((middles >= x0) & (middles < x1))
        seen[inside, WORD] = words()[thing.noun]
        seen[inside, COLOR] = 1 + _ALL_COLORS.index(thing.color) if thing.color else UNKNOWN
    return seen


def choice_seen(scene: choices.Choice) -> np.ndarray:
    """Targets of a picture to choose from: every place in a cell names its digit and colour."""
    seen = _nothing()
    third = np.minimum(2, (3 * (np.arange(PLACES) + 0.5) / PLACES).astype(int))
    for cell in scene.cells:
        inside = (third == cell.row)[:, None] & (third == cell.column)
        seen[inside, NUMBER] = digits(cell.digit)
        seen[inside, COLOR] = 1 + _ALL_COLORS.index(cell.color)
    return seen


def make(index: int, *, seed: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Batch ``index``: pictures uint8 [rows, 128, 128, 3] and targets int16 [rows, 64, 9]."""
    counts = {kind: max(1, round(share * rows)) for kind, share in SHARES.items()}
    draws = [Draw(randomness.generator("tiny-vlm eye", seed, index, row).random(97).tolist()) for row in range(rows)]
    n = rows - sum(counts.values())
    canvases = [drawn(figure_from(draw)) for draw in draws[:n]]
    scenes = stickers.scenes(SCENES + 7 + seed, index * counts["stickers"], counts["stickers"])
    picks = [random_choice(d, SCENES + 7 + seed, index * rows + i) for i, d in enumerate(draws[n + len(scenes) :])]
    pictures = [shrink(canvas.image) for canvas in canvases]
    pictures += [shrink(picture) for picture in stickers.render_batch(scenes)]
    pictures += [shrink(choices.draw(pick, (128, 256)[i % 2])) for i, pick in enumerate(picks)]
    return np.stack(pictures), _flat(
        [*map(figure_seen, canvases), *map(stickers_seen, scenes), *map(choice_seen, picks)]
    )


def _flat(seen: Sequence[np.ndarray]) -> np.ndarray:
    return np.stack(seen).reshape(len(seen), PLACES * PLACES, -1)
