"""What a page takes away: steps, solutions and points as CSV, the search as JSON, figures, a script and a command."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import replace
from textwrap import wrap
from typing import Any

from tts_playground.errors import BadInput
from tts_playground.experiments.step_tree import StepTree
from tts_playground.pages.downloads import offer
from tts_playground.pages.math import points
from tts_playground.pages.math.many_problems import accuracy_figure, trust_figure
from tts_playground.pages.math.page_state import MathPageState, starter, task_of
from tts_playground.pages.math.render import own_curve
from tts_playground.pages.math.tree_picture import tree_file
from tts_playground.pages.math.view_settings import MathView, summary

USUAL = MathView()
KINDS = {"csv": "steps (CSV)", "pool": "solutions (CSV)", "points": "the charts' points (CSV)", "json": "JSON"}
"""kind of file -> what its button says"""
FIGURES = {
    "tree": ("tree of the search", "math-tree"),
    "beside": ("tree beside it", "math-beside"),
    "curve": ("who picks right", "math-curve"),
    "accuracy": ("accuracy against tokens", "math-accuracy"),
    "trust": ("trust in the judge", "math-trust"),
}
"""figure -> (its name for people, elem_id of where it stands)"""
PICTURES = ("svg", "png", "pdf", "html")
"""what a figure is saved as"""


def named(view: MathView, ending: str) -> str:
    """A file's name with the settings in it."""
    parts = ("steps", view.strategy, f"n{view.n}", f"t{view.temperature:g}", f"seed{view.seed}")
    return re.sub(r"[^\w.-]+", "-", "-".join(parts)) + f".{ending}"


def download(state: MathPageState, kind: str) -> str:
    """A file for the browser to save, as ``scripts.offer`` writes it; ``kind`` is one of ``KINDS``.

    Raises:
        BadInput: nothing to save yet.
    """
    if kind == "points":
        return offer("points-" + named(state.view, "csv"), "text/csv", _csv(points.rows(state)).encode())
    if state.tree is None:
        raise BadInput("There is no search to save yet; press Solve first.")
    if kind == "csv":
        return offer(named(state.view, "csv"), "text/csv", _csv(step_rows(state)).encode())
    if kind == "pool":
        if state.pool is None:
            raise BadInput("There are no independent solutions to save yet; compare with best-of-N first.")
        return offer("solutions-" + named(state.view, "csv"), "text/csv", _csv(solution_rows(state)).encode())
    told = {"settings": _options(state.view, all_of=True), "problem": state.view.problem, **state.tree.as_dict()}
    return offer(named(state.view, "json"), "application/json", json.dumps(told, ensure_ascii=False).encode())


def figure_file(state: MathPageState, which: str, kind: str, axis: str = "tokens") -> str:
    """What ``ui/data/figures.js`` makes a file of in the browser: {"name", "kind", "where", "lines", "svg"} as JSON.

    A web page comes ready, as ``scripts.offer`` writes it.

    Raises:
        BadInput: no such figure or kind, or nothing to save yet.
    """
    if which not in FIGURES or kind not in PICTURES:
        raise BadInput(f"A figure is one of {', '.join(FIGURES)}, saved as one of {', '.join(PICTURES)}.")
    words, where = FIGURES[which]
    name = f"{which}-" + named(state.view, kind)
    lines = _above(state, which, words)
    tree = {"tree": state.tree, "beside": state.beside}.get(which)
    if which in ("tree", "beside") and tree is None:
        raise BadInput("There is no such tree yet; press Solve, or Compare for the one beside it.")
    if which == "curve" and state.pool is None:
        raise BadInput("There are no solutions to choose from yet, so that this chart is empty.")
    svg = tree_file(tree, lines) if tree else ""
    if kind == "html":
        data = f"<!doctype html><meta charset='utf-8'><title>{name}</title>{svg}" if tree else _page(state, which, axis)
        return offer(name, "text/html", data.encode())
    return json.dumps({"name": name, "kind": kind, "where": where, "lines": lines, "svg": svg})


def _above(state: MathPageState, which: str, words: str) -> list[str]:
    """What stands above a figure in its file: what it is, of which problem, model, seed and how many solutions."""
    held = starter()
    if which in ("accuracy", "trust"):
        about = f"{len(held.problems)} problems, tiny:math, T = 0.8" if held else "tiny:math"
        return [f"{words[0].upper()}{words[1:]}", about, "bars and bands: 95 %"]
    size = f", {len(state.pool.solutions)} solutions" if which == "curve" and state.pool else ""
    shown = replace(state.view, strategy=state.view.other) if which == "beside" else state.view
    return [f"{words[0].upper()}{words[1:]}", *wrap(state.view.problem.strip(), 100), summary(shown) + size]


def _page(state: MathPageState, which: str, axis: str) -> str:
    how = state.view.aggregation
    makers = {
        "curve": lambda: own_curve(state.pool, state.view.look, how),
        "accuracy": lambda: accuracy_figure(how, axis),
        "trust": trust_figure,
    }
    return makers[which]().to_html(include_plotlyjs=True)


def step_rows(state: MathPageState) -> list[dict[str, Any]]:
    """One row a node of the trees."""
    rows = []
    for tree in (state.tree, state.beside):
        rows += [] if tree is None else [_node_row(tree, place) for place in range(len(tree.nodes))]
    return rows


def _node_row(tree: StepTree, place: int) -> dict[str, Any]:
    node = tree.nodes[place]
    return {
        "strategy": tree.strategy,
        "node": place,
        "parent": node.parent,
        "depth": len(node.steps),
        "step": node.steps[-1] if node.steps else "",
        "score": node.scores[-1] if node.scores else None,
        "reward": node.reward,
        "tokens": node.tokens,
        "frame": node.frame,
        "fate": node.fate,
        "answer": node.answer,
        "right": node.right,
    }


def solution_rows(state: MathPageState) -> list[dict[str, Any]]:
    """One row an independent solution."""
    solutions = state.pool.solutions if state.pool else ()
    return [
        {
            "index": place,
            "answer": one.answer,
            "right": one.right,
            "score": one.reward(state.view.aggregation),
            "step_scores": " ".join(f"{score:.4f}" for score in one.scores),
            "tokens": one.tokens,
            "text": "\n\n".join(one.steps),
        }
        for place, one in enumerate(solutions)
    ]


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]) if rows else ["node"])
    writer.writeheader()
    # a cell that a spreadsheet would run as a formula gets a mark before it
    writer.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)
    return file.getvalue()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


def _options(view: MathView, *, all_of: bool = False) -> dict[str, Any]:
    """The arguments of ``solve`` that differ from its own."""
    usual = {"model": "tiny:math", "strategy": "best-of-n", "reward": "auto", "n": 16, "temperature": 0.8}
    usual |= {"top_p": 1.0, "top_k": 0, "seed": 0, "max_tokens": 512, "aggregation": "last"}
    given: dict[str, Any] = {name: getattr(view, name) for name in usual}
    given |= {"truth": task_of(view).answer} if view.problem.strip() else {}
    return given if all_of else {name: value for name, value in given.items() if value != usual.get(name, "")}


def as_python(state: MathPageState) -> str:
    """A script that repeats the search; it runs as pasted."""
    if not state.view.problem.strip():
        return "# Solve a problem first; the script that repeats it then stands here."
    options = "".join(f"    {name}={value!r},\n" for name, value in _options(state.view).items())
    return (
        "from tts_playground.tasks.solving import solve\n\n"
        f"found = solve(\n    {state.view.problem.strip()!r},\n{options})\n"
        "for one, scores in zip(found.scored, found.steps):\n"
        "    print(f\"{one.reward:.3f}  {one.sample.info['answer']:>8}  {[round(score, 2) for score in scores]}\")\n"
        "print(found.answer, found.cost)\n"
    )


def as_command(state: MathPageState) -> str:
    """The same for a terminal."""
    if not state.view.problem.strip():
        return "# Solve a problem first."
    words = ["python", "-m", "tts_playground", "solve", shlex.quote(state.view.problem.strip())]
    for name, value in _options(state.view).items():
        words.append(f"--{name.replace('_', '-')} {shlex.quote(str(value))}")
    return " ".join(words)
