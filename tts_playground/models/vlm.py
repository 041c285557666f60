"""Any image-text-to-text model of transformers: one look at a picture, one reading of a prompt, many continuations.

The keys and values of everything up to the picture's last token do not depend on what is asked, so they are kept and
shared by all prompts about that picture: the question, its verifications and ratings. Nothing in here asks which model
it got; what differs (positions, windows, heads) is left to the model's own forward and to transformers' own cache.
"""

from __future__ import annotations

import copy
import hashlib
import inspect
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.models.llama import LlamaSteps, is_plain, lean_steps

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

PICTURES_KEPT = 8
"""pictures whose keys and values are kept"""
PROMPTS_KEPT = 32


@dataclass(frozen=True, eq=False)
class Prefix:
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


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture after its encoding."""

    prefix: Prefix
    plain: bool
    """whether what follows the picture can be tokenised by itself"""


class Vlm:
    """A model and its processor, ready to answer. Safe to share between threads: it keeps nothing but prefixes."""

    def __init__(self, model: Any, processor: Any) -> None:
        self.model, self.processor = model.eval(), processor
        self.tokenizer = processor.tokenizer
        self._pictures: OrderedDict[Any, Seen] = OrderedDict()
        self._prompts: OrderedDict[Any, Prefix] = OrderedDict()
        self._lock = threading.Lock()

    # --------------------------------------------------------------------------------------------------- facts

    @property
    def device(self) -> Any:
        """Where inputs go."""
        return self.model.get_input_embeddings().weight.device

    @cached_property
    def text_config(self) -> Any:
        """Of the language model."""
        return self.model.config.get_text_config(decoder=True)

    @cached_property
    def steps(self) -> LlamaSteps | None:
        """The lean decoding steps where the language model and its head are plain, else None."""
        from torch import nn

        decoder, head = self.model.get_decoder(), self.model.get_output_embeddings()
        return lean_steps(decoder) if is_plain(decoder) and type(head) is nn.Linear and not hooked(head) else None

    @cached_property
    def lean_head(self) -> Any:
        """Hidden states [R, hidden] to logits [R, V], for the lean steps."""
        head = self.model.get_output_embeddings()
        assert self.steps is not None
        return self.steps.kind(head.weight.data, None if head.bias is None else head.bias.data)

    @cached_property
    def ends(self) -> frozenset[int]:
        """Tokens that end a reply."""
        given = [self.model.generation_config.eos_token_id, self.tokenizer.eos_token_id]
        flat = [one for part in given for one in (part if isinstance(part, (list, tuple)) else [part])]
        return frozenset(one for one in flat if one is not None)

    @cached_property
    def newlines(self) -> frozenset[int]:
        """Tokens with a line end in them."""
        size = len(self.tokenizer)
        texts = self.tokenizer.batch_decode([[token] for token in range(size)], clean_up_tokenization_spaces=False)
        return frozenset(token for token, text in enumerate(texts) if "\n" in text)

    @property
    def longest(self) -> int:
        """Tokens that the model can hold, picture, prompt and reply together."""
        return int(getattr(self.text_config, "max_position_embeddings", None) or 1 << 30)

    def decode(self, tokens: Sequence[int]) -> str:
        """Tokens as text, without special ones."""
        return self.tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False)

    def tokens(self, text: str) -> list[int]:
        """Text as tokens, without special ones."""
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    # -------------------------------------------------------------------------------------------------- inputs

    def chat(self, prompt: str) -> str:
        """One turn about one picture, as the model's own template writes it.

        Raises:
            ModelUnavailable: the model has no chat template.
        """
        for special in self.tokenizer.all_special_tokens:  # else a question could bring a picture or end its turn
            prompt = prompt.replace(special, " ")
        said = [{"type": "image"}, {"type": "text", "text": prompt}]
        if not (self.processor.chat_template or self.tokenizer.chat_template):
            raise ModelUnavailable("This model has no chat template; use an instruction-tuned model.")
        return self.processor.apply_chat_template([{"role": "user", "content": said}], add_generation_prompt=True)

    def inputs(self, images: Sequence[Image.Image], prompts: Sequence[str]) -> dict[str, Any]:
        """The model's inputs for one turn about each picture, padded on the left, on its device."""
        texts = [self.chat(prompt) for prompt in prompts]
        start = self.tokenizer.bos_token
        twice = bool(start) and texts[0].startswith(start)
        made = self.processor(
            text=texts,
            images=[[image.convert("RGB")] for image in images],
            return_tensors="pt",
            padding=True,
            **({"add_special_tokens": False} if twice else {}),
        )
        return {
            name: value.to(self.device, self.model.dtype if value.is_floating_point() else value.dtype)
            for name, value in made.items()
            if hasattr(value, "is_floating_point")
        }

    def next_positions(self, inputs: Mapping[str, Any]) -> Tensor:
        """The rotary position that follows each row of unpadded ``inputs``: int64 [B]."""
        ids = inputs["input_ids"]
        find = getattr(self.model.base_model, "get_rope_index", None)  # models whose pictures take fewer positions
        if find is None:
            return ids.new_full((len(ids),), ids.shape[1])
        wanted = inspect.signature(find).parameters
        positions, _ = find(**{name: value for name, value in inputs.items() if name in wanted})
        return positions.amax((0, 2)) + 1

    # ------------------------------------------------------------------------------------------------ prefixes

    def prefix(self, image: Image.Image, prompt: str) -> Prefix:
        """A picture and a prompt after their prefill, from the cache where it was asked for lately.

        Raises:
            BadInput: together they are too long for the model.
        """
        import torch

        key = (digest(image), prompt)
        with self._lock:
            if key in self._prompts:
                self._prompts.move_to_end(key)
                return self._prompts[key]
        with torch.inference_mode():
            seen = self.seen(image, prompt)
            (ids,) = self.prompt_ids(image, [prompt])
            made = self.extended(seen.prefix, ids[seen.prefix.length :])
        return self._keep(self._prompts, key, made, PROMPTS_KEPT)

    def prompt_ids(self, image: Image.Image, prompts: Sequence[str]) -> list[tuple[int, ...]]:
        """Token ids of prompts about one picture, the picture's included.

        Raises:
            BadInput: one of them is too long for the model.
        """
        seen = self.seen(image, prompts[0])
        if seen.plain:
            found = [seen.prefix.ids + self._behind(prompt) for prompt in prompts]
        else:
            found = [tuple(self.inputs([image], [prompt])["input_ids"][0].tolist()) for prompt in prompts]
        longest = max(map(len, found))
        if longest >= self.longest:
            raise BadInput(f"Picture and question take {longest} tokens; this model holds {self.longest}. Shorten it.")
        return found

    def seen(self, image: Image.Image, prompt: str) -> Seen:
        """The picture after its one encoding, with what the chat template writes before it; ``prompt`` may be any."""
        import torch

        key = digest(image)
        with self._lock:
            if key in self._pictures:
                self._pictures.move_to_end(key)
                return self._pictures[key]
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
        prefix = Prefix(ids[:cut], position, cache, out.logits[0, -1].float(), None)
        return self._keep(self._pictures, key, Seen(prefix, self._behind(prompt) == ids[cut:]), PICTURES_KEPT)

    def forget(self) -> None:
        """Let go of all pictures and prompts."""
        with self._lock:
            self._pictures.clear()
            self._prompts.clear()

    @property
    def mark(self) -> int | None:
        """The token that stands for a part of a picture."""
        return getattr(self.model.config, "image_token_id", None)

    def _behind(self, prompt: str) -> tuple[int, ...]:
        """What follows the picture, tokenised without looking at the picture again."""
        text = self.chat(prompt)
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        places = [place for place, token in enumerate(ids) if token == self.mark]
        return tuple(ids[places[-1] + 1 :]) if places else ()

    def _keep(self, kept: OrderedDict[Any, Any], key: Any, made: Any, most: int) -> Any:
        with self._lock:
            kept[key] = made
            while len(kept) > most:
                kept.popitem(last=False)
        return made

    def extended(self, prefix: Prefix, ids: Sequence[int]) -> Prefix:
        """The prefix after more tokens of text."""
        import torch

        cache, logits, position = copy.deepcopy(prefix.cache), prefix.logits, prefix.position
        if ids:
            given = torch.tensor([list(ids)], device=self.device)
            logits = self.forward(given, cache, prefix.position, [len(ids) - 1])[0, 0]
            position += len(ids)
        lean = None
        if self.steps is not None and position == prefix.length + len(ids):
            lean = self.steps.own(torch.stack([torch.stack((layer.keys, layer.values)) for layer in cache.layers]))
        return Prefix(prefix.ids + tuple(ids), position, cache, logits, lean)

    def fresh_cache(self) -> Any:
        """An empty cache with the model's own kinds of layers."""
        from transformers import DynamicCache

        return DynamicCache(config=self.text_config)

    def forked(self, prefix: Prefix, rows: int) -> Any:
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


def hooked(module: Any) -> bool:
    """Whether something wraps the module's forward (an accelerate device map, a quantiser)."""
    return bool(module._forward_hooks or module._forward_pre_hooks or hasattr(module, "_hf_hook"))


def digest(image: Image.Image) -> str:
    """A name for a picture's pixels."""
    plain = image.convert("RGB")
    return hashlib.blake2b(plain.tobytes(), digest_size=16, person=repr(plain.size).encode()[:16]).hexdigest()


def _along(value: Any, length: int) -> bool:
    return value.ndim == 2 and tuple(value.shape) == (1, length) and not value.is_floating_point()
