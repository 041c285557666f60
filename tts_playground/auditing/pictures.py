"""The pictures of one audit, in a fixed order that depends on its settings alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from tts_playground.auditing.choosers import ChoiceQuestion
from tts_playground.worlds.choices import (
    CHOICE_PROMPT,
    COLOR_PROMPT,
    COLORS,
    SIDE,
    ChoiceScene,
    blank,
    choice,
    draw,
    permuted,
)

DIGITS = tuple(str(digit) for digit in range(10))
PAIRS = tuple(f"{digit} {letter}" for digit in DIGITS for letter in COLORS)
LIST_PROMPT = (
    "Read all the digits in the image. Choose one of them at random, each with equal probability, {n} times in a row. "
    "There is no correct answer. Output the {n} digits only, separated by commas."
)


@dataclass(frozen=True, slots=True)
class ChoicePicture:
    """One picture of an audit."""

    scene: ChoiceScene | None
    """None for the blank control"""
    layout: int
    """pictures with equal layout differ in which digit stands where, and are one cluster; -1 for the control"""
    shift: int = 0
    """how far the digits have moved round"""

    @property
    def key(self) -> str:
        """Names it within its audit."""
        if self.scene is None:
            return "blank"
        return f"{self.scene.condition}/{self.scene.index}/{self.shift}"

    def question(self, prompt: str, options: tuple[str, ...], side: int = SIDE) -> ChoiceQuestion:
        """The picture with what is asked of it."""
        return ChoiceQuestion(lambda: self.image(side), prompt, options, self.scene)

    def image(self, side: int = SIDE) -> Image.Image:
        """The picture: RGB, side x side."""
        return blank(side) if self.scene is None else draw(self.scene, side)


def pictures(
    conditions: Sequence[str], per_cond: int, k: int, *, permute: bool, seed: int, control: bool = True
) -> list[ChoicePicture]:
    """``per_cond`` layouts of every condition, in turn; with ``permute`` each with its digits moved round k times.

    The blank control stands first.
    """
    found = [ChoicePicture(None, -1)] if control else []
    for index in range(per_cond):
        for number, condition in enumerate(conditions):
            layout = index * len(conditions) + number
            scene = choice(seed, layout, condition, k)
            shifts = permuted(scene) if permute else [scene]
            found += [ChoicePicture(shifted, layout, shift) for shift, shifted in enumerate(shifts)]
    return found


def prompt_of(task: str, protocol: str, n: int) -> str:
    """What is asked."""
    if protocol == "list":
        return LIST_PROMPT.format(n=n)
    return COLOR_PROMPT if task == "color" else CHOICE_PROMPT
