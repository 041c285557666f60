"""What a person waits for in the image tab: the first preview of 16 images, and 16 images with their CLIP scores.

Part of ``bench t2i``; ``python -m tts_playground.bench.t2i_live`` runs it by itself. Absolute times, so a machine that
does other work shows more; the CPU seconds beside them do not depend on that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from tempfile import TemporaryDirectory
from typing import Any

from tts_playground.bench import t2i_models as shapes
from tts_playground.bench.timing import contended, row, summary
from tts_playground.errors import ModelUnavailable
from tts_playground.experiments import image_pools
from tts_playground.models.loading import Loaded
from tts_playground.samplers.image_tokens import ImageSettings, ImageTokens
from tts_playground.store.store import Store
from tts_playground.tasks.text_to_image import PromptTask

PROMPT = shapes.Prompt("two red apples left of a cat on a white background")
IMAGES = 16
Scores = Callable[[Sequence[Any]], Any]


def run() -> dict[str, Any]:
    """All rows."""
    busy = contended()
    loaded, source = shapes.embedded()
    return {"name": "t2i-live", "rows": live_rows(loaded, source, busy)}


def live_rows(loaded: Loaded, source: str, busy: bool, repeats: int = 5) -> list[dict[str, Any]]:
    """First preview, then everything, each in seconds and in CPU seconds."""
    import torch

    sampler = ImageTokens(loaded, ImageSettings(1.0, 5.0))
    scores, judge = clip_scores()
    label = f"{source}, {judge}, {torch.get_num_threads()} threads"
    rows = []
    for what, call, goal in (
        (f"first preview of {IMAGES} images, CFG 5", lambda: first_preview(sampler), "<= 0.25"),
        (f"{IMAGES} images, CFG 5, previews on the way, kept in a store", lambda: previews(sampler), ""),
        (f"{IMAGES} images, CFG 5, with CLIP scores", lambda: scored(sampler, scores), "<= 1.2"),
    ):
        wall, cpu = both_clocks(call, repeats)
        rows.append(row(f"{what}, {label}", wall, None, "s", goal, busy=busy))
        rows.append(row(f"{what}: CPU time", cpu, None, "s"))
    return rows


def both_clocks(call: Callable[[], Any], repeats: int) -> tuple[float, float]:
    """Median wall-clock and median CPU seconds of this process."""
    call()
    wall, cpu = [], []
    for _ in range(repeats):
        start, spent = time.perf_counter(), time.process_time()
        call()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - spent)
    return summary(wall).median, summary(cpu).median


def first_preview(sampler: ImageTokens) -> list[Any]:
    """A prompt that was never seen, up to the pictures of the first row of tokens."""
    sampler.janus._prefixes.clear()
    first = next(sampler.stream(PROMPT, range(IMAGES)))
    return sampler.peek(PROMPT, first.unfinished)


def previews(sampler: ImageTokens) -> list[Any]:
    """As the tab draws: into a store, with previews of the first images in work on the way."""
    sampler.janus._prefixes.clear()
    with TemporaryDirectory() as folder:
        return list(image_pools.draw([Store(folder).pool(PromptTask(PROMPT.prompt), sampler)], IMAGES))


def scored(sampler: ImageTokens, scores: Scores) -> Any:
    """The whole of it: prompt, tokens, pictures, scores."""
    sampler.janus._prefixes.clear()
    return scores(list(sampler.draw(PROMPT, range(IMAGES))))


def clip_scores() -> tuple[Scores, str]:
    """The embedded CLIP as a function of samples; where it is not there, random weights of its image tower's shape."""
    from tts_playground.rewards.clip import ClipReward

    reward = ClipReward()
    try:
        reward.score(PROMPT, [])
        revision = reward.revision
    except ModelUnavailable:
        return shapes.random_clip(), "random CLIP"
    return lambda samples: reward.score(PROMPT, samples), f"tiny:clip {revision[:8]}"


def main() -> None:
    """The stand-alone command."""
    for one in run()["rows"]:
        print(f"{one['what']}: {one['ours']:.3f} {one['unit']} {one['goal']}")


if __name__ == "__main__":
    main()
