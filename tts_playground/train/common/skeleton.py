"""What every trainer of an embedded model does around its lesson: settings from the order, the loop, the card.

A trainer is a function ``prepare(setup) -> Training``: it builds model, data and loss, and says how the checkpoint is
written and measured. ``carry_out`` does the rest, in the same order for all. Fine-tuning (``train.finetune``) is not
among them: its loop is trl's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from tts_playground.models.hub.cards import Result
from tts_playground.models.hub.locator import ready_folder
from tts_playground.train.common.card import Facts, write_card
from tts_playground.train.common.config import TrainConfig
from tts_playground.train.common.data_workers import default_workers
from tts_playground.train.common.loop import Loss, TrainPlan, TrainReport, fit, pick_device

Size = TypeVar("Size")


@dataclass(frozen=True)
class TrainSetup:
    """An order, and what it comes to on this machine."""

    order: TrainConfig
    device: torch.device
    began: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, order: TrainConfig) -> TrainSetup:
        """The order's device, with torch's own stream of random numbers at the order's seed.

        Raises:
            CannotDo: the device is not there.
            BadInput: it is none.
        """
        device = pick_device(order.device)
        setup = cls(order, device) if order.began is None else cls(order, device, order.began)
        torch.manual_seed(order.seed)
        return setup

    @property
    def on_gpu(self) -> bool:
        """Whether it trains on CUDA."""
        return self.device.type == "cuda"

    @property
    def workers(self) -> int:
        """Processes that make data; none for a miniature, which is done before they have started."""
        if self.order.miniature:
            return 0
        return default_workers() if self.order.workers is None else self.order.workers

    def sized(self, miniature: Size, gpu: Size, cpu: Size) -> Size:
        """The one of three that suits the order and the device."""
        return miniature if self.order.miniature else gpu if self.on_gpu else cpu

    def left(self, least: float) -> float:
        """Minutes of the order that are left now, ``least`` or more."""
        return max(least, self.order.minutes - (time.monotonic() - self.began) / 60)

    def plan(self, name: str, minutes: float, **settings: Any) -> TrainPlan:
        """The loop's settings: the trainer's own (``lr``, ``warmup``, ``ema`` ...), and those that the order gives."""
        order = self.order
        return TrainPlan(
            order.run or name,
            minutes=minutes,
            steps=order.steps,
            device=order.device,
            seed=order.seed,
            resume=order.resume,
            **settings,
        )

    def started(self, fresh: Any, kind: str) -> Any:
        """``fresh``, or in its place the float32 model in the order's ``init`` folder.

        Raises:
            ModelUnavailable: that folder holds no such model.
        """
        if self.order.init is None:
            return fresh
        folder = ready_folder(self.order.init, kind)
        return type(fresh).from_pretrained(folder, dtype=torch.float32, use_safetensors=True)

    def plain_attention(self, model: Any) -> None:
        """On a CPU, attention without fused kernels: their backward pass takes a third of a step there."""
        if self.device.type == "cpu":
            model.set_attn_implementation("eager")


@dataclass(frozen=True)
class CardText:
    """What the card says in words."""

    name: str
    about: str
    data: str
    stickers: bool = True
    """whether the model has seen sticker scenes"""
    architecture: str = ""
    """in words; "" is the model's class"""
    lesson: str = "eye"
    """what alone learned in the lesson that came first, if there was one"""


@dataclass(frozen=True)
class Training:
    """What a trainer gives: what learns, from what, and what becomes of it."""

    learner: nn.Module
    """everything with weights that the loop trains, heads that are thrown away included"""
    loss: Loss
    plan: TrainPlan
    finish: Callable[[], tuple[Any, Mapping[str, Result]]]
    """writes the checkpoint into the order's folder; gives the model of the card and what was measured on it"""
    card: CardText
    sheet: Callable[[], Any] | None = None
    """as in ``fit``"""
    before: TrainReport | None = None
    """of the lesson that came first, if there was one"""
    around: AbstractContextManager[Any] = field(default_factory=nullcontext)
    """entered for the loop and left however it ends"""


def carry_out(order: TrainConfig, prepare: Callable[[TrainSetup], Training]) -> Path:
    """Train, save and describe the model that ``prepare`` builds; returns its folder.

    Raises:
        Cancelled: stopped; resume goes on.
    """
    training = prepare(TrainSetup.of(order))
    with training.around:
        report = fit(training.learner, training.loss, training.plan, sheet=training.sheet)
    model, results = training.finish()
    told = training.card
    facts = Facts(
        told.name,
        told.about,
        told.data,
        model,
        report,
        results,
        training.before,
        told.stickers,
        architecture=told.architecture,
        lesson=told.lesson,
    )
    write_card(order, facts)
    return order.out
