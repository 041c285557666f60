"""How different the images of one prompt are: measures of a set, not rewards of a sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tts_playground.core import Sample
from tts_playground.errors import BadInput


def pairwise_distance(embeddings: np.ndarray) -> float:
    """Mean of ``1 - cosine`` over all pairs of unit embeddings [n, d]; 0 when all are equal.

    Raises:
        BadInput: fewer than two.
    """
    n = len(embeddings)
    if n < 2:
        raise BadInput("Diversity needs at least two images.")
    total = embeddings.astype(np.float64).sum(0)
    # The sum of all cosines is |sum e|^2; the n on the diagonal are each image with itself.
    cosines = (total @ total - (embeddings.astype(np.float64) ** 2).sum()) / (n * (n - 1))
    return float(max(0.0, 1.0 - cosines))


def token_entropy(samples: Sequence[Sample]) -> float:
    """Mean entropy, in nats, of the distributions that the image tokens were drawn from; 0 is deterministic.

    Raises:
        BadInput: samples without ``info["entropies"]``, or none.
    """
    values = [value for sample in samples for value in sample.info.get("entropies", ())]
    if not values:
        raise BadInput("These samples carry no entropies; draw them with an image sampler.")
    return float(np.mean(values))


def distinct_tokens(samples: Sequence[Sample]) -> float:
    """Mean over positions of (different tokens seen) / (samples): 1/n when all images agree, 1 when none do."""
    table = [sample.info["tokens"] for sample in samples]
    return float(np.mean([len(set(column)) / len(table) for column in zip(*table, strict=True)]))
