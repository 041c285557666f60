"""Parts of a set of problems: the shards of a recipe, the names of their files, and what stands beside a finished one.

A chunk is the rows of the problems from START to before END: OUTPUT_DIR/APPROACH_completions--chunk-START_END.jsonl.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tts_playground import files, jsontext
from tts_playground.errors import BadInput, shown
from tts_playground.experiments.recipes.recipe import Recipe
from tts_playground.home import expanded
from tts_playground.tasks.problem_sets import problems

_SHARD = re.compile(r"(\d{1,6})/(\d{1,6})")
CHUNK = re.compile(r"--chunk-(\d{1,12})_(\d{1,12})")
"""the part of a name that says which problems are in it"""


def file_of(recipe: Recipe) -> Path:
    """Where the rows of a recipe go."""
    return expanded(recipe.folder) / f"{recipe.approach}_completions{recipe.chunk}.jsonl"


def recipe_beside(file: Path | str) -> str:
    """The name of the file beside rows that says what decides them."""
    return Path(file).name.replace("_completions", "_recipe").rpartition(".")[0] + ".json"


def run_beside(file: Path | str) -> str:
    """The name of the file beside rows that says what a finished run came to."""
    return Path(file).name.replace("_completions", "_run").rpartition(".")[0] + ".json"


def span_of(name: str) -> tuple[int, int] | None:
    """(first problem, the one after the last) as the name of a file or revision says; None where it names no chunk."""
    found = CHUNK.search(name)
    return (int(found[1]), int(found[2])) if found else None


def shard_of(text: str) -> tuple[int, int]:
    """ "3/8" as (3, 8): the third of eight.

    Raises:
        BadInput: it is no such pair.
    """
    found = _SHARD.fullmatch(text.strip())
    place, of = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= place <= of:
        raise BadInput(f"A shard is I/K, from 1/K to K/K, such as 3/8, not {shown(text)!r}.")
    return place, of


def bounds(start: int, end: int, place: int, of: int) -> tuple[int, int]:
    """Where part ``place`` (from 1) of ``of`` begins and ends: sizes differ by one at most.

    Raises:
        BadInput: there are fewer problems than parts.
    """
    size = end - start
    if of > size:
        raise BadInput(f"{size} problems cannot be split into {of} shards; use {max(size, 1)} at most.")
    return start + size * (place - 1) // of, start + size * place // of


def sharded(recipe: Recipe, shard: str) -> tuple[Recipe, tuple[int, int]]:
    """The recipe of one shard, and the range of problems that all shards cover together.

    Args:
        shard: "I/K", from "1/K" to "K/K".

    Raises:
        BadInput: it is no shard, or there are too few problems. CannotDo: the set cannot be read.
    """
    place, of = shard_of(shard)
    start = recipe.dataset_start or 0
    count = sum(1 for _ in problems(
        recipe.dataset_name, start, recipe.end, config=recipe.dataset_config, split=recipe.dataset_split
    ))  # fmt: skip
    first, last = bounds(start, start + count, place, of)
    return replace(recipe, dataset_start=first, dataset_end=last, num_samples=None), (start, start + count)


def write_run(file: Path, facts: Mapping[str, Any]) -> Path:
    """Write down beside rows that they are complete, and what they took.

    Raises:
        StoreError: it cannot be written.
    """
    beside = file.with_name(run_beside(file))
    files.write_text(beside, json.dumps(dict(facts), indent=1) + "\n", "What the run came to")
    return beside


def read_run(file: Path) -> dict[str, Any]:
    """What ``write_run`` wrote beside rows; empty where nothing is there.

    Raises:
        BadInput: it is damaged.
    """
    try:
        text = files.read_plain(file.with_name(run_beside(file)), 1 << 26)
    except OSError:
        return {}
    return jsontext.loads_object(text, run_beside(file))
