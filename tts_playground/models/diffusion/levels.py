"""What a scheduler's samples are made of: how much picture and how much noise, and what a model's output says of both.

A sample at index i of a schedule is ``signal * x0 + noise * eps``. Families differ in how they count: flows go straight
from noise to picture (signal = 1 - sigma), Euler's samples carry the whole picture (signal = 1), the rest preserve the
variance.
"""

from __future__ import annotations

from typing import Any

from tts_playground.errors import CannotDo

FLOW = ("flow_prediction", "flow")
SIGMA_SPACE = ("EulerDiscrete", "EulerAncestral", "HeunDiscrete", "LMSDiscrete", "KDPM2", "EDM")
"""beginnings of the names of schedulers whose samples carry the whole picture"""


def is_flow(scheduler: Any) -> bool:
    """Whether samples lie on straight lines between picture and noise."""
    config = scheduler.config
    return (
        type(scheduler).__name__.startswith("FlowMatch")
        or bool(config.get("use_flow_sigmas"))
        or config.get("prediction_type") in FLOW
    )


def level(scheduler: Any, place: int) -> tuple[float, float]:
    """(signal, noise) of the sample before the step at ``place`` of the schedule; after the last step (1, 0).

    Args:
        scheduler: its timesteps are set.

    Raises:
        CannotDo: a scheduler that tells neither sigmas nor cumulative alphas.
    """
    told: Any = getattr(scheduler, "sigmas", None)
    sigmas = () if told is None else told
    stepped = len(sigmas) >= len(scheduler.timesteps)
    if place >= len(scheduler.timesteps):
        return 1.0, 0.0
    if is_flow(scheduler) and stepped:
        sigma = float(sigmas[place])
        return 1.0 - sigma, sigma
    if stepped and hasattr(scheduler, "step_index"):
        sigma = float(sigmas[place])
        if type(scheduler).__name__.startswith(SIGMA_SPACE):
            return 1.0, sigma
        signal = (sigma**2 + 1) ** -0.5
        return signal, sigma * signal
    alphas = getattr(scheduler, "alphas_cumprod", None)
    if alphas is None:
        raise CannotDo(f"The scheduler {type(scheduler).__name__} does not tell its noise levels.")
    kept = float(alphas[int(scheduler.timesteps[place])])
    return kept**0.5, (1 - kept) ** 0.5


def parts(scheduler: Any, place: int, output: Any, sample: Any) -> tuple[Any, Any]:
    """(x0, eps): the clean latents and the noise that a model's output at ``place`` says the sample is made of.

    Raises:
        CannotDo: an unknown type of prediction.
    """
    signal, noise = level(scheduler, place)
    output, sample = output.float(), sample.float()
    kind = "flow" if is_flow(scheduler) else scheduler.config.get("prediction_type", "epsilon")
    if kind == "flow":
        clean = sample - noise * output
        return clean, sample + signal * output
    if kind == "epsilon":
        return (sample - noise * output) / max(signal, 1e-6), output
    if kind == "sample":
        clean = output
    elif kind == "v_prediction":  # v is defined for samples that preserve the variance
        whole = (signal**2 + noise**2) ** 0.5
        clean = (signal / whole) * (sample / whole) - (noise / whole) * output
    else:
        raise CannotDo(f"The scheduler predicts {kind!r}, of which no picture can be told.")
    return clean, (sample - signal * clean) / max(noise, 1e-6)
