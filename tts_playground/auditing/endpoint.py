"""A model behind an endpoint as a chooser: exact chances where it shows its likeliest tokens, and replies always."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from tts_playground import randomness
from tts_playground.auditing.choice import REPLY_TOKENS
from tts_playground.auditing.choosers import ChoiceQuestion
from tts_playground.auditing.statistics import Floats
from tts_playground.errors import CannotDo
from tts_playground.models.endpoint.address import named
from tts_playground.models.endpoint.beginnings import OPEN
from tts_playground.samplers.endpoint import EndpointSampler
from tts_playground.samplers.vlm_settings import AnswerSettings

VERSION = "1"
TOGETHER = 10
"""short replies in one request"""


@dataclass(frozen=True)
class _Asked:
    """A question of an audit as samplers take it."""

    image: Image.Image
    question: str
    kind: ClassVar[str] = "vqa"


@dataclass(frozen=True)
class EndpointChooser:
    """Asks one model of one server; see ``models.endpoint.beginnings`` for what its chances leave out."""

    sampler: EndpointSampler
    """how the server is asked; its settings are those of the audit"""

    @classmethod
    def called(cls, name: str, *, own: bool = False, extra_body: Mapping[str, Any] | None = None) -> EndpointChooser:
        """The chooser of ``endpoint:MODEL@URL``.

        Args:
            own, extra_body: see ``EndpointSampler``.

        Raises:
            BadInput: no model, no address, or a field that the sampler sets.
        """
        model, url = named(name)
        return cls(EndpointSampler(url, model, own=own, extra_body=extra_body or {}))

    def fingerprint(self) -> Mapping[str, Any]:
        """The model, its server, and how it is asked beside the settings of an audit."""
        extra = {"extra_body": dict(self.sampler.extra_body)} if self.sampler.extra_body else {}
        return {"model": self.sampler.model, "url": self.sampler.url, "version": VERSION} | extra

    def chances(self, questions: Sequence[ChoiceQuestion], temperature: float = 1.0) -> Floats:
        """[questions, options] chance that the reply begins with each option, whichever way it is spelt in tokens.

        Options that are not among the likeliest tokens have a chance of 0.

        Raises:
            CannotDo: the server does not show its likeliest tokens, the temperature is not 1, or options are not told
                apart by what it shows.
        """
        if temperature != 1.0:
            raise CannotDo(
                "An endpoint shows its likeliest tokens only, from which no other temperature than 1 can be had "
                "exactly; use the protocol 'sampled'."
            )
        rows = []
        for question in questions:  # all that one call is given are asked alike, but nothing hangs on it
            _refuse_long(question.options)
        for options in dict.fromkeys(question.options for question in questions):
            asked = [(place, one) for place, one in enumerate(questions) if one.options == options]
            read = self._read([(one.image, one.prompt) for _, one in asked], options)
            rows += [(place, row) for (place, _), row in zip(asked, read, strict=True)]
        return np.array([row for _, row in sorted(rows)])

    def _read(self, asked: list[tuple[Image.Image, str]], options: tuple[str, ...]) -> list[list[float]]:
        try:
            read = self.sampler.asker.beginnings(asked, options)
        except CannotDo as error:
            if not self.sampler.asker.mute:
                raise
            raise CannotDo(f"{error} Use the protocol 'sampled' or 'list'.") from error
        if any(left > OPEN for _, left in read):
            raise CannotDo(
                f"{self.sampler.model} spells these options in several tokens, of which the endpoint shows too little; "
                "use the protocol 'sampled'."
            )
        return [row for row, _ in read]

    def replies(
        self, question: ChoiceQuestion, n: int, *, seed: int = 0, temperature: float = 1.0, longest: int = 8
    ) -> list[str]:
        """``n`` independent replies of at most ``longest`` tokens; they repeat as far as the server honours seeds.

        Raises:
            CannotDo: the endpoint cannot be reached or refuses, after the retries.
            BadInput: a temperature above 5.
        """
        together = TOGETHER if longest <= REPLY_TOKENS else 1  # lists are long, and there is one
        sampler = self.sampler.drawing(AnswerSettings(temperature, most_tokens=longest), together)
        own = randomness.key(seed, "replies", *question.stream) & 0x7FFFFFFF  # no two pictures share their draws
        asked = _Asked(question.image, question.prompt)
        return [str(sample.content) for sample in sampler.draw(asked, range(n), seed=own)]


def _refuse_long(options: Sequence[str]) -> None:
    """Refuse options that one token cannot tell apart."""
    if any(len(option.split()) != 1 for option in options):
        raise CannotDo(
            f"An endpoint shows the chances of single tokens, so that {options[0]!r} has none that is exact; use the "
            "protocol 'sampled'."
        )
    if len({option.casefold() for option in options}) < len(options):
        raise CannotDo("An endpoint's chances do not tell options apart that differ in capital letters only.")
