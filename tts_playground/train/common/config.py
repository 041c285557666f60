"""What a person orders from ``train``, and the table of what can be ordered."""

from __future__ import annotations

import importlib
import time
from dataclasses import dataclass, replace
from pathlib import Path

from tts_playground.errors import BadInput, UnknownName

TRAINERS = {
    "tiny-vq": "tts_playground.train.janus.vq",
    "tiny-janus": "tts_playground.train.janus.trainer",
    "tiny-clip": "tts_playground.train.clip.trainer",
    "tiny-detector": "tts_playground.train.detector.trainer",
    "tiny-aesthetic": "tts_playground.train.clip.aesthetic",
    "tiny-vlm": "tts_playground.train.vlm.trainer",
    "tiny-sketch": "tts_playground.train.sketch.trainer",
    "tiny-math": "tts_playground.train.math.trainer",
    "tiny-prm": "tts_playground.train.math.prm",
    "tiny-flow": "tts_playground.train.flow.trainer",
}
"""name -> module with ``train(order: Order) -> Path``; imported only when ordered"""


@dataclass(frozen=True)
class TrainConfig:
    """One model to be trained. Trainers take what they need of it."""

    out: Path
    """folder that receives the checkpoint (``save_pretrained``), model card and sample sheet"""
    minutes: float = 30.0
    """wall-clock time for the whole of it, evaluation aside"""
    device: str = "auto"
    seed: int = 0
    resume: bool = False
    """go on from the state under ``TTS_PLAYGROUND_HOME/runs``"""
    steps: int | None = None
    """steps instead of minutes for each loop, exactly repeatable"""
    miniature: bool = False
    """a model of toy size, to see the script work"""
    vq: Path | None = None
    """folder of a trained tiny-vq, or of a whole tiny:janus; tiny-janus trains one first when it is not given"""
    init: Path | None = None
    """most models: folder of a checkpoint of the same shape to start from instead of random weights"""
    clip: Path | None = None
    """tiny-aesthetic: folder of the tiny:clip whose embeddings it reads; None is the one that ships"""
    workers: int | None = None
    """processes that draw scenes; None takes all cores but one"""
    run: str = ""
    """names the folder of state; "" is the model's name"""
    tinted: bool = False
    """tiny-janus, tiny-flow: scenes with more tinted things, alone and in pairs (``train.tinted``)"""
    distil: Path | None = None
    """tiny-janus: folder of the one whose softened distribution is learned (``train.softening``), not scenes"""
    teach: bool = False
    """of distilling: the teacher goes on learning from the scenes meanwhile"""
    strength: float = 0.3
    """of distilling: how far the conditional logits stand from the unconditional ones, in parts of the teacher's"""
    floor: float = 0.002
    """of distilling: part of the probability that goes to all codes alike"""
    math: Path | None = None
    """tiny-prm: folder of the tiny:math whose solutions it learns to judge; None is the one that ships"""
    data_seed: int = 0
    """tiny-prm: which problems, drawn solutions and spoilt ones; tiny:prm2 has other ones than tiny:prm"""
    short: float = 0.5
    """tiny-math: part of the solutions that join steps and calculate at once"""
    careful: float = 0.25
    """tiny-math: part of the solutions that write every calculation out"""
    noise: float = 0.03
    """tiny-math: part of the solutions with a wrong result"""
    reach: int = 3
    """tiny-math, tiny-prm: calculations that a short solution joins into one at most"""
    lower: Path | None = None
    """tiny-prm: folder of the tiny:math whose lower layers it starts from; None is the one that it judges"""
    lr: float | None = None
    """tiny-math, tiny-prm, tiny-flow: peak learning rate; None is the trainer's own"""
    from_search: Path | None = None
    """tiny-math: "tiny:math" or the folder of the one that searches, and learns from its own solved trees
    (``train.math.self_search``)"""
    judge: Path | None = None
    """of searching: folder of the process reward that guides; None is the one that ships"""
    problems: int = 1000
    """of searching: problems that are searched, 1 or more"""
    search_tokens: int = 2048
    """of searching: tokens for each problem, 1 or more"""
    preferences: bool = False
    """of searching: right solutions are also preferred to wrong ones of the same tree"""
    began: float | None = None
    """``time.monotonic()`` when the order was given, from which its minutes count; None is when its trainer is ready"""


def train(name: str, order: TrainConfig) -> Path:
    """Train the model called ``name``; returns the folder of its checkpoint.

    Raises:
        UnknownName: no such model.
        BadInput: minutes or steps that are not positive.
        Cancelled: stopped; resume goes on.
    """
    if name not in TRAINERS:
        raise UnknownName("model to train", name, TRAINERS)
    if not order.minutes > 0 or (order.steps is not None and order.steps < 1):
        raise BadInput("Training needs a positive number of --minutes (or --steps).")
    if order.problems < 1 or order.search_tokens < 1:
        raise BadInput("Searching needs a positive number of --problems and of --search-tokens.")
    if order.began is None:  # what a trainer imports takes seconds
        order = replace(order, began=time.monotonic())
    return importlib.import_module(_module(name, order)).train(order)


def _module(name: str, order: TrainConfig) -> str:
    if name == "tiny-janus" and order.distil is not None:
        return "tts_playground.train.janus.distil"
    if name == "tiny-math" and order.from_search is not None:
        return "tts_playground.train.math.self_search"
    return TRAINERS[name]
