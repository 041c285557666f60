# transformers' cache takes any keyword.
# pyright: reportUnknownMemberType=false
"""One decoding step of a language model over many rows: the interface, and the way that works for every model.

A *cache* is one tensor [layers, 2, R, kv_heads, length, head_dim] of keys and values that we own, so that rows can be
copied out, kept, forked and put back. A ``Session`` runs one position of all R rows and writes it into the cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from tts_playground.errors import ModelUnavailable
from tts_playground.models.decode.linear import RowRule

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import DynamicCache

    from tts_playground.models.decode.language_model import LanguageModel


class Session(Protocol):
    """A batch of rows being decoded in lock-step."""

    def forward(self, x: Tensor, place: int) -> Tensor:
        """Hidden states [R, hidden] after the final norm, for inputs [R, hidden] at position ``place`` of each row."""
        ...


class Steps(Protocol):
    """Decodes rows of one language model."""

    rule: RowRule
    layers: int
    kv_heads: int
    head_dim: int

    def own(self, cache: Tensor) -> Tensor:
        """A cache that ``prefill`` made, as this kind of steps keeps it."""
        ...

    def session(self, cache: Tensor, filled: int) -> Session:
        """Go on from a cache whose first ``filled`` positions are set."""
        ...


def prefill(language_model: LanguageModel, embeds: Tensor) -> tuple[Tensor, Tensor]:
    """Run prompts [B, P, hidden] through the model's own forward.

    Returns:
        The last hidden state [B, hidden] after the final norm, and a cache [layers, 2, B, kv_heads, P, head_dim].
    """
    import torch
    from transformers import DynamicCache

    cache = DynamicCache(config=language_model.config)
    out = language_model(inputs_embeds=embeds, past_key_values=cache, use_cache=True)
    device = embeds.device
    pairs = [torch.stack((keys.to(device), values.to(device))) for keys, values in _layers(cache)]
    return out.last_hidden_state[:, -1], torch.stack(pairs)


def _layers(cache: DynamicCache) -> Iterator[tuple[Tensor, Tensor]]:
    """Keys and values of each layer of a transformers cache that has been fed.

    Raises:
        ModelUnavailable: a layer keeps none, as those of linear attention.
    """
    from transformers.cache_utils import CacheLayerMixin

    for layer in cache.layers:
        if not isinstance(layer, CacheLayerMixin) or layer.keys is None or layer.values is None:
            raise ModelUnavailable("This model's layers keep no keys and values; use one with ordinary attention.")
        yield layer.keys, layer.values


class ModuleSteps:
    """Steps through the model's own forward: quantised, hooked, split over devices, or no plain Llama at all."""

    def __init__(self, language_model: LanguageModel) -> None:
        config = language_model.config
        self.model = language_model
        self.rule = RowRule()
        self.layers = config.num_hidden_layers
        self.kv_heads = config.num_key_value_heads
        self.head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads

    def own(self, cache: Tensor) -> Tensor:
        """The cache unchanged."""
        return cache

    def session(self, cache: Tensor, filled: int) -> Session:
        """Copy the filled part into a cache of transformers' own."""
        return _ModuleSession(self.model, cache, filled)


class _ModuleSession:
    def __init__(self, model: LanguageModel, cache: Tensor, filled: int) -> None:
        from transformers import DynamicCache

        self.model, self.cache = model, cache
        self.theirs = DynamicCache(config=model.config)
        for number, layer in enumerate(model.layers):
            device = next(layer.parameters()).device
            keys, values = cache[number, :, :, :, :filled].to(device)
            self.theirs.update(keys.clone(), values.clone(), number)

    def forward(self, x: Tensor, place: int) -> Tensor:
        """One position by the model's forward; its new keys and values are copied into our cache."""
        out = self.model(inputs_embeds=x[:, None], past_key_values=self.theirs, use_cache=True)
        for number, (keys, values) in enumerate(_layers(self.theirs)):
            self.cache[number, 0, :, :, place] = keys[:, :, -1].to(self.cache.device)
            self.cache[number, 1, :, :, place] = values[:, :, -1].to(self.cache.device)
        return out.last_hidden_state[:, -1].to(x.device)
