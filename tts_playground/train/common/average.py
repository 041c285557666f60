"""``python -m tts_playground.train.common.average OUT FOLDER FOLDER ...``: the mean of checkpoints of one training.

Wortsman et al. 2022, "Model soups": weights that were trained on from one another, or from the same start, average to
a model that errs less on what training did not show than each of them. Sharded checkpoints are not read.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from tts_playground import files
from tts_playground.errors import BadInput, exit_code, shown
from tts_playground.models.hub import cards

WEIGHTS = "model.safetensors"


def average(out: Path, folders: Sequence[Path]) -> Path:
    """Write the mean of the weights of ``folders`` into ``out``, in the first one's precision and with its other files.

    The card stays to be written: it tells of each training.

    Raises:
        BadInput: fewer than two folders, one without weights, or weights of another shape. StoreError: ``out`` cannot
            be written.
    """
    if len(folders) < 2:
        raise BadInput("An average is of two folders or more.")
    first = _weights(folders[0])
    share = 1 / len(folders)
    total = {name: one.float() * share for name, one in first.items()}
    for folder in folders[1:]:
        weights = _weights(folder)
        if {name: one.shape for name, one in weights.items()} != {name: one.shape for name, one in total.items()}:
            raise BadInput(
                f"The weights in {shown(folder)} have other names or shapes than those in {shown(folders[0])}."
            )
        for name, one in weights.items():
            total[name] += one.float() * share
    mean = {name: one.to(first[name].dtype).contiguous() for name, one in total.items()}
    with files.filling(out, "The average") as partial:
        for file in sorted(folders[0].iterdir()):
            if file.is_file() and file.name not in (WEIGHTS, cards.CARD, cards.NUMBERS):
                shutil.copyfile(file, partial / file.name)
        save_file(mean, partial / WEIGHTS, {"format": "pt"})
    return out


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    try:
        return load_file(folder / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise BadInput(f"There are no weights to read in {shown(folder)}: {error}") from None


def main(given: Sequence[str] | None = None) -> int:
    """Average; returns the exit code."""
    p = argparse.ArgumentParser(prog="python -m tts_playground.train.common.average", description=__doc__)
    p.add_argument("out", type=Path, help="where the average goes")
    p.add_argument("folders", type=Path, nargs="+", help="checkpoints of one shape")
    args = p.parse_args(given)
    return exit_code(lambda: print(f"Saved in {average(args.out, args.folders)}"))


if __name__ == "__main__":
    sys.exit(main())
