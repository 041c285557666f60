"""Set prediction for small sets: exact matching by enumeration on the device, and the DETR loss on it.

Carion et al. 2020. With at most four objects and eight queries there are 1680 ways to assign them: trying all of them
in one gather is faster than a Hungarian solver a picture on the CPU, and as exact.
"""

from __future__ import annotations

from functools import cache
from itertools import permutations

import torch
from torch.nn import functional

BOX, GIOU = 5.0, 2.0
"""weights of the L1 and the generalised-IoU part, as in DETR"""


@cache
def _ways(queries: int, targets: int, device: torch.device) -> torch.Tensor:
    """int64 [ways, targets]: every choice of distinct queries for the targets."""
    return torch.tensor(list(permutations(range(queries), targets)), device=device)


def corners(boxes: torch.Tensor) -> torch.Tensor:
    """(centre x, centre y, width, height) to (x0, y0, x1, y1), last axis."""
    centre, half = boxes[..., :2], boxes[..., 2:] / 2
    return torch.cat([centre - half, centre + half], dim=-1)


def generalized_iou(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Generalised IoU in [-1, 1] of corner boxes that broadcast against each other (Rezatofighi et al. 2019)."""

    def area(boxes: torch.Tensor) -> torch.Tensor:
        return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)

    inner = torch.cat([torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])], dim=-1)
    outer = torch.cat([torch.minimum(a[..., :2], b[..., :2]), torch.maximum(a[..., 2:], b[..., 2:])], dim=-1)
    union = area(a) + area(b) - area(inner)
    hull = area(outer).clamp(min=1e-6)
    return area(inner) / union.clamp(min=1e-6) - (hull - union) / hull


def dense_loss(
    names: torch.Tensor, places: torch.Tensor, classes: torch.Tensor, targets: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Every patch says what covers its centre, and that thing's box: a second task that teaches the features early.

    A set loss alone has first to find out which query looks where, and learns little until then.

    Args:
        names: float [b, patches, classes + 1], patches of a square grid row by row, the last class being "nothing".
        places: float [b, patches, 4], centre form in [0, 1].
        classes: int64 [b, n], -1 for none; later things cover earlier ones.
        targets: float [b, n, 4], like ``places``.

    Returns:
        "dense", a scalar.
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
    return {"dense": named + BOX * far}


@torch.no_grad()
def match(logits: torch.Tensor, boxes: torch.Tensor, classes: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The cheapest assignment of queries to targets.

    Args:
        logits: float [b, queries, classes + 1], the last class being "nothing".
        boxes: float [b, queries, 4], centre form in [0, 1].
        classes: int64 [b, n], -1 where there are fewer than ``n`` targets (they come last).
        targets: float [b, n, 4], like ``boxes``.

    Returns:
        int64 [b, n]: the query of each target; of those that are not there, a query that nobody else got.
    """
    b, n = classes.shape
    chance = logits.softmax(-1).gather(2, classes.clamp(min=0)[:, None].expand(b, logits.shape[1], n))
    far = (boxes[:, :, None] - targets[:, None]).abs().sum(-1)
    apart = -generalized_iou(corners(boxes)[:, :, None], corners(targets)[:, None])
    cost = (BOX * far + GIOU * apart - chance) * (classes >= 0)[:, None]
    ways = _ways(logits.shape[1], n, logits.device)
    each = cost.transpose(1, 2)  # [b, n, queries]
    total = sum(each[:, place][:, ways[:, place]] for place in range(n))
    return ways[total.argmin(1)]  # type: ignore[union-attr]


def set_loss(
    logits: torch.Tensor, boxes: torch.Tensor, classes: torch.Tensor, targets: torch.Tensor, nothing: float = 0.25
) -> dict[str, torch.Tensor]:
    """The DETR loss of a batch; arguments as in ``match``, ``nothing`` being the weight of the empty class.

    Returns:
        "loss" and its parts "class", "box" (L1) and "giou", means over targets.
    """
    logits, boxes = logits.float(), boxes.float()
    queries = match(logits, boxes, classes, targets)
    there = classes >= 0
    empty = logits.shape[-1] - 1
    aim = torch.full(logits.shape[:2], empty, device=logits.device)
    aim = aim.scatter(1, queries, torch.where(there, classes, empty))
    weight = torch.ones(empty + 1, device=logits.device)
    weight[empty] = nothing
    named = functional.cross_entropy(logits.transpose(1, 2), aim, weight=weight)
    mine = boxes.gather(1, queries[..., None].expand(-1, -1, 4))
    number = there.sum().clamp(min=1)
    far = ((mine - targets).abs().sum(-1) * there).sum() / number
    apart = ((1 - generalized_iou(corners(mine), corners(targets))) * there).sum() / number
    return {"loss": named + BOX * far + GIOU * apart, "class": named, "box": far, "giou": apart}
