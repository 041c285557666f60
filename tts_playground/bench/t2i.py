"""``bench t2i``: our token loop against transformers' generate and against the lab's loop, decoding apart.

One run, one checkpoint, same dtype and threads. On CPU: the embedded Janus (or random weights of its shape). With
``device="cuda"``: random weights of Janus-Pro-1B's shape in bfloat16, and the share of the memory-bandwidth limit.
``python -m tts_playground.bench.t2i --device cuda --json`` runs by itself.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tts_playground.bench import gpu_janus
from tts_playground.bench import t2i_models as shapes
from tts_playground.bench.gpu_card import Card, Clock
from tts_playground.bench.gpu_models import FULL, Lab
from tts_playground.bench.t2i_live import live_rows
from tts_playground.bench.timing import Timing, alternate, contended, row, summary, timed_row
from tts_playground.samplers.image_tokens import ImageSettings, ImageTokens

PROMPT = shapes.Prompt("two red apples left of a cat on a white background")
COUNTS = (1, 4, 16, 64)
GUIDANCE = 5.0
SWEEP = [ImageSettings(t, cfg) for t in (0.5, 1.0, 1.5) for cfg in (2.0, 3.0, 5.0, 10.0)]


def run(device: str = "cpu", counts: tuple[int, ...] = (), repeats: int = 3) -> dict[str, Any]:
    """All rows. Ratios above 1 say how many times faster ours is."""
    busy = contended()
    rows = on_cuda(counts or (1, 16), repeats) if device == "cuda" else on_cpu(counts or COUNTS, repeats, busy)
    return {"name": "t2i", "rows": rows}


# ------------------------------------------------------------------------------------------------------------ CPU


def on_cpu(counts: tuple[int, ...], repeats: int, busy: bool) -> list[dict[str, Any]]:
    """Token loops at every N, the bound by products alone, decoding, the sweep, and what a person waits for."""
    import torch

    loaded, source = shapes.embedded()
    sampler = ImageTokens(loaded, ImageSettings(1.0, GUIDANCE))
    rows = []
    for n in counts:
        ours, theirs = loop(sampler, n), shapes.generate(loaded.value, PROMPT.prompt, n, GUIDANCE)
        mine, peer = alternate(ours, theirs, repeats=repeats)
        label = f"token loop, N={n}, {source}, {torch.get_num_threads()} threads: transformers generate as peer"
        rows.append(row(label, mine.median, peer.median, "s", ">= 1.3", busy=busy, spread=(mine, peer)))
        rows.append(row(f"images/s, N={n}", n / mine.median, n / peer.median, "1/s", higher_is_better=True, busy=busy))
        lab = timed(shapes.lab_loop(loaded.value, PROMPT.prompt, n, GUIDANCE), repeats)
        rows.append(row(f"token loop, N={n}: the lab's loop as peer", mine.median, lab.median, "s", busy=busy))
        bound = timed(shapes.products_only(loaded.value, 2 * n), repeats)
        label = f"N={n}: matrix products alone, a bound: the ratio is the share of it that is reached"
        rows.append(row(label, mine.median, bound.median, "s", busy=busy))
        rows.append(decoding(loaded.value, n, repeats, busy))
    together = ImageTokens(loaded)
    cells = [ImageTokens(loaded, cell) for cell in SWEEP]
    rows.append(
        timed_row(
            "3 x 4 sweep, one image a cell, in one batch: our own 12 calls as peer",
            lambda: together.complete(PROMPT, [p for c in cells for p in c.start(PROMPT, [0])]),
            lambda: [c.complete(PROMPT, c.start(PROMPT, [0])) for c in cells],
            ">= 4",
            repeats=repeats,
            busy=busy,
        )
    )
    return rows + live_rows(loaded, source, busy)


def loop(sampler: ImageTokens, n: int) -> Callable[[], Any]:
    """Our whole token loop for N images, the prefill included, decoding not."""

    def call() -> Any:
        sampler.janus._prefixes.clear()
        return sampler.complete(PROMPT, sampler.start(PROMPT, range(n)))

    return call


def decoding(janus: Any, n: int, repeats: int, busy: bool) -> dict[str, Any]:
    """Tokens to pictures: ours one picture at a time, the peer in one batch."""
    import torch

    tokens = torch.randint(0, janus.codes, (n, janus.tokens), generator=torch.Generator().manual_seed(0))
    tokens = tokens.to(janus.device)

    def peer() -> Any:
        with torch.inference_mode():
            return ((janus.model.decode_image_tokens(tokens).float() + 1) * 127.5).clamp(0, 255).byte().cpu().numpy()

    return timed_row(f"decode, N={n}", lambda: janus.pictures(tokens), peer, repeats=repeats, busy=busy)


def timed(call: Callable[[], Any], repeats: int, warmup: int = 1) -> Timing:
    """Seconds of one callable."""
    for _ in range(warmup):
        call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return summary(times)


# ----------------------------------------------------------------------------------------------------------- CUDA


def on_cuda(counts: tuple[int, ...], repeats: int) -> list[dict[str, Any]]:
    """Janus-Pro-1B's shape: against generate, tokens a second, the share of the bandwidth limit, and decoding."""
    lab = Lab(Card.there(), replace(FULL, counts=counts), Clock(3600))
    return [*gpu_janus.speed(lab), decoding(lab.janus.value, counts[-1], repeats, False)]


def main() -> None:
    """The stand-alone command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--counts", type=int, nargs="*", default=[])
    given = parser.parse_args()
    result = run(given.device, tuple(given.counts))
    if given.json:
        print(json.dumps(result, indent=1))
        return
    for one in result["rows"]:
        ratio = "" if one["ratio"] is None else f"  x{one['ratio']:.2f} {one['goal']}"
        peer = "" if one["peer"] is None else f" against {one['peer']:.4g}"
        ours = "" if one["ours"] is None else f": {one['ours']:.4g}"
        print(f"{one['what']}{ours}{peer} {one['unit']}{ratio}")


if __name__ == "__main__":
    main()
