"""What leaves the page: pictures with their settings inside, the pool as a dataset, the figure, a script, a link."""

from __future__ import annotations

import os
import shutil
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from tts_playground import figures, files
from tts_playground.core import Cost
from tts_playground.errors import BadInput
from tts_playground.images import FORMATS, open_image
from tts_playground.pages.commands import command
from tts_playground.pages.t2i import image_repository, render
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.view_settings import LIMITS, T2iView, coerce_view
from tts_playground.store import parquet
from tts_playground.tasks.picture_facts import facts_of, png
from tts_playground.tasks.text_to_image import Generated

KEPT = 40
"""files kept for downloads"""


_places: deque[Path] = deque()
"""oldest first, whatever the clock says"""


def _place(name: str) -> Path:
    """Where a file to download goes: a folder of its own, the oldest ones dropped."""
    folder = files.make_folder(files.own_folder("downloads") / os.urandom(8).hex())
    _places.append(folder)
    while len(_places) > KEPT + 1:
        shutil.rmtree(_places.popleft(), ignore_errors=True)
    return folder / name


def _named(view: T2iView) -> str:
    words = "".join(c if c.isalnum() else "-" for c in view.prompt.lower()[:40]).strip("-")
    return words or "images"


def picture(look: GalleryState, chosen: int | None) -> Path:
    """The clicked image, or the best one, as a PNG that remembers what made it.

    Raises:
        BadInput: there is no image.
    """
    if not look.shown:
        raise BadInput("There is no image yet; draw some first.")
    place = look.marked(chosen)
    view, sample = look.view, image_repository.sample_of(look.view, place)
    scores = {name: (values[place],) for name, values in look.scores.items()}
    whole = Generated(view.prompt, view.model, view.seed, view.settings, (sample,), scores, Cost())
    file = _place(f"{_named(view)}-{view.seed}-{place}.png")
    files.write_bytes(file, png(sample.content, whole.facts(0)), "The picture")
    return file


def dataset(look: GalleryState) -> Path:
    """The pool as parquet, a row an image, for ``datasets.load_dataset("parquet", data_files=...)``.

    Raises:
        BadInput: there is no image.
    """
    if not look.size:
        raise BadInput("There is no image yet; draw some first.")
    file = _place(f"{_named(look.view)}.parquet")
    parquet.write([image_repository.readable(look.view)], file)
    return file


def figure(look: GalleryState, others: tuple[GalleryState, ...] = ()) -> Path:
    """The curve as a web page that needs no network."""
    return figures.save(render.curve_figure(look, others), _place(f"{_named(look.view)}.html"))


def _taken(view: T2iView) -> tuple[str, ...]:
    """The settings that the view's kind of model has."""
    return ("cfg", "steps", "eta") if view.denoises else ("temperature", "cfg", "top_p", "top_k")


def script(view: T2iView) -> str:
    """Python that draws the same images again; runs as pasted."""
    rewards = ",".join(dict.fromkeys((view.reward, view.second)))
    settings = "".join(f"    {name}={getattr(view, name)},\n" for name in _taken(view))
    return (
        "import tts_playground\n\n"
        "result = tts_playground.generate(\n"
        f"    {view.prompt!r},\n"
        f"    model={view.model!r},\n"
        f"    n={view.n},\n"
        f"{settings}"
        f"    seed={view.seed},\n"
        f"    reward={rewards!r},\n"
        ")\n"
        "for place in result.order:\n"
        "    scores = {name: values[place] for name, values in result.rewards.items()}\n"
        "    print(result.samples[place].index, scores)\n"
        'result.best.content.save("best.png")\n'
    )


def as_command(view: T2iView) -> str:
    """The same for a terminal; the pictures go into the folder ``images``."""
    rewards = ",".join(dict.fromkeys((view.reward, view.second)))
    options = {name: getattr(view, name) for name in ("model", "n", *_taken(view), "seed")}
    return command("generate", (view.prompt,), {**options, "reward": rewards, "out": "images"})


def brought_back(file: str, now: T2iView) -> tuple[T2iView, int]:
    """(view, place) of a picture that was downloaded here: what made it, and which of the images it is.

    Raises:
        BadInput: it is no picture, or carries no settings.
    """
    open_image(Path(file))  # the guards: format, size, damage
    with Image.open(file, formats=FORMATS) as opened:
        opened.load()
        facts = facts_of(opened)
    settings = facts.get("settings")
    given: dict[str, Any] = {name: facts[name] for name in ("prompt", "model", "seed") if name in facts}
    given |= settings if isinstance(settings, dict) else {}
    index = facts.get("index")
    place = index if isinstance(index, int) and 0 <= index < LIMITS["n"][1] else 0
    view = coerce_view({**given, "reward": now.reward, "second": now.second})
    return replace(view, n=max(now.n, place + 1)), place
