"""The tokens of the sticker world: k-means over 8 x 8 pieces of pictures, before any network is trained.

A VQ that has to find its codes while it learns to draw needs hours on a CPU. Stickers stand on the grid of tokens, so
plain k-means over pixels finds codes that hold nearly everything; then encoder and decoder learn to read and to draw
given codes, which is ordinary supervised learning, and the language model can start on them at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch.nn import functional

from tts_playground import files
from tts_playground.errors import BadInput
from tts_playground.worlds.layout import STEP

DIMENSIONS = 3 * STEP * STEP
AT_ONCE = 8192


@dataclass(frozen=True, eq=False)
class PatchBook:
    """Codes as mean pieces of pictures, and a first guess of where they lie for the VQ."""

    centroids: torch.Tensor
    """float [codes, 192], pixels in [-1, 1], rows of a piece one after the other"""
    directions: torch.Tensor
    """float [codes, d] of unit length; codes that look alike are near each other"""

    def codes(self, images: np.ndarray) -> np.ndarray:
        """The nearest code of every piece of uint8 pictures [n, 64, 64, 3]: int16 [n, 64], row by row."""
        out = []
        for start in range(0, len(images), 128):
            flat = pieces(images[start : start + 128])
            out.append(nearest(flat, self.centroids).view(-1, (images.shape[1] // STEP) ** 2).to(torch.int16).numpy())
        return np.concatenate(out)

    def save(self, path: Path) -> None:
        """Write a safetensors file."""
        with files.whole(path, "The book of patches") as partial:
            save_file({"centroids": self.centroids.contiguous(), "directions": self.directions.contiguous()}, partial)

    @staticmethod
    def load(path: Path) -> PatchBook:
        """Read what ``save`` wrote.

        Raises:
            BadInput: the file is not that.
        """
        try:
            return PatchBook(**load_file(path))
        except (OSError, TypeError, SafetensorError) as error:
            raise BadInput(f"{path} is no book of patches as 'train tiny-vq' writes it.") from error


def pieces(images: np.ndarray) -> torch.Tensor:
    """8 x 8 pieces of uint8 pictures [n, h, w, 3], row by row: float [n * pieces, 192] in [-1, 1]."""
    n, high, wide, _ = images.shape
    cut = images.reshape(n, high // STEP, STEP, wide // STEP, STEP, 3).transpose(0, 1, 3, 2, 4, 5)
    return torch.from_numpy(np.ascontiguousarray(cut).reshape(-1, DIMENSIONS)).float() / 127.5 - 1


def nearest(flat: torch.Tensor, book: torch.Tensor) -> torch.Tensor:
    """Index [n] of the row of ``book`` [k, d] nearest to every row of ``flat`` [n, d]."""
    half = book.square().sum(1) / 2
    return torch.cat([(part @ book.T - half).argmax(1) for part in flat.split(AT_ONCE)])


def fit_book(images: np.ndarray, codes: int, dim: int, *, seed: int = 0, rounds: int = 20) -> PatchBook:
    """k-means with a k-means++ start (Arthur and Vassilvitskii 2007) over the distinct pieces of ``images``."""
    generator = torch.Generator().manual_seed(seed)
    n, high, wide, _ = images.shape
    cut = images.reshape(n, high // STEP, STEP, wide // STEP, STEP, 3).transpose(0, 1, 3, 2, 4, 5)
    distinct, counts = np.unique(np.ascontiguousarray(cut).reshape(-1, DIMENSIONS), axis=0, return_counts=True)
    flat = torch.from_numpy(distinct).float() / 127.5 - 1
    weight = torch.from_numpy(counts).float()
    book = _spread(flat, weight, codes, generator)
    for _ in range(rounds):
        mine = nearest(flat, book)
        total = torch.zeros(len(book)).index_add_(0, mine, weight)
        sums = torch.zeros_like(book).index_add_(0, mine, flat * weight[:, None])
        book = torch.where(total[:, None] > 0, sums / total.clamp(min=1)[:, None], book)
    return PatchBook(book, _directions(book, flat, dim))


def _spread(flat: torch.Tensor, weight: torch.Tensor, codes: int, generator: torch.Generator) -> torch.Tensor:
    book = flat[torch.multinomial(weight, 1, generator=generator)]
    far = (flat - book[0]).square().sum(1)
    for _ in range(codes - 1):
        new = flat[torch.multinomial(far * weight + 1e-9, 1, generator=generator)]
        book = torch.cat([book, new])
        far = torch.minimum(far, (flat - new).square().sum(1))
    return book


def _directions(book: torch.Tensor, flat: torch.Tensor, dim: int, steps: int = 150) -> torch.Tensor:
    """Points on a sphere: the main components of the codes, pushed apart so that an encoder can hit them."""
    middle = flat.mean(0)
    _, spread, axes = torch.linalg.svd(flat - middle, full_matrices=False)
    parts = (book - middle) @ axes[: dim - 1].T / spread[: dim - 1].sqrt()
    points = functional.normalize(torch.cat([parts, parts.norm(dim=1).median().expand(len(parts), 1)], 1), dim=1)
    for _ in range(steps):  # gradient descent on the sum of exp(8 cos) over pairs
        push = torch.exp(8 * (points @ points.T - 1)).fill_diagonal_(0) @ points
        points = functional.normalize(points - 0.02 * functional.normalize(push, dim=1), dim=1)
    return points
