"""What the forms of process reward models have in common: where a step's probability is read, and from what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tts_playground.errors import ModelUnavailable

if TYPE_CHECKING:
    from torch import Tensor


NO_SIGNS = (
    "This model's tokenizer has no tokens of their own for + and -, by which such a judge replies; it is no process "
    "reward model, so use another, such as tiny:prm."
)


@dataclass(frozen=True, slots=True)
class Written:
    """A problem with the steps of one solution, as a form writes them."""

    ids: tuple[int, ...]
    places: tuple[int, ...]
    """of each step, ascending: the position whose state says whether the step is right"""


class Form(Protocol):
    """One published way to ask about steps."""

    shares: bool
    """whether a batch may share the keys and values of what its rows begin with, if the model is causal"""

    def write(self, problem: str, steps: Sequence[str]) -> Written:
        """The tokens that the model reads."""
        ...

    def states(self, ids: Tensor, mask: Tensor, cache: Any, positions: Tensor | None) -> Tensor:
        """One forward: [B, T, width] of ids int64 [B, T] padded on the right, behind ``cache`` where there is one.

        Args:
            mask: int64 [B, held + T]; 0 where there is padding.
            positions: int64 [B, T]; None counts on from the cache.
        """
        ...

    def chances(self, states: Tensor) -> Tensor:
        """P(right), float32 [n], of states [n, width] at places of steps."""
        ...


class DecoderForm:
    """A form that reads the hidden states of a causal model."""

    shares = True

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model, self.tokenizer = model, tokenizer

    def states(self, ids: Tensor, mask: Tensor, cache: Any, positions: Tensor | None) -> Tensor:
        """Hidden states after the final norm."""
        more = {} if cache is None else {"past_key_values": cache}
        more |= {} if positions is None else {"position_ids": positions}
        body = self.model.base_model
        return body(input_ids=ids, attention_mask=mask, use_cache=cache is not None, **more).last_hidden_state

    def plain(self, text: str) -> list[int]:
        """A text's tokens, without special ones."""
        return list(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])


class TwoTokenForm(DecoderForm):
    """A form of a causal language model: P(a token of praise) against P(a token of blame)."""

    right = 0
    wrong = 0
    """the two tokens"""

    def chances(self, states: Tensor) -> Tensor:
        """Of the two tokens alone, as published."""
        logits = self.model.get_output_embeddings()(states)[:, [self.right, self.wrong]]
        return logits.float().softmax(-1)[:, 0]


def only_token(tokenizer: Any, text: str) -> int:
    """The last token of a short text.

    Raises:
        ModelUnavailable: the tokenizer does not know it.
    """
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    if not ids or ids[-1] == tokenizer.unk_token_id:
        raise ModelUnavailable(f"This model's tokenizer has no token for {text!r}, which this form of judge needs.")
    return int(ids[-1])


def spread(tokenizer: Any, text: str, *, special: bool) -> tuple[list[int], list[tuple[int, int]]]:
    """A text's tokens, and the characters that each stands for.

    Args:
        special: with the tokens that the tokenizer puts around a text.

    Raises:
        ModelUnavailable: the tokenizer cannot say.
    """
    if not tokenizer.is_fast:
        raise ModelUnavailable("This judge's tokenizer does not say where its tokens stand; it needs a tokenizer.json.")
    made = tokenizer(text, add_special_tokens=special, return_offsets_mapping=True, verbose=False)
    return list(made["input_ids"]), [tuple(pair) for pair in made["offset_mapping"]]


def token_at(offsets: Sequence[tuple[int, int]], character: int, *, last: bool = False) -> int:
    """The place of the first token that stands for a character of a text.

    Args:
        last: of the last one instead: a tokenizer of bytes has several for one letter.

    Raises:
        ModelUnavailable: there is none.
    """
    places = [place for place, (start, end) in enumerate(offsets) if start <= character < end]
    if places:
        return places[-1 if last else 0]
    raise ModelUnavailable("This judge's tokenizer leaves out what marks the end of a step; use another judge.")
