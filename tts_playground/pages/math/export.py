"""What a page takes away: the steps and the solutions as CSV, the search as JSON, a script, a command, and its tree."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from tts_playground.errors import BadInput
from tts_playground.experiments.step_tree import StepTree
from tts_playground.pages.downloads import offer
from tts_playground.pages.math.page_state import MathPageState, task_of
from tts_playground.pages.math.render import accuracy_figure
from tts_playground.pages.math.tree_picture import tree_file
from tts_playground.pages.math.view_settings import MathView, summary

USUAL = MathView()
KINDS = {"csv": "steps (CSV)", "pool": "solutions (CSV)", "json": "JSON", "tree": "tree (SVG)", "figure": "figure"}
"""kind of file -> what its button says"""


def named(view: MathView, ending: str) -> str:
    """A file's name with the settings in it."""
    parts = ("steps", view.strategy, f"n{view.n}", f"t{view.temperature:g}", f"seed{view.seed}")
    return re.sub(r"[^\w.-]+", "-", "-".join(parts)) + f".{ending}"


def download(state: MathPageState, kind: str) -> str:
    """A file for the browser to save, as ``scripts.offer`` writes it; ``kind`` is one of ``KINDS``.

    Raises:
        BadInput: nothing to save yet.
    """
    if kind == "figure":
        data = accuracy_figure(state.view.aggregation).to_html(include_plotlyjs=True)
        return offer("accuracy-tokens.html", "text/html", data.encode())
    if state.tree is None:
        raise BadInput("There is no search to save yet; press Solve first.")
    if kind == "csv":
        return offer(named(state.view, "csv"), "text/csv", _csv(step_rows(state)).encode())
    if kind == "pool":
        if state.pool is None:
            raise BadInput("There are no independent solutions to save yet; compare with best-of-N first.")
        return offer("solutions-" + named(state.view, "csv"), "text/csv", _csv(solution_rows(state)).encode())
    if kind == "tree":
        lines = (*wrap(state.view.problem.strip(), 100), summary(state.view))
        return offer(named(state.view, "svg"), "image/svg+xml", tree_file(state.tree, lines).encode())
    told = {"settings": _options(state.view, all_of=True), "problem": state.view.problem, **state.tree.as_dict()}
    return offer(named(state.view, "json"), "application/json", json.dumps(told, ensure_ascii=False).encode())


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
