"""What the rewards say of a picture that came from anywhere: a download, a photograph, another model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tts_playground.core import Sample
from tts_playground.core.scores import scores_of
from tts_playground.errors import BadInput
from tts_playground.images import open_image
from tts_playground.tasks.image_rewards import reward_named, rewards_here
from tts_playground.tasks.reward_worlds import AUTO, rewards_for
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
            (found[name],) = scores_of(reward_named(name), task, [sample])
        except BadInput:
            if rewards:
                raise
    return found


BATCH = 16
"""pictures of one prompt that are scored together"""


def _opened(pictures: Sequence[tuple[Path, str]], places: Sequence[int], refusals: dict[str, None]) -> Iterator[Sample]:
    """The pictures at some places that can be opened; why others cannot is a refusal."""
    for place in places:
        try:
            yield Sample(open_image(pictures[place][0]).convert("RGB"), place)
        except BadInput as error:
            if len(pictures) == 1:
                raise
            refusals.setdefault(f"A picture has no score: {error}")


@typed
def score_folder(
    pictures: Sequence[tuple[Path, str]],
    rewards: Sequence[str] = (),
    *,
    told: Callable[[int], None] = lambda done: None,
) -> tuple[list[dict[str, Any]], list[str]]:
    """What the rewards say of many pictures, each with its own prompt (``prompt_files.pictures_of``).

    Args:
        rewards: names; none for all that this machine has.
        told: hears how many pictures are scored.

    Returns:
        Rows {"file", "prompt", "rewards": {name: score}} in order, and why some have no score: a check that cannot read
        a prompt gives None and is named once a prompt, and so does a picture among others that cannot be opened.

    Raises:
        BadInput: the only picture cannot be opened. UnknownName: no reward of that name. ModelUnavailable: its
            weights are not here.
    """
    names = [rewards_for()[0] if name == AUTO else name for name in rewards] or list(rewards_here())
    judges = {name: reward_named(name) for name in names}
    found: list[dict[str, float | None]] = [{} for _ in pictures]
    refusals: dict[str, None] = {}
    groups: dict[str, list[int]] = {}
    for place, (_, prompt) in enumerate(pictures):
        groups.setdefault(prompt, []).append(place)
    done = 0
    for prompt, places in groups.items():
        task = PromptTask(prompt)
        for start in range(0, len(places), BATCH):
            some = places[start : start + BATCH]
            samples = list(_opened(pictures, some, refusals))
            for place in some:
                found[place] = dict.fromkeys(judges)
            for name, judge in judges.items() if samples else ():
                try:
                    scores = scores_of(judge, task, samples)
                except BadInput as error:
                    refusals.setdefault(str(error))
                    continue
                for sample, score in zip(samples, scores, strict=True):
                    found[sample.index][name] = score
            done += len(some)
            told(done)
    rows = [
        {"file": str(file), "prompt": prompt, "rewards": found[place]} for place, (file, prompt) in enumerate(pictures)
    ]
    return rows, list(refusals)
