# torch gives tolist no types.
# pyright: reportUnknownMemberType=false
"""Any causal language model of transformers: a conversation read once, and many texts that go on from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.models.decode.decoder import prefill
from tts_playground.models.decode.linear import Affine
from tts_playground.models.decode.llama import LlamaSteps, hooked
from tts_playground.models.decode.stepping import lean_steps
from tts_playground.models.decode.vocabulary import ending_tokens, newline_tokens
from tts_playground.models.lm.lean import is_lean
from tts_playground.models.lm.prompts import Turns, chat_text, without_specials
from tts_playground.models.lru_cache import LruCache
from tts_playground.models.prefix_room import held, room
from tts_playground.models.repeatable import same_bits

if TYPE_CHECKING:
    import torch
    from torch import Tensor

PROMPTS_KEPT = 256
"""prompts whose keys and values are kept, as far as ``prefix_room.room`` holds them"""
KEEPING = frozenset({"full_attention", "sliding_attention", "chunked_attention", "attention"})
"""kinds of layers whose keys and values can be shared, cut and joined"""

Layers = tuple[tuple["Tensor", "Tensor"], ...]
"""keys and values of each layer, [1, kv_heads, T, head_dim] each"""


@dataclass(frozen=True, eq=False)
class TextPrefix:
    """A prompt after its one prefill: what it holds stands before every text that goes on from it."""

    ids: tuple[int, ...]
    """of the whole prompt; its last token is read by each text itself"""
    lean: Tensor | None
    """[layers, 2, 1, kv_heads, len(ids) - 1, head_dim], as the lean steps keep it"""
    layers: Layers | None
    """the same of a model without lean steps"""

    @property
    def bytes(self) -> int:
        """What its keys and values hold."""
        return held([self.lean, *(one for pair in self.layers or () for one in pair)])


class TextModel:
    """A model and its tokenizer. Safe to share between threads: it keeps nothing but prompts.

    Raises:
        ModelUnavailable: it has layers that keep no keys and values.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model, self.tokenizer = model.eval(), tokenizer
        same_bits(self.device)
        self._prompts: LruCache[tuple[int, ...], TextPrefix] = LruCache(
            PROMPTS_KEPT, lambda prefix: prefix.bytes, room(self.device)
        )
        kinds = set(getattr(self.config, "layer_types", None) or ()) - KEEPING
        if kinds:
            raise ModelUnavailable(
                f"This model has layers that keep no keys and values ({', '.join(sorted(map(str, kinds)))}); use one "
                "with ordinary attention."
            )

    # --------------------------------------------------------------------------------------------------- facts

    @property
    def device(self) -> torch.device:
        """The device that tokens are moved to."""
        return self.model.get_input_embeddings().weight.device

    @cached_property
    def config(self) -> Any:
        """The configuration of the language model."""
        return self.model.config.get_text_config(decoder=True)

    @cached_property
    def ends(self) -> frozenset[int]:
        """Tokens that end a text."""
        return ending_tokens(self.model, self.tokenizer)

    @cached_property
    def newlines(self) -> frozenset[int]:
        """Tokens with a line end in them."""
        return newline_tokens(self.tokenizer)

    @property
    def longest(self) -> int:
        """Tokens that the model can hold, prompt and text together."""
        return int(getattr(self.config, "max_position_embeddings", None) or 1 << 30)

    @cached_property
    def steps(self) -> LlamaSteps | None:
        """The lean decoding steps where the decoder and its head are plain, else None."""
        from torch import nn

        decoder, head = self.model.get_decoder(), self.model.get_output_embeddings()
        plain = is_lean(decoder) and type(head) is nn.Linear and not hooked(head)
        scaled = any(getattr(self.config, name, None) for name in ("final_logit_softcapping", "logit_scale"))
        return lean_steps(decoder) if plain and not scaled else None

    @cached_property
    def lean_head(self) -> Affine:
        """Hidden states [R, hidden] to logits [R, V], for the lean steps."""
        head = self.model.get_output_embeddings()
        assert self.steps is not None
        return self.steps.kind(head.weight.data, None if head.bias is None else head.bias.data)

    # ---------------------------------------------------------------------------------------------------- words

    def decode(self, tokens: Sequence[int]) -> str:
        """Tokens as text, without special ones."""
        return self.tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False)

    def tokens(self, text: str) -> list[int]:
        """Text as tokens, without special ones."""
        return list(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def prompt(self, turns: Turns, template: str = "") -> tuple[int, ...]:
        """The tokens of a conversation, up to where the reply begins.

        Args:
            template: a chat template in place of the model's own.

        Raises:
            BadInput: it leaves no room for a reply, or the template cannot write it.
        """
        text = chat_text(self.tokenizer, without_specials(turns, self.tokenizer.all_special_tokens), template)
        chats = bool(template or self.tokenizer.chat_template)
        ids = tuple(self.tokenizer(text, add_special_tokens=not chats, verbose=False)["input_ids"])
        if len(ids) >= self.longest:
            raise BadInput(f"The prompt takes {len(ids)} tokens and this model holds {self.longest}; shorten it.")
        if not ids:
            raise BadInput("The prompt has no tokens; write a problem.")
        return ids

    # ------------------------------------------------------------------------------------------------- prefixes

    def prefix(self, ids: Sequence[int]) -> TextPrefix:
        """A prompt (at least one token) after its prefill, from the cache where it was asked for lately."""
        import torch

        key = tuple(ids)
        if (known := self._prompts.get(key)) is not None:
            return known
        with torch.inference_mode():
            made = self._read(key)
        return self._prompts.put(key, made)

    def forget(self) -> None:
        """Let go of all prompts."""
        self._prompts.clear()

    def _read(self, ids: tuple[int, ...]) -> TextPrefix:
        import torch

        if self.steps is None:
            return TextPrefix(ids, None, self.extended((), ids[:-1]) if len(ids) > 1 else ())
        if len(ids) == 1:
            steps = self.steps
            empty = steps.norm.new_zeros(steps.layers, 2, 1, steps.kv_heads, 0, steps.head_dim)
            return TextPrefix(ids, empty, None)
        given = torch.tensor([ids[:-1]], device=self.device)
        _, cache = prefill(self.model.get_decoder(), self.model.get_input_embeddings()(given))
        return TextPrefix(ids, self.steps.own(cache), None)

    def extended(self, layers: Layers, ids: Sequence[int]) -> Layers:
        """Keys and values after more tokens, by the model's own forward; those given are left as they are."""
        import torch

        cache = cache_of(layers)
        start = layers[0][0].shape[2] if layers else 0
        given = torch.tensor([list(ids)], device=self.device)
        places = torch.arange(start, start + len(ids), device=self.device)[None]
        self.model(input_ids=given, past_key_values=cache, position_ids=places, use_cache=True, logits_to_keep=1)
        return layers_of(cache)


def cache_of(layers: Layers) -> Any:
    """A transformers cache that holds these keys and values; every layer keeps all of them."""
    from transformers import DynamicCache

    cache = DynamicCache()
    for number, (keys, values) in enumerate(layers):
        cache.update(keys, values, number)
    return cache


def layers_of(cache: Any) -> Layers:
    """What a transformers cache holds.

    Raises:
        ModelUnavailable: a layer keeps none, as those of linear attention.
    """
    found: list[tuple[Tensor, Tensor]] = []
    for layer in cache.layers:
        keys, values = getattr(layer, "keys", None), getattr(layer, "values", None)
        if keys is None or values is None:
            raise ModelUnavailable("This model's layers keep no keys and values; use one with ordinary attention.")
        found.append((keys, values))
    return tuple(found)
