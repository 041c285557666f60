"""Math-Shepherd's form (Wang et al. 2024): a tag after each step, at which P("+") against P("-") is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tts_playground.models.prm.form import TwoTokenForm, Written, only_token, spread, token_at

TAG = "ки"


class StepTags(TwoTokenForm):
    """peiyi9979/math-shepherd-mistral-7b-prm and its like."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        super().__init__(model, tokenizer)
        only_token(tokenizer, TAG)
        self.right, self.wrong = (only_token(tokenizer, f"+ {word}") for word in "+-")

    def write(self, problem: str, steps: Sequence[str]) -> Written:
        """The position of each tag."""
        text, ends = f"{problem} ", list[int]()
        for number, step in enumerate(steps):
            text += f"{chr(10) if number else ''}{step} {TAG}"
            ends.append(len(text) - 1)
        ids, offsets = spread(self.tokenizer, text, special=True)
        return Written(tuple(ids), tuple(token_at(offsets, end) for end in ends))
