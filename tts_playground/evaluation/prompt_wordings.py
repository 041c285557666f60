"""Wordings of one wish side by side: adjectives, styles and negative prompts, by what they do to images.

Every wording draws with the same seeds. How well pictures keep to the wish is judged against the wish itself, not
against the wording, so that words that only please a reward gain nothing; diversity is the mean distance of pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tts_playground.core import Reward, Sample
from tts_playground.errors import BadInput
from tts_playground.estimators.intervals import Interval, mean, rate
from tts_playground.models.clip import image_embeddings
from tts_playground.rewards.clip import ClipReward
from tts_playground.rewards.diversity import pairwise_distance
from tts_playground.samplers.image_tokens import ImageSettings, ImageTokens
from tts_playground.samplers.negative_prompt import NegativePrompt
from tts_playground.tasks.text_to_image import PromptTask
from tts_playground.tasks.validation import check_count
from tts_playground.verifiers.geneval import GenEval

if TYPE_CHECKING:
    from PIL import Image

    from tts_playground.models.loading import Loaded

MOST = 1024
"""images of one wording"""
Wording = str | tuple[str, str]
"""a prompt, or a prompt and a negative prompt"""


@dataclass(frozen=True)
class Worded:
    """What one wording drew."""

    prompt: str
    negative: str
    """"" where the unconditional row reads padding, as usual"""
    images: Sequence[Image.Image] = field(repr=False)
    reward: Interval
    """mean score of the pictures for the wish"""
    passed: Interval | None
    """share of the pictures that show what is wished; None where the judge cannot check the wish"""
    diversity: float | None
    """mean of 1 - cosine over pairs of pictures; None of a single one"""

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, without the pictures."""
        passed = None if self.passed is None else self.passed.as_dict()
        row = {"prompt": self.prompt, "negative": self.negative, "reward": self.reward.as_dict(), "passed": passed}
        return row | {"diversity": self.diversity}


def compare_wordings(
    loaded: Loaded,
    wish: str,
    wordings: Sequence[Wording],
    *,
    n: int = 16,
    settings: ImageSettings | None = None,
    seed: int = 0,
    reward: Reward | None = None,
    judge: GenEval | None = None,
) -> list[Worded]:
    """Draw ``n`` images of each wording with the same seeds, and measure them against the wish.

    Args:
        loaded: a Janus (``models.loading.load(name, "janus")``).
        wish: what is wanted, in plain words; the judge reads it.
        reward, judge: None takes ``ClipReward()`` and ``GenEval()``, which know the embedded models' world.

    Raises:
        BadInput: no wording, or an empty one.
    """
    check_count(n, MOST)
    if not wordings:
        raise BadInput("Name at least one wording: a prompt, or a pair of a prompt and a negative prompt.")
    reward, wished = reward or ClipReward(), PromptTask(wish)
    found = []
    for prompt, negative in ((one, "") if isinstance(one, str) else one for one in wordings):
        given: Mapping[str, Any] = {"loaded": loaded, "settings": settings or ImageSettings()}
        sampler = NegativePrompt(**given, negative=negative) if negative else ImageTokens(**given)
        samples = list(sampler.draw(PromptTask(prompt), range(n), seed=seed))
        images = [sample.content for sample in samples]
        scores = mean(reward.score(wished, samples), "values")
        spread = pairwise_distance(image_embeddings(images, *_eye(reward))) if n > 1 else None
        found.append(Worded(prompt, negative, images, scores, _passed(judge or GenEval(), wished, samples), spread))
    return found


def _eye(reward: Reward) -> tuple[str, ...]:
    """The CLIP that a reward reads, and its device; the embedded one where it reads none."""
    from tts_playground.models.loading import device_of

    return (reward.model, device_of(reward.device)) if isinstance(reward, ClipReward) else ()


def _passed(judge: GenEval, wished: PromptTask, samples: Sequence[Sample]) -> Interval | None:
    try:
        verdicts = judge.judge(wished, samples)
    except BadInput:  # words that it cannot check
        return None
    return rate(sum(bool(one.passed) for one in verdicts), len(verdicts))
