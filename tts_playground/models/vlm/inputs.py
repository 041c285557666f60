"""Chat turns and pictures to what an image-text-to-text model takes: the one place where its processor is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tts_playground.errors import BadInput, ModelUnavailable

if TYPE_CHECKING:
    from PIL import Image

Turns = Sequence[Mapping[str, Any]]
"""chat messages as transformers has them: ``[{"role": "user", "content": [{"type": "text", "text": ...}]}]``"""


def called(tokenizer: Any) -> str:
    """A model as a message names it: by where it was loaded from."""
    return str(getattr(tokenizer, "name_or_path", "") or "This model")


def about_a_picture(text: str) -> Turns:
    """One turn of a user about one picture, which is handed over beside it."""
    return [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": text}]}]


def written(processor: Any, turns: Turns) -> str:
    """Turns as the model's own chat template writes them, up to where its reply begins.

    Raises:
        ModelUnavailable: the model has no chat template.
    """
    if not (getattr(processor, "chat_template", None) or processor.tokenizer.chat_template):
        raise ModelUnavailable(
            f"{called(processor.tokenizer)} has no chat template; use an instruction-tuned model, or put the "
            "chat_template.jinja of the one that it was made from into its folder."
        )
    return processor.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)


def model_inputs(
    processor: Any, texts: Sequence[str], images: Sequence[Sequence[Image.Image]], device: Any, dtype: Any
) -> dict[str, Any]:
    """The model's inputs for a batch of written chats, padded on the left: "input_ids" int64 [n, tokens] and others.

    Args:
        images: the pictures of each text, in the order of their marks in it.
        device: where the tensors are moved to.
        dtype: of those that are not whole numbers, such as pixels.

    Raises:
        BadInput: the model's own processor refuses a picture, e.g. one that is too thin for it.
    """
    start = processor.tokenizer.bos_token
    twice = bool(start) and texts[0].startswith(start)  # the template has written it already
    more = {"add_special_tokens": False} if twice else {}
    rgb = [[picture.convert("RGB") for picture in row] for row in images]
    shown = rgb if any(rgb) else None
    try:
        made = processor(text=list(texts), images=shown, return_tensors="pt", padding=True, padding_side="left", **more)
    except ValueError as error:
        raise BadInput(f"{called(processor.tokenizer)} cannot read the picture: {error}") from error
    return {
        name: value.to(device, dtype if value.is_floating_point() else value.dtype)
        for name, value in made.items()
        if hasattr(value, "is_floating_point")
    }
