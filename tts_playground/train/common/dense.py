"""Every place of a picture names what covers it: the task that teaches a small detector its features."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

BOX = 5.0
"""weight of the L1 part of the boxes, as in DETR (Carion et al. 2020)"""


def corners(boxes: torch.Tensor) -> torch.Tensor:
    """(centre x, centre y, width, height) to (x0, y0, x1, y1), last axis."""
    centre, half = boxes[..., :2], boxes[..., 2:] / 2
    return torch.cat([centre - half, centre + half], dim=-1)


def owners(classes: torch.Tensor, boxes: torch.Tensor, side: int) -> torch.Tensor:
    """Which thing covers the centre of each place of a square grid.

    Args:
        classes: int64 [b, n], -1 for none; later things cover earlier ones.
        boxes: float [b, n, 4], centre form in [0, 1].
        side: places a side.

    Returns:
        int64 [b, side * side], row by row: the thing's number in [0, n), or -1 for none.
    """
    at = (torch.arange(side, device=boxes.device) + 0.5) / side
    centres = torch.stack(torch.meshgrid(at, at, indexing="xy"), dim=-1).view(1, -1, 1, 2)
    box = corners(boxes)[:, None]
    inside = ((centres > box[..., :2]) & (centres < box[..., 2:])).all(-1) & (classes >= 0)[:, None]
    return (inside * torch.arange(1, classes.shape[1] + 1, device=boxes.device)).amax(-1) - 1


def naming_loss(logits: torch.Tensor, classes: torch.Tensor, owner: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of logits [b, places, classes + 1], the last class being "nothing", against the owners' classes."""
    aim = torch.where(owner >= 0, classes.gather(1, owner.clamp(min=0)), logits.shape[-1] - 1)
    return functional.cross_entropy(logits.float().transpose(1, 2), aim)


def dense_loss(names: torch.Tensor, places: torch.Tensor, classes: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Every place says what covers its centre, and that thing's box: a second task that teaches the features early.

    A set loss alone has first to find out which query looks where, and learns little until then.

    Args:
        names: float [b, places, classes + 1] of a square grid row by row, the last class being "nothing".
        places: float [b, places, 4], centre form in [0, 1].
        classes: int64 [b, n], -1 for none; later things cover earlier ones.
        targets: float [b, n, 4], like ``places``.

    Returns:
        A scalar.
    """
    owner = owners(classes, targets, round(names.shape[1] ** 0.5))
    mine = targets.gather(1, owner.clamp(min=0)[..., None].expand(-1, -1, 4))
    there = owner >= 0
    far = ((places.float() - mine).abs().sum(-1) * there).sum() / there.sum().clamp(min=1)
    return naming_loss(names, classes, owner) + BOX * far


def boxes_in_parts(boxes: np.ndarray, size: int) -> torch.Tensor:
    """Corner boxes [..., 4] in pixels as DETR wants them: centre x, centre y, width, height in parts of the picture."""
    parts = torch.from_numpy(boxes) / size
    low, high = parts[..., :2], parts[..., 2:]
    return torch.cat([(low + high) / 2, high - low], dim=-1)
