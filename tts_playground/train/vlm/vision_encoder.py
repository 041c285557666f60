"""Teaches the eye of a small vision-language model before its mouth: every visual token says what stands there.

A label for each place says more about letters than an answer does, at about an eighth of the cost of a step with the
language model. The heads are thrown away; what they read stays linearly readable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tts_playground.train.common.data_workers import data_workers
from tts_playground.train.common.freeze_batchnorm import freeze_batchnorm, frozen
from tts_playground.train.common.loop import Moment, TrainPlan, TrainReport, fit, pick_device
from tts_playground.train.common.vision_targets import UNKNOWN, later
from tts_playground.train.vlm.architecture import pixels, visual_embeddings

ALONE = 0.4
"""part of the lesson in which a place is asked only for what stands in it"""
LOUDNESS = 3.0
"""length of a visual token after the lesson, in lengths of a word's embedding"""
NOTHING = 0.15
"""weight of class 0, "nothing", which most places are"""

Seen = Callable[[int], tuple[np.ndarray, np.ndarray]]
"""batch number -> pictures uint8 [n, side, side, 3] and classes int16 [n, places, columns]: ``UNKNOWN``, and
``later(class)`` where another place tells it"""
Classes = Sequence[int | Sequence[int]]
"""of each column: how many there are, or the tokens that name classes 1, 2, ..."""


class PatchReader(nn.Module):
    """A vision-language model's eye that names what it sees.

    Where classes are tokens, a visual token is compared with the mouth's own embeddings of them: what stands in a
    place then looks to the mouth like its name, so that finding a word in the picture needs no translation.
    """

    def __init__(self, model: Any, classes: Classes) -> None:
        super().__init__()
        self.model, self.classes = model, tuple(classes)
        free = [names if isinstance(names, int) else 1 for names in classes]
        self.head = nn.Linear(model.config.text_config.hidden_size, sum(free))
        self.free = tuple(free)

    def logits(self, images: torch.Tensor) -> list[torch.Tensor]:
        """[n, places, classes] of each column."""
        seen = visual_embeddings(self.model, pixels(images))
        level = functional.rms_norm(seen, seen.shape[-1:])
        words = self.model.get_input_embeddings().weight
        columns = []
        for names, own in zip(self.classes, self.head(seen).float().split(self.free, dim=-1), strict=True):
            tokens = [] if isinstance(names, int) else [(level @ words[list(names)].T).float()]
            columns.append(torch.cat([own, *tokens], dim=-1))
        return columns

    def loss(self, images: torch.Tensor, targets: torch.Tensor) -> dict[str, torch.Tensor]:
        """Mean cross-entropy over the columns, and the share of things named rightly in all that is known of them."""
        losses, right = [], torch.ones_like(targets[..., 0], dtype=torch.bool)
        for column, told in enumerate(self.logits(images)):
            aim = targets[..., column]
            weight = torch.ones(told.shape[-1], device=told.device)
            weight[0] = NOTHING
            if bool((aim >= 0).any()):
                losses.append(functional.cross_entropy(told.flatten(0, 1), aim.flatten(), weight, ignore_index=-1))
            right &= (aim < 0) | (told.argmax(-1) == aim)
        there = (targets > 0).any(-1)
        return {"loss": torch.stack(losses).mean(), "right": (right & there).sum() / there.sum().clamp(min=1)}


def teach_eye(model: Any, make: Seen, classes: Classes, *, plan: TrainPlan, workers: int) -> TrainReport:
    """Train the eye of ``model`` in place for the plan's minutes; its state is the plan's name with "-eye".

    What other places tell counts from ``ALONE`` on, and would only disturb before.
    """
    device = pick_device(plan.device)
    reader = PatchReader(model, classes).to(device)
    source: Any = None

    def loss(moment: Moment) -> dict[str, torch.Tensor]:
        nonlocal source
        if source is None:
            source = data_workers(make, moment.step, workers=workers, ahead=2)
        images, targets = (torch.from_numpy(part).to(device) for part in next(source))
        targets = targets.long()
        elsewhere = later(targets) if moment.fraction >= ALONE else torch.full_like(targets, UNKNOWN)
        return reader.loss(images, torch.where(targets < -1, elsewhere, targets))

    mouth = (p for name, p in model.named_parameters() if "language_model" in name or name.startswith("lm_head"))
    try:
        with frozen(mouth):
            report = fit(reader, loss, replace(plan, name=f"{plan.name}-eye"))
    finally:
        if source is not None:
            source.close()
    _as_loud_as_words(model, torch.from_numpy(make(0)[0]).to(device))
    return report


@torch.no_grad()
def _as_loud_as_words(model: Any, images: torch.Tensor) -> None:
    """Scale visual tokens to a few times the length of a word's: else what the mouth's layers add to them is lost."""
    with freeze_batchnorm(model):
        length = visual_embeddings(model, pixels(images)).norm(dim=-1).mean()
    factor = LOUDNESS * model.get_input_embeddings().weight.norm(dim=-1).mean() / length
    projector = model.model.multi_modal_projector.linear_2
    projector.weight.mul_(factor)
    projector.bias.mul_(factor)
