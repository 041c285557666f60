"""Solutions drawn from a tiny:math, as training data and for a trainer's own numbers.

On a GPU speed comes from large batches of transformers' ``generate``; on a CPU the sampler's own batch is quicker.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import torch

from tts_playground.models.decode.gumbel import stream_start
from tts_playground.models.lm.model import TextModel
from tts_playground.models.lm.running import RunningBatch
from tts_playground.models.lm.seats import TextRow
from tts_playground.train.math.tokens import EOS, PAD, wrapped_tokenizer

MOST = 320
"""new tokens; the longest solution that training shows is shorter"""
MINIATURE_MOST = 48
"""new tokens of a miniature, which has not learnt to end what it writes"""


@torch.no_grad()
def draw(
    model: Any,
    prompts: Sequence[list[int]],
    *,
    temperature: float = 1.0,
    seed: int = 0,
    rows: int = 256,
    most: int = MOST,
    seconds: float = float("inf"),
) -> list[list[int] | None]:
    """One solution for each prompt, as tokens without the end.

    Args:
        temperature: 0 is greedy.
        rows: prompts in one batch on a GPU; those of about the same length go together.
        seconds: no batch begins after so long; None stands for what was not drawn.
    """
    model.eval()
    if model.device.type == "cpu":
        return _running(model, prompts, temperature, seed, most, seconds)
    began, found = time.monotonic(), list[list[int] | None]([None] * len(prompts))
    order = sorted(range(len(prompts)), key=lambda place: len(prompts[place]))
    batches = [order[start : start + rows] for start in range(0, len(order), rows)]
    with torch.random.fork_rng([model.device] if model.device.type == "cuda" else []):
        torch.manual_seed(seed)
        for batch in batches:
            if time.monotonic() - began > seconds:
                break
            for place, tokens in zip(batch, _batch(model, [prompts[p] for p in batch], temperature, most), strict=True):
                found[place] = tokens
    return found


def _batch(model: Any, prompts: list[list[int]], temperature: float, most: int) -> list[list[int]]:
    longest = max(map(len, prompts))
    ids = torch.full((len(prompts), longest), PAD)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = torch.tensor(prompt)
    ids = ids.to(model.device)
    how = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0} if temperature else {}
    new = model.generate(
        input_ids=ids,
        attention_mask=(ids != PAD).long(),
        max_new_tokens=most,
        pad_token_id=PAD,
        eos_token_id=EOS,
        **({"do_sample": False} | how),
    )[:, longest:]
    return [row[: row.index(EOS)] if EOS in row else row for row in new.tolist()]


def _running(
    model: Any, prompts: Sequence[list[int]], temperature: float, seed: int, most: int, seconds: float
) -> list[list[int] | None]:
    """Solutions enter a batch as others end; what has not entered in time stays None."""
    began, found = time.monotonic(), list[list[int] | None]([None] * len(prompts))
    text = TextModel(model, wrapped_tokenizer())
    batch = RunningBatch(text)
    coming = iter(range(len(prompts)))
    places: dict[TextRow, int] = {}
    while True:
        while batch.left < batch.capacity and time.monotonic() - began <= seconds:
            if (place := next(coming, None)) is None:
                break
            start = stream_start(seed, place, "tiny-math training")
            row = TextRow(tuple(prompts[place]), start, temperature, 0, 1.0, most, lambda tokens: tokens[-1] == EOS)
            places[row] = place
            batch.add([row])
        if not batch.left:
            return found
        for row in batch.advance():
            found[places.pop(row)] = row.new[:-1] if row.new[-1] == EOS else row.new
