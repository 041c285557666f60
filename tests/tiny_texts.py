"""Random language models and tokenizers of the real classes, made in a moment."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen2Tokenizer,
    Qwen3Config,
    Qwen3ForCausalLM,
)

WORDS = ["what", "is", "two", "and", "three", "plus", "times", "the", "answer", "Step", "so", "therefore", "final"]
WORDS += ["boxed", "add", "it", "gives", "we", "have", "of", "all"]
MARKS = ["<pad>", "<s>", "</s>", "<|user|>", "<|end|>", "<unk>"]
SYMBOLS = [*"0123456789", ".", ",", ":", "+", "-", "=", "?", "$", "\\", "{", "}", "#", "(", ")", "к", "и"]
TEMPLATE = (
    "<s>{% for message in messages %}{% if message['role'] == 'assistant' %}{{ message['content'] }}</s>"
    "{% else %}<|user|>{{ message['content'] }}<|end|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{% endif %}"
)
KINDS = ("llama", "qwen2", "mistral", "windows", "qwen3", "gemma3")
"""the first three take the lean steps"""


def tokenizer(
    *, chats: bool = True, extra: tuple[str, ...] = (), without: tuple[str, ...] = ()
) -> PreTrainedTokenizerFast:
    """A fast tokenizer of words, digits and marks; a blank line is one token, and decoding gives back the text."""
    texts = [*MARKS, "\n\n", "\n", " ", *SYMBOLS, *extra, *(f" {word}" for word in WORDS), *WORDS]
    letters = [chr(code) for code in range(33, 127)]
    vocabulary: dict[str, int] = {}
    for text in [*texts, *letters]:
        if text not in without:
            vocabulary.setdefault(text, len(vocabulary))
    core = Tokenizer(
        models.WordPiece(vocabulary, unk_token="<unk>", continuing_subword_prefix="", max_input_chars_per_word=99)
    )
    core.pre_tokenizer = pre_tokenizers.Split(Regex(r"\n\n|\n| ?(?:[A-Za-z]+|ки)|<extra_0>|."), "isolated")
    core.decoder = decoders.Fuse()
    made = PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        clean_up_tokenization_spaces=False,
    )
    made.add_special_tokens({"additional_special_tokens": ["<|user|>", "<|end|>"]})
    if chats:
        made.chat_template = TEMPLATE
    return made


def qwen_tokenizer(*more: str) -> Qwen2Tokenizer:
    """A real Qwen2Tokenizer whose tokens are bytes, with further special tokens."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Qwen2Tokenizer(vocab={letter: place for place, letter in enumerate(letters)}, merges=[])
    made.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>", *more]})
    made.chat_template = (
        "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
        "{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    return made


def _sizes(words: Any, **more: Any) -> dict[str, Any]:
    sizes = {"vocab_size": len(words), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    sizes |= {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256}
    sizes |= {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "initializer_range": 0.3}
    return sizes | more


def _config_and_class(kind: str, words: Any) -> tuple[Any, Any]:
    alone = {"head_dim": 8}
    made = {
        "llama": lambda: (LlamaConfig(**_sizes(words)), LlamaForCausalLM),
        "qwen2": lambda: (Qwen2Config(**_sizes(words), tie_word_embeddings=True), Qwen2ForCausalLM),
        "mistral": lambda: (MistralConfig(**_sizes(words, sliding_window=None)), MistralForCausalLM),
        "windows": lambda: (MistralConfig(**_sizes(words, sliding_window=8)), MistralForCausalLM),
        "qwen3": lambda: (Qwen3Config(**_sizes(words, **alone)), Qwen3ForCausalLM),
        "gemma3": lambda: (Gemma3TextConfig(**_sizes(words, sliding_window=8, **alone)), Gemma3ForCausalLM),
    }
    return made[kind]()


@cache
def parts(kind: str = "llama") -> tuple[Any, Any]:
    """A random (model, tokenizer), the same whenever it is asked for; its texts have steps, and end now and then."""
    torch.manual_seed(KINDS.index(kind))
    words = tokenizer()
    config, made = _config_and_class(kind, words)
    model = made(config).eval()
    with torch.no_grad():
        for name, weight in model.get_decoder().named_parameters():
            if name.endswith("bias"):
                weight.normal_(0, 0.3)
            elif name.endswith("proj.weight"):
                weight.normal_(0, 0.25)
        head = model.get_output_embeddings()
        head.weight.normal_(0, 0.4)
        head.weight[words.convert_tokens_to_ids("\n\n")] *= 2.2
        head.weight[2] *= 1.7
    model.generation_config = GenerationConfig(eos_token_id=2, pad_token_id=0, bos_token_id=1)
    return model, words


def save(folder: Path, kind: str = "llama") -> Path:
    """The same as a folder that ``models.loading`` reads."""
    model, words = parts(kind)
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


def logprobs(model: Any, ids: Any, tokens: Any) -> torch.Tensor:
    """float32 [T, V]: log-probabilities of each token of a text by one forward over everything, with nothing cached."""
    given = torch.tensor([[*ids, *tokens]])
    with torch.inference_mode():
        return model(input_ids=given).logits[0, len(ids) - 1 : -1].float().log_softmax(-1)
