"""Images drawn away from a second prompt: guidance whose unconditional row reads what should not be there.

Guided logits are ``negative + s (prompt - negative)``, the common use of classifier-free guidance (Ho and Salimans
2022) with a negative prompt in the place of the padding. Both rows read their own prompt at its own length, so that
neither needs padding that it never saw in training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tts_playground.errors import BadInput
from tts_playground.models.janus.decode_batch import DecodeBatch, ImageRow, knobs_of
from tts_playground.samplers.image_paths import ImagePath
from tts_playground.samplers.image_tokens import ImageTokens
from tts_playground.typed import checked_text

if TYPE_CHECKING:
    from torch import Tensor

    from tts_playground.models.janus.model import ImagePrefix, Janus


class OpposedBatch(DecodeBatch):
    """A batch whose unconditional twins read another prompt: two plain batches over the same tokens, side by side."""

    def __init__(self, janus: Janus, prefix: ImagePrefix, negative: ImagePrefix, rows: Sequence[ImageRow]) -> None:
        alone = [replace(row, cfg=1.0) for row in rows]
        super().__init__(janus, prefix, alone)
        self.opposed = DecodeBatch(janus, negative, alone)
        self.opposed.tokens = self.tokens  # what one row draws, both read
        self.rows, self.knobs = list(rows), knobs_of(rows, janus.codes, janus.device)
        self.unguided = (self.knobs.cfg == 1)[:, None]

    def logits(self) -> tuple[Tensor, Tensor | None]:
        """Logits [N, V] behind the prompt and behind the negative prompt; those of an unguided image twice."""
        import torch

        self.opposed.at = self.at
        cond, against = super().logits()[0], self.opposed.logits()[0]
        return cond, torch.where(self.unguided, cond, against)

    def piece(self, number: int) -> Tensor:
        """Nothing: keys and values behind two prompts of two lengths make no one piece, so tokens are read again."""
        return self.cache[:, :, :1, :, :0]


@dataclass(frozen=True)
class NegativePrompt(ImageTokens):
    """Draws images for tasks that have a ``prompt``, away from ``negative``, as strongly as ``settings.cfg`` says.

    Raises:
        BadInput: the negative prompt is empty.
    """

    negative: str = ""
    """what the pictures should not show, in the model's own words"""

    def __post_init__(self) -> None:
        if not self.negative.strip():
            raise BadInput("The negative prompt is empty; say what the pictures should not show, or draw without one.")
        checked_text("The negative prompt", self.negative)

    def fingerprint(self) -> Mapping[str, Any]:
        """Everything that decides the distribution."""
        return {**super().fingerprint(), "sampler": "image-tokens-negative", "negative": self.negative}

    def _open(self, prefix: ImagePrefix, paths: Sequence[ImagePath]) -> DecodeBatch:
        rows = [replace(path.row(), cache=(), tokens=()) for path in paths]
        batch = OpposedBatch(self.janus, prefix, self.janus.prefix(self.negative), rows)
        if paths[0].tokens:
            batch.replay([path.tokens for path in paths])
        return batch
