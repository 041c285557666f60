"""How likely given short answers are, exactly and without drawing: for yes or no, ratings, and choices among labels.

One batched forward reads all pictures with their prompts; where an answer has several tokens, a second one feeds the
answers' own tokens behind the shared keys and values. Nothing is generated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tts_playground.errors import BadInput, ModelUnavailable

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from tts_playground.models.vlm.model import Vlm, VlmPrefix

BATCH = 16
"""pictures in one forward"""
LOGITS = 1 << 28
"""numbers in one block of logits: 1 GiB"""

Floats = NDArray[np.float64]
Answer = str | Sequence[str]
"""one way to write an answer, or several that mean the same"""


def spellings(word: str) -> tuple[str, ...]:
    """The ways in which a model may begin to say a word: with and without a space, small and capital."""
    forms = dict.fromkeys((word, word.capitalize(), word.upper()))
    return tuple(dict.fromkeys(space + form for form in forms for space in ("", " ")))


def token_sequences(vlm: Vlm, answer: Answer) -> list[tuple[int, ...]]:
    """The token sequences of an answer, none of which begins with another (their probabilities add up)."""
    given = [answer] if isinstance(answer, str) else list(answer)
    found = sorted({tuple(vlm.tokens(text)) for text in given}, key=lambda ids: (len(ids), ids))
    kept: list[tuple[int, ...]] = []
    for ids in found:
        if ids and vlm.tokenizer.unk_token_id not in ids and not any(ids[: len(one)] == one for one in kept):
            kept.append(ids)
    return kept


def answer_logprobs(
    vlm: Vlm, images: Sequence[Image.Image], prompts: Sequence[str], answers: Sequence[Answer]
) -> Floats:
    """[n, k] natural log-probability that the reply to prompt i about picture i begins with answer j (temperature 1).

    Args:
        answers: k short texts of one or more tokens; each may be given in several spellings, whose probabilities add.

    Raises:
        BadInput: an answer that the tokenizer does not know, or none at all.
    """
    import torch

    if not answers or len(images) != len(prompts):
        raise BadInput("Give at least one answer, and one prompt a picture.")
    sequences = [token_sequences(vlm, answer) for answer in answers]
    for answer, found in zip(answers, sequences, strict=True):
        if not found:
            raise BadInput(f"The model's tokenizer does not know the answer {answer!r}.")
    rows = [np.empty((0, len(answers)))]
    with torch.inference_mode():
        for start in range(0, len(images), BATCH):
            block = slice(start, start + BATCH)
            rows.append(_block(vlm, list(images[block]), list(prompts[block]), sequences))
    return np.concatenate(rows)


def answer_probabilities(
    vlm: Vlm, images: Sequence[Image.Image], prompts: Sequence[str], answers: Sequence[Answer]
) -> tuple[Floats, Floats]:
    """[n, k] probabilities among the answers alone (rows sum to 1), and [n] the mass that all of them have together."""
    logprobs = answer_logprobs(vlm, images, prompts, answers)
    mass = np.logaddexp.reduce(logprobs, axis=1)
    return np.exp(logprobs - mass[:, None]), np.exp(mass)


YES, NO = spellings("yes"), spellings("no")


def yes_no_tokens(vlm: Vlm) -> tuple[list[int], list[int]]:
    """First tokens of the spellings of yes, and of no; a token that could begin either is in neither.

    Raises:
        ModelUnavailable: the tokenizer knows no such words.
    """
    unknown = vlm.tokenizer.unk_token_id
    yes, no = ({ids[0] for word in words if (ids := vlm.tokens(word))} - {unknown} for words in (YES, NO))
    if not yes - no or not no - yes:
        raise ModelUnavailable("This model cannot answer yes or no: its tokenizer has no such words.")
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


def _block(vlm: Vlm, images: list[Any], prompts: list[str], sequences: list[list[tuple[int, ...]]]) -> Floats:
    """Rows of one length go together, so that no padding disturbs positions; others one by one."""
    inputs = vlm.inputs(images, prompts)
    if len(images) > 1 and not bool(inputs["attention_mask"].all()):
        parts = [_block(vlm, [i], [p], sequences) for i, p in zip(images, prompts, strict=True)]
        return np.concatenate(parts)
    positions, cache = vlm.next_positions(inputs), vlm.fresh_cache()
    out = vlm.model(**inputs, past_key_values=cache, use_cache=True, logits_to_keep=1)
    first = out.logits[:, -1].float().log_softmax(-1)
    distinct = list(dict.fromkeys(ids for found in sequences for ids in found))
    scores = _continued(vlm, cache, positions, first, distinct)
    place = {ids: number for number, ids in enumerate(distinct)}
    columns = [scores[:, [place[ids] for ids in found]].logsumexp(-1) for found in sequences]
    return np.stack([column.double().cpu().numpy() for column in columns], axis=1)


def _continued(vlm: Vlm, cache: Any, positions: Tensor, first: Tensor, sequences: list[tuple[int, ...]]) -> Tensor:
    """[n, m] log-probabilities of token sequences behind n rows; ``first`` [n, V] are those of the first token."""
    scores = first[:, [ids[0] for ids in sequences]].clone()
    long = [number for number, ids in enumerate(sequences) if len(ids) > 1]
    if not long:
        return scores
    import torch

    n, most = len(first), max(len(sequences[number]) for number in long)
    fed = torch.zeros(len(long), most - 1, dtype=torch.int64)
    targets = torch.full((len(long), most - 1), -1, dtype=torch.int64)
    for row, number in enumerate(long):
        ids = sequences[number]
        fed[row, : len(ids) - 1], targets[row, : len(ids) - 1] = torch.tensor(ids[:-1]), torch.tensor(ids[1:])
    fed, targets = (part.to(vlm.device).repeat(n, 1) for part in (fed, targets))
    cache.batch_repeat_interleave(len(long))
    starts = positions.repeat_interleave(len(long)).to(vlm.device)
    logits = vlm.forward(fed, cache, starts, range(most - 1))
    rest = taken(logits, targets).view(n, len(long))
    scores[:, long] += rest.to(scores.device)
    return scores


def taken(logits: Tensor, targets: Tensor) -> Tensor:
    """[R] summed log-probability of targets [R, T] under logits [R, T, V]; a target of -1 counts nothing."""
    chosen = logits.log_softmax(-1).gather(-1, targets.clamp_min(0)[..., None])[..., 0]
    return (chosen * (targets >= 0)).sum(-1)


# ------------------------------------------------------------------------------------- many prompts, one picture


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
    shared = _common(whole)
    if shared < seen.length or len(whole) == 1:  # a template that writes the prompt before the picture
        alone = [vlm.extended(vlm.prefix(image, prompt), begun) for prompt in prompts]
        return torch.stack([prefix.logits for prefix in alone]).log_softmax(-1)
    prefix = vlm.extended(seen, whole[0][seen.length : shared])
    rests = [ids[shared:] for ids in whole]
    width, ends = max(map(len, rests)), sorted({len(rest) - 1 for rest in rests})
    vocabulary = prefix.logits.shape[-1]
    step = max(1, LOGITS // (vocabulary * len(ends)))
    parts = []
    for start in range(0, len(rests), step):
        some = rests[start : start + step]
        fed = torch.tensor([[*rest, *[0] * (width - len(rest))] for rest in some], device=vlm.device)
        logits = vlm.forward(fed, vlm.forked(prefix, len(some)), prefix.position, ends)
        parts.append(logits[range(len(some)), [ends.index(len(rest) - 1) for rest in some]].log_softmax(-1))
    return torch.cat(parts)


def _common(rows: list[tuple[int, ...]]) -> int:
    """Length of the longest common beginning that leaves each row at least one token."""
    shortest = min(map(len, rows)) - 1
    return next((i for i in range(shortest) if len({row[i] for row in rows}) > 1), shortest)


def sequence_logprobs(vlm: Vlm, prefix: VlmPrefix, replies: Sequence[Sequence[int]]) -> list[float]:
    """Log-probability of each reply (as tokens) behind a prefix, at temperature 1, in one batched forward."""
    import torch

    first = prefix.logits.log_softmax(-1)
    whole = [tuple(reply) for reply in replies]
    filled = [reply for reply in whole if reply]
    if not filled:
        return [0.0] * len(whole)
    with torch.inference_mode():
        at = torch.tensor([prefix.position])
        scores = _continued(vlm, vlm.forked(prefix, 1), at, first[None], filled)[0].tolist()
    found = iter(scores)
    return [next(found) if reply else 0.0 for reply in whole]
