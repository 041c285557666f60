"""What the rewards say of a picture that came from anywhere: a download, a photograph, another model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tts_playground.core import Sample
from tts_playground.errors import BadInput
from tts_playground.images import open_image
from tts_playground.tasks.image_rewards import reward_named, rewards_here
from tts_playground.tasks.text_to_image import PromptTask
from tts_playground.typed import typed


@typed
def score_picture(image: Any, prompt: str, rewards: Sequence[str] = ()) -> dict[str, float]:
    """Reward name -> score of a picture for a prompt; higher is better.

    Args:
        image: a path, bytes, a ``PIL.Image`` or an array.
        rewards: names; none for all that this machine has, without checks that cannot read the prompt.

    Raises:
        BadInput: the picture or the prompt cannot be used, or a named check cannot read the prompt.
        UnknownName: no reward of that name. ModelUnavailable: its weights are not here.
    """
    task = PromptTask(prompt)
    sample = Sample(open_image(image).convert("RGB"), 0)
    found: dict[str, float] = {}
    for name in rewards or rewards_here():
        try:
            (found[name],) = reward_named(name).score(task, [sample])
        except BadInput:
            if rewards:
                raise
    return found
