"""Test-time scaling against training: pass@k of a base model and of what was tuned from it, on one figure.

Yue et al. 2025 (arXiv:2504.13837) find that tuning wins at k = 1 while the base catches up as k grows. A pool is
``samples`` programs for each of ``drawings`` held-out drawings; a program passes if its IoU reaches a threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tts_playground import files, home
from tts_playground.errors import BadInput, CannotDo
from tts_playground.estimators.curves import Curve, curve, expected_best, grid
from tts_playground.estimators.intervals import Interval, paired
from tts_playground.evaluation import metrics
from tts_playground.rewards.iou import IoUReward
from tts_playground.samplers.programs import ProgramSampler
from tts_playground.tasks.sketch import SketchTask
from tts_playground.worlds import heldout

THRESHOLD = 0.95
MOST = 256
"""largest k: half of the samples, beyond which the estimate leans on few"""
SHIPPED = home.STARTERS / "curves" / "pass-at-k.parquet"
"""the pools that ship, where there are some"""


@dataclass(frozen=True, eq=False)
class Pools:
    """IoU of every sample: one matrix a model."""

    ious: Mapping[str, NDArray[np.float32]]
    """model -> [drawings, samples], each 0-1"""


def draw(
    models: Sequence[str],
    *,
    drawings: int = 100,
    samples: int = 512,
    seed: int = 0,
    watch: Callable[[str, int], Any] | None = None,
) -> Pools:
    """Draw and score the pools of several models; ``watch`` hears (model, drawings done).

    Raises:
        BadInput: no models, no drawings or under two samples.
    """
    if not models or drawings < 1 or samples < 2:
        raise BadInput("pass@k needs a model, a drawing and at least two samples.")
    tasks = [SketchTask.of(row["image"], outline="keep") for row in heldout.targets(drawings)]
    found = {}
    for model in models:
        rows = []
        for number, task in enumerate(tasks, start=1):
            drawn = list(ProgramSampler(model).draw(task, range(samples), seed=seed))
            rows.append(IoUReward().score(task, drawn))
            if watch is not None:
                watch(model, number)
        found[model] = np.array(rows, dtype=np.float32)
    return Pools(found)


def write(pools: Pools, file: Path) -> Path:
    """Keep pools as parquet: columns model, drawing, iou (a list)."""
    import pyarrow
    from pyarrow import parquet

    rows = [(model, place, row) for model, matrix in pools.ious.items() for place, row in enumerate(matrix)]
    columns = {
        "model": [model for model, _, _ in rows],
        "drawing": [place for _, place, _ in rows],
        "iou": [values.tolist() for _, _, values in rows],
    }
    kinds = {"model": pyarrow.string(), "drawing": pyarrow.int32(), "iou": pyarrow.list_(pyarrow.float32())}
    files.make_folder(file.parent)
    with files.whole(file, "The pools") as partial:
        parquet.write_table(pyarrow.table(columns, schema=pyarrow.schema(kinds)), partial, compression="zstd")
    return file


def read(file: Path = SHIPPED) -> Pools:
    """Pools from a file.

    Raises:
        CannotDo: there is no such file.
    """
    from pyarrow import parquet

    if not file.is_file():
        raise CannotDo(f"There are no pass@k pools in {file}; 'eval pass-at-k' draws them.")
    table = parquet.read_table(file).to_pydict()
    rows: dict[str, list[list[float]]] = {}
    for model, values in zip(table["model"], table["iou"], strict=True):
        rows.setdefault(model, []).append(values)
    return Pools({model: np.array(matrix, dtype=np.float32) for model, matrix in rows.items()})


def curves(pools: Pools, threshold: float = THRESHOLD, most: int = MOST) -> list[Curve]:
    """pass@k of every model, exact from its pool (Chen et al. 2021), with 95 % bands over drawings and samples."""
    found = []
    for model, matrix in pools.ious.items():
        passed = (matrix >= threshold).astype(np.float64)
        ns = grid(min(most, passed.shape[1]), 24)
        measure = f"pass@k (IoU >= {threshold:g})"
        found.append(curve(list(passed), ns=ns, label=model, measure=measure))
    return found


def meeting(base: Curve, tuned: Curve) -> int | None:
    """The first k at which the base is as good as the tuned model; None if it never is, or if tuning never wins."""
    ahead = tuned.mean > base.mean
    if not ahead.any():
        return None
    behind = np.flatnonzero(~ahead & (np.arange(len(ahead)) > np.argmax(ahead)))
    return int(base.n[behind[0]]) if len(behind) else None


def verdict(lines: Sequence[Curve], pools: Pools | None = None, threshold: float = THRESHOLD) -> list[str]:
    """In words, each tuned model against the first: at k = 1, at the largest k, and where the curves meet.

    Differences come with their 95 % intervals, paired over drawings, where the ``pools`` are given.
    """
    if not lines:
        return []
    base, *others = lines
    last, words = int(base.n[-1]), []
    for line in others:
        meet = meeting(base, line)
        where = f"the curves meet at k = {meet}" if meet else "the curves do not meet"
        told, plain = [], []
        for place, k in ((0, 1), (-1, last)):
            sure = ""
            if pools is not None:
                ours, peer = (expected_best(pools.ious[one.label] >= threshold, [k])[:, 0] for one in (line, base))
                gain = paired(ours, peer)
                sure = f" (95 %: {gain.words('+.3f')})"
                plain.append(_plain(gain, k))
            told.append(f"{float(line.mean[place] - base.mean[place]):+.3f}{sure} at k = {k}")
        first = f"{line.label}: {', '.join(plain)}. Against" if plain else f"{line.label} against"
        words.append(f"{first} {base.label}: {', '.join(told)}; {where}.")
    return [one[0].upper() + one[1:] for one in words]


def _plain(gain: Interval, k: int) -> str:
    """Whether training helped with k programs, in words."""
    clear = gain.low is not None and gain.high is not None and (gain.low > 0 or gain.high < 0)
    how = ("better" if gain.value > 0 else "worse") if clear else "no clear difference"
    return f"{how} with {'one program' if k == 1 else f'{k} programs'}"


def figure(lines: Iterable[Curve]) -> Any:
    """All models on one figure."""
    from tts_playground.figures import best_of_n

    return best_of_n(*lines, title="Test-time scaling against training")


def run(
    model: str = "tiny:sketch", *, drawings: int = 100, samples: int = 512, seed: int = 0, out: Path | None = None
) -> dict[str, Any]:
    """``eval pass-at-k``: a base model and every adapter that was trained on it; the pools are kept as parquet."""
    from tts_playground.models.adapters import MARK, listed

    names = [model, *(MARK + one.name for one in listed() if one.base == model)]
    pools = draw(names, drawings=drawings, samples=samples, seed=seed)
    file = write(pools, out or home.folder("pass-at-k") / "pools.parquet")
    measured = {}
    for name, matrix in pools.ious.items():
        passed = matrix >= THRESHOLD
        measured[f"{name} pass@1"] = metrics.share(passed.mean(1))
        measured[f"{name} pass@{samples}"] = metrics.share(passed.any(1))
    return {"name": "pass-at-k", "metrics": measured, "notes": [*verdict(curves(pools), pools), f"Pools: {file}"]}
