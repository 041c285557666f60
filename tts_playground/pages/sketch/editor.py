"""The program editor: what follows the typing, and what can be taken away from the page."""

from __future__ import annotations

import io
from dataclasses import asdict
from html import escape

from PIL import Image

from tts_playground.dsl import DSLError, Program, differs, render, to_svg, unparse
from tts_playground.dsl.scoring import CLOSENESS, judge
from tts_playground.dsl.spellings import read_spelled
from tts_playground.pages.commands import PICTURE, command, embedded, writes_picture
from tts_playground.pages.downloads import offer
from tts_playground.pages.sketch.page_state import SketchPageState
from tts_playground.pages.sketch.panel import complaint
from tts_playground.pages.sketch.render import compare, numbers
from tts_playground.pages.status import status
from tts_playground.tasks.sketch import SketchSettings, SketchTask

NOTICEABLE = 0.002
"""share of the canvas from which a difference between the render modes is worth a sentence"""


def read(text: str) -> tuple[Program | None, str]:
    """(program, HTML that says what is wrong or worth knowing); None when the text is no program."""
    try:
        found = read_spelled(text)
    except DSLError as error:
        return None, complaint(str(error), error.caret)
    note = f'<div class="note"><p>{escape(found.note)}</p></div>' if found.note else ""
    return found.program, note + modes(found.program)


def modes(program: Program) -> str:
    """A sentence where the two render modes differ by more than a border."""
    share = differs(program)
    if share < NOTICEABLE:
        return ""
    return (
        f'<div class="note"><p>The two render modes differ on {100 * share:.1f} % of the canvas: the reference paints'
        " shape by shape, so a ring painted after a disc erases it; exact set membership does not. Shown and scored is"
        " the reference.</p></div>"
    )


def follow(text: str, task: SketchTask | None, closeness: float = CLOSENESS) -> tuple[str | None, str, str | None]:
    """(panel, complaint, status) for what is typed; None where the page should keep what it shows."""
    program, message = read(text)
    if program is None:
        return None, message, None
    if task is None:
        return compare(None, program), message, status("Your program.")
    found = judge(task, program, closeness)
    return (
        compare(task, program),
        message,
        status(
            "Your program, against the drawing.",
            numbers(found.overlap.iou, found.overlap.f1, program, score=found.score),
        ),
    )


def download(text: str, kind: str) -> str:
    """A file for the browser to save, as ``scripts.offer`` writes it; ``kind`` is "txt", "svg" or "png"."""
    program = read_spelled(text).program
    if kind == "txt":
        mime, data = "text/plain", f"{unparse(program)}\n".encode()
    elif kind == "svg":
        mime, data = "image/svg+xml", to_svg(program).encode()
    else:
        stream = io.BytesIO()
        render(program, 512).save(stream, "PNG")
        mime, data = "image/png", stream.getvalue()
    return offer(f"sketch.{kind}", mime, data)


def as_command(work: SketchPageState | None) -> str:
    """The search for a terminal, with the drawing as it was read."""
    if work is None:
        return "# Draw something first; the command that repeats the search then stands here."
    given = {**asdict(work.settings), "outline": "keep", "invert": None, "crop": False}
    given.pop("options")
    return writes_picture(embedded(_drawn(work.task))) + command("sketch", (PICTURE,), given)


def _drawn(task: SketchTask) -> Image.Image:
    return Image.fromarray(~task.ink).convert("1")


def as_python(task: SketchTask | None, settings: SketchSettings) -> str:
    """A script that repeats the search on the drawing as it was read; runs as pasted."""
    if task is None:
        return "# Draw something first; the script that repeats the search then stands here."
    data = embedded(_drawn(task))
    lines = "\n".join(f'    "{data[i : i + 100]}"' for i in range(0, len(data), 100))
    # the drawing is stored as it was read, so it must not be read twice
    given = {**asdict(settings), "outline": "keep", "invert": None, "crop": False}
    given.pop("options")  # of loading a model: a page has none to give
    options = ", ".join(f"{name}={value!r}" for name, value in given.items() if value is not None)
    return (
        "import base64\n\nimport tts_playground\n\n"
        f"drawing = base64.b64decode(\n{lines}\n)\n"
        f"result = tts_playground.sketch(drawing, {options})\n"
        "print(result.program)\n"
        'print(f"score {result.score:.4f}, IoU {result.iou:.4f}, {result.seconds:.2f} s, {result.stopped}")\n'
    )
