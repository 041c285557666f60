"""Recipes on a page: what somebody typed as YAML, run on a few problems of math-eval, and its rows to take away."""

from __future__ import annotations

import html
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tts_playground import files
from tts_playground.errors import BadInput, plural
from tts_playground.experiments.recipes.reading import recipe_of_text, shipped, text_of
from tts_playground.experiments.recipes.recipe import PAGE_KEYS, Recipe
from tts_playground.models import loading
from tts_playground.models.zerogpu import on_gpu, seconds_for
from tts_playground.pages.checks import whole
from tts_playground.pages.coerce import within
from tts_playground.pages.downloads import offer
from tts_playground.pages.math.view_settings import EMBEDDED
from tts_playground.pages.percent import ends, share
from tts_playground.pages.status import status
from tts_playground.tasks.problem_sets import SHIPPED

FOLDER = "tiny-math/"
"""the recipes that a page offers"""
LIMITS: dict[str, tuple[float, float]] = {
    "problems": (1, 20),
    "n": (1, 64),
    "max_tokens": (8, 2048),
    "beam_width": (1, 64),
    "num_iterations": (1, 64),
    "lookahead": (0, 4),
}
"""lowest and highest value of what makes a run long; what strangers may ask of a shared machine"""
LONGEST = 4000
"""characters of a recipe on a page"""
PACE = 0.4
"""seconds between two updates of a page"""
RULES = {
    "naive": ("best score", "pred_naive: the answer of the completion with the best score"),
    "weighted": ("weighted vote", "pred_weighted: equal answers add up their scores"),
    "majority": ("majority", "pred_maj: the answer that is given most often"),
    "pass": ("any is right", "pass@N: looks at the truth, so no rule can do better"),
}
"""rule -> (name on the page, hint)"""


@dataclass(frozen=True)
class RecipeRun:
    """A recipe that runs, or has run."""

    recipe: Recipe
    done: int = 0
    """problems that are finished"""
    tokens: int = 0
    seconds_left: float | None = None
    rows: bytes = b""
    """of those, as lines of JSON in the published columns"""
    accuracy: Any = None
    """``experiments.recipes.accuracy.Accuracy``; None until all are finished"""

    @property
    def of(self) -> int:
        """Problems in all."""
        return self.recipe.num_samples or 0


def names() -> list[str]:
    """The recipes that a page offers, by short name."""
    return [name.removeprefix(FOLDER) for name in shipped() if name.startswith(FOLDER)]


def typed_text(name: str) -> str:
    """A recipe that ships, without the keys that a page does not take."""
    lines = text_of(FOLDER + name).splitlines()
    kept = [line for line in lines if ":" not in line or line.startswith("#") or line.split(":")[0] in PAGE_KEYS]
    return "\n".join(kept).strip() + "\n"


def recipe_on_page(text: str, problems: Any, model: str = EMBEDDED, reward: str = "prm") -> Recipe:
    """The recipe that a page runs: what was typed, on a few problems, with the page's model and judge.

    Raises:
        BadInput: it is no recipe, has a key that a page does not take, or asks for too much. UnknownName: no such key.
    """
    if len(text) > LONGEST:
        raise BadInput(f"A recipe on a page has at most {LONGEST:,} characters; this one has {len(text):,}.")
    if reward != "prm" and not reward.startswith("prm:"):
        raise BadInput("A recipe needs a process reward; choose prm as the judge of steps above.")
    around = {"model_path": model, "prm_path": reward.removeprefix("prm").removeprefix(":") or "tiny:prm"}
    around |= {"dataset_name": SHIPPED, "search_batch_size": "1"}
    number = whole("problems", within({"problems": problems}, LIMITS)["problems"])
    found = recipe_of_text(text, "of this page", page=True, overrides=around | {"num_samples": str(number)})
    within({name: getattr(found, name) for name in LIMITS if name != "problems"}, LIMITS)
    return found


def _seconds(recipe: Recipe) -> int:
    return seconds_for(recipe.model_path, 2 * recipe.n * (recipe.num_samples or 1), recipe.max_tokens)


def _before(recipe: Recipe) -> None:
    loading.fetched(recipe.model_path, "lm")


@on_gpu(_seconds, _before)
def runs(recipe: Recipe) -> Iterator[RecipeRun]:
    """The run as far as it has come; the last one has its accuracy. Close the generator to stop.

    Raises:
        ModelUnavailable: a model cannot be loaded. CannotDo: no problem could be solved.
    """
    from tts_playground.experiments.recipes.accuracy import accuracy
    from tts_playground.experiments.recipes.run import run

    with tempfile.TemporaryDirectory(dir=files.own_folder("recipes")) as folder:
        told, now, state = 0.0, RecipeRun(recipe), None
        for state in run(replace(recipe, output_dir=folder)):
            if time.monotonic() - told > PACE:
                told = time.monotonic()
                rows = now.rows if state.done == now.done else Path(state.file).read_bytes()
                now = RecipeRun(recipe, state.done, state.tokens, state.seconds_left, rows)
                yield now
        if state is not None:
            rows = Path(state.file).read_bytes()
            yield RecipeRun(recipe, state.done, state.tokens, 0.0, rows, accuracy(str(state.file)))


# ----------------------------------------------------------------------------------------------------------- shown


def progress(state: RecipeRun) -> str:
    """Problems, tokens and time left; in the end the one number that matters."""
    if state.accuracy is None:
        left = "" if state.seconds_left is None else f", about {state.seconds_left:.0f} s left"
        return status(f"{state.done} of {state.of} problems, {state.tokens:,} tokens{left}.", busy=True)
    found = state.accuracy
    best = found.metrics[f"weighted@{found.n}"]
    who = f"Weighted votes among {found.n} solve" if found.n > 1 else "One solution solves"
    line = f"{who} {share(best.value)} of {plural(found.problems, 'problem')} ({ends(best)})"
    return status(f"{line}, for {state.tokens:,} tokens.")


def stale(state: Any, now: Recipe | None) -> str:
    """A note where the numbers on the page are of another recipe than what stands there now; else nothing.

    Args:
        state: the run that is shown, if there is one.
        now: None where what stands there cannot be run.
    """
    if not isinstance(state, RecipeRun) or state.accuracy is None or state.recipe == now:
        return ""
    was = state.recipe
    facts = [was.approach, f"n = {was.n}", f"T = {was.temperature:g}", f"seed {was.seed}", was.agg_strategy]
    facts += [plural(state.of, "problem"), was.model_path, was.prm_path]
    words = html.escape(f"Recipe changed; these numbers are from {', '.join(facts)}.")
    press = '<button type="button" class="plainbutton" data-press="math-recipe-run">Run the recipe</button>'
    return f'<div class="note"><p>{words} {press}</p></div>'


def table(state: RecipeRun | None) -> str:
    """Accuracy by rule and N, with intervals, as HTML."""
    if state is None or state.accuracy is None:
        return '<p class="what">What the recipe reaches stands here when it has run.</p>'
    found = state.accuracy
    ns = sorted({int(name.split("@")[1]) for name in found.metrics if name.startswith("pass@") and "_" not in name})
    head = "".join(f"<th>N = {n}</th>" for n in ns)
    rows = ""
    for rule, (name, hint) in RULES.items():
        cells = [found.metrics[f"{rule}@{n}"] for n in ns]
        told = "".join(f"<td>{share(one.value)}<br><small>{html.escape(ends(one))}</small></td>" for one in cells)
        rows += f"<tr><th scope='row' title='{hint}'>{name}</th>{told}</tr>"
    return (
        f'<div class="scrolls"><table class="plain"><thead><tr><th>chosen by</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def said_command(recipe: Recipe) -> str:
    """What runs the saved recipe in a terminal, as HTML."""
    line = f"python -m tts_playground recipe {_name(recipe, 'yaml')}"
    return f'<p class="what">In a terminal, beside the saved recipe: <code>{html.escape(line)}</code></p>'


def download(state: RecipeRun | None, kind: str) -> str:
    """The rows or the recipe, for the browser to save (``downloads.offer``); ``kind`` is "rows" or "yaml".

    Raises:
        BadInput: nothing has run yet.
    """
    if state is None or (kind == "rows" and not state.rows):
        raise BadInput("There are no rows to save yet; press Run first.")
    if kind == "rows":
        return offer(f"{state.recipe.approach}_completions.jsonl", "application/jsonl", state.rows)
    return offer(_name(state.recipe, "yaml"), "application/yaml", yaml_of(state.recipe).encode())


def yaml_of(recipe: Recipe) -> str:
    """The whole recipe as YAML, which the command line runs as it is."""
    import yaml

    return yaml.safe_dump({"approach": recipe.approach} | recipe.changed(), sort_keys=False, allow_unicode=True)


def _name(recipe: Recipe, ending: str) -> str:
    return f"{recipe.approach}-n{recipe.n}-t{recipe.temperature:g}-seed{recipe.seed}.{ending}"
