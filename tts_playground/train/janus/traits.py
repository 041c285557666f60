"""What the codes of the sticker world show (outline, colour, ground), so that a language model can put them together.

A code is one row of the language model's head, and rows are learned apart: that a purple car is a car in purple is
then nowhere written, and combinations that training never showed come out as blobs. Here the head's rows are the sum
of their own weights and of a shared linear function of what the code shows; after training the sum is what is saved.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize

from tts_playground.train.janus.patches import PatchBook
from tts_playground.worlds.layout import STEP
from tts_playground.worlds.vocabulary import BACKGROUNDS, SIZE, TINTS

GROUND = 30.0
"""RGB distance up to which a pixel of a code counts as background"""
SHADES = (0.55, 0.75, 1.0)
COARSE = 2
"""pixels a side over which outline and brightness are averaged"""
COMPONENTS = 24
"""main components of the raw pixels, beside what has a name"""
NORM = 3.0
"""mean length of a code's traits: how much faster what is shared is learned than what is a code's own"""


def traits(centroids: torch.Tensor) -> torch.Tensor:
    """Numbers that say what codes show: float [codes, d], each column of mean 0, from mean pieces [codes, 192]."""
    rgb = ((centroids + 1) * 127.5).view(-1, STEP * STEP, 3)
    grounds = torch.tensor(list(BACKGROUNDS.values()), dtype=torch.float32)
    near = (rgb[:, :, None] - grounds).norm(dim=-1) < GROUND
    share = near.float().mean(1)
    most, which = share.max(1)
    ground = torch.nn.functional.one_hot(which, len(grounds)) * (most > 0.05)[:, None]
    front = 1 - (near * ground[:, None].bool()).any(-1).float()
    amount = front.sum(1, keepdim=True).clamp(min=1)
    color = (rgb * front[..., None]).sum(1) / amount
    bright = rgb.mean(-1) / 255
    mean_bright = ((bright * front).sum(1, keepdim=True) / amount).clamp(min=0.05)
    shades = torch.tensor([[part * s for part in rgb] for rgb in TINTS.values() for s in SHADES])
    tint = torch.softmax(-torch.cdist(rgb, shades) / 20, dim=-1).unflatten(-1, (len(TINTS), len(SHADES))).sum(-1)
    votes = (tint * front[..., None]).sum(1) / amount
    parts = torch.pca_lowrank(centroids, q=min(COMPONENTS, *centroids.shape))[0]
    named = [ground.float(), share.sum(1, keepdim=True), _coarse(front), _coarse(front * bright / mean_bright)]
    table = torch.cat([*named, color / 255, votes, parts], 1)
    table = table - table.mean(0)
    table = table[:, table.std(0) > 1e-6]
    table = table / table.std(0)
    return table * (NORM / table.norm(dim=1).mean())


def _coarse(pixels: torch.Tensor) -> torch.Tensor:
    pooled = nn.functional.avg_pool2d(pixels.view(-1, 1, STEP, STEP), COARSE)
    return pooled.flatten(1)


def ground_codes(book: PatchBook) -> torch.Tensor:
    """The codes of the empty backgrounds, int64 [backgrounds]."""
    plain = np.empty((len(BACKGROUNDS), SIZE, SIZE, 3), dtype=np.uint8)
    plain[:] = np.array(list(BACKGROUNDS.values()), dtype=np.uint8)[:, None, None]
    return torch.from_numpy(book.codes(plain)[:, 0]).long()


class SharedRows(nn.Module):
    """A parametrization: rows [codes, width] as their own weights plus ``traits @ shared``."""

    table: torch.Tensor

    def __init__(self, table: torch.Tensor, width: int) -> None:
        super().__init__()
        self.register_buffer("table", table)
        self.shared = nn.Parameter(torch.zeros(table.shape[1], width))

    def forward(self, own: torch.Tensor) -> torch.Tensor:
        """The rows that the head uses."""
        return own + self.table @ self.shared


def share_rows(head: Any, table: torch.Tensor) -> None:
    """Let the rows of a linear ``head`` share what its codes have in common; what it computes stays the same.

    As much as can be of what it knows already goes to the shared part, by least squares.
    """
    rows = SharedRows(table, head.weight.shape[1])
    with torch.no_grad():
        rows.shared.copy_(torch.linalg.lstsq(table, head.weight).solution)
        head.weight.sub_(table @ rows.shared)
    parametrize.register_parametrization(head, "weight", rows)


def own_rows(head: Any) -> None:
    """Undo ``share_rows``: the head is an ordinary linear layer again, and computes the same."""
    parametrize.remove_parametrizations(head, "weight", leave_parametrized=True)
