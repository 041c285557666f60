"""The whole audit in one command: four runs as processes of their own, each on a GPU of its own where there are some.

The proof of concept made four runs on four GPUs, of choice alone and of choice with colour; here each is run with drawn
replies, as its CSV files counted them, and with exact probabilities, which need no N.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

from tts_playground import jsontext
from tts_playground.errors import CannotDo, shown
from tts_playground.home import PACKAGE

RUNS = (("choice", "sampled"), ("color", "sampled"), ("choice", "exact"), ("color", "exact"))
"""(task, protocol)"""


def run(
    words: Mapping[str, Any], gpus: int | None = None, *, say: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """Run them all and return the summary of each, with its files.

    Args:
        words: options of ``audit run`` and their values; None and False are left out.
        gpus: runs at a time; None is as many as there are GPUs, one without any.
        say: told when a run ends.

    Raises:
        CannotDo: one of them failed; the others are finished and stay.
    """
    there = _gpus()
    at_once = min(len(RUNS), gpus or max(1, there))
    free: SimpleQueue[int] = SimpleQueue()
    for number in range(at_once):
        free.put(number)

    def one(task: str, protocol: str) -> dict[str, Any]:
        number = free.get()
        try:
            return _one(words, task, protocol, None if not there else number % there)
        finally:
            free.put(number)
            say(f"{task}, {protocol}: ended")

    with ThreadPoolExecutor(at_once) as pool:
        runs = list(pool.map(lambda pair: one(*pair), RUNS))
    failed = [run for run in runs if "error" in run]
    if failed:
        what = "; ".join(f"{run['run']}: {run['error'].rstrip('.')}" for run in failed)
        raise CannotDo(f"{len(failed)} of {len(RUNS)} runs failed ({what}).")
    return {"runs": runs}


def _one(words: Mapping[str, Any], task: str, protocol: str, gpu: int | None) -> dict[str, Any]:
    asked = [f"--{name}={value}" for name, value in words.items() if value is not None and value is not False]
    asked = [word if not word.endswith("=True") else word.removesuffix("=True") for word in asked]
    verb = ["-m", "tts_playground", "audit", "run", f"--task={task}", f"--protocol={protocol}"]
    paths = os.pathsep.join(filter(None, [str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")]))
    own = {"PYTHONPATH": paths} | ({} if gpu is None else {"CUDA_VISIBLE_DEVICES": _name(gpu)})
    done = subprocess.run(
        [sys.executable, *verb, *asked, "--json"], env=os.environ | own, capture_output=True, text=True, check=False
    )
    name = f"{task}, {protocol}"
    try:
        found = jsontext.loads_object(done.stdout, "The answer of a run")
    except ValueError:
        return {"run": name, "error": shown(done.stderr[-300:] or f"it ended with {done.returncode}", 300)}
    if "error" in found:
        return {"run": name, "error": str(found["error"])}
    fields = ("reject_rate_chi2", "mean_cramers_v", "mean_p_special", "mean_joint_accuracy_valid")
    numbers = {field: found[field] for field in fields if found.get(field) is not None}
    return {
        "run": name,
        "summary": found["files"]["summary"],
        "files": found["files"],
        "verdict": found["verdict"],
    } | numbers


def _name(gpu: int) -> str:
    """What CUDA_VISIBLE_DEVICES calls a GPU, of those that this process may see."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    return allowed.split(",")[gpu] if allowed else str(gpu)


def _gpus() -> int:
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0
