"""Rows as a model meets them when it answers: with the token that begins a text, and with one that ends the reply.

Some chat templates write neither, LLaVA's for one: its tokenizer adds the first by itself, which trl forbids, and
nobody adds the last, so that a model tuned without it never learns to stop.
"""

from __future__ import annotations

import copy
from typing import Any


def edges(processor: Any, written: dict[str, str], program: str) -> tuple[str, str]:
    """What is missing before a written prompt and behind a written completion: each "" or a token's text.

    Args:
        written: "prompt" and "completion", as the chat template has them. program: what the completion says.
    """
    words = processor.tokenizer
    first, last = words.bos_token or "", words.eos_token or ""
    begins = bool(first) and words("a")["input_ids"][:1] == [words.bos_token_id]
    tail = written["completion"].rpartition(program)[2] if program else written["completion"]
    ended = any(mark in tail for mark in words.all_special_tokens)
    return (
        first if begins and not written["prompt"].startswith(first) else "",
        "" if ended else last,
    )


def _written(processor: Any, example: dict[str, Any]) -> tuple[dict[str, str], tuple[str, str]]:
    """The texts of a row's prompt and completion by the chat template, and their ``edges``."""
    from trl.data_utils import apply_chat_template, prepare_multimodal_messages

    turns = {
        "prompt": prepare_multimodal_messages(example["prompt"], images=example["images"]),
        "completion": prepare_multimodal_messages(example["completion"]),
    }
    texts = apply_chat_template(turns, processor)
    (part,) = example["completion"][0]["content"]
    return texts, edges(processor, texts, part["text"])


def whole_template(processor: Any, example: dict[str, Any]) -> Any:
    """The processor with a chat template that writes ``edges`` itself, for collators that write conversations alone.

    Args:
        example: a row, prompt and completion, as the others are. The given processor stays as it is.
    """
    _, (before, behind) = _written(processor, example)
    if not (before or behind) or not isinstance(processor.chat_template, str):
        return processor
    made = copy.copy(processor)
    begins, ends = ("{{ '" + text.replace("'", "\\'") + "' }}" if text else "" for text in (before, behind))
    made.chat_template = begins + processor.chat_template + ends
    return made


def collator(processor: Any) -> Any:
    """trl's collator of conversations (prompt, completion, images); adds ``edges``, and the loss is on completions."""
    from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

    class WholeTexts(DataCollatorForVisionLanguageModeling):
        """Writes the conversations itself, so that something can be added to them."""

        def _collate_prompt_completion(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
            return super()._collate_prompt_completion([self._whole(example) for example in examples])

        def _whole(self, example: dict[str, Any]) -> dict[str, Any]:
            texts, (before, behind) = _written(processor, example)
            return {
                "images": example["images"],
                "prompt": before + texts["prompt"],
                "completion": texts["completion"] + behind,
            }

    words = processor.tokenizer
    words.pad_token = words.pad_token or words.eos_token  # padding is masked, whatever it is
    return WholeTexts(processor=processor, max_length=None, completion_only_loss=True)
