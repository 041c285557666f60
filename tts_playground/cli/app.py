"""The table of verbs. A verb's file is imported when the verb is named, so that help stays instant."""

from __future__ import annotations

from functools import cache
from typing import Any

import typer

from tts_playground import registry
from tts_playground.cli import (
    answer,
    audit,
    bench,
    compare,
    eval,
    evolve,
    finetune,
    generate,
    merge,
    papers,
    pools,
    recipe,
    score,
    serve,
    sketch,
    solve,
    train,
)


def build() -> Any:
    """All verbs as one click command; who calls verbs one after the other in one process waits for it once."""
    return _built(tuple(registry.names("eval")))


@cache
def _built(evaluations: tuple[str, ...]) -> Any:
    """The same with these verbs below ``eval``."""
    app = typer.Typer(
        help="See test-time scaling: draw candidates, score them, search, and plot what the compute bought.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.command("app")(serve.app)
    app.command("serve")(serve.serve)
    app.command("sketch")(sketch.sketch)
    app.command("render")(sketch.render)
    app.command("generate")(generate.generate)
    app.command("score")(score.score)
    app.command("compare")(compare.compare)
    app.command("answer")(answer.answer)
    app.command("vqa-curve")(answer.vqa_curve)
    app.command("solve")(solve.solve)
    app.command("recipe", context_settings=recipe.ANY_KEY)(recipe.recipe)
    app.command("merge", cls=merge.ManyWords)(merge.merge)
    app.command("accuracy")(recipe.accuracy)
    app.command("train")(train.train)
    app.command("bench")(bench.bench)
    app.add_typer(eval.build(evaluations), name="eval")
    app.command("evolve")(evolve.evolve)
    app.command("finetune")(finetune.finetune)
    app.command("adapters")(finetune.adapters)
    app.add_typer(evolve.dataset, name="dataset")
    app.add_typer(pools.app, name="pools")
    app.add_typer(audit.app, name="audit")
    app.add_typer(papers.app, name="papers")
    return typer.main.get_command(app)
