"""Tokens of tiny:vlm and tiny:sketch, and how several questions about one picture share one row. No torch in here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

PAD, BOS, EOS, IMAGE, USER, ASSISTANT = range(6)
SPECIALS = ("<pad>", "<bos>", "<eos>", "<image>", "<user>", "<assistant>")
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<assistant>' if message['role'] == 'assistant' else '<user>' }}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}"
    "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}"
    "{% endif %}{% if message['role'] == 'assistant' %}{{ '<eos>' }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}"
)
"""The picture always comes first, so that all questions about it share one prefix."""
_BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))


def word_tokenizer(words: Iterable[str], quoted: Iterable[str] = ()) -> Any:
    """One token a known word or digit, lower case, line ends kept; unknown words go letter by letter, then by byte.

    Args:
        words: what is one token after a space or at the beginning of a line.
        quoted: what is one token also right behind a mark, as in 'two cats'.
    """
    from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers
    from tokenizers.models import Unigram

    marks = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    plain = ["\n", "▁", *marks, *(f"▁{mark}" for mark in marks)]
    known = sorted({f"▁{word}" for word in words if len(word) > 1} | set(quoted))
    # equal scores: the segmentation with the fewest pieces wins, so a whole word beats its letters
    pieces = [
        (name, 0.0 if name in SPECIALS else -10.0) for name in dict.fromkeys([*SPECIALS, *_BYTES, *plain, *known])
    ]
    tokenizer = Tokenizer(Unigram(pieces, unk_id=PAD, byte_fallback=True))
    # every word that begins a line or a turn gets a space before it, so that it is the same token as inside a line
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"[^\S\n]+"), " "),
            normalizers.Replace(Regex(r" ?\n ?"), "\n "),
            normalizers.Replace(Regex(r"\A | \z"), ""),
            normalizers.Prepend(" "),
            normalizers.Replace(" ", "▁"),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"▁?[0-9]|▁?[a-z]+|▁?[^▁0-9a-z\n]|\n|▁"), "isolated")
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Replace("▁", " "),
            decoders.Replace("\n ", "\n"),
            decoders.Strip(" ", 1, 0),
        ]
    )
    return _with_bos(tokenizer)


def code_tokenizer(words: Iterable[str], prose: Iterable[str] = ()) -> Any:
    """Round-trips any text; ``words`` (with their spaces) are one token each, the rest characters, then bytes."""
    from tokenizers import Tokenizer, decoders
    from tokenizers.models import Unigram

    marks = ["\n", *(chr(code) for code in range(32, 127))]
    names = dict.fromkeys([*SPECIALS, *_BYTES, *marks, *words, *prose])
    tokenizer = Tokenizer(
        Unigram([(n, 0.0 if n in SPECIALS else -10.0) for n in names], unk_id=PAD, byte_fallback=True)
    )
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    return _with_bos(tokenizer)


def _with_bos(tokenizer: Any) -> Any:
    from tokenizers import AddedToken
    from tokenizers.processors import TemplateProcessing

    tokenizer.post_processor = TemplateProcessing(single=f"{SPECIALS[BOS]} $A", special_tokens=[(SPECIALS[BOS], BOS)])
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIALS])
    return tokenizer


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing to say about a picture: prompt, answer, and how much its loss counts."""

    prompt: str
    answer: str
    weight: float = 1.0
    given: str = ""
    """beginning of the answer, in whole words, that is not learnt"""


@dataclass(frozen=True, eq=False)
class PackedTokens:
    """Pictures with several turns each in one row; a turn sees the picture and itself only."""

    images: np.ndarray
    """uint8 [n, side, side, 3], or what they are drawn from"""
    ids: np.ndarray
    """int16 [n, length]"""
    segments: np.ndarray
    """int16 [n, length]: 0 the prefix, 1, 2, ... turns, -1 padding"""
    positions: np.ndarray
    """int16 [n, length]: every turn goes on right behind the prefix"""
    weights: np.ndarray
    """float32 [n, length]: of each token as a target; 0 outside answers"""


class Packer:
    """Puts turns into rows of ``length`` tokens."""

    def __init__(self, tokenizer: Any, visual_tokens: int, length: int) -> None:
        self.tokenizer, self.length = tokenizer, length
        self.prefix = [BOS, USER, *[IMAGE] * visual_tokens]
        self._kept: dict[str, list[int]] = {}

    def tokens(self, text: str) -> list[int]:
        """Token ids of ``text``; short texts are remembered."""
        found = self._kept.get(text)
        if found is None:
            found = self.tokenizer.encode(text, add_special_tokens=False).ids
            if len(self._kept) < 100_000:
                self._kept[text] = found
        return found

    def pack(self, images: np.ndarray, turns: Sequence[Sequence[Turn]]) -> PackedTokens:
        """Turns that no longer fit into their picture's row are left out."""
        shape = (len(turns), self.length)
        ids, segments = np.full(shape, PAD, np.int16), np.full(shape, -1, np.int16)
        positions, weights = np.zeros(shape, np.int16), np.zeros(shape, np.float32)
        start = len(self.prefix)
        ids[:, :start], segments[:, :start], positions[:, :start] = self.prefix, 0, np.arange(start)
        for row, said in enumerate(turns):
            place, number = start, 0
            for turn in said:
                prompt, answer = self.tokens(turn.prompt), self.tokens(turn.answer)
                tokens = [*prompt, ASSISTANT, *answer, EOS]
                end = place + len(tokens)
                if end > self.length:
                    continue
                number += 1
                ids[row, place:end], segments[row, place:end] = tokens, number
                positions[row, place:end] = np.arange(start, start + len(tokens))
                learnt = place + len(prompt) + 1 + (len(self.tokens(turn.given)) if turn.given else 0)
                weights[row, learnt:end] = turn.weight
                place = end
        return PackedTokens(images, ids, segments, positions, weights)
