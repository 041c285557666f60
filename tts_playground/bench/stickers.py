"""``bench stickers``: how fast the sticker world draws scenes, and its Janus images, in the plainest way there is.

Scenes by one process on one core. Images through transformers' own ``generate`` with guidance, handed a static cache,
on two threads: what a person gets who takes the checkpoint and nothing else of this project.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tts_playground.bench import t2i_models as shapes
from tts_playground.bench.t2i import GUIDANCE, PROMPT, timed
from tts_playground.bench.timing import contended, row
from tts_playground.worlds import stickers

SCENES, IMAGES, THREADS = 3000, 16, 2


def run(scenes: int = SCENES, images: int = IMAGES, repeats: int = 3) -> dict[str, Any]:
    """All rows; the goals are absolute, so nothing stands beside them as a peer."""
    busy = contended()
    return {"name": "stickers", "rows": [*scene_rows(scenes, repeats, busy), *image_rows(images, repeats, busy)]}


def scene_rows(scenes: int, repeats: int, busy: bool) -> list[dict[str, Any]]:
    """Scenes a second: composed, laid out, painted, captioned and labelled."""
    seconds = timed(lambda: stickers.batch(0, 0, scenes), repeats)
    whole = f"scenes a second with captions and labels, {scenes} scenes, one core"
    return [row(whole, scenes / seconds.median, None, "1/s", ">= 3000", higher_is_better=True, busy=busy)]


def image_rows(images: int, repeats: int, busy: bool) -> list[dict[str, Any]]:
    """Seconds for a request of ``images`` with guidance: the tokens, and the tokens with their decoding."""
    import torch

    loaded, source = shapes.embedded()
    tokens = shapes.generate(loaded.value, PROMPT.prompt, images, GUIDANCE)

    def pictures() -> Any:
        with torch.inference_mode():
            return loaded.value.model.decode_image_tokens(tokens())

    with threads(THREADS):
        drawn, decoded = timed(tokens, repeats), timed(pictures, repeats)
    told = f"{images} images with guidance through plain transformers generate, {source}, {THREADS} threads"
    return [
        row(told, drawn.median, None, "s", "<= 1.2", busy=busy),
        row(f"{told}, decoded to pixels", decoded.median, None, "s", busy=busy),
    ]


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Within it torch computes with ``number`` threads."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
