"""From a model's name and rows to a saved adapter; and expert iteration: learn from one's own best programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts_playground import files
from tts_playground.dsl.raster import render
from tts_playground.errors import BadInput, CannotDo
from tts_playground.models import adapters, finetune_loading
from tts_playground.models.adapters import FACTS, MARK, Adapter, check_name
from tts_playground.rewards.iou import IoUReward
from tts_playground.samplers.programs import ProgramSampler
from tts_playground.tasks.sketch import SketchTask
from tts_playground.train.finetune.held_out import change, losses_of
from tts_playground.train.finetune.trainer import Tuned, Tuning, Watch, finetune


def reserve(name: str) -> Path:
    """The folder that an adapter will be saved in.

    Raises:
        BadInput: the name is none, or taken: an adapter is never overwritten.
    """
    folder = adapters.root() / check_name(name)
    if folder.exists():
        raise BadInput(f"There is an adapter {name!r} already in {folder}; choose another name.")
    return folder


def free_name(stem: str) -> str:
    """``stem``, or ``stem-2`` and so on where it is taken."""
    taken = {folder.name for folder in adapters.root().glob("*")}
    names = (stem if number == 1 else f"{stem}-{number}" for number in range(1, 100_000))
    return check_name(next(name for name in names if name not in taken))


def save(tuned: Tuned, name: str, base: str, note: str = "", **more: Any) -> Adapter:
    """Write an adapter with its facts and ``more`` of them; it appears whole or not at all."""
    folder = reserve(name)
    facts = {"base": base, "note": note, **tuned.facts(), **more}
    with files.filling(folder, "The adapter", fresh=True) as partial:
        tuned.model.save_pretrained(str(partial))
        (partial / FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return Adapter(name, folder, facts)


def adapt(
    base: str,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    tuning: Tuning | None = None,
    *,
    backend: str = "auto",
    note: str = "",
    watch: Watch | None = None,
    held: Sequence[Mapping[str, Any]] = (),
) -> Adapter:
    """Fine-tune the model called ``base`` on rows (program, image) and save the adapter as ``name``.

    Args:
        held: rows that are not learnt; their loss before and after, and the interval of its change, are the adapter's
            fact "held_out".

    Raises:
        BadInput: the name is taken, the base is an adapter itself, or there are no rows.
        ModelUnavailable: the model or a package is missing.
    """
    if base.startswith(MARK):
        raise BadInput("An adapter is trained on a plain model; give the adapter's base instead.")
    reserve(name)
    opened = finetune_loading.open_model(base, backend)
    before = losses_of(opened.model, opened.processor, held)
    tuned = finetune(opened.model, opened.processor, rows, tuning, watch)
    if not held:
        return save(tuned, name, base, note)
    after = losses_of(tuned.model, opened.processor, held)
    return save(tuned, name, base, note, held_out=change(before, after))


@dataclass(frozen=True, slots=True)
class Expert:
    """One round of expert iteration."""

    adapter: Adapter
    number: int
    drawings: int
    kept: int
    """drawings with a program good enough to learn from"""
    mean_best: float
    """mean over drawings of the best IoU among the samples, 0-1"""


def expert_iteration(
    base: str,
    name: str,
    images: Sequence[Any],
    *,
    rounds: int = 2,
    samples: int = 16,
    enough: float = 0.9,
    tuning: Tuning | None = None,
    seed: int = 0,
) -> Iterator[Expert]:
    """Draw programs for drawings without answers, keep each drawing's best if good enough, train on them, repeat.

    Anthony et al. 2017 (arXiv:1705.08439), with IoU as the judge. Every round trains fresh adapters on the base from
    the best programs of all rounds so far; the adapters are ``name-1``, ``name-2``, ...

    Args:
        images: training drawings (pictures or ``SketchTask``s); their programs are never looked at.
        enough: least IoU of a program to learn from, 0-1.

    Raises:
        BadInput: nothing to do. CannotDo: no sample of a round is good enough.
    """
    if not images or rounds < 1 or samples < 1 or not 0 <= enough <= 1:
        raise BadInput("Expert iteration needs drawings, at least one round and sample, and enough within 0-1.")
    for number in range(1, rounds + 1):
        reserve(f"{name}-{number}")
    tasks = [SketchTask.of(image) for image in images]
    best: dict[int, tuple[float, str]] = {}
    policy = base
    for number in range(1, rounds + 1):
        sampler = ProgramSampler(model=policy)
        for place, task in enumerate(tasks):
            drawn = list(sampler.draw(task, range(samples), seed=seed + number))
            found = zip(IoUReward().score(task, drawn), (str(sample.content) for sample in drawn), strict=True)
            best[place] = max([*found, best.get(place, (-1.0, ""))])
        good = [(place, text) for place, (score, text) in best.items() if score >= enough and text]
        if not good:
            top = max(score for score, _ in best.values())
            raise CannotDo(f"No program of round {number} reaches IoU {enough:g} (the best has {top:.3f}); lower it.")
        rows = [{"program": text, "image": render(text)} for _, text in good]
        adapter = adapt(base, f"{name}-{number}", rows, tuning, note=f"expert iteration, round {number}")
        policy = MARK + adapter.name
        mean = sum(score for score, _ in best.values()) / len(tasks)
        yield Expert(adapter, number, len(tasks), len(good), mean)
