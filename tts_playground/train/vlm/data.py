"""Batches for tiny:vlm: figures with questions, proposed answers and ratings; stickers; choices. No torch in here."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from tts_playground import randomness
from tts_playground.train.vlm.tokens import PackedTokens, Packer, Turn, word_tokenizer
from tts_playground.worlds import choices, stickers
from tts_playground.worlds.captions import caption, falsified
from tts_playground.worlds.charts import draw
from tts_playground.worlds.infographics import SIZE, Figure, figure_from
from tts_playground.worlds.layout import Draw
from tts_playground.worlds.questions import ask, closeness, final_answer, pick_kind, wrong_reply
from tts_playground.worlds.vocabulary import BACKGROUNDS, NAMES, NUMBERS, PLURALS, TINTS
from tts_playground.worlds.wording import (
    COLORS,
    LIST_PROMPT,
    TEMPLATES,
    THEMES,
    TITLES,
    rating_prompt,
    shows_prompt,
    verify_prompt,
)

LENGTH = 336
"""tokens a row: the picture's 66 and about seven turns"""
JUDGED = 2.0
"""weight of a yes or no and of a rating, which are single tokens among long answers"""
VIEWS = 2
"""how often a picture is used, each time with other questions"""
SHARES = {"stickers": 0.12, "choices": 0.16}
"""parts of the pictures; the rest are infographics"""
CONDITIONS = (*choices.CONDITIONS, "center", "size")
"""of the pictures of choices; what was planted comes up more often"""
EASY_CHUNKS = 400
"""over so many chunks of a fresh model the share of easy questions falls from 0.8 to 0"""
SCENES = 52_000
"""seed of the worlds for training, plus the order's seed"""


def words() -> set[str]:
    """Everything that deserves a token of its own."""
    texts = [
        LIST_PROMPT,
        verify_prompt("", ""),
        rating_prompt("", ""),
        shows_prompt(""),
        choices.CHOICE_PROMPT,
        choices.COLOR_PROMPT,
    ]
    for group in (TEMPLATES, THEMES, TITLES):
        texts += [text for options in group.values() for text in options]
    texts += [*COLORS, *NAMES, *PLURALS.values(), *TINTS, *BACKGROUNDS, *(NUMBERS[n] for n in range(1, 5)), "yes no"]
    texts += ["a an the one photo picture image figure of on against in front background to left right top under over"]
    texts += [
        "above below between and with total show please describe chart number how many what who where when why are"
    ]
    text = " ".join(texts).lower()
    return {word for word in "".join(c if c.isascii() and c.isalpha() else " " for c in text).split() if len(word) > 1}


def opening_words() -> set[str]:
    """Words with which a caption of stickers may begin, right behind its quotation mark."""
    return {"a", "an", "photo", "picture", "image", *NUMBERS.values(), *TINTS, *NAMES, *PLURALS.values()}


@cache
def tokenizer() -> Any:
    """The tokenizer of tiny:vlm, made of the words of its worlds."""
    return word_tokenizer(words(), opening_words())


@cache
def packer(visual_tokens: int, length: int) -> Packer:
    """The packer of this process."""
    return Packer(tokenizer(), visual_tokens, length)


def figure_turns(figure: Figure, draw: Draw, easy: float) -> list[Turn]:
    """Everything read aloud, then questions to answer and proposed answers to judge, half of them wrong."""
    whole = "\n".join(f"{label} {value}" for label, value in zip(figure.labels, figure.values, strict=True))
    turns = [Turn(q.text, q.reply) for q, _ in (_question(figure, draw, easy) for _ in range(4))]
    for place in range(5):
        question, numbers = _question(figure, draw, easy)
        right = draw() < 0.5
        reply = question.reply if right else wrong_reply(figure, question, numbers, draw)
        if not reply:
            continue
        told = reply if draw() < 0.5 else final_answer(reply)
        if place % 3 == 2:
            rating = closeness(question.answer, final_answer(reply))
            turns.append(Turn(rating_prompt(question.text, told), str(rating), JUDGED))
        else:
            turns.append(Turn(verify_prompt(question.text, told), "yes" if right else "no", JUDGED))
    # judged first in half of the rows, because what stands last may not fit
    said = turns if draw() < 0.5 else turns[4:] + turns[:4]
    return [Turn(LIST_PROMPT, whole), *said]


def _question(figure: Figure, draw: Draw, easy: float) -> tuple:
    numbers = [draw() for _ in range(12)]
    return ask(figure, pick_kind(figure, draw, easy), Draw(numbers)), numbers


def sticker_turns(scene: stickers.Scene, other: stickers.Scene, draw: Draw) -> list[Turn]:
    """Does the figure show this? True captions, captions wrong in one point, captions of another picture."""
    lies = list(falsified(scene.composition, draw).values())
    turns = []
    for _ in range(9):
        chance = draw()
        if chance < 0.5:
            said, told = scene.composition, "yes"
        else:
            said, told = (draw.pick(lies) if chance < 0.85 else other.composition), "no"
        turns.append(Turn(shows_prompt(caption(said, draw, full=True)), told, JUDGED))
    return turns


def choice_turns(scene: choices.ChoiceScene, draw: Draw) -> list[Turn]:
    """Every digit once, each weighted with its planted probability, so that the loss is the exact cross-entropy."""
    chances = choices.planted(scene)
    colored = draw() < 0.4
    prompt = choices.COLOR_PROMPT if colored else choices.CHOICE_PROMPT
    turns = []
    for place in draw.shuffled(range(len(chances))):
        cell = scene.cells[place]
        answer = f"{cell.digit} {cell.color}" if colored else str(cell.digit)
        turns.append(Turn(prompt, answer, 2 * len(chances) * float(chances[place])))
    return turns


def random_choice(draw: Draw, seed: int, index: int) -> choices.ChoiceScene:
    """A picture of choices; four cells in half of them."""
    k = 4 if draw() < 0.5 else draw.between(2, 9)
    return choices.choice(seed, index, draw.pick(CONDITIONS), k)


def shrink(picture: Image.Image | np.ndarray) -> np.ndarray:
    """A picture as the model's processor sees it: uint8 [128, 128, 3]."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    return np.asarray(image if image.width == SIZE else image.resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def make(
    index: int, *, seed: int, rows: int, visual_tokens: int, length: int = LENGTH, easy_chunks: int = EASY_CHUNKS
) -> list[PackedTokens]:
    """Chunk ``index``: ``rows`` pictures in ``VIEWS`` batches that differ in what is asked."""
    counts = {kind: max(1, round(share * rows)) for kind, share in SHARES.items()}
    draws = [Draw(randomness.generator("tiny-vlm", seed, index, row).random(997).tolist()) for row in range(rows)]
    n = rows - sum(counts.values())
    figures = [figure_from(draw) for draw in draws[:n]]
    first = index * counts["stickers"]
    scenes = stickers.scenes(SCENES + seed, first, counts["stickers"])
    picks = [random_choice(d, SCENES + seed, index * rows + i) for i, d in enumerate(draws[n + len(scenes) :])]
    pictures = [
        np.stack([np.asarray(draw(figure)) for figure in figures]),
        np.stack([shrink(p) for p in stickers.render_batch(scenes)]),
    ]
    pictures.append(np.stack([shrink(choices.draw(c, (128, 128, 256, 512)[i % 4])) for i, c in enumerate(picks)]))
    images = np.concatenate(pictures)
    easy = 0.8 * max(0.0, 1 - index / easy_chunks) if easy_chunks else 0.0
    made = []
    for _ in range(VIEWS):
        turns = [figure_turns(f, draw, easy) for f, draw in zip(figures, draws, strict=False)]
        turns += [sticker_turns(s, scenes[i - 1], draws[n + i]) for i, s in enumerate(scenes)]
        turns += [choice_turns(c, draws[n + len(scenes) + i]) for i, c in enumerate(picks)]
        made.append(packer(visual_tokens, length).pack(images, turns))
    return made
