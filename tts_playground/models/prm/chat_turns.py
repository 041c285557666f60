"""RLHFlow's form (Xiong et al. 2024): a chat in which the user shows a step a turn, and the model replies "+" or "-".

P("+") against P("-") is read where the reply begins. Every step is shown behind replies of "+" to those before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tts_playground.errors import ModelUnavailable
from tts_playground.models.lm.prompts import chat_text, without_specials
from tts_playground.models.prm.form import NO_SIGNS, TwoTokenForm, Written, spread, token_at

GOOD, BAD = "+", "-"


class ChatTurns(TwoTokenForm):
    """RLHFlow/Llama3.1-8B-PRM-Deepseek-Data and its like.

    Raises:
        ModelUnavailable: it has no chat template, or no tokens for the replies.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        super().__init__(model, tokenizer)
        if not tokenizer.chat_template:
            raise ModelUnavailable("A judge that is asked in chat turns has a chat template, and this one has none.")
        self.right, self.wrong = (self._reply(word) for word in (GOOD, BAD))
        if self.right == self.wrong or tokenizer.unk_token_id in (self.right, self.wrong):
            raise ModelUnavailable(NO_SIGNS)

    def _reply(self, word: str) -> int:
        """The token that stands where a reply begins."""
        ids, places = self._written("1", ["1"], word)
        return ids[places[0] + 1]

    def write(self, problem: str, steps: Sequence[str]) -> Written:
        """The position before each reply."""
        ids, places = self._written(problem, steps, GOOD)
        return Written(tuple(ids), tuple(places))

    def _written(self, problem: str, steps: Sequence[str], reply: str) -> tuple[list[int], list[int]]:
        turns: list[dict[str, str]] = []
        for number, step in enumerate(steps):
            turns.append({"role": "user", "content": step if number else f"{problem} {step}"})
            turns.append({"role": "assistant", "content": reply})
        clean = without_specials(turns, self.tokenizer.all_special_tokens)
        text = chat_text(self.tokenizer, clean, reply=False)
        ids, offsets = spread(self.tokenizer, text, special=False)
        places, at = [], 0
        for number in range(len(steps)):
            # the reply is what stands next behind the turn that asks for it
            asked = chat_text(self.tokenizer, clean[: 2 * number + 1])
            at = text.index(reply, max(at, _common(asked, text)))
            places.append(token_at(offsets, at) - 1)
            at += len(reply)
        return ids, places


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with together."""
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
