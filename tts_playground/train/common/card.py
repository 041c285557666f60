"""The model card that every trainer writes beside its checkpoint, with the numbers it has just measured."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch

from tts_playground import files
from tts_playground.errors import plural
from tts_playground.models.hub import cards
from tts_playground.train.common.config import TrainConfig
from tts_playground.train.common.loop import TrainReport

FOLDERS = ("vq", "init", "distil", "clip", "math", "from_search", "judge")
"""fields of an order that name another checkpoint"""
OWN = ("data_seed", "short", "careful", "noise", "lr")
"""settings of single trainers, which a command names where they are not as usual"""
STICKERS = " Compositions of stickers-eval never come up."


@dataclass(frozen=True)
class Facts:
    """What a card tells beyond the order."""

    name: str
    about: str
    data: str
    model: Any
    """the trained ``torch.nn.Module``, or a list of several"""
    report: TrainReport
    results: Mapping[str, cards.Result]
    """measured on data that training never saw; ``eval --card`` adds its own rows later"""
    before: TrainReport | None = None
    """of the lesson that came first, if there was one"""
    stickers: bool = True
    """whether it has seen sticker scenes"""
    command: str = ""
    """the command that made it; "" writes it from the order"""
    architecture: str = ""
    """in words; "" is the model's class"""
    lesson: str = "eye"
    """what alone learned ``before``"""


def hardware(device: torch.device | str) -> str:
    """The machine in words."""
    if torch.device(device).type == "cuda":
        return f"one {torch.cuda.get_device_name()}"
    return f"{plural(torch.get_num_threads(), 'thread')} of a CPU ({platform.machine()})"


def command_of(order: TrainConfig, name: str) -> str:
    """The command line that repeats ``order``; folders by their names, since where they stood does not matter."""
    words = [
        f"python -m tts_playground.train {name.replace(':', '-').removesuffix('2')}",
        f"--minutes {order.minutes:g}",
        *([] if order.steps is None else [f"--steps {order.steps}"]),
    ]
    words += [f"--{key.replace('_', '-')} {path.name}" for key in FOLDERS if (path := getattr(order, key)) is not None]
    if order.distil is not None:
        words.append(f"--strength {order.strength:g} --floor {order.floor:g}")
    words += [f"--{key}" for key in ("teach", "tinted", "preferences") if getattr(order, key)]
    if order.from_search is not None:
        words.append(f"--problems {order.problems} --search-tokens {order.search_tokens}")
    usual = {one.name: one.default for one in fields(TrainConfig)}
    changed = [key for key in OWN if getattr(order, key) != usual[key]]
    words += [f"--{key.replace('_', '-')} {getattr(order, key):g}" for key in changed]
    return " ".join([*words, f"--seed {order.seed}", f"--out {order.out.name}"])


def origins(order: TrainConfig) -> list[str]:
    """A line for each checkpoint that went into the order's: how it was made, as its own card tells, and from what."""
    lines = []
    for key, what in (
        ("vq", "Its VQ"),
        ("init", "Started from"),
        ("math", "Its solutions"),
        ("distil", "Its teacher"),
        ("from_search", "Searched by"),
    ):
        folder = getattr(order, key)
        if folder is None or not (folder / cards.CARD).exists():
            continue
        told = (folder / cards.CARD).read_text(encoding="utf-8")
        found = [re.search(pattern, told, re.MULTILINE) for pattern in (r"^- Command: (`.+`)", r"(Hardware: .+)$")]
        lines.append(f"- {what}: " + ". ".join(match[1] for match in found if match))
        if key == "init":
            before = re.findall(r"^- (?:Started from|Before that): (.+)$", told, re.MULTILINE)
            lines += [f"- Before that: {one}" for one in before]
    return lines


def _times(facts: Facts) -> str:
    told = [f"{one.seconds / 60:.1f} minutes, {one.steps} steps" for one in (facts.report, facts.before) if one]
    return told[0] if len(told) == 1 else f"{told[0]}, after {told[1]} of its {facts.lesson} alone"


def write_card(order: TrainConfig, facts: Facts) -> None:
    """Write ``README.md`` and ``results.json`` into the order's folder."""
    on_gpu = order.device.startswith("cuda") or (order.device == "auto" and torch.cuda.is_available())
    weights = sum(p.numel() for p in facts.model.parameters())
    architecture = facts.architecture or f"`{type(facts.model).__name__}`"
    lines = [
        f"# {facts.name}",
        "",
        facts.about,
        "",
        f"- Architecture: {architecture}, {weights / 1e6:.2f} M parameters, bfloat16 safetensors.",
        f"- Data: {facts.data}{STICKERS if facts.stickers else ''}",
        f"- Command: `{facts.command or command_of(order, facts.name)}`",
        f"- Seed: {order.seed}. Hardware: {hardware('cuda' if on_gpu else 'cpu')}. Time: {_times(facts)}.",
        *origins(order),
        f"- {'Sprites: Fluent Emoji (MIT). ' if facts.stickers else ''}This checkpoint: the licence of the project.",
        "",
    ]
    files.write_text(files.make_folder(order.out) / cards.CARD, "\n".join(lines), "The card")
    (order.out / cards.NUMBERS).unlink(missing_ok=True)  # of another training
    cards.record(order.out, facts.results)
