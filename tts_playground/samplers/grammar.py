"""Which tokens of a tokenizer keep a text on the way to a program: masks for grammar-constrained decoding."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tts_playground.dsl.prefixes import ProgramPrefix

if TYPE_CHECKING:
    from torch import Tensor

ALPHABET = frozenset("()+-CircleQuad0123456789 ")
_DEEP = 6
"""open operators that a mask looks at: no piece closes more at once, and one that does is left out"""


class TokenGrammar:
    """The pieces of one tokenizer, asked which may come next. Masks are kept, because states repeat.

    Args:
        tokenizer: of transformers.
        size: width of the model's logits, which may exceed the tokenizer's vocabulary.
        ends: the tokens that end a reply; they are allowed once the program is complete.
    """

    def __init__(self, tokenizer: Any, size: int, ends: frozenset[int]) -> None:
        self.size, self.ends = size, ends
        self.pieces = _pieces(tokenizer)
        self._masks: dict[tuple[ProgramPrefix, str], Tensor] = {}

    def mask(self, state: ProgramPrefix) -> Tensor:
        """bool [size], True where the token may come next; never all False."""
        import torch

        key = replace(state, primitives=0, operands=state.operands[-_DEEP:])
        found = self._masks.get((key, str(state.complete)))
        if found is None:
            found = torch.zeros(self.size, dtype=torch.bool)
            good = [token for token, text in self.pieces.items() if key.advance(text) is not None]
            # behind a complete program only white space could come, which says nothing
            found[sorted(self.ends) if state.complete or not good else good] = True
            self._masks[key, str(state.complete)] = found
        return found

    def after(self, state: ProgramPrefix, token: int) -> ProgramPrefix:
        """The state after a token that the mask allowed."""
        return state.advance(self.pieces.get(token, "")) or state


def _pieces(tokenizer: Any) -> dict[int, str]:
    """Token -> what it adds to a text, for those that could stand in a program."""
    anchor = tokenizer.convert_tokens_to_ids("(")
    if anchor is None or anchor == tokenizer.unk_token_id:
        anchor = tokenizer("(", add_special_tokens=False)["input_ids"][-1]
    special = set(tokenizer.all_special_ids)
    tokens = [token for token in range(len(tokenizer)) if token not in special]
    # a piece alone may lose its leading space in decoding; behind another one it does not
    before = len(tokenizer.decode([anchor], clean_up_tokenization_spaces=False))
    texts = tokenizer.batch_decode([[anchor, token] for token in tokens], clean_up_tokenization_spaces=False)
    found = {token: text[before:] for token, text in zip(tokens, texts, strict=True)}
    return {token: text for token, text in found.items() if text and ALPHABET.issuperset(text) and "  " not in text}


@lru_cache(maxsize=4)
def grammar(tokenizer: Any, size: int, ends: frozenset[int]) -> TokenGrammar:
    """The grammar of a tokenizer, built once."""
    return TokenGrammar(tokenizer, size, ends)
