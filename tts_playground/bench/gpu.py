"""``bench gpu``: what a big model costs on one NVIDIA GPU, against transformers, with random weights at real shapes.

Nothing is downloaded: models of the shapes of Janus-Pro-1B and Qwen2-VL-2B are made on the GPU in bfloat16 and go
through the samplers, token loops and verifiers of the app. Every part has a share of the minutes, says its rows as they
come, and fails alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tts_playground import journal
from tts_playground.bench import gpu_extras, gpu_janus, gpu_qwen
from tts_playground.bench.gpu_card import Card, Clock, Late
from tts_playground.bench.gpu_models import FULL, Lab, Sizes, remark
from tts_playground.errors import BadInput, clean

Part = Callable[[Lab], Iterator[dict[str, Any]]]
PARTS: dict[str, tuple[Part, float]] = {
    "janus": (gpu_janus.speed, 10.0),
    "graphs": (gpu_janus.graphs, 2.0),
    "oom": (gpu_janus.memory, 2.0),
    "qwen": (gpu_qwen.answers, 3.0),
    "lora": (gpu_extras.lora, 1.0),
    "four-bit": (gpu_extras.four_bit, 1.0),
    "unsloth": (gpu_extras.unsloth, 0.5),
    "compiled": (gpu_janus.compiled, 4.0),
}
"""what is measured, in this order, and its share of the time"""
SHORTEST = 5.0
"""seconds under which a part is not begun"""
log = logging.getLogger(__name__)


def run(
    minutes: float = 8.0,
    parts: Sequence[str] = (),
    out: Path | None = None,
    *,
    card: Card | None = None,
    sizes: Sizes = FULL,
) -> dict[str, Any]:
    """All rows; each is printed as it comes. Ratios above 1 say how many times faster ours is.

    Args:
        minutes: what all parts may take together, more than 0.
        parts: names of ``PARTS``; none means all.
        out: a file to which every row is added as one line of JSON.
        card: where to measure; None is this machine's GPU.

    Raises:
        BadInput: a part that there is not. ModelUnavailable: torch sees no GPU.
    """
    if wrong := sorted(set(parts) - set(PARTS)):
        raise BadInput(f"bench gpu has no part {wrong[0]!r}; choose among: {', '.join(PARTS)}.")
    if not minutes > 0:
        raise BadInput("--minutes is more than 0.")
    card = card or Card.there()
    chosen = [name for name in PARTS if not parts or name in parts]
    rows = []
    for row in _measured(Lab(card, sizes), chosen, Clock(60 * minutes)):
        rows.append(row)
        _say(row, out)
    return {"name": "gpu", "rows": rows}


def _measured(lab: Lab, chosen: list[str], whole: Clock) -> Iterator[dict[str, Any]]:
    yield remark(lab.card.name, part="machine")
    for number, name in enumerate(chosen):
        part, weight = PARTS[name]
        share = whole.left() * weight / sum(PARTS[later][1] for later in chosen[number:])
        if share < min(SHORTEST, 60 * weight):
            yield remark(f"{name} left out: the time is used up", part=name)
            continue
        lab.clock, failed = Clock(share), False
        try:
            for row in part(lab):
                yield {**row, "part": name}
        except Late as late:
            yield remark(f"{name}: {late}", part=name)
        except Exception as error:  # one part's fault costs no other part
            log.debug("bench gpu, %s", name, exc_info=True)
            yield remark(f"{name} failed: {type(error).__name__}: {_first_line(error)}", part=name)
            failed = True
        if failed:  # out of the handler, so that what failed holds no memory any more
            lab.reset()


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return clean(lines[0])[:300] if lines else "no message"


def _say(row: dict[str, Any], out: Path | None) -> None:
    if out is not None:
        with journal.growing(out, "The file of rows") as append:
            append([row])
    numbers = "" if row["ours"] is None else f": {row['ours']:.4g}"
    numbers += "" if row["peer"] is None else f" against {row['peer']:.4g}"
    numbers += f" {row['unit']}" if row["unit"] else ""
    numbers += "" if row["ratio"] is None else f", ratio {row['ratio']:.3g}"
    numbers += f" (goal {row['goal']})" if row["goal"] else ""
    print(f"[{row['part']}] {row['what']}{numbers}", flush=True)
