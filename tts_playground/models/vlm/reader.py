"""What goes into an image-text-to-text model and what comes out: chat turns, pictures and tokens, but no prefill."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tts_playground.models.decode.vocabulary import ending_tokens, newline_tokens
from tts_playground.models.vlm.inputs import about_a_picture, model_inputs, written
from tts_playground.models.vlm.kept_pictures import reading

if TYPE_CHECKING:
    import torch
    from PIL import Image
    from torch import Tensor


class VlmReader:
    """A model with its processor: what it is told, in its own words. Holds nothing else."""

    def __init__(self, model: Any, processor: Any) -> None:
        self.model, self.processor = model.eval(), processor
        self.tokenizer = processor.tokenizer
        self._reading = reading(processor)

    # --------------------------------------------------------------------------------------------------- facts

    @property
    def device(self) -> torch.device:
        """The device that inputs are moved to."""
        return self.model.get_input_embeddings().weight.device

    @cached_property
    def text_config(self) -> Any:
        """The configuration of the language model."""
        return self.model.config.get_text_config(decoder=True)

    @cached_property
    def ends(self) -> frozenset[int]:
        """Tokens that end a reply."""
        return ending_tokens(self.model, self.tokenizer)

    @cached_property
    def newlines(self) -> frozenset[int]:
        """Tokens with a line end in them."""
        return newline_tokens(self.tokenizer)

    @property
    def longest(self) -> int:
        """Tokens that the model can hold, picture, prompt and reply together."""
        return int(getattr(self.text_config, "max_position_embeddings", None) or 1 << 30)

    @property
    def mark(self) -> int | None:
        """The token that stands for a part of a picture."""
        return getattr(self.model.config, "image_token_id", None)

    def behind(self, prompt: str) -> tuple[int, ...]:
        """What follows the picture, tokenised without looking at the picture again."""
        text = self.chat(prompt)
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        places = [place for place, token in enumerate(ids) if token == self.mark]
        return tuple(ids[places[-1] + 1 :]) if places else ()

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
        return written(self.processor, about_a_picture(prompt))

    def inputs(self, images: Sequence[Image.Image], prompts: Sequence[str]) -> dict[str, Tensor]:
        """The model's inputs for one turn about each picture, padded on the left, on its device.

        Raises:
            BadInput: the model's own processor refuses a picture, e.g. one that is too thin for it.
        """
        texts = [self.chat(prompt) for prompt in prompts]
        return model_inputs(self._reading, texts, [[image] for image in images], self.device, self.model.dtype)

    def next_positions(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The rotary position that follows each row of unpadded ``inputs``: int64 [B]."""
        ids = inputs["input_ids"]
        find = getattr(self.model.base_model, "get_rope_index", None)  # models whose pictures take fewer positions
        if find is None:
            return ids.new_full((len(ids),), ids.shape[1])
        wanted = inspect.signature(find).parameters
        positions, _ = find(**{name: value for name, value in inputs.items() if name in wanted})
        return positions.amax((0, 2)) + 1
