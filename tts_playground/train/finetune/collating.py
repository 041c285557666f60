"""Rows as a model meets them when it answers: with the token that begins a text, and with one that ends the reply.

Some chat templates write neither, LLaVA's for one: its tokenizer adds the first by itself, which trl forbids, and
nobody adds the last, so that a model tuned without it never learns to stop.
"""

from __future__ import annotations

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


def collator(processor: Any) -> Any:
    """trl's collator of conversations (prompt, completion, images); adds ``edges``, and the loss is on completions."""
    from trl.data_utils import apply_chat_template, prepare_multimodal_messages
    from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

    class WholeTexts(DataCollatorForVisionLanguageModeling):
        """Writes the conversations itself, so that something can be added to them."""

        def _collate_prompt_completion(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
            return super()._collate_prompt_completion([self._written(example) for example in examples])

        def _written(self, example: dict[str, Any]) -> dict[str, Any]:
            turns = {
                "prompt": prepare_multimodal_messages(example["prompt"], images=example["images"]),
                "completion": prepare_multimodal_messages(example["completion"]),
            }
            texts = apply_chat_template(turns, processor)
            (part,) = example["completion"][0]["content"]
            before, behind = edges(processor, texts, part["text"])
            return {
                "images": example["images"],
                "prompt": before + texts["prompt"],
                "completion": texts["completion"] + behind,
            }

    words = processor.tokenizer
    words.pad_token = words.pad_token or words.eos_token  # padding is masked, whatever it is
    return WholeTexts(processor=processor, max_length=None, completion_only_loss=True)
