"""What stands in each place of a picture: the task that teaches the eye of tiny:vlm to read. No torch in here.

Before the language model answers anything, the eye names, in each of its 8 x 8 places, the word and the number that
stand there or belong to it elsewhere in the chart, the colour of what it is about, and if it is a word or a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from tts_playground import randomness
from tts_playground.train.common.vision_targets import UNKNOWN, later
from tts_playground.train.vlm.data import SCENES, SHARES, random_choice, shrink, tokenizer
from tts_playground.worlds import choices, stickers
from tts_playground.worlds.charts import ChartCanvas, drawn
from tts_playground.worlds.infographics import SIZE, figure_from
from tts_playground.worlds.layout import Draw
from tts_playground.worlds.scene import Scene
from tts_playground.worlds.vocabulary import NAMES, TINTS
from tts_playground.worlds.vocabulary import SIZE as STICKERS_SIZE
from tts_playground.worlds.wording import COLORS, THEMES, TITLES

PLACES = 8
"""places a side"""
WORD, NUMBER, COLOR, KIND = 0, slice(1, 4), 4, 5
"""columns of the targets; a number is up to three digits, the first one first"""
A_WORD, A_NUMBER = 1, 2
"""classes of ``KIND``"""
_ALL_COLORS = tuple(dict.fromkeys([*COLORS, *TINTS, *choices.COLORS]))


def _token(text: str) -> int | None:
    ids = tokenizer().encode(text, add_special_tokens=False).ids
    return ids[0] if len(ids) == 1 else None


@cache
def words() -> dict[str, int]:
    """Word or title of one token to class; 0 is nothing."""
    texts = [*(word for group in THEMES.values() for word in group), *(t for group in TITLES.values() for t in group)]
    alone = [word for word in dict.fromkeys([*texts, *NAMES]) if _token(word) is not None]
    return {word: i for i, word in enumerate(alone, 1)}


@cache
def classes() -> tuple[int | tuple[int, ...], ...]:
    """Classes of each column, as ``eye.Reader`` takes them; 0 is always nothing."""
    first = tuple(int(_token(str(digit)) or 0) for digit in range(10))
    second = tuple(tokenizer().encode(f"1{digit}", add_special_tokens=False).ids[1] for digit in range(10))
    named = [tuple(int(_token(text) or 0) for text in group) for group in (words(), _ALL_COLORS)]
    return (named[0], first, second, 11, named[1], 3)


def digits(value: int) -> list[int]:
    """Three classes, the first digit first: 1 + digit, or 0 where there is none."""
    return [1 + int(digit) for digit in str(value)] + [0] * (3 - len(str(value)))


def _nothing() -> np.ndarray:
    return np.zeros((PLACES, PLACES, len(classes())), np.int16)


def figure_seen(canvas: ChartCanvas) -> np.ndarray:
    """Targets int16 [8, 8, 6] of a chart."""
    figure, seen, step = canvas.figure, _nothing(), SIZE / PLACES
    seen[..., COLOR] = UNKNOWN
    numbers = {str(value): i for i, value in enumerate(figure.values)}
    labels = {label: i for i, label in enumerate(figure.labels)}
    for text, x, y in canvas.written:
        place = seen[min(PLACES - 1, int(y / step)), min(PLACES - 1, int(x / step))]
        item = labels.get(text.lower(), numbers.get(text))
        if text.lower().removeprefix("= ").isdigit():
            place[KIND], place[NUMBER] = A_NUMBER, digits(int(text.removeprefix("= ")))
            if item is not None:
                place[WORD] = later(words()[figure.labels[item]])
        else:
            place[KIND], place[WORD] = A_WORD, words().get(text.lower(), UNKNOWN)
            if item is not None:
                place[NUMBER] = later(np.array(digits(figure.values[item])))
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
        seen[inside, WORD], seen[inside, KIND] = words()[thing.noun], A_WORD
        seen[inside, COLOR] = 1 + _ALL_COLORS.index(thing.color) if thing.color else UNKNOWN
    return seen


def choice_seen(scene: choices.ChoiceScene) -> np.ndarray:
    """Targets of a picture to choose from: every place in a cell names its digit and colour."""
    seen = _nothing()
    third = np.minimum(2, (3 * (np.arange(PLACES) + 0.5) / PLACES).astype(int))
    for cell in scene.cells:
        inside = (third == cell.row)[:, None] & (third == cell.column)
        seen[inside, NUMBER], seen[inside, KIND] = digits(cell.digit), A_NUMBER
        seen[inside, COLOR] = 1 + _ALL_COLORS.index(cell.color)
    return seen


def make(index: int, *, seed: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Batch ``index``: pictures uint8 [rows, 128, 128, 3] and targets int16 [rows, 64, 6]."""
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
