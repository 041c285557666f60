"""A vision-language model judging its own answers: P(yes), an expected rating, and its own log-probability.

All answers to one question are judged in one batched forward behind one reading of the picture, and equal answers once.
P(yes) is read off the logits (Kadavath et al. 2022, "Language models (mostly) know what they know").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tts_playground.core import Cost, Sample, Verdict
from tts_playground.errors import CannotDo
from tts_playground.models.vlm.option_probabilities import (
    TokenIds,
    next_logprobs,
    option_probabilities,
    shared_beginning,
    yes_margin,
)
from tts_playground.worlds.wording import rating_prompt, verify_prompt

if TYPE_CHECKING:
    from tts_playground.models.loading import Loaded
    from tts_playground.models.vlm.model import Vlm

Shows = Literal["answer", "reply"]


@dataclass(frozen=True)
class _Judge:
    """What the two questions to the model share."""

    loaded: Loaded
    """a loaded model (``models.loading.load(name, "vlm")``)"""
    shows: Shows = "answer"
    """what the model gets to see of a sample: its short answer, or the whole reply with its reasoning"""
    blank: bool = False
    """show a white picture instead: what is left then was not seen but guessed"""
    unit_cost = Cost(verifier_calls=1)

    @property
    def revision(self) -> str:
        """Changes with the weights and with how they are asked."""
        options = self.loaded.options
        return f"{self.loaded.revision}-{options.dtype}{'-4bit' if options.four_bit else ''}-{self.shows}-1"

    def _named(self, base: str) -> str:
        return base + ("_blank" if self.blank else "")

    @property
    def _vlm(self) -> Vlm:
        return self.loaded.value

    def _image(self, task: Any) -> Any:
        return white(task.image) if self.blank else task.image

    def _told(self, sample: Sample) -> str:
        return str(sample.content) if self.shows == "reply" else str(sample.info.get("answer", sample.content))


@dataclass(frozen=True)
class PYes(_Judge):
    """P(yes), against no, to "Is this correct?" about a proposed answer: 0 to 1."""

    @property
    def name(self) -> str:
        """ "p_yes", or "p_yes_blank"."""
        return self._named("p_yes")

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """One probability per sample.

        Raises:
            ModelUnavailable: the model's tokenizer knows no yes or no.
        """
        if not samples:
            return []
        prompts = [verify_prompt(task.question, self._told(sample)) for sample in samples]
        return yes_margin(self._vlm, next_logprobs(self._vlm, self._image(task), prompts)).sigmoid().tolist()

    def judge(self, task: Any, samples: Sequence[Sample]) -> list[Verdict]:
        """As verdicts; likelier yes than no passes."""
        return [Verdict(p, p >= 0.5, f"the model says yes with {p:.0%}") for p in self.score(task, samples)]


@dataclass(frozen=True)
class Rating(_Judge):
    """The expected rating from 0 to 10 that the model would give, over its probabilities of the numbers."""

    @property
    def name(self) -> str:
        """ "rating", or "rating_blank"."""
        return self._named("rating")

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """One number from 0 to 10 per sample."""
        if not samples:
            return []
        vlm, image = self._vlm, self._image(task)
        prompts = [rating_prompt(task.question, self._told(sample)) for sample in samples]
        spelt = [tuple(vlm.tokens(str(number))) for number in range(11)]
        begun = spelt[0][: shared_beginning(spelt)]  # some tokenizers write a space of its own before a number

        def after(stem: TokenIds) -> Any:
            return next_logprobs(vlm, image, prompts, begun + stem).cpu().numpy()

        chances = option_probabilities([[ids[len(begun) :]] for ids in spelt], after)
        return ((chances @ np.arange(11)) / chances.sum(-1).clip(1e-30)).tolist()

    def judge(self, task: Any, samples: Sequence[Sample]) -> list[Verdict]:
        """As verdicts; more than five passes."""
        return [Verdict(r, r > 5, f"the model rates it {r:.1f} of 10") for r in self.score(task, samples)]


@dataclass(frozen=True)
class SequenceLogprob:
    """The log-probability that the model itself, at temperature 1, gave to the whole reply; costs nothing more."""

    name = "logprob"
    revision = "1"
    unit_cost = Cost()

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """One natural logarithm per sample.

        Raises:
            CannotDo: the samples carry no log-probabilities.
        """
        found = [sample.info.get("model_logprob", sample.logprob) for sample in samples]
        if any(value is None for value in found):
            raise CannotDo("These replies came without log-probabilities; the endpoint does not give them.")
        return [float(value) for value in found if value is not None]


def white(image: Any) -> Any:
    """A white picture of the same size: the control."""
    from PIL import Image

    return Image.new("RGB", image.size, (255, 255, 255))
