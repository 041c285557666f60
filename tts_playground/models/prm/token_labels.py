"""The form of trl's PRM trainer: an ordinary model for token classification, whose second label says "right".

A separator follows the problem's text and every step; labels are read at the last token of those behind steps. It is a
blank line, or what ``"prm_separator"`` in config.json says: trl itself trains with a single line break. The embedded
judges are of this form, but read the problem as a turn of a chat, as who wrote the solution did: ``"prm_prompt":
"chat"`` in their config.json says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tts_playground.errors import ModelUnavailable
from tts_playground.models.lm.prompts import chat_text, without_specials
from tts_playground.models.prm.form import DecoderForm, Written

if TYPE_CHECKING:
    from torch import Tensor

SEPARATOR = "\n\n"


class TokenLabels(DecoderForm):
    """Any AutoModelForTokenClassification with two labels.

    Raises:
        ModelUnavailable: it has more or fewer.
    """

    def __init__(self, model: Any, tokenizer: Any, separator: str = SEPARATOR, *, chat: bool = False) -> None:
        super().__init__(model, tokenizer)
        self.chat = chat
        self.separator = self.plain(separator)
        self.head = getattr(model, "score", None) or getattr(model, "classifier", None)
        if model.config.num_labels != 2 or self.head is None:
            raise ModelUnavailable(f"A judge of steps has two labels, and this one has {model.config.num_labels}.")

    def write(self, problem: str, steps: Sequence[str]) -> Written:
        """The position of the separator behind each step."""
        ids = self._before(problem)
        places: list[int] = []
        for step in steps:
            ids += [*self.plain(step), *self.separator]
            places.append(len(ids) - 1)
        return Written(tuple(ids), tuple(places))

    def _before(self, problem: str) -> list[int]:
        """What stands before the steps."""
        if self.chat:
            turns = without_specials([{"role": "user", "content": problem}], self.tokenizer.all_special_tokens)
            return self.plain(chat_text(self.tokenizer, turns))
        start = self.tokenizer.bos_token_id
        return [*([] if start is None else [start]), *self.plain(problem), *self.separator]

    def chances(self, states: Tensor) -> Tensor:
        """P(label 1)."""
        assert self.head is not None
        return self.head(states).float().softmax(-1)[:, 1]
