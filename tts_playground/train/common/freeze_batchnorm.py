"""Keeping parts of a model as they are while the rest learns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def frozen(parameters: Iterable[nn.Parameter]) -> Iterator[None]:
    """Within it these parameters get no gradients."""
    kept = [parameter for parameter in parameters if parameter.requires_grad]
    for parameter in kept:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in kept:
            parameter.requires_grad_(True)


@contextmanager
def freeze_batchnorm(model: Any) -> Iterator[None]:
    """Batch norms keep the averages that they have: what a frozen eye sees must not drift with the training set."""
    norms = [module.eval() for module in model.modules() if isinstance(module, _BatchNorm)]
    for norm in norms:
        norm.train = lambda mode=True, norm=norm: norm
    try:
        yield
    finally:
        for norm in norms:
            del norm.train
