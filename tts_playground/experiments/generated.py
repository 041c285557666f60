"""``generate``'s result as one JSON object: the shape that the command line prints and the endpoint returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tts_playground.estimators.curves import curve

if TYPE_CHECKING:
    from tts_playground.tasks.text_to_image import Generated


def as_dict(result: Generated, files: Sequence[str] | None = None) -> dict[str, Any]:
    """{"prompt", "model", "seed", "settings", "samples", "best", "curve", "cost", "warnings"}.

    Args:
        files: where each sample was written, in order; None where they were not.

    Returns:
        ``samples`` are {"index", "file", "logprob", "rewards"}; ``best`` is an index; ``curve`` is
        {"n", "best", "low", "high"}, the exact expected best reward of N of these samples with a 95 % band, or None
        without a reward; ``warnings`` are sentences.
    """
    samples = [
        {
            "index": sample.index,
            "file": files[place] if files else None,
            "logprob": sample.logprob,
            "rewards": {name: scores[place] for name, scores in result.rewards.items()},
        }
        for place, sample in enumerate(result.samples)
    ]
    return {
        "prompt": result.prompt,
        "model": result.model,
        "seed": result.seed,
        "settings": result.settings.as_dict(),
        "samples": samples,
        "best": result.best.index,
        "curve": _curve(result),
        "cost": result.cost.as_dict(),
        "warnings": list(result.warnings),
    }


def _curve(result: Generated) -> dict[str, list[float]] | None:
    if not result.guide:
        return None
    drawn = curve([result.rewards[result.guide]], measure=result.guide).as_dict()
    return {"n": drawn["n"], "best": drawn["mean"], "low": drawn["low"], "high": drawn["high"]}
