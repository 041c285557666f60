"""Rows on the hub, under the names that search-and-learn publishes: a revision a run, and a config a merged set.

A revision branches off the repository's first commit, so that it holds its own rows alone, in one commit: it is there
whole or not at all. What others do at the same moment can make the hub refuse a push, which is then tried again.
"""

from __future__ import annotations

import io
import os
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tts_playground import files, journal
from tts_playground.errors import BadInput, CannotDo, PlaygroundError, shown
from tts_playground.experiments.recipes.recipe import Recipe
from tts_playground.experiments.recipes.spans import recipe_beside, run_beside

T = TypeVar("T")
SPLIT = "train"
"""of the rows, as published"""
TRIES = 8
"""of one request before a push is given up; about two minutes"""
LONGEST_WAIT = 30.0
"""seconds between two tries"""
PASSING = {408, 409, 412, 423, 425, 429, 500, 502, 503, 504}
"""what the hub answers when somebody else pushes, or when it is busy"""
_ODD = re.compile(r"[^\w.\-]+|\.{2,}")
_sleep: Callable[[float], None] = time.sleep


def revision_of(recipe: Recipe) -> str:
    """The published name of the revision that holds a recipe's rows.

    The original writes "agg_strategy-last" for best_of_n and "agg_strategy--last" for the others, and so does this.
    """
    name = _ODD.sub("_", recipe.dataset_name.replace("/", "_")).strip("._") or "problems"
    parts = [name, f"T-{float(recipe.temperature)}", f"top_p-{float(recipe.top_p)}", f"n-{recipe.n}"]
    if recipe.approach == "best_of_n":
        parts += [f"seed-{recipe.seed}", f"agg_strategy-{recipe.agg_strategy}"]
    else:
        parts += [f"m-{recipe.beam_width}", f"iters-{recipe.num_iterations}", f"look-{recipe.lookahead}"]
        parts += [f"seed-{recipe.seed}", f"agg_strategy--{recipe.agg_strategy}"]
    return "--".join(parts) + recipe.chunk


def there(recipe: Recipe) -> str:
    """A sentence where the hub has the rows of a recipe already and they are not to be overwritten, else "".

    A revision without rows, left by a push that was cut off, does not count.

    Raises:
        BadInput: no such name can be. CannotDo: the hub cannot be reached, or refuses.
    """
    api = client()
    repository, revision = dataset_of(recipe, api), revision_of(recipe)
    if recipe.overwrite_hub_revision or revision not in revisions(repository, api):
        return ""
    if not rows_in(repository, revision, api):
        return ""
    return f"{repository} has the revision {revision} already; overwrite_hub_revision draws it again"


def push(recipe: Recipe, file: Path) -> str:
    """Push the rows of a file as their recipe's revision; returns where they are.

    Raises:
        BadInput: no such name can be, or the file holds no rows. CannotDo: the hub cannot be reached, or refuses.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    api, revision = client(), revision_of(recipe)
    repository = dataset_of(recipe, api)
    rows = journal.read(file)
    if not rows:
        raise BadInput(f"{file} holds no rows to push.")
    kept = f"data/{SPLIT}-00000-of-00001.parquet"
    added = {kept: parquet(rows), "README.md": card({"default": f"data/{SPLIT}-*"})}
    for name, called in ((recipe_beside(file), "recipe.json"), (run_beside(file), "run.json")):
        if file.with_name(name).is_file():
            added[called] = files.read_plain(file.with_name(name), 1 << 26)

    def once() -> None:
        make(repository, recipe.hub_dataset_private, api)
        first = api.list_repo_commits(repository, repo_type="dataset")[-1].commit_id
        api.create_branch(repository, branch=revision, revision=first, repo_type="dataset", exist_ok=True)
        old = [name for name in rows_in(repository, revision, api) if name != kept]
        operations: list[Any] = [CommitOperationDelete(name) for name in old]
        operations += [CommitOperationAdd(name, data) for name, data in added.items()]
        api.create_commit(
            repository, operations, commit_message=f"Add {revision}", repo_type="dataset", revision=revision
        )

    again(once, repository)
    return f"{repository}, revision {revision}"


def push_config(repository: str, config: str, data: bytes, *, private: bool, split: str = SPLIT) -> str:
    """Push a parquet file as a config of the main revision, beside those that are there; returns where it is.

    Raises:
        CannotDo: the hub cannot be reached, or refuses.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    api = client()
    path = f"{config}/{split}-00000-of-00001.parquet"

    def once() -> None:
        make(repository, private, api)
        head = api.repo_info(repository, repo_type="dataset").sha
        there = api.list_repo_files(repository, revision=head, repo_type="dataset")
        before = download(repository, head, "README.md", api, there=False).decode("utf-8", "replace")
        old = [name for name in there if name.startswith(f"{config}/{split}-") and name != path]
        operations: list[Any] = [CommitOperationDelete(name) for name in old]
        added = {path: data, "README.md": card({config: f"{config}/{split}-*"}, before, split)}
        operations += [CommitOperationAdd(name, each) for name, each in added.items()]
        how: dict[str, Any] = {"repo_type": "dataset", "parent_commit": head}  # else a README of others would be lost
        api.create_commit(repository, operations, commit_message=f"Add {config}", **how)

    again(once, repository)
    return f"{repository}, config {config}"


# --------------------------------------------------------------------------------------------------- the hub itself


def client() -> Any:
    """The hub's own client; ``HF_ENDPOINT`` and ``HF_TOKEN`` are its settings."""
    from huggingface_hub import HfApi

    return HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, token=os.environ.get("HF_TOKEN") or None)


def dataset_of(recipe: Recipe, api: Any) -> str:
    """The data set that a recipe's rows go to: OWNER/NAME.

    Raises:
        BadInput: no data set can have that name. CannotDo: nobody is logged in, or the hub cannot be reached.
    """
    named = recipe.hub_dataset_id
    if named is None:
        model = _ODD.sub("-", recipe.model_path.rstrip("/").split("/")[-1].replace(":", "-"))
        owner = again(lambda: api.whoami()["name"], "who is logged in")
        named = f"{owner}/{model}-{recipe.approach}-prm-completions"
    return checked(named)


def checked(repository: str) -> str:
    """The name of a data set, if it can be one.

    Raises:
        BadInput: it cannot.
    """
    from huggingface_hub.utils import HFValidationError, validate_repo_id

    try:
        validate_repo_id(repository)
    except HFValidationError as error:
        raise BadInput(f"{shown(repository)!r} can be no data set of the hub; write OWNER/NAME.") from error
    if repository.count("/") != 1:
        raise BadInput(f"{shown(repository)!r} names no owner; write OWNER/NAME.")
    return repository


def revisions(repository: str, api: Any) -> list[str]:
    """The branches of a data set but for "main"; none where there is no such data set.

    Raises:
        CannotDo: the hub cannot be reached, or refuses.
    """

    def ask() -> list[str]:
        if not api.repo_exists(repository, repo_type="dataset"):
            return []
        refs = api.list_repo_refs(repository, repo_type="dataset")
        return [one.name for one in refs.branches if one.name != "main"]

    return again(ask, repository)


def rows_in(repository: str, revision: str, api: Any, split: str = SPLIT) -> list[str]:
    """The parquet files of a revision that hold the rows of a split, in order.

    Raises:
        CannotDo: the hub cannot be reached, or refuses.
    """
    names = again(lambda: api.list_repo_files(repository, revision=revision, repo_type="dataset"), repository)
    return sorted(name for name in names if name.startswith(f"data/{split}-") and name.endswith(".parquet"))


def download(repository: str, revision: str, name: str, api: Any, *, there: bool = True) -> bytes:
    """A file of a revision.

    Args:
        there: whether it must be there; without, what is not is empty.

    Raises:
        CannotDo: the hub cannot be reached, or refuses.
    """
    import tempfile

    from huggingface_hub.errors import EntryNotFoundError

    def ask() -> bytes:
        try:
            with tempfile.TemporaryDirectory() as folder:
                where: dict[str, Any] = {"repo_type": "dataset", "revision": revision, "local_dir": folder}
                return Path(api.hf_hub_download(repository, name, **where)).read_bytes()
        except EntryNotFoundError:
            if there:
                raise
            return b""

    return again(ask, repository)


def make(repository: str, private: bool, api: Any) -> None:
    """The data set, made where there is none."""
    if not api.repo_exists(repository, repo_type="dataset"):
        api.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)


def again(ask: Callable[[], T], about: str) -> T:
    """What ``ask`` returns; tried again, ever more slowly, where the hub is busy or somebody else was first.

    Raises:
        CannotDo: it cannot be reached, or refuses.
    """
    for number in range(TRIES):
        try:
            return ask()
        except PlaygroundError:
            raise
        except Exception as error:  # the client raises its own, httpx's and OSError's
            if number + 1 == TRIES or not _passing(error):
                raise CannotDo(f"The hub cannot do this for {shown(about)}: {_why(error)}.") from error
            _sleep(min(LONGEST_WAIT, 2.0**number) * (0.5 + random.random()))  # apart from others who wait, too
    raise AssertionError


def _passing(error: Exception) -> bool:
    import httpx

    status = getattr(getattr(error, "response", None), "status_code", None)
    return status in PASSING or isinstance(error, httpx.TransportError)


def _why(error: Exception) -> str:
    from huggingface_hub import errors

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, errors.OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set; unset it, or do without the hub"
    if status in (401, 403) or isinstance(error, errors.LocalTokenNotFoundError):
        return "it wants a token that may read or write there; log in with 'hf auth login', or set HF_TOKEN"
    said = getattr(error, "server_message", None) or shown(error, 300)
    return f"it answers {status}: {shown(said, 300)}" if status else shown(said, 300).removesuffix(".")


# ------------------------------------------------------------------------------------------------------- its files


def parquet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Rows as one parquet file with a column for each name that any of them has."""
    import pyarrow
    import pyarrow.parquet

    names = list(dict.fromkeys(name for row in rows for name in row))
    table = pyarrow.Table.from_pylist([{name: row.get(name) for name in names} for row in rows])
    stream = io.BytesIO()
    pyarrow.parquet.write_table(table, stream, compression="zstd")
    return stream.getvalue()


def card(configs: Mapping[str, str], before: str = "", split: str = SPLIT) -> bytes:
    """README.md in which the hub's viewer and ``datasets`` find these configs besides those that it named before.

    Args:
        configs: name -> where the files of its split are.
        before: the README.md that was there.
    """
    from huggingface_hub import DatasetCard

    empty = "---\nconfigs: []\n---\n"
    found = DatasetCard(before if before.startswith("---") else empty + before, ignore_metadata_errors=True)
    old = [one for one in found.data.to_dict().get("configs") or [] if isinstance(one, dict)]
    kept = [one for one in old if one.get("config_name") not in configs]
    new = [{"config_name": name, "data_files": [{"split": split, "path": path}]} for name, path in configs.items()]
    found.data["configs"] = [*kept, *new]
    return str(found).encode()
