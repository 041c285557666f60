# torch gives split, tolist and linalg no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""How likely a reply begins with this or that, exactly and without drawing: yes or no, ratings, digits and labels.

One batched forward reads all pictures with their prompts. Nothing is generated: what may follow is scored token by
token, and what several options begin with is scored once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tts_playground.errors import ModelUnavailable
from tts_playground.models.vlm.decode import rows_that_fit
from tts_playground.models.vlm.inputs import called

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from tts_playground.models.vlm.model import Vlm

BATCH = 16
"""pictures in one forward"""
LOGITS = 1 << 28
"""numbers in one block of logits: 1 GiB"""


def spellings(word: str) -> tuple[str, ...]:
    """The ways in which a model may begin to say a word: with and without a space, small and capital."""
    forms = dict.fromkeys((word, word.capitalize(), word.upper()))
    return tuple(dict.fromkeys(space + form for form in forms for space in ("", " ")))


YES, NO = spellings("yes"), spellings("no")
TokenIds = tuple[int, ...]
After = Callable[[TokenIds], Any]
"""tokens that a reply has begun with -> log-probabilities [n, V], a numpy array, of the token after them"""


def option_probabilities(spelt: Sequence[Sequence[TokenIds]], after: After) -> np.ndarray:
    """The probability that a reply begins with each option, whichever way it is spelt: [n, options], 0 to 1.

    What goes on to spell a longer option is not the shorter one: "1" and "10" may share their first token. What the
    options leave of 1 is said otherwise.

    Args:
        spelt: of each option the sequences of tokens that spell it, none of them empty or another option's.
        after: asked once for every beginning of a sequence, the shorter before the longer; n is the same each time.
    """
    sequences = sorted({tokens for options in spelt for tokens in options}, key=lambda t: (len(t), t))
    logs: dict[TokenIds, Any] = {(): 0.0}
    for stem in sorted({tokens[:depth] for tokens in sequences for depth in range(len(tokens))}, key=len):
        table = after(stem)
        following = {t[len(stem)] for t in sequences if t[: len(stem)] == stem and len(t) > len(stem)}
        logs |= {(*stem, token): logs[stem] + table[:, token] for token in following}
    chance = {tokens: np.exp(logs[tokens]) for tokens in sequences}
    own = {t: chance[t] - sum(chance[o] for o in _next_longer(t, sequences)) for t in sequences}
    return np.stack([np.sum([own[t] for t in options], axis=0) for options in spelt], axis=1).clip(0.0, 1.0)


def _next_longer(tokens: TokenIds, sequences: Sequence[TokenIds]) -> list[TokenIds]:
    """The sequences that go on from ``tokens``, without those that go on from one of them."""
    longer = [o for o in sequences if len(o) > len(tokens) and o[: len(tokens)] == tokens]
    return [o for o in longer if not any(m != o and o[: len(m)] == m for m in longer)]


def spelt_options(vlm: Vlm, name: str, prompt: str, options: Sequence[str]) -> list[list[TokenIds]]:
    """Of each option the token sequences that spell it as the reply to ``prompt``, with and without a space before it.

    Raises:
        ModelUnavailable: two options are the same to the tokenizer, or it has no tokens for one; ``name`` is said.
    """
    asked = vlm.chat(prompt)
    found = [sorted({_spelt(vlm, asked, space + option) for space in ("", " ")}) for option in options]
    seen: dict[TokenIds, str] = {}
    unknown = vlm.tokenizer.unk_token_id
    for option, spelt in zip(options, found, strict=True):
        for tokens in spelt:
            if not tokens or unknown in tokens or seen.setdefault(tokens, option) != option:
                raise ModelUnavailable(f"{name} cannot be asked for {option!r}: its tokenizer does not tell it apart.")
    return found


def _spelt(vlm: Vlm, asked: str, reply: str) -> TokenIds:
    before, whole = vlm.tokens(asked), vlm.tokens(asked + reply)
    if whole[: len(before)] == before:
        return tuple(whole[len(before) :])
    return tuple(vlm.tokens(reply))


def yes_no_tokens(vlm: Vlm) -> tuple[list[int], list[int]]:
    """First tokens of the spellings of yes, and of no; a token that could begin either is in neither.

    Raises:
        ModelUnavailable: the tokenizer knows no such words.
    """
    unknown = vlm.tokenizer.unk_token_id
    yes, no = ({ids[0] for word in words if (ids := vlm.tokens(word))} - {unknown} for words in (YES, NO))
    if not yes - no or not no - yes:
        raise ModelUnavailable(
            f"{called(vlm.tokenizer)} cannot answer yes or no: its tokenizer has no such words; use another model "
            "to verify."
        )
    return sorted(yes - no), sorted(no - yes)


def yes_margin(vlm: Vlm, logprobs: Tensor) -> Tensor:
    """[n] log-odds of yes against no, from log-probabilities [n, V] of the reply's first token."""
    yes, no = yes_no_tokens(vlm)
    return logprobs[:, yes].logsumexp(-1) - logprobs[:, no].logsumexp(-1)


def shown(vlm: Vlm, images: Sequence[Image.Image], prompt: str) -> list[float]:
    """P(yes), against no, in reply to one prompt about each of several pictures."""
    import torch

    found: list[float] = []
    with torch.inference_mode():
        for start in range(0, len(images), BATCH):
            some = images[start : start + BATCH]
            inputs = vlm.inputs(some, [prompt] * len(some))
            logits = vlm.model(**inputs, logits_to_keep=1).logits[:, -1].float()
            found += yes_margin(vlm, logits.log_softmax(-1)).sigmoid().tolist()
    return found


def next_logprobs(vlm: Vlm, image: Image.Image, prompts: Sequence[str], begun: Sequence[int] = ()) -> Tensor:
    """Log-probabilities of the reply's first token, float32 [n, V], for n prompts about one picture.

    The picture and what the prompts begin with in common are read once; the rest is one batched forward.

    Args:
        begun: tokens with which every reply has begun already; the token after them is meant then.
    """
    import torch

    texts = list(dict.fromkeys(prompts))
    with torch.inference_mode():
        rows = torch.cat(
            [_ends(vlm, image, texts[start : start + 64], tuple(begun)) for start in range(0, len(texts), 64)]
            or [torch.empty(0, vlm.model.get_output_embeddings().weight.shape[0])]
        )
    order = {text: number for number, text in enumerate(texts)}
    return rows[[order[prompt] for prompt in prompts]]


def _ends(vlm: Vlm, image: Image.Image, prompts: list[str], begun: tuple[int, ...]) -> Tensor:
    """[n, V] for different prompts: the longest common beginning is a prefix, the rests are padded on the right."""
    import torch

    whole = [ids + begun for ids in vlm.prompt_ids(image, prompts)]
    seen = vlm.seen(image, prompts[0]).prefix
    shared = shared_beginning(whole)
    if shared < seen.length or len(whole) == 1:  # a template that writes the prompt before the picture
        alone = [vlm.extended(vlm.prefix(image, prompt), begun) for prompt in prompts]
        return torch.stack([prefix.logits for prefix in alone]).log_softmax(-1)
    prefix = vlm.extended(seen, whole[0][seen.length : shared])
    rests = [ids[shared:] for ids in whole]
    width, ends = max(map(len, rests)), sorted({len(rest) - 1 for rest in rests})
    vocabulary = prefix.logits.shape[-1]
    step = max(1, min(LOGITS // (vocabulary * len(ends)), rows_that_fit(vlm, prefix, width)))
    parts: list[Tensor] = []
    for start in range(0, len(rests), step):
        some = rests[start : start + step]
        fed = torch.tensor([[*rest, *[0] * (width - len(rest))] for rest in some], device=vlm.device)
        logits = vlm.forward(fed, vlm.forked(prefix, len(some)), prefix.position, ends)
        parts.append(logits[range(len(some)), [ends.index(len(rest) - 1) for rest in some]].log_softmax(-1))
    return torch.cat(parts)


def shared_beginning(rows: Sequence[TokenIds]) -> int:
    """Length of the longest common beginning that leaves each row at least one token."""
    shortest = min(map(len, rows)) - 1
    return next((i for i in range(shortest) if len({row[i] for row in rows}) > 1), shortest)
