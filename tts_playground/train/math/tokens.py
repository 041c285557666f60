"""Tokens of tiny:math and its process rewards: words of the arithmetic world, digits one by one, any other text too."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from tts_playground import worlds

PAD, BOS, EOS, USER, ASSISTANT = range(5)
SPECIALS = ("<pad>", "<bos>", "<eos>", "<user>", "<assistant>")
STEP_END = "\n\n"
"""one token: where a step ends and where a process reward is read"""
PHRASES = ("## Step ", "Therefore, the final answer is: $\\boxed{", "}$. I hope it is correct.")
"""what every solution repeats; one token each, which makes solutions a quarter shorter"""
WORDS = Path(worlds.__file__).parent / "data" / "arithmetic-words.txt"
CHAT_TEMPLATE = (
    "{#- There is no system turn: the model writes its one format whatever it is told to write, and was never shown "
    "a system prompt, which would only be a hundred letters that it cannot read. Of what is said after a reply, the "
    "first paragraph counts, the verdict: what follows asks for that one format, too. -#}"
    "{{- bos_token -}}"
    "{%- set before = namespace(replied=false) -%}"
    "{%- for message in messages -%}"
    "{%- if message['role'] != 'system' -%}"
    "{{- '<assistant>' if message['role'] == 'assistant' else '<user>' -}}"
    "{%- set text = namespace(said='') -%}"
    "{%- if message['content'] is string -%}{%- set text.said = message['content'] -%}{%- else -%}"
    "{%- for part in message['content'] -%}"
    "{%- if part['type'] == 'text' -%}{%- set text.said = text.said + part['text'] -%}{%- endif -%}"
    "{%- endfor -%}{%- endif -%}"
    "{%- if message['role'] == 'assistant' -%}"
    "{%- set before.replied = true -%}{{- text.said -}}{{- eos_token -}}"
    "{%- elif before.replied -%}{{- (text.said | trim).split('\\n\\n')[0] -}}"
    "{%- else -%}{{- text.said | trim -}}{%- endif -%}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<assistant>' -}}{%- endif -%}"
)
_PIECE = (
    "|".join(re.escape(phrase).replace("\\ ", " ").replace("\\#", "#") for phrase in PHRASES)
    + r"|\n\n| [-+×÷=] |[0-9]| ?[A-Za-z]+| ?[^\sA-Za-z0-9]|\s"
)
"""how text is cut before it is looked up, in the same words for Python's and the tokenizer's regular expressions"""
_CUT = re.compile(_PIECE)
_BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))


def pieces(text: str) -> list[str]:
    """``text`` cut into what is one token each where it is known."""
    return _CUT.findall(text)


@cache
def vocabulary() -> tuple[str, ...]:
    """Every token, in the order of its number."""
    words = WORDS.read_text(encoding="utf-8").splitlines()
    marks = [chr(code) for code in range(32, 127)]
    signs = [f" {sign} " for sign in "+-×÷="]
    known = (word.replace("▁", " ") for word in words)
    return tuple(dict.fromkeys([*SPECIALS, *PHRASES, STEP_END, "\n", *signs, *marks, "×", "÷", *known, *_BYTES]))


def build_tokenizer() -> Any:
    """The ``tokenizers.Tokenizer``: known pieces whole, others letter by letter, then by byte; no text is changed."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import Unigram

    # equal scores: the segmentation with the fewest pieces wins, so a whole word beats its letters
    scored = [(name, 0.0 if name in SPECIALS else -10.0) for name in vocabulary()]
    tokenizer = Tokenizer(Unigram(scored, unk_id=PAD, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_PIECE), "isolated")
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIALS])
    return tokenizer


def wrapped_tokenizer() -> Any:
    """The tokenizer as transformers wants it, with its chat template."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=build_tokenizer(),
        pad_token=SPECIALS[PAD],
        bos_token=SPECIALS[BOS],
        eos_token=SPECIALS[EOS],
        extra_special_tokens={"user_token": SPECIALS[USER], "assistant_token": SPECIALS[ASSISTANT]},
        padding_side="left",
        model_max_length=1024,
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


class Encoder:
    """Text to token numbers, the same as the tokenizer's and a few times as fast on the world's own words."""

    def __init__(self) -> None:
        self.known = {name: number for number, name in enumerate(vocabulary()) if name not in SPECIALS}
        self._tokenizer = build_tokenizer()

    def __call__(self, text: str) -> list[int]:
        """Numbers of the tokens of ``text``."""
        known, found = self.known, []
        for piece in _CUT.findall(text):
            number = known.get(piece)
            if number is None:
                found += self._tokenizer.encode(piece, add_special_tokens=False).ids
            else:
                found.append(number)
        return found

    def prompt(self, problem: str) -> list[int]:
        """What stands before a solution."""
        return [BOS, USER, *self(problem.strip()), ASSISTANT]

    def text(self, ids: list[int]) -> str:
        """The text of tokens without marks of turns."""
        return self._tokenizer.decode(ids, skip_special_tokens=True)


@cache
def encoder() -> Encoder:
    """The one encoder of this process."""
    return Encoder()
