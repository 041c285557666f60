"""Solutions in steps from vLLM (Kwon et al. 2023) in this process, where it is installed: a GPU on Linux.

Its continuous batching and prefix caching do the work; a step is a text that goes on to the next blank line.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tts_playground.errors import ModelUnavailable
from tts_playground.models.lm.prompts import chat_text, without_specials
from tts_playground.samplers.continuing import Continuation, Continuer, Wanted
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.samplers.lm_text import TextSteps, settings_facts
from tts_playground.typed import typed

VERSION = 1


@dataclass(frozen=True)
@typed
class VllmSolutions(TextSteps):
    """Draws solutions for tasks that have a ``problem`` and a ``system_prompt``.

    Raises:
        ModelUnavailable: vLLM is not installed, or cannot load the model.
    """

    model: str
    """a hub id or a folder"""
    settings: SolutionSettings = field(default=SolutionSettings())
    dtype: str = "auto"
    """as vLLM takes it"""
    memory: float = 0.5
    """part of the GPU's memory that vLLM may take, above 0 and at most 1"""

    def __post_init__(self) -> None:
        _vllm()

    def fingerprint(self) -> Mapping[str, Any]:
        """Everything that decides the distribution."""
        facts = {"sampler": "lm-vllm", "version": VERSION, "model": self.model, "dtype": self.dtype}
        return {**facts, **settings_facts(self.settings)}

    def continuer(self) -> Continuer:
        """All texts that wait go on together."""
        return _Engine(self.settings, _engine(self.model, self.dtype, self.memory))


def _vllm() -> Any:
    try:
        return importlib.import_module("vllm")
    except ImportError as error:
        raise ModelUnavailable(
            "vLLM is not installed here ('pip install vllm', on Linux with a GPU); leave out vllm: to use the engine "
            "that is."
        ) from error


@lru_cache(maxsize=1)
def _engine(model: str, dtype: str, memory: float) -> Any:
    try:
        return _vllm().LLM(model=model, dtype=dtype, gpu_memory_utilization=memory, enable_prefix_caching=True)
    except (ValueError, OSError, RuntimeError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise ModelUnavailable(f"vLLM cannot load {model!r}: {said}") from error


class _Engine:
    """Texts that wait, and the engine that continues them."""

    def __init__(self, settings: SolutionSettings, engine: Any) -> None:
        self._settings, self._engine = settings, engine
        self._waiting: dict[int, Wanted] = {}

    def submit(self, number: int, wanted: Wanted) -> None:
        self._waiting[number] = wanted

    def forget(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._waiting.pop(number, None)

    def collect(self) -> list[tuple[int, Continuation]]:
        if not self._waiting:
            return []
        began, waiting, self._waiting = time.perf_counter(), self._waiting, {}
        prompts = [{"prompt_token_ids": self._ids(one)} for one in waiting.values()]
        params = [self._params(one) for one in waiting.values()]
        came = self._engine.generate(prompts, params, use_tqdm=False)
        spent = (time.perf_counter() - began) / len(waiting)
        pairs = zip(waiting, came, strict=True)
        return [(number, self._said(one.outputs[0], spent)) for number, one in pairs]

    def _ids(self, wanted: Wanted) -> list[int]:
        words = self._engine.get_tokenizer()
        turns = without_specials(wanted.turns, words.all_special_tokens)
        text = chat_text(words, turns, self._settings.chat_template)
        chats = bool(self._settings.chat_template or words.chat_template)
        return list(words(text + wanted.text, add_special_tokens=not chats)["input_ids"])

    def _params(self, wanted: Wanted) -> Any:
        s = self._settings
        return _vllm().SamplingParams(
            temperature=wanted.temperature,
            top_p=s.top_p,
            top_k=s.top_k or -1,
            seed=wanted.seed,
            max_tokens=wanted.most,
            min_tokens=wanted.at_least,
            stop=list(wanted.stop),
            include_stop_str_in_output=True,
            logprobs=0,
        )

    @staticmethod
    def _said(one: Any, seconds: float) -> Continuation:
        rows = one.logprobs or []
        logprobs = tuple(min(0.0, row[token].logprob) for row, token in zip(rows, one.token_ids, strict=False))
        cut = one.finish_reason == "length"
        ended = not cut and one.stop_reason is None
        return Continuation(one.text, len(one.token_ids), logprobs or None, ended, cut, seconds)
