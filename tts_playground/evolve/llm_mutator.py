"""Mutation by a model. One that reads is shown some programs and asked for new ones, and is read line by line.

A model that knows nothing but its own short request is shown a picture instead, both parents' ink in one, and what it
makes of that at a high temperature are the children. A call that brings nothing readable gets one child by tree
surgery, so that evolution comes to an end with any model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import ImageChops

from tts_playground.dsl.extraction import extract
from tts_playground.dsl.instructions import vary
from tts_playground.dsl.raster import render
from tts_playground.dsl.tree import Program
from tts_playground.errors import BadInput
from tts_playground.evolve.variation import Child, Mutator, TreeMutator
from tts_playground.samplers.programs import request
from tts_playground.tasks.zero_shot import Prompt, generate, user_turn
from tts_playground.typed import typed
from tts_playground.worlds.programs import PROMPT

SHOWN_AT_MOST = 64
"""lines of one reply that are read"""


@dataclass(frozen=True)
@typed
class ModelMutator:
    """Children written by a vision-language model that sees no picture, only programs.

    One call brings ``replies`` replies of about ``count`` programs each; all that can be read are offered.

    Raises:
        BadInput: a number below 1, or a temperature below 0.
    """

    model: Any = field(repr=False)
    processor: Any = field(repr=False)
    label: str = "model"
    """what the plan's file calls it: the model's name"""
    shown: int = 3
    """parents in the prompt"""
    count: int = 4
    """programs asked for in one reply"""
    replies: int = 4
    """replies drawn at a time"""
    temperature: float = 1.0
    max_new_tokens: int = 256

    def __post_init__(self) -> None:
        if min(self.shown, self.count, self.replies, self.max_new_tokens) < 1 or self.temperature < 0:
            raise BadInput("A model that mutates needs at least one parent, program, reply and token.")

    @property
    def name(self) -> str:
        """Changes with everything that decides the children."""
        return f"{self.label}-{self.shown}-{self.count}-{self.replies}-{self.temperature:g}-{self.max_new_tokens}"

    def vary(self, parents: Sequence[Program], rng: np.random.Generator, hint: str = "") -> list[Child]:
        """What the model proposes, or one child by tree surgery."""
        said = generate(
            self.model,
            self.processor,
            [self._prompt(parents, hint)],
            temperature=self.temperature,
            num_return_sequences=self.replies,
            max_new_tokens=self.max_new_tokens,
            seed=int(rng.integers(2**31)),
        )
        everyone = tuple(range(len(parents)))
        children = [Child(text, everyone, "model") for reply in said for text in programs_in(reply)]
        if any(extract(child.text).program is not None for child in children):
            return children
        return [*children, *TreeMutator().vary(parents, rng)]

    def _prompt(self, parents: Sequence[Program], hint: str) -> Prompt:
        if request(self.processor.tokenizer) != PROMPT:
            return user_turn(vary([str(parent) for parent in parents], self.count, hint))
        return user_turn(PROMPT, ImageChops.darker(render(parents[0]), render(parents[-1])))


def mutator_of(model: str) -> Mutator:
    """Who mutates, by name: "tree" is surgery on trees, anything else a model's name, hub id or folder.

    Raises:
        BadInput, ModelUnavailable: it cannot be loaded.
    """
    if model == "tree":
        return TreeMutator()
    from tts_playground.models import adapters

    loaded = adapters.load(model)
    return ModelMutator(loaded.value.model, loaded.value.processor, f"{model}-{loaded.revision}")


def programs_in(reply: str) -> list[str]:
    """The programs of a reply, one a line where there are several lines; of a program over several lines, one."""
    whole = extract(reply)
    lines = [extract(line) for line in reply.splitlines()[:SHOWN_AT_MOST] if "(" in line]
    good = [one.text for one in lines if one.program is not None and not one.repaired]
    return list(dict.fromkeys(good)) or [whole.text]
