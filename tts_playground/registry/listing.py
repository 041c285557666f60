"""The registry as a page of the docs: ``python -m tts_playground.registry.listing`` prints it."""

from __future__ import annotations

from tts_playground.registry.rows import TASK_NAMES
from tts_playground.registry.table import KINDS, TASKS, entries, fits

HEAD = """# Plug-ins

What is registered, by kind. What stands in square brackets may follow the name, e.g.
`clip:openai/clip-vit-large-patch14`. Rewards may be composed: `0.7*clip+0.3*aesthetic`, `min(clip,geneval)`; quotes
protect paths that hold `+ * , ( )`. Samplers of pictures and answers that need no model may be named where a model is.
The columns are the tasks that a plug-in is for:

{tasks}.
"""


PLURALS = {"strategy": "strategies"}


def page() -> str:
    """Markdown: a table a kind of those that people choose by name."""
    parts = [HEAD.format(tasks=";\n".join(f"`{task}`, {TASK_NAMES[task]}" for task in TASKS))]
    for kind in (kind for kind in KINDS if kind not in ("bench", "eval", "tab")):
        lines = [
            f"## {PLURALS.get(kind, kind + 's').capitalize()}\n",
            f"| name | what it does | {' | '.join(TASKS)} |",
            "| --- " * 7 + "|",
        ]
        for row in entries(kind):
            marks = " | ".join("x" if fits(row, task) else "" for task in TASKS)
            lines.append(f"| `{row.usage}` | {row.summary} | {marks} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    print(page(), end="")
