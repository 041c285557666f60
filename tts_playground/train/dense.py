"""Every place of a picture names what covers it: the task that teaches a small detector its features."""

from __future__ import annotations

import torch
from torch.nn import functional

BOX = 5.0
"""weight of the L1 part of the boxes, as in DETR (Carion et al. 2020)"""


def corners(boxes: torch.Tensor) -> torch.Tensor:
    """(centre x, centre y, width, height) to (x0, y0, x1, y1), last axis."""
    centre, half = boxes[..., :2], boxes[..., 2:] / 2
    return torch.cat([centre - half, centre + half], dim=-1)


def dense_loss(names: torch.Tensor, places: torch.Tensor, classes: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Every patch says what covers its centre, and that thing's box: a second task that teaches the features early.

    A set loss alone has first to find out which query looks where, and learns little until then.

    Args:
        names: float [b, patches, classes + 1], patches of a square grid row by row, the last class being "nothing".
        places: float [b, patches, 4], centre form in [0, 1].
        classes: int64 [b, n], -1 for none; later things cover earlier ones.
        targets: float [b, n, 4], like ``places``.

    Returns:
        A scalar.
    """
    side = round(names.shape[1] ** 0.5)
    at = (torch.arange(side, device=names.device) + 0.5) / side
    centres = torch.stack(torch.meshgrid(at, at, indexing="xy"), dim=-1).view(1, -1, 1, 2)
    box = corners(targets)[:, None]
    inside = ((centres > box[..., :2]) & (centres < box[..., 2:])).all(-1) & (classes >= 0)[:, None]
    last = (inside * torch.arange(1, classes.shape[1] + 1, device=names.device)).amax(-1)  # 0: nothing there
    owner = (last - 1).clamp(min=0)
    empty = names.shape[-1] - 1
    aim = torch.where(last > 0, classes.gather(1, owner), empty)
    named = functional.cross_entropy(names.float().transpose(1, 2), aim)
    mine = targets.gather(1, owner[..., None].expand(-1, -1, 4))
    far = ((places.float() - mine).abs().sum(-1) * (last > 0)).sum() / (last > 0).sum().clamp(min=1)
    return named + BOX * far
