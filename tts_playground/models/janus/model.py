# torch gives split, tolist and linalg no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Janus as an image sampler sees it: prompts to prefixes, hidden states to logits, tokens to pictures.

Works on any ``JanusForConditionalGeneration`` (Chen et al. 2025, "Janus-Pro"): the 8 x 8 tokens of the embedded one and
the 24 x 24 of Janus-Pro alike. The unconditional row of guidance is the prompt with everything but its first and its
begin-of-image token replaced by padding, as in the released code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.models.decode.decoder import prefill
from tts_playground.models.decode.linear import Affine, RowRule
from tts_playground.models.decode.llama import LlamaSteps
from tts_playground.models.decode.slots import Slots
from tts_playground.models.decode.stepping import steps_for
from tts_playground.models.lru_cache import LruCache
from tts_playground.models.prefix_room import held, room
from tts_playground.models.repeatable import same_bits

if TYPE_CHECKING:
    import torch
    from torch import Tensor

PREFIXES_KEPT = 32
GREY = 128
MARGIN = 2
"""rows of tokens below a partial picture that the decoder sees"""


@dataclass(frozen=True, slots=True)
class ImagePrefix:
    """A prompt after its one prefill; row 0 is conditional, row 1 unconditional."""

    cache: Tensor
    """[layers, 2, 2, kv_heads, P, head_dim]"""
    logits: Tensor
    """float32 [2, V], of the first image token"""
    ids: Tensor
    """int64 [2, P]"""

    @property
    def length(self) -> int:
        """P, the number of prompt tokens."""
        return self.cache.shape[4]


class Janus:
    """A loaded Janus and its processor, ready to draw. Thread-safe: it keeps nothing but a cache of prefixes."""

    def __init__(self, model: Any, processor: Any) -> None:
        import torch

        self.model, self.processor = model.eval(), processor
        same_bits(self.device)
        parts = model.model
        self.language_model = parts.language_model
        self.steps = steps_for(self.language_model)
        self.codes = parts.vqmodel.config.num_embeddings
        self.tokens = parts.vision_model.config.num_image_tokens
        self.grid = math.isqrt(self.tokens)
        self._prefixes: LruCache[str, ImagePrefix] = LruCache(
            PREFIXES_KEPT, lambda prefix: held([prefix.cache]), room(self.device)
        )
        self.slots = Slots()
        with torch.inference_mode():
            codes = torch.arange(self.codes, device=self.device)
            self.table = model.prepare_embeddings_for_image_generation(codes)
        self._head = self._lean_head()

    @property
    def device(self) -> torch.device:
        """Where the embeddings live, and with them our working memory."""
        return self.model.model.generation_embeddings.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the keys and values."""
        return self.table.dtype

    @property
    def rule(self) -> RowRule:
        """How many rows a forward may have."""
        return self.steps.rule

    @property
    def guidance(self) -> float:
        """The guidance scale of the model's own generation config; 1, which is none, where that names none."""
        return float(getattr(self.model.generation_config, "guidance_scale", None) or 1.0)

    def _lean_head(self) -> tuple[Affine, Affine] | None:
        if not isinstance(self.steps, LlamaSteps):
            return None
        head = self.model.model.generation_head
        make = self.steps.kind
        return make(head.proj_out.weight.data, head.proj_out.bias.data), make(
            head.vision_head.weight.data, head.vision_head.bias.data
        )

    def head(self, hidden: Tensor) -> Tensor:
        """Logits over the codebook, float32 [R, V], of hidden states [R, hidden]."""
        head = self.model.model.generation_head
        if self._head is None:
            return head(hidden).float()
        first, last = self._head
        return last(head.activation_fn(first(hidden))).float()

    # ------------------------------------------------------------------------------------------------ prompts

    def prompt_ids(self, prompt: str) -> Tensor:
        """Token ids of the conditional and the unconditional prompt: int64 [2, P].

        Raises:
            BadInput: the prompt is too long for the model.
        """
        messages = [{"role": "user", "content": [{"type": "text", "text": prompt}]}]
        text = self.processor.apply_chat_template(messages, add_generation_prompt=True)
        ids = self.processor(text=[text], generation_mode="image", return_tensors="pt")["input_ids"].to(self.device)
        room = self.language_model.config.max_position_embeddings - self.tokens
        if ids.shape[1] > room:
            raise BadInput(f"The prompt has {ids.shape[1]} tokens and this model takes {room}; shorten it.")
        kept = (ids == self._special("bos")) | (ids == self._special("boi"))
        return ids.repeat(2, 1).masked_fill_(~(kept | (ids.new_tensor([[1], [0]]) > 0)), self._special("pad"))

    def _special(self, which: str) -> int:
        """The token "bos", "boi" (begin of image) or "pad": what generation is told, else what the tokenizer has.

        Raises:
            ModelUnavailable: neither says.
        """
        told, key = self.model.generation_config, f"{which}_token_id"
        more = getattr(told, "generation_kwargs", None) or {}
        for found in (more.get(key), getattr(told, key, None), getattr(self.processor.tokenizer, key, None)):
            if isinstance(found, int):
                return found
        raise ModelUnavailable(f"This Janus has no {key}: neither generation_config.json nor its tokenizer names one.")

    def prefix(self, prompt: str) -> ImagePrefix:
        """The prompt after its prefill, from the cache where it was asked for lately."""
        import torch

        if (known := self._prefixes.get(prompt)) is not None:
            return known
        ids = self.prompt_ids(prompt)
        with torch.inference_mode():
            hidden, cache = prefill(self.language_model, self.model.get_input_embeddings()(ids))
            made = ImagePrefix(self.steps.own(cache), self.head(hidden.to(self.device)), ids)
        return self._prefixes.put(prompt, made)

    def teacher_logits(self, prompt: str, tokens: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Conditional and unconditional logits before each given image token, float32 [T, V] each, in one forward."""
        import torch

        with torch.inference_mode():
            ids = self.prompt_ids(prompt)
            text = self.model.get_input_embeddings()(ids)
            image = self.table[torch.as_tensor(list(tokens[:-1]), dtype=torch.int64, device=self.device)]
            embeds = torch.cat((text, image.expand(2, -1, -1)), 1)
            hidden = self.language_model(inputs_embeds=embeds, use_cache=False).last_hidden_state
            logits = self.head(hidden[:, ids.shape[1] - 1 :].to(self.device).flatten(0, 1))
        cond, uncond = logits.view(2, -1, self.codes)
        return cond, uncond

    # ----------------------------------------------------------------------------------------------- pictures

    def pictures(self, tokens: Tensor, drawn: Sequence[int] | None = None) -> list[Image.Image]:
        """Decode tokens [N, T] to pictures. Where ``drawn[i] < T``, the whole rows drawn so far are shown over grey.

        A partial picture is decoded only as far as it was drawn: a first preview costs a fraction of a picture.
        """
        grid = self.grid
        rows = [grid if drawn is None else drawn[place] // grid for place in range(len(tokens))]
        shown: dict[int, np.ndarray] = {}
        for count in set(rows):
            places = [place for place, row in enumerate(rows) if row == count]
            shown.update(zip(places, self._rows(tokens[places], count), strict=True))
        return [Image.fromarray(shown[place]) for place in range(len(tokens))]

    def _rows(self, tokens: Tensor, count: int) -> np.ndarray:
        """The first ``count`` rows of pictures over grey: uint8 [n, side, side, 3]."""
        import torch

        grid, side = self.grid, self.side
        canvas = np.full((len(tokens), side, side, 3), GREY, np.uint8)
        if count:
            # Below them the last row again, so that the decoder sees no edge where there will be none.
            rows = tokens.view(len(tokens), grid, grid)[:, :count]
            below = rows[:, -1:].expand(-1, min(MARGIN, grid - count), -1)
            end = count * side // grid
            canvas[:, :end] = self._decode(torch.cat((rows, below), 1).to(self.device))[:, :end]
        return canvas

    @property
    def side(self) -> int:
        """Pixels a side."""
        return self.grid << (len(self.model.model.vqmodel.config.channel_multiplier) - 1)

    def _decode(self, tokens: Tensor) -> np.ndarray:
        """Pixels uint8 [n, height, side, 3] of tokens [n, rows, grid].

        One picture at a time on a CPU, so that its bits are its own.
        """
        import torch
        from torch.nn.functional import normalize

        vq, images = self.model.model.vqmodel, self.processor.image_processor
        parts: list[Tensor] = []
        with torch.inference_mode():
            for some in tokens.split(1 if self.device.type == "cpu" else 8):
                # As the model's own ``decode_image_tokens``, which takes only whole squares.
                codes = normalize(vq.quantize.embedding(some), dim=-1).permute(0, 3, 1, 2).contiguous()
                raw = vq.decoder(vq.post_quant_conv(codes)).permute(0, 2, 3, 1).float()
                mean, std = (raw.new_tensor(value) for value in (images.image_mean, images.image_std))
                parts.append(((raw * std + mean) * 255).clamp_(0, 255).to(torch.uint8).cpu())
        return torch.cat(parts).numpy()
