"""Math-Shepherd's form (Wang et al. 2024): a tag after each step, at which P("+") against P("-") is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tts_playground.errors import ModelUnavailable
from tts_playground.models.prm.form import NO_SIGNS, TwoTokenForm, Written, only_token, spread, token_at

TAG = "ки"


class StepTags(TwoTokenForm):
    """peiyi9979/math-shepherd-mistral-7b-prm and its like; ``"prm_separator"`` in config.json may name another tag.

    Raises:
        ModelUnavailable: the tokenizer lacks the tag, or the two signs.
    """

    def __init__(self, model: Any, tokenizer: Any, tag: str = TAG) -> None:
        super().__init__(model, tokenizer)
        only_token(tokenizer, tag)
        self.tag = tag
        self.right, self.wrong = (only_token(tokenizer, f"+ {word}") for word in "+-")
        if self.right == self.wrong:
            raise ModelUnavailable(NO_SIGNS)

    def write(self, problem: str, steps: Sequence[str]) -> Written:
        """The position of the last token of each tag."""
        text, ends = f"{problem} ", list[int]()
        for number, step in enumerate(steps):
            text += f"{chr(10) if number else ''}{step} {self.tag}"
            ends.append(len(text) - 1)
        ids, offsets = spread(self.tokenizer, text, special=True)
        return Written(tuple(ids), tuple(token_at(offsets, end, last=True) for end in ends))
