"""The whole library on two pages, values and protocols: what a sample is, what it cost, and who may do what with it.

Every tab does the same thing::

    task -> Sampler -> Samples -> Reward / Verifier -> Strategy -> Rounds -> store, curves, figures, UI

A *sampler* draws candidates for a *task* (a prompt, a question, a drawing, a picture of choices), a *reward* or a
*verifier* scores them, a *strategy* decides where the next unit of compute goes and reports a stream of *rounds*.
The protocols are structural: a plug-in inherits nothing, it only has these methods.

A capability is a type, never a probe: a strategy that needs to pause and fork candidates asks for a
``SteppedSampler``, one that walks from a candidate to similar ones asks for a ``Neighbourhood``.
"""

from __future__ import annotations

from tts_playground.core.protocols import (
    ContinuingSampler,
    Declines,
    ForetellingSampler,
    Keeper,
    Neighbourhood,
    NoiseSampler,
    PairwiseJudge,
    ParallelStrategy,
    Path,
    PromptWriter,
    ReadsNetworks,
    Recombining,
    RetoldSampler,
    RevisingSampler,
    Reward,
    S_contra,
    Sampler,
    Selector,
    SteppedSampler,
    StepReward,
    Strategy,
    StreamingSampler,
    Task,
    Verifier,
)
from tts_playground.core.values import Budget, Cost, Progress, Round, Sample, Scored, Verdict

__all__ = [
    "Budget",
    "ContinuingSampler",
    "Cost",
    "Declines",
    "ForetellingSampler",
    "Keeper",
    "Neighbourhood",
    "NoiseSampler",
    "PairwiseJudge",
    "ParallelStrategy",
    "Path",
    "Progress",
    "PromptWriter",
    "ReadsNetworks",
    "Recombining",
    "RetoldSampler",
    "RevisingSampler",
    "Reward",
    "Round",
    "S_contra",
    "Sample",
    "Sampler",
    "Scored",
    "Selector",
    "StepReward",
    "SteppedSampler",
    "Strategy",
    "StreamingSampler",
    "Task",
    "Verdict",
    "Verifier",
]
