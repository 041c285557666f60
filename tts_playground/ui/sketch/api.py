"""Named endpoints for ``gradio_client`` and MCP: the command line's options in, the command line's JSON out."""

from __future__ import annotations

import base64
import io
from typing import Any

import gradio as gr
from PIL import Image

from tts_playground.dsl import render as draw
from tts_playground.dsl import to_svg, unparse
from tts_playground.dsl.scoring import CLOSENESS
from tts_playground.dsl.spellings import read_spelled
from tts_playground.errors import BadInput
from tts_playground.models.zerogpu import on_gpu
from tts_playground.pages.checks import whole
from tts_playground.pages.coerce import within
from tts_playground.pages.sketch.render import needs_model, seconds
from tts_playground.pages.sketch.view_settings import INVERT, LIMITS, allowed, as_asked, default, offered
from tts_playground.tasks.sketch import SketchSettings
from tts_playground.tasks.sketch import sketch as find
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import is_local
from tts_playground.ui.sketch.callbacks import HEAVY
from tts_playground.ui.widgets import PictureInput


@friendly
def sketch(
    file: Image.Image,
    sampler: str = "proposal",
    strategy: str = "refine",
    n: int = 64,
    temperature: float = 1.0,
    outline: str = "auto",
    seconds: float = 0.0,
    seed: int = 0,
    reward: str = "fit",
    invert: str = "auto",
    crop: bool = False,
    closeness: float = CLOSENESS,
    request: gr.Request | None = None,
) -> dict[str, Any]:
    """Find a short program of circles and rectangles that draws the picture in a file.

    Args:
        file: a PNG, JPEG, WEBP, ... of at most 20 MB and 64 million pixels; dark on light, or a photo of a drawing.
        sampler: who proposes programs; "proposal" needs no model, "tiny:sketch" is one, "+grammar" binds it.
        strategy: "refine", "best-of-n", "smc", "beam" or another one of the menu.
        n: most candidate programs that are scored, 1-256.
        temperature: of the sampler; 0 is greedy, up to 5.
        outline: whether thin closed loops are filled: "auto", "fill" or "keep".
        seconds: limit of the search, up to 20; when it is hit, "stopped" is "seconds". 0 leaves it to a default budget
            of renders, so that a busy server finds the same program.
        seed: same seed, same result.
        reward: what guides the search: "fit" (IoU, less a price for every shape), "iou" or "render".
        invert: whether the drawing is light on dark: "auto", "yes" or "no".
        crop: let the drawing take up the whole canvas.
        closeness: 0 (shorter) to 1 (closer): what a shape costs in the score that "fit" raises.

    Returns:
        {"program", "iou", "f1", "seconds", "cost", "stopped", "notes", "score", "closeness"}
    """
    if file is None:
        raise BadInput("Send a picture as file, for example handle_file('drawing.png').")
    given = within(
        {"n": n, "temperature": temperature, "seconds": seconds, "seed": seed, "closeness": closeness}, LIMITS
    )
    for name, value in {
        "sampler": sampler,
        "strategy": strategy,
        "outline": outline,
        "reward": reward,
        "invert": invert,
    }.items():
        if value not in offered(name):
            raise BadInput(f"There is no {name} {str(value)[:40]!r} here; choose one of: {', '.join(offered(name))}.")
    allowed(sampler, is_local(request))
    asked = SketchSettings(sampler=sampler, reward=reward)
    result = (_by_model if needs_model(asked) else find)(
        file,
        sampler=sampler,
        strategy=strategy,
        outline=outline,  # type: ignore[arg-type] - it is one of those that are offered
        reward=reward,
        invert=INVERT[invert],
        crop=bool(crop),
        **as_asked(given),
    )
    return result.as_dict()


def _seconds(file: Image.Image, **given: Any) -> int:
    return seconds(SketchSettings(**given))


_by_model = on_gpu(_seconds)(find)


@friendly
def render(program: str, size: int = 256, mode: str = "reference") -> dict[str, Any]:
    """Draw a program.

    Args:
        program: its text, for example "(- (Quad 8 8 8 8 0) (Circle 3 8 8))"; CSGNet's and tree-diffusion's spellings
            are read too.
        size: side of the picture in pixels, 16-2048.
        mode: "reference" (as the data sets were drawn) or "exact" (set membership at pixel centres).

    Returns:
        {"program", "size", "black", "svg", "png"}: the normalised text, the number of black pixels, an SVG document,
        and the picture as a data: address; and "notes", where the program was converted from another spelling.
    """
    found = read_spelled(program or "")
    tree = found.program
    size = whole("size, in pixels,", size)
    raster = draw(tree, size=size, mode=mode)  # type: ignore[arg-type] - render checks it
    stream = io.BytesIO()
    raster.convert("1").save(stream, "PNG")
    return {
        "program": unparse(tree),
        "size": size,
        "black": raster.convert("L").histogram()[0],
        "svg": to_svg(tree),
        "png": "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode(),
        **({"notes": [found.note]} if found.note else {}),
    }


def build() -> None:
    """The endpoints, on components that are not shown."""
    numbers = {name: gr.Number(default(name), label=name, visible=False) for name in LIMITS}
    words = {
        name: gr.Textbox(default(name), label=name, visible=False)
        for name in ("strategy", "sampler", "outline", "reward")
    }
    file = PictureInput(type="pil", label="file", visible=False)
    inputs = [file, words["sampler"], words["strategy"], numbers["n"], numbers["temperature"], words["outline"]]
    inputs += [numbers["seconds"], numbers["seed"], words["reward"]]
    inputs += [
        gr.Textbox("auto", label="invert", visible=False),
        gr.Checkbox(False, label="crop", visible=False),
        numbers["closeness"],
    ]
    hidden = gr.Button(visible=False)
    answer = gr.JSON(label="result", visible=False)
    hidden.click(sketch, inputs, answer, api_name="sketch", api_visibility="public", **HEAVY)
    program = gr.Textbox(label="program", visible=False)
    size = gr.Number(256, label="size", visible=False)
    mode = gr.Textbox("reference", label="mode", visible=False)
    drawn = {"api_name": "render", "api_visibility": "public", "concurrency_limit": 4}
    gr.Button(visible=False).click(render, [program, size, mode], answer, **drawn)
