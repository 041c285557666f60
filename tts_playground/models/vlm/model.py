# torch gives tolist no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Any image-text-to-text model of transformers: one look at a picture, one reading of a prompt, many continuations.

The keys and values of everything up to the picture's last token do not depend on what is asked, so they are kept and
shared by all prompts about that picture: the question, its verifications and ratings. Nothing in here asks which model
it got; what differs (positions, windows, heads) is left to the model's own forward and to transformers' own cache.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tts_playground.errors import BadInput
from tts_playground.models.decode.linear import Affine
from tts_playground.models.decode.llama import LlamaSteps, hooked, is_plain
from tts_playground.models.decode.stepping import lean_steps
from tts_playground.models.lru_cache import LruCache
from tts_playground.models.prefix_room import held, room
from tts_playground.models.repeatable import same_bits
from tts_playground.models.vlm.reader import VlmReader

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

PICTURES_KEPT = 8
"""pictures whose keys and values are kept, as far as ``prefix_room.room`` holds them"""
PROMPTS_KEPT = 32


@dataclass(frozen=True, eq=False)
class VlmPrefix:
    """A picture and a prompt after their one prefill. The cache is shared: copy it before going on."""

    ids: tuple[int, ...]
    position: int
    """rotary position of the next token; less than the length where a picture's tokens share positions"""
    cache: Any
    """a transformers cache of one row"""
    logits: Tensor
    """float32 [V], of the next token"""
    lean: Tensor | None
    """[layers, 2, 1, kv_heads, P, head_dim], as the lean steps keep it, where the language model is a plain Llama"""

    @property
    def length(self) -> int:
        """Tokens, those of the picture included."""
        return len(self.ids)

    @property
    def bytes(self) -> int:
        """What its keys and values hold."""
        kept = [tensor for layer in self.cache.layers for tensor in vars(layer).values() if hasattr(tensor, "nbytes")]
        return held([*kept, self.lean])


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture after its encoding."""

    prefix: VlmPrefix
    plain: bool
    """whether what follows the picture can be tokenised by itself"""


class Vlm(VlmReader):
    """A model and its processor, ready to answer. Safe to share between threads: it keeps nothing but prefixes."""

    def __init__(self, model: Any, processor: Any) -> None:
        super().__init__(model, processor)
        same_bits(self.device)
        half = room(self.device) / 2
        self._pictures: LruCache[str, Seen] = LruCache(PICTURES_KEPT, lambda seen: seen.prefix.bytes, half)
        self._prompts: LruCache[tuple[str, str], VlmPrefix] = LruCache(PROMPTS_KEPT, lambda prefix: prefix.bytes, half)

    # --------------------------------------------------------------------------------------------------- facts

    @cached_property
    def steps(self) -> LlamaSteps | None:
        """The lean decoding steps where the language model and its head are plain, else None."""
        from torch import nn

        decoder, head = self.model.get_decoder(), self.model.get_output_embeddings()
        return lean_steps(decoder) if is_plain(decoder) and type(head) is nn.Linear and not hooked(head) else None

    @cached_property
    def lean_head(self) -> Affine:
        """Hidden states [R, hidden] to logits [R, V], for the lean steps."""
        head = self.model.get_output_embeddings()
        assert self.steps is not None
        return self.steps.kind(head.weight.data, None if head.bias is None else head.bias.data)

    # ------------------------------------------------------------------------------------------------ prefixes

    def prefix(self, image: Image.Image, prompt: str) -> VlmPrefix:
        """A picture and a prompt after their prefill, from the cache where it was asked for lately.

        Raises:
            BadInput: together they are too long for the model.
        """
        import torch

        key = (digest(image), prompt)
        if (known := self._prompts.get(key)) is not None:
            return known
        with torch.inference_mode():
            seen = self.seen(image, prompt)
            (ids,) = self.prompt_ids(image, [prompt])
            made = self.extended(seen.prefix, ids[seen.prefix.length :])
        return self._prompts.put(key, made)

    def prompt_ids(self, image: Image.Image, prompts: Sequence[str]) -> list[tuple[int, ...]]:
        """Token ids of prompts about one picture, the picture's included.

        Raises:
            BadInput: one of them is too long for the model.
        """
        seen = self.seen(image, prompts[0])
        if seen.plain:
            found = [seen.prefix.ids + self.behind(prompt) for prompt in prompts]
        else:
            found = [tuple(self.inputs([image], [prompt])["input_ids"][0].tolist()) for prompt in prompts]
        longest = max(map(len, found))
        if longest >= self.longest:
            raise BadInput(f"Picture and question take {longest} tokens; this model holds {self.longest}. Shorten it.")
        return found

    def seen(self, image: Image.Image, prompt: str) -> Seen:
        """The picture after its one encoding, with what the chat template writes before it; ``prompt`` may be any.

        Raises:
            BadInput: the picture takes more tokens than the model holds.
        """
        import torch

        key = digest(image)
        if (known := self._pictures.get(key)) is not None:
            return known
        inputs = self.inputs([image], [prompt])
        ids = tuple(inputs["input_ids"][0].tolist())
        places = [place for place, token in enumerate(ids) if token == self.mark]
        cut = places[-1] + 1 if places else len(ids)
        if cut >= self.longest:
            raise BadInput(f"The picture takes {cut} tokens and this model holds {self.longest}; make it smaller.")
        short = {name: value[:, :cut] if _along(value, len(ids)) else value for name, value in inputs.items()}
        cache = self.fresh_cache()
        with torch.inference_mode():
            position = int(self.next_positions(short)[0])
            out = self.model(**short, past_key_values=cache, use_cache=True, logits_to_keep=1)
        prefix = VlmPrefix(ids[:cut], position, cache, out.logits[0, -1].float(), None)
        return self._pictures.put(key, Seen(prefix, self.behind(prompt) == ids[cut:]))

    def forget(self) -> None:
        """Let go of all pictures and prompts."""
        self._pictures.clear()
        self._prompts.clear()

    def extended(self, prefix: VlmPrefix, ids: Sequence[int]) -> VlmPrefix:
        """The prefix after more tokens of text."""
        import torch

        cache, logits, position = copy.deepcopy(prefix.cache), prefix.logits, prefix.position
        if ids:
            given = torch.tensor([list(ids)], device=self.device)
            logits = self.forward(given, cache, prefix.position, [len(ids) - 1])[0, 0]
            position += len(ids)
        lean = None
        if self.steps is not None and position == prefix.length + len(ids):
            whole = torch.stack([torch.stack((layer.keys, layer.values)) for layer in cache.layers])
            for layer, kept in zip(cache.layers, whole, strict=True):
                layer.keys, layer.values = kept  # views: one copy serves both ways of going on
            lean = self.steps.own(whole)
        return VlmPrefix(prefix.ids + tuple(ids), position, cache, logits, lean)

    def fresh_cache(self) -> Any:
        """An empty cache with the model's own kinds of layers."""
        from transformers import DynamicCache

        return DynamicCache(config=self.text_config)

    def forked(self, prefix: VlmPrefix, rows: int) -> Any:
        """A copy of the prefix's cache with ``rows`` equal rows."""
        cache = copy.deepcopy(prefix.cache)
        cache.batch_repeat_interleave(rows)
        return cache

    def forward(self, ids: Tensor, cache: Any, position: int | Tensor, keep: Sequence[int]) -> Tensor:
        """Feed text tokens [R, T] behind a cache of R rows, which grows.

        Args:
            position: rotary position of the first of them; an int, or int64 [R].
            keep: the places among 0..T-1 whose logits are wanted.

        Returns:
            float32 [R, len(keep), V].
        """
        import torch

        places = torch.arange(ids.shape[1], device=ids.device)
        start = position[:, None] if isinstance(position, torch.Tensor) else position
        out = self.model(
            input_ids=ids,
            past_key_values=cache,
            position_ids=(places + start).expand(ids.shape),
            use_cache=True,
            logits_to_keep=torch.tensor(list(keep), device=ids.device),
        )
        return out.logits.float()


def digest(image: Image.Image) -> str:
    """A name for a picture's pixels."""
    plain = image.convert("RGB")
    return hashlib.blake2b(plain.tobytes(), digest_size=16, person=repr(plain.size).encode()[:16]).hexdigest()


def _along(value: Tensor, length: int) -> bool:
    return value.ndim == 2 and tuple(value.shape) == (1, length) and not value.is_floating_point()
