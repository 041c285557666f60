"""What solves problems in words and judges solutions: the plug-ins of the task "text", in the order of menus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tts_playground.registry.entry import Entry

_SOLVING = ("Sampler", "StreamingSampler", "SteppedSampler")
"""protocols that every sampler of solutions has"""


def _rows(kind: str, where: str, *rows: tuple[str, str, dict[str, Any]]) -> Iterator[Entry]:
    """Rows of (name, target below ``where``, further fields)."""
    for name, target, further in rows:
        yield Entry(kind, name, f"tts_playground.{where}{target}", **further)


_SAMPLERS = _rows(
    "sampler",
    "samplers.",
    (
        "lm",
        "lm:LanguageModelSampler",
        {
            "label": "language model",
            "summary": "solutions in steps from any causal language model",
            "tasks": ("text",),
            "needs": "model",
            "provides": _SOLVING,
        },
    ),
    (
        "lm-endpoint",
        "lm_endpoint:EndpointSolutions",
        {
            "label": "language model behind an endpoint",
            "summary": "solutions in steps from an OpenAI-compatible server",
            "tasks": ("text",),
            "needs": "model",
            "provides": _SOLVING,
        },
    ),
    (
        "lm-vllm",
        "lm_vllm:VllmSolutions",
        {
            "label": "vLLM",
            "summary": "solutions in steps from vLLM, where it is installed",
            "tasks": ("text",),
            "needs": "model",
            "provides": _SOLVING,
        },
    ),
)
_REWARDS = _rows(
    "reward",
    "",
    (
        "prm",
        "rewards.prm:ProcessReward",
        {
            "label": "process reward",
            "summary": "how surely each step of a solution is right, by a process reward model",
            "tasks": ("text",),
            "parameter": "HUB_OR_FOLDER",
        },
    ),
)
_MODELS = _rows(
    "model",
    "models.",
    ("tiny:math", "loading:lm", {"summary": "embedded; solves small word problems", "tasks": ("text",)}),
    ("meta-llama/Llama-3.2-1B-Instruct", "loading:lm", {"summary": "3 GB, gated", "tasks": ("text",), "needs": "cuda"}),
    ("Qwen/Qwen2.5-1.5B-Instruct", "loading:lm", {"summary": "3 GB", "tasks": ("text",), "needs": "cuda"}),
)
TEXT_ROWS: tuple[Entry, ...] = (*_SAMPLERS, *_REWARDS, *_MODELS)
