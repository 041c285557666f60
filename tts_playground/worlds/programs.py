"""Drawings with their programs, endless, for the model that writes programs: what it is asked, and in which spelling.

Many programs make one picture, so each is said in one way: without operands that do not show, flattened, angles under
90, large operands first. What differs in spelling alone is then not held against a model that learns from it.
"""

from __future__ import annotations

import numpy as np

from tts_playground import randomness
from tts_playground.dsl import exact
from tts_playground.dsl.generator import Difficulty, generate
from tts_playground.dsl.surgery import normal_form
from tts_playground.dsl.tree import Program

SIZE = 128
"""pixels a side that the model sees"""
PROMPT = "Write this drawing as a program."
"""the one thing that tiny:sketch is ever asked"""


def program(seed: int, index: int, settings: Difficulty | None = None) -> Program:
    """Program ``index`` of the generator's stream ``seed`` in its normal form."""
    return normal_form(generate(seed, index, settings))


def picture(drawn: Program, noise: np.random.Generator) -> np.ndarray:
    """A drawing as it may come: crisp, scaled down, or with fat edges too: uint8 [128, 128], 0 is ink."""
    kind = noise.random()
    if kind < 0.3:
        return np.where(exact.mask(drawn, SIZE), 0, 255).astype(np.uint8)
    ink = exact.mask(drawn, 2 * SIZE)
    if kind > 0.75:  # the reference renderer's edges are a pixel fat
        ink = ink.copy()
        ink[1:] |= ink[:-1]
        ink[:, 1:] |= ink[:, :-1]
    parts = ink.reshape(SIZE, 2, SIZE, 2).mean((1, 3), dtype=np.float32)
    return np.round(255 * (1 - parts)).astype(np.uint8)


def batch(seed: int, start: int, n: int) -> tuple[np.ndarray, list[Program]]:
    """Pictures uint8 [n, 128, 128, 3] and their programs, ``start`` to ``start + n`` of ``seed``."""
    noise = randomness.generator("drawings", seed, start)
    programs = [program(seed, index) for index in range(start, start + n)]
    pictures = np.stack([picture(one, noise) for one in programs])
    return np.repeat(pictures[..., None], 3, axis=-1), programs
