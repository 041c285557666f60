"""Batches of drawings as renderers and hands make them: pictures of a whole table of programs at once, on any device.

Every shape is a signed distance in units (Quilez' circle and box), which union and difference keep exact near the
border. A hand's lines wander because each of its shapes looks up its distance beside the pixel, at a distance that is
smooth noise; a pen draws |distance| < half its width, and leaves gaps.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn import functional

from tts_playground import randomness
from tts_playground.dsl.exact import CANVAS
from tts_playground.worlds.programs import SIZE
from tts_playground.worlds.shape_tables import CIRCLE, DIFFERENCE, ShapeTable

UNIT = SIZE / CANVAS
"""pixels of a unit"""
HAND = 0.5
"""share of drawings that a hand has made; the others are a renderer's, as ``worlds.programs.picture`` draws them"""
OUTLINED = 0.4
"""share of a hand's drawings that are lines, not filled"""
WANDER = (0.04, 0.3)
"""units that a hand's lines stray, root mean square, from a steady to a shaky one"""
PENS = (0.12, 0.8)
"""width of a pen in units, thin to thick; what is filled has half a pen's width of border"""
GAP = 0.9
"""widest gap of a line, in units of bare paper"""
GRIDS = (5, 11)
"""control points of the wandering along a side: slow and quick"""
AT_ONCE = 1024
"""shapes whose distances are computed together"""


def draw(table: np.ndarray, device: torch.device, *names: int | str, hand: float = HAND) -> torch.Tensor:
    """Draw every program of a table (``worlds.shape_tables.table``).

    Args:
        names: of the stream of randomness, such as seed and step; the same ones draw the same on the same device.
        hand: share of drawings that a hand makes, 0-1.

    Returns:
        uint8 [n, 128, 128, 3], 0 is ink.
    """
    parts = ShapeTable.of(table)
    noise = randomness.generator(*names, "hand")
    dice = torch.Generator(device).manual_seed(int(noise.integers(2**62)))
    style = _styles(len(parts.results), noise, hand)
    distance = _joined(_distances(parts, style, dice, device), parts, device)
    results = torch.from_numpy(parts.results.astype(np.int64)).to(device)
    ink = _inked(distance[results], style, dice)
    return (255 * (1 - ink)).round().to(torch.uint8)[..., None].expand(-1, -1, -1, 3)


def _styles(n: int, noise: np.random.Generator, hand: float) -> dict[str, np.ndarray]:
    """How each of ``n`` drawings is made: float32 or bool arrays [n]."""
    by_hand = noise.random(n) < hand
    kind = noise.random(n)  # of a renderer: crisp, smooth, or with edges that are a pixel fat
    pen = _between(PENS, noise, n)
    lines = by_hand & (noise.random(n) < OUTLINED)
    fat = np.where(by_hand, np.where(lines, 0, pen / 2 * (noise.random(n) < 0.5)), (kind > 0.75) / 32)
    return {
        "by_hand": by_hand,
        "crisp": ~by_hand & (kind < 0.3),
        "lines": lines,
        "pen": pen.astype(np.float32),
        "fat": fat.astype(np.float32),
        "aside": np.where(~by_hand & (kind > 0.75), 1 / 32, 0).astype(np.float32),
        "wander": np.where(by_hand, _between(WANDER, noise, n), 0).astype(np.float32),
        "gap": np.where(lines & (noise.random(n) < 0.6), noise.uniform(0, GAP, n), -1).astype(np.float32),
    }


def _between(bounds: tuple[float, float], noise: np.random.Generator, n: int) -> np.ndarray:
    """``n`` numbers between two, evenly by their logarithms."""
    return np.exp(noise.uniform(math.log(bounds[0]), math.log(bounds[1]), n))


def _distances(
    parts: ShapeTable, style: dict[str, np.ndarray], dice: torch.Generator, device: torch.device
) -> torch.Tensor:
    """Signed distance to every primitive, in units, below 0 inside: float32 [primitives, 128, 128]."""
    numbers = torch.from_numpy(parts.shapes.astype(np.int64)).to(device)
    wander, aside = (torch.from_numpy(style[name]).to(device)[numbers[:, 1]] for name in ("wander", "aside"))
    grids = [torch.randn(len(numbers), 2, side, side, generator=dice, device=device) for side in GRIDS]
    strays = torch.randn(len(numbers), 5, generator=dice, device=device) * (wander[:, None] * 0.7)
    middle = (torch.arange(SIZE, device=device) + 0.5) / UNIT
    found = torch.empty(len(numbers), SIZE, SIZE, device=device)
    for start in range(0, len(numbers), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        slow, quick = (functional.interpolate(g[rows], SIZE, mode="bicubic", align_corners=True) for g in grids)
        shift = (slow + 0.5 * quick) * wander[rows, None, None, None]
        across = middle[None, None, :] + shift[:, 0] - aside[rows, None, None]
        up = CANVAS - middle[None, :, None] + shift[:, 1] + aside[rows, None, None]
        found[rows] = _signed(numbers[rows], strays[rows], across, up)
    return found


def _signed(numbers: torch.Tensor, strays: torch.Tensor, across: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
    """Distances at places to primitives whose place, sides and angle have strayed."""
    x, y, first, second, angle = (numbers[:, column, None, None].float() for column in range(2, 7))
    dx, dy, wide, high, turn = (strays[:, column, None, None] for column in range(5))
    across, up = across - (x + dx), up - (y + dy)
    disc = torch.hypot(across, up) - (first + 0.5 * wide).clamp(min=0.3)
    turned = angle * (math.pi / 180) + 0.25 * turn
    cos, sin = torch.cos(turned), torch.sin(turned)
    along = (across * cos + up * sin).abs() - ((first + 0.5 * wide) / 2).clamp(min=0.2)
    beside = (up * cos - across * sin).abs() - ((second + 0.5 * high) / 2).clamp(min=0.2)
    outside = torch.hypot(along.clamp(min=0), beside.clamp(min=0))
    box = outside + torch.maximum(along, beside).clamp(max=0)
    return torch.where(numbers[:, 0, None, None] == CIRCLE, disc, box)


def _joined(shapes: torch.Tensor, parts: ShapeTable, device: torch.device) -> torch.Tensor:
    """Distances of all pictures, those of the operators behind those of the primitives."""
    joins = parts.joins.astype(np.int64)
    found = torch.cat([shapes, shapes.new_empty(len(joins), SIZE, SIZE)])
    ends = np.flatnonzero(np.diff(joins[:, 3], append=-1)) + 1 if len(joins) else []
    start = 0
    for end in ends:
        wave = torch.from_numpy(joins[start:end]).to(device)
        left, right = found[wave[:, 1]], found[wave[:, 2]]
        cut = (wave[:, 0] == DIFFERENCE)[:, None, None]
        found[len(shapes) + start : len(shapes) + end] = torch.where(
            cut, torch.maximum(left, -right), torch.minimum(left, right)
        )
        start = int(end)
    return found


def _inked(distance: torch.Tensor, style: dict[str, np.ndarray], dice: torch.Generator) -> torch.Tensor:
    """How much of each pixel is ink, 0-1: float32 [n, 128, 128]."""
    given = {name: torch.from_numpy(one).to(distance.device)[:, None, None] for name, one in style.items()}
    lines = distance.abs() - given["pen"] / 2
    gap = _gaps(distance, given["pen"], given["gap"], dice)
    shown = torch.where(given["lines"], torch.maximum(lines, gap), distance - given["fat"])
    return torch.where(given["crisp"], (shown < 0).float(), (0.5 - shown * UNIT).clamp(0, 1))


def _gaps(distance: torch.Tensor, pen: torch.Tensor, gap: torch.Tensor, dice: torch.Generator) -> torch.Tensor:
    """Positive within a round gap around a random point of the line of each drawing that has one."""
    near = (distance.abs() < 0.1).float() + 1e-6
    wait = torch.empty_like(distance).exponential_(generator=dice)
    place = (near / wait).flatten(1).argmax(1)
    middle = (torch.arange(SIZE, device=distance.device) + 0.5) / UNIT
    row, column = place // SIZE, place % SIZE
    away = torch.hypot(middle[None, :, None] - middle[row][:, None, None], middle - middle[column][:, None, None])
    return torch.where(gap < 0, -torch.ones_like(away), (gap + pen) / 2 - away)
