"""What a decoding loop must know of a vocabulary: which tokens end a text, and which hold the end of a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def ending_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """Tokens that end a text, by the model's generation config and by its tokenizer."""
    told: Sequence[int] | int | None = model.generation_config.eos_token_id
    known: int | None = tokenizer.eos_token_id
    flat = [known, *(told if isinstance(told, Sequence) else [told])]
    return frozenset(one for one in flat if one is not None)


def newline_tokens(tokenizer: Any) -> frozenset[int]:
    """Tokens with a line end in them."""
    ids = [[token] for token in range(len(tokenizer))]
    texts = tokenizer.batch_decode(ids, clean_up_tokenization_spaces=False)
    return frozenset(token for token, text in enumerate(texts) if "\n" in text)
