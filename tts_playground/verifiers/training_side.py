"""Which prompts are of the training side: the sticker world poses them, and they touch nothing of ``stickers-eval``.

What is chosen by looking at results (an example, a setting) is chosen on such prompts, so that the benchmark stays a
measure of what nobody has looked at.
"""

from __future__ import annotations

from tts_playground.errors import BadInput
from tts_playground.verifiers.english import parse
from tts_playground.worlds import stickers
from tts_playground.worlds.scene import Composition, Group
from tts_playground.worlds.vocabulary import NAMES, TINTS


def composition_of(prompt: str) -> Composition:
    """What ``prompt`` asks for, as a composition; a colour or a background of which it says nothing is "".

    Raises:
        BadInput: it cannot be read in the world's words, or asks for something that is not one number of things.
    """
    request = parse(prompt, NAMES, TINTS)
    for want in request.wants:
        if want.most is not None or not (want.exact or want.count == 1):
            raise BadInput(f"The prompt {prompt!r} asks for {want}, which is not one number of things.")
    groups = tuple(Group(want.noun, want.color, want.count) for want in request.wants)
    return Composition(groups, request.relation, request.background)


def training_side(prompt: str) -> bool:
    """Whether training may show what ``prompt`` asks for: it can be read, and ``stickers.poses`` it."""
    try:
        return stickers.poses(composition_of(prompt))
    except BadInput:
        return False
