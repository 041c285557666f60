"""What an image's tokens were drawn from: distributions that settings reshape without the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tts_playground.models.janus.decode_batch import ImageRow, knobs_of
from tts_playground.samplers.image_paths import ImageSettings

if TYPE_CHECKING:
    from tts_playground.models.decode.sampling import TopTokens


@dataclass(frozen=True)
class Microscope:
    """The distributions that an image's tokens were drawn from, to be reshaped by settings without the model."""

    tokens: tuple[int, ...]
    cond: Any
    uncond: Any
    """float32 [T, V] logits"""

    def top(self, position: int, settings: ImageSettings, k: int = 20) -> TopTokens:
        """The ``k`` likeliest tokens at one position under ``settings``."""
        from tts_playground.models.decode.sampling import top_tokens

        return top_tokens(self.cond[position], self.uncond[position], self._knobs(settings, 1), k)

    def report(self, settings: ImageSettings) -> tuple[list[float], list[float]]:
        """Log-probability and entropy (nats) of every token under ``settings``."""
        from tts_playground.models.decode.sampling import distribution

        logprobs = distribution(self.cond, self.uncond, self._knobs(settings, len(self.tokens))).log_softmax(-1)
        chosen = logprobs[list(range(len(self.tokens))), list(self.tokens)]
        entropy = -(logprobs.exp() * logprobs.clamp_min(-1e30)).sum(-1)
        return chosen.tolist(), entropy.tolist()

    def _knobs(self, s: ImageSettings, rows: int) -> Any:
        row = ImageRow(0, 0, s.temperature, s.cfg, s.top_k, s.top_p)
        return knobs_of([row] * rows, self.cond.shape[-1], self.cond.device)
