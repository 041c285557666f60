"""Qwen2.5-Math-PRM's form (Zhang et al. 2025): ``<extra_0>`` after each step, and a head of two classes over it.

The head is code of the repository, which runs only with consent (``models.trusted_code``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tts_playground.models.lm.prompts import chat_text, without_specials
from tts_playground.models.prm.form import Written, only_token

if TYPE_CHECKING:
    from torch import Tensor

MARK = "<extra_0>"
SYSTEM = "Please reason step by step, and put your final answer within \\boxed{}."
"""what the model was trained behind"""


class ExtraTokens:
    """Qwen/Qwen2.5-Math-PRM-7B and its like."""

    shares = False
    """its own code may keep keys and values in its own way"""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.mark = only_token(tokenizer, MARK)

    def write(self, problem: str, steps: Sequence[str]) -> Written:
        """The position of each mark."""
        specials = [*self.tokenizer.all_special_tokens, MARK]
        (asked, *clean) = without_specials(
            [{"role": "user", "content": one} for one in (problem, *steps)], list(dict.fromkeys(specials))
        )
        reply = "".join(f"{turn['content']}{MARK}" for turn in clean)
        turns = [{"role": "system", "content": SYSTEM}, asked, {"role": "assistant", "content": reply}]
        text = chat_text(self.tokenizer, turns, reply=False)
        ids = self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return Written(tuple(ids), tuple(place for place, one in enumerate(ids) if one == self.mark))

    def states(self, ids: Tensor, mask: Tensor, cache: Any, positions: Tensor | None) -> Tensor:
        """Logits of the two classes, [B, T, 2]."""
        return self.model(input_ids=ids, attention_mask=mask, use_cache=False)[0]

    def chances(self, states: Tensor) -> Tensor:
        """P(class 1)."""
        return states.float().softmax(-1)[:, 1]
