"""``bench audit``: exact probabilities against drawn replies, and against the proof of concept's way of drawing them.

The proof of concept generates 1000 replies a picture with ``generate``. One forward pass gives the same distribution
without noise. The two must agree: on at least 95 % of the pictures, 1000 of our own draws pass a chi-square test at .01
against the exact probabilities. The cost of ``generate`` is measured on a few pictures beside it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

from tts_playground.auditing import choice, responders
from tts_playground.auditing.pictures import DIGITS, ChoicePicture, pictures, prompt_of
from tts_playground.auditing.report import analyze
from tts_playground.auditing.rows import AuditRow
from tts_playground.auditing.vision import VisionChooser
from tts_playground.bench import timing
from tts_playground.worlds.choices import CONDITIONS

DRAWS = 1000
PEER_PICTURES = 2
PEER_BATCH = 128
"""replies in one ``generate``, as the proof of concept's full run"""
PER_COND = 10
AGREE = 0.01


def run(
    model: str = "tiny:vlm", *, per_cond: int = PER_COND, draws: int = DRAWS, peers: int = PEER_PICTURES
) -> dict[str, Any]:
    """Rows of seconds a picture and of agreement.

    Raises:
        ModelUnavailable: the model is not here.
    """
    busy = timing.contended()
    chooser = responders.resolve(model)
    shown = pictures(tuple(CONDITIONS), per_cond, 4, permute=False, seed=2026, control=False)
    choice.exact(chooser, shown[:1])  # loads and warms
    start = time.perf_counter()
    exact = choice.exact(chooser, shown)
    report = analyze(exact, draws)
    live = time.perf_counter() - start
    start = time.perf_counter()
    drawn = choice.sampled(chooser, shown, draws, seed=1)
    ours = (time.perf_counter() - start) / len(shown)
    agreeing = agreement(exact, drawn)
    rows = [
        timing.row(f"exact audit of {len(shown)} pictures with its report", live, None, "s", "under 5 s", busy=busy),
        timing.row(
            f"pictures on which {draws} draws agree with the exact chances (p > {AGREE:g})",
            agreeing,
            None,
            "share",
            "at least 0.95",
        ),
        timing.row("pictures on which the PoC's test would reject", report.summary["reject_rate_chi2"], None, "share"),
    ]
    if isinstance(chooser, VisionChooser):
        peer = float(np.mean([_generated(chooser, picture, draws) for picture in shown[:peers]]))
        each = live / len(shown)
        rows += [
            timing.row(f"a picture: exact, against {draws} replies by generate", each, peer, "s", busy=busy),
            timing.row(f"a picture: {draws} draws of ours, against {draws} by generate", ours, peer, "s", busy=busy),
        ]
    return {"name": "audit", "rows": rows}


def agreement(exact: Sequence[AuditRow], drawn: Sequence[AuditRow]) -> float:
    """Share of pictures on which the drawn replies are compatible with the exact probabilities at ``AGREE``.

    The outcomes are the digits and "anything else"; those that are expected less than five times are one outcome.
    """
    p_values = []
    for sure, found in zip(exact, drawn, strict=True):
        chances = np.array([*sure.digits, max(0.0, 1 - sum(sure.digits))])
        counts = np.array([*found.digits, found.n - sum(found.digits)])
        expected = chances / chances.sum() * found.n
        rare = expected < 5
        expected = np.array([*expected[~rare], expected[rare].sum()])
        counts = np.array([*counts[~rare], counts[rare].sum()])
        kept = expected > 0
        statistic = ((counts - expected)[kept] ** 2 / expected[kept]).sum() + (np.inf if counts[~kept].any() else 0)
        p_values.append(stats.chi2.sf(statistic, max(1, kept.sum() - 1)))
    return float((np.array(p_values) > AGREE).mean())


def _generated(chooser: VisionChooser, picture: ChoicePicture, draws: int) -> float:
    """Seconds of the proof of concept's loop on one picture: ``generate`` in batches of replies."""
    import torch

    vlm = chooser.loaded.value
    question = picture.question(prompt_of("choice", "sampled", draws), DIGITS)
    start = time.perf_counter()
    with torch.inference_mode(), torch.random.fork_rng():
        for done in range(0, draws, PEER_BATCH):
            inputs = vlm.inputs([question.image], [question.prompt])
            vlm.model.generate(
                **inputs,
                do_sample=True,
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                max_new_tokens=choice.REPLY_TOKENS,
                num_return_sequences=min(PEER_BATCH, draws - done),
            )
    return time.perf_counter() - start
