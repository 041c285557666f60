"""Programs from any vision-language model by prompting alone: the prompt, batched generation, and replies read back.

Prompts are chat messages as transformers and unsloth have them:
``[{"role": "user", "content": [{"type": "image", "image": ...}, {"type": "text", "text": ...}]}]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tts_playground.dsl.extraction import Extraction, extract
from tts_playground.dsl.instructions import describe_picture
from tts_playground.errors import BadInput, CannotDo
from tts_playground.models.vlm.inputs import model_inputs, written
from tts_playground.samplers.programs import request

if TYPE_CHECKING:
    from PIL import Image

Prompt = list[dict[str, Any]]
GREEDY: dict[str, Any] = {"do_sample": False}


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply to one picture."""

    reply: str
    """the raw text"""
    found: Extraction

    @property
    def text(self) -> str:
        """What counts as the program."""
        return self.found.text


def user_turn(text: str, image: Any = None) -> Prompt:
    """One turn of a user, with a picture or without."""
    seen = [] if image is None else [{"type": "image", "image": image}]
    return [{"role": "user", "content": [*seen, {"type": "text", "text": text}]}]


def zero_shot_prompt(image: Image.Image) -> Prompt:
    """The language, examples, and how to answer, about a picture: what a model needs that never saw the language."""
    return user_turn(describe_picture(), image)


def prompt_for(processor: Any, image: Image.Image) -> Prompt:
    """The prompt that suits a model: its own short request where it was trained on one, else the zero-shot prompt."""
    return user_turn(request(processor.tokenizer), image)


def generate(
    model: Any,
    processor: Any,
    prompts: Sequence[Prompt],
    images: Sequence[Sequence[Image.Image]] | None = None,
    temperature: float = 1.0,
    top_p: float = 0.95,
    top_k: int = 64,
    do_sample: bool = True,
    num_return_sequences: int = 1,
    max_new_tokens: int = 256,
    *,
    seed: int | None = None,
    **other_forward_kwargs: Any,
) -> list[str]:
    """Replies to a batch of prompts, without special tokens: one a prompt, or several to one prompt.

    Args:
        images: the pictures of each prompt; None takes those in the prompts.
        temperature: 0 is greedy; ignored without ``do_sample``.
        top_k: 0 keeps all tokens.
        seed: repeats the draws; None takes torch's own state.
        other_forward_kwargs: handed to ``model.generate``.

    Raises:
        BadInput: several sequences of several prompts, a setting out of range, or a prompt that the model cannot hold.
        CannotDo: the device's memory does not hold the batch.
    """
    import torch

    if len(prompts) != 1 and num_return_sequences != 1:
        raise BadInput("Ask for several sequences of one prompt, or for one sequence of several prompts.")
    if not prompts:
        return []
    if temperature < 0 or not 0 < top_p <= 1 or top_k < 0 or max_new_tokens < 1 or num_return_sequences < 1:
        raise BadInput("generate needs temperature >= 0, 0 < top_p <= 1, top_k >= 0 and at least one token.")
    sampling: dict[str, Any] = {"do_sample": False, "num_return_sequences": num_return_sequences}
    if do_sample and temperature > 0:
        sampling |= {"do_sample": True, "temperature": temperature, "top_p": top_p, "top_k": top_k}
    inputs = _inputs(model, processor, prompts, images)
    _check_length(model, processor, int(inputs["attention_mask"].sum(-1).max()))
    try:
        with torch.inference_mode(), _seeded(seed):
            out = model.generate(**inputs, **sampling, max_new_tokens=max_new_tokens, **other_forward_kwargs)
    except torch.OutOfMemoryError as error:
        raise CannotDo(
            f"The GPU's memory does not hold {len(prompts)} prompts at once; use a smaller batch."
        ) from error
    replies = out[:, inputs["input_ids"].shape[1] :]
    return processor.tokenizer.batch_decode(replies, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def _check_length(model: Any, processor: Any, longest: int) -> None:
    """Refuse what reaches beyond the positions that a model knows: it would reply at random.

    Args:
        longest: tokens of the longest prompt.
    """
    holds = getattr(model.config.get_text_config(decoder=True), "max_position_embeddings", None) or longest + 1
    if longest < holds:
        return
    short = request(processor.tokenizer) != describe_picture()
    own = "its own short prompt (tasks.zero_shot.prompt_for)" if short else "a shorter prompt"
    raise BadInput(f"The prompt with its picture takes {longest:,} tokens and this model holds {holds:,}; use {own}.")


@contextmanager
def _seeded(seed: int | None) -> Iterator[None]:
    """Torch seeded within, and as it was before afterwards."""
    import torch

    if seed is None:
        yield
        return
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def _inputs(model: Any, processor: Any, prompts: Sequence[Prompt], images: Any) -> dict[str, Any]:
    """The model's inputs, padded on the left, on its device."""
    texts = [written(processor, prompt) for prompt in prompts]
    given = [list(row) for row in images] if images is not None else [_pictures(prompt) for prompt in prompts]
    if len(given) != len(prompts):
        raise BadInput(f"There are {len(given)} lists of pictures for {len(prompts)} prompts; give one for each.")
    return model_inputs(processor, texts, given, model.device, next(model.parameters()).dtype)


def _pictures(prompt: Prompt) -> list[Any]:
    parts = [part for message in prompt if not isinstance(message["content"], str) for part in message["content"]]
    return [part["image"] for part in parts if part.get("type") == "image" and part.get("image") is not None]


def answers(
    model: Any, processor: Any, images: Sequence[Image.Image], *, batch_size: int = 16, **sampling: Any
) -> Iterator[Answer]:
    """One reply a picture, in order; greedy unless ``sampling`` says otherwise (the arguments of ``generate``).

    Raises:
        BadInput: a batch below 1.
    """
    if batch_size < 1:
        raise BadInput(f"A batch has at least one picture, not {batch_size}.")
    settings = sampling or GREEDY
    for start in range(0, len(images), batch_size):
        block = images[start : start + batch_size]
        prompts = [prompt_for(processor, image) for image in block]
        for reply in generate(model, processor, prompts, [[image] for image in block], **settings):
            yield Answer(reply, extract(reply))
