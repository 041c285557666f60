"""The section of recipes: YAML to edit, run on a few problems, and download."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from tts_playground.errors import PlaygroundError
from tts_playground.experiments.recipes.recipe import Recipe
from tts_playground.pages.math import recipe_runs
from tts_playground.pages.math.view_settings import MENU, checked, coerce_view
from tts_playground.pages.status import status
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import GPU, LIGHT, QUIET, cancels, follows, is_local, saves, waiting
from tts_playground.ui.widgets import PageState, heading

WHAT = "The recipes of search-and-learn, with the model and the judge above. All keys of sampling and strategy work."
KINDS = {"rows": "rows (JSONL)", "yaml": "recipe (YAML)"}


@dataclass(frozen=True)
class RecipeParts:
    """What the handlers read and write."""

    state: Any
    name: Any
    text: Any
    problems: Any
    run: Any
    cancel: Any
    status: Any
    stale: Any
    table: Any
    command: Any
    files: dict[str, Any]
    file: Any


def build() -> RecipeParts:
    """Lay the section out."""
    state, file = PageState(None), gr.Textbox(visible=False)
    names = recipe_runs.names()
    heading("Recipes", WHAT)
    with gr.Row(elem_classes="main"):
        with gr.Column(scale=5, min_width=300):
            with gr.Row(elem_classes="buttons bottom"):
                name = gr.Dropdown(names, value=names[0], label="Recipe", min_width=120, elem_id="math-recipe")
                problems = gr.Number(
                    8, label="Problems of math-eval", precision=0, minimum=recipe_runs.LIMITS["problems"][0],
                    maximum=recipe_runs.LIMITS["problems"][1], min_width=120, elem_id="math-recipe-problems",
                )  # fmt: skip
            text = gr.Textbox(
                recipe_runs.typed_text(names[0]), label="YAML", lines=8, max_lines=16,
                max_length=recipe_runs.LONGEST + 1, elem_id="math-recipe-text", elem_classes="code",
            )  # fmt: skip
        with gr.Column(scale=5, min_width=300):
            with gr.Row(elem_classes="buttons"):
                run = gr.Button("Run the recipe", min_width=120, scale=3, elem_id="math-recipe-run")
                cancel = gr.Button("Cancel", min_width=70, scale=1, elem_id="math-recipe-cancel")
            line = gr.HTML("", elem_id="math-recipe-status", padding=False)
            stale = gr.HTML("", elem_id="math-recipe-stale", padding=False)
            table = gr.HTML(recipe_runs.table(None), elem_id="math-recipe-table", padding=False)
            with gr.Row(elem_classes="buttons"):
                files = {
                    kind: gr.Button(f"Save {words}", size="sm", min_width=80, elem_id=f"math-recipe-save-{kind}")
                    for kind, words in KINDS.items()
                }
            command = gr.HTML("", elem_id="math-recipe-command", padding=False)
    return RecipeParts(state, name, text, problems, run, cancel, line, stale, table, command, files, file)


def wire(p: RecipeParts, model: Any, reward: Any) -> None:
    """Connect it; ``model`` and ``reward`` are the page's."""

    @friendly
    def pick(name: str) -> str:
        return recipe_runs.typed_text(name)

    def typed(text: str, problems: Any, model: str, reward: str, local: bool) -> Recipe:
        view = checked(coerce_view({"model": model, "reward": reward}), local)
        return recipe_runs.recipe_on_page(text, problems, MENU.allowed(view.model, local), view.reward)

    @friendly
    def run(text: str, problems: Any, model: str, reward: str, request: gr.Request) -> Iterator[Any]:
        recipe = typed(text, problems, model, reward, is_local(request))
        yield recipe_runs.RecipeRun(recipe), status("The recipe begins.", busy=True), recipe_runs.table(None), ""
        for now in recipe_runs.runs(recipe):
            yield now, recipe_runs.progress(now), recipe_runs.table(now), recipe_runs.said_command(recipe)

    @friendly
    def age(state: Any, text: str, problems: Any, model: str, reward: str, request: gr.Request) -> str:
        try:
            now = typed(text, problems, model, reward, is_local(request))
        except PlaygroundError:  # nothing runs by that; what it lacks is said when it is to run
            now = None
        return recipe_runs.stale(state, now)

    p.name.input(pick, p.name, p.text, **LIGHT, **QUIET)
    given, outputs = [p.text, p.problems, model, reward], [p.state, p.status, p.table, p.command]
    event = p.run.click(run, given, outputs, **waiting(p.status), **GPU, **QUIET)
    follows([part.change for part in given], age, [p.state, *given], p.stale)
    event.then(age, [p.state, *given], p.stale, **LIGHT, **QUIET)
    cancels([p.cancel], [event], [p.status], "Cancelled; rows of problems that were finished can be saved.", "Not run")
    saves(p.files, recipe_runs.download, p.state, p.file)
