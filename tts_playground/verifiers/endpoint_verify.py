"""The verifiers of ``self_verify`` for a model behind an endpoint, read off the likeliest tokens that it shows.

They have the same names and ask the same questions. What is not among the likeliest tokens counts as 0; see
``models.endpoint.beginnings``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tts_playground.core import Cost, Sample, Verdict
from tts_playground.errors import CannotDo
from tts_playground.verifiers.self_verify import white
from tts_playground.worlds.wording import rating_prompt, verify_prompt

if TYPE_CHECKING:
    from tts_playground.models.endpoint.asker import EndpointAsker

LEAST = 0.01
"""probability of all options together below which a reply says something else"""


@dataclass(frozen=True)
class _EndpointJudge:
    """What the two questions to the server share."""

    asker: EndpointAsker = field(repr=False)
    """of the sampler whose answers are judged (``EndpointSampler.asker``)"""
    shows: Literal["answer", "reply"] = "answer"
    """what the model gets to see of a sample: its short answer, or the whole reply with its reasoning"""
    blank: bool = False
    """show a white picture instead: what is left then was not seen but guessed"""
    unit_cost = Cost(verifier_calls=1)

    @property
    def revision(self) -> str:
        """Changes with how the server is asked; which server it is, the sampler's fingerprint says."""
        return f"endpoint-{self.shows}-1"

    def _named(self, base: str) -> str:
        return base + ("_blank" if self.blank else "")

    def _told(self, sample: Sample) -> str:
        return str(sample.content) if self.shows == "reply" else str(sample.info.get("answer", sample.content))

    def _read(self, task: Any, prompts: Sequence[str], options: Sequence[str]) -> list[list[float]]:
        image, manners = white(task.image) if self.blank else task.image, self.asker.manners
        try:
            rows = [row for row, _ in self.asker.beginnings([(image, prompt) for prompt in prompts], options)]
            if any(sum(row) < LEAST for row in rows):
                raise CannotDo(
                    f"{manners.who} does not begin its reply with one of {', '.join(options)}, so that no probability "
                    "can be read off; a model that thinks first must be told not to (extra_body)."
                )
        except CannotDo as error:
            if not self.asker.mute:  # of what it does not take there is a note already
                manners.note(f"judge {options[0]}", str(error))
            raise
        return rows


@dataclass(frozen=True)
class EndpointPYes(_EndpointJudge):
    """P(yes), against no, to "Is this correct?" about a proposed answer: 0 to 1."""

    @property
    def name(self) -> str:
        """ "p_yes", or "p_yes_blank"."""
        return self._named("p_yes")

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """One probability per sample, over all spellings of yes and no among the likeliest tokens.

        Raises:
            CannotDo: the server shows no likeliest tokens, neither yes nor no is among them, or it cannot be asked.
        """
        prompts = [verify_prompt(task.question, self._told(sample)) for sample in samples]
        return [yes / (yes + no) for yes, no in self._read(task, prompts, ("yes", "no"))] if prompts else []

    def judge(self, task: Any, samples: Sequence[Sample]) -> list[Verdict]:
        """As verdicts; likelier yes than no passes."""
        return [Verdict(p, p >= 0.5, f"the model says yes with {p:.0%}") for p in self.score(task, samples)]


@dataclass(frozen=True)
class EndpointRating(_EndpointJudge):
    """The expected rating from 0 to 10, over the probabilities of the numbers among the likeliest tokens."""

    @property
    def name(self) -> str:
        """ "rating", or "rating_blank"."""
        return self._named("rating")

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """One number from 0 to 10 per sample; raises CannotDo as ``EndpointPYes`` does."""
        prompts = [rating_prompt(task.question, self._told(sample)) for sample in samples]
        rows = self._read(task, prompts, tuple(map(str, range(11)))) if prompts else []
        return [sum(number * chance for number, chance in enumerate(row)) / sum(row) for row in rows]

    def judge(self, task: Any, samples: Sequence[Sample]) -> list[Verdict]:
        """As verdicts; more than five passes."""
        return [Verdict(r, r > 5, f"the model rates it {r:.1f} of 10") for r in self.score(task, samples)]
