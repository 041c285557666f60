"""The microscope: the distributions that an image's tokens were drawn from, reshaped by sliders without the model."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from tts_playground import figures, registry
from tts_playground.errors import BadInput
from tts_playground.models.zerogpu import here, on_gpu, seconds_for
from tts_playground.pages.status import status
from tts_playground.pages.t2i import image_repository
from tts_playground.pages.t2i.codes import patch
from tts_playground.pages.t2i.view_settings import EMBEDDED, T2iView
from tts_playground.samplers.microscope import Microscope

SIDE = 384
"""pixels of the picture that is clicked"""
KEPT_BYTES = 400_000_000
"""logits kept for all pages together: 0.5 MB an image of the embedded model, 75 MB one of Janus-Pro"""
STOPS = np.array([(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)], np.float64)
"""viridis: dark is certain, bright is undecided"""


@dataclass(frozen=True, slots=True)
class Subject:
    """The image under the microscope: which one it is, and which patch is looked at."""

    view: T2iView
    """under which it was drawn"""
    place: int
    position: int = 0
    """of the token, row by row from the top left"""


class InspectedToken:
    """Microscopes by image, the oldest dropped when they grow too large together."""

    def __init__(self) -> None:
        self._held: OrderedDict[Any, tuple[Any, Image.Image]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, subject: Subject) -> tuple[Any, Image.Image] | None:
        """(microscope, picture) of an image that was prepared and is still held."""
        with self._lock:
            return self._held.get((subject.view, subject.place))

    def put(self, subject: Subject, held: tuple[Any, Image.Image]) -> None:
        """Hold one more."""
        with self._lock:
            self._held[subject.view, subject.place] = held
            each = 2 * held[0].cond.numel() * 4
            while len(self._held) > max(1, KEPT_BYTES // each):
                self._held.popitem(last=False)


KEPT = InspectedToken()


def is_quick(view: T2iView) -> bool:
    """Whether an image may be prepared unasked: by the embedded model, where no visitor's GPU time is spent."""
    return view.model == EMBEDDED and not here()


def draws_by_tokens(view: T2iView) -> None:
    """Raises BadInput where something draws whose pictures have no tokens to look at."""
    if view.denoises:
        raise BadInput(
            f"{view.model} denoises: its pictures have no tokens to look at; choose a model that draws by tokens, such "
            f"as {EMBEDDED}. The trace of a strategy shows how a picture comes out of noise."
        )
    if registry.stands_alone(view.model, "t2i"):
        raise BadInput(f"{view.model} does not draw by tokens; choose a model that does, such as {EMBEDDED}.")


def prepare(subject: Subject) -> None:
    """One forward of the model over the image's tokens; everything after this is arithmetic.

    Raises:
        BadInput: the image is gone. ModelUnavailable: the model is.
    """
    if KEPT.get(subject) is not None:
        return
    draws_by_tokens(subject.view)
    sample = image_repository.sample_of(subject.view, subject.place)
    KEPT.put(subject, (_inspected(subject.view, sample.info["tokens"]), sample.content))


@on_gpu(lambda view, tokens: seconds_for(view.model, 1, len(tokens)))
def _inspected(view: T2iView, tokens: Sequence[int]) -> Microscope:
    """The distributions of an image's tokens; on the CPU where the GPU is gone once the call ends."""
    pool = image_repository.pool_of(view, load=True)
    scope = pool.sampler.inspect(view.task, tokens)
    return replace(scope, cond=scope.cond.cpu(), uncond=scope.uncond.cpu()) if here() else scope


def clicked(subject: Subject, x: float, y: float) -> int:
    """The token under a click at (x, y) of the shown picture."""
    held = KEPT.get(subject)
    grid = 1 if held is None else math.isqrt(len(held[0].tokens))
    column, row = (min(grid - 1, max(0, int(v * grid / SIDE))) for v in (x, y))
    return row * grid + column


def panel(subject: Subject | None, view: T2iView, entropy: bool) -> tuple[Image.Image | None, Any, str]:
    """(picture, figure, words) of a subject under the settings of a view; never runs the model."""
    held = None if subject is None else KEPT.get(subject)
    if subject is None or held is None:
        return (
            None,
            figures.empty("Choose an image first."),
            status("Click an image of the gallery, then “Look closer”."),
        )
    if view.denoises:
        return None, figures.empty("This model has no tokens."), status(f"{view.model} denoises: it has no tokens.")
    scope, picture = held
    position = min(subject.position, len(scope.tokens) - 1)
    settings, drawn = view.of_tokens, scope.tokens[position]
    logprobs, entropies = scope.report(settings)
    top = scope.top(position, settings, BARS)
    rows = (row.tolist() for row in (top.tokens, top.conditional, top.unconditional, top.guided))
    shown = [patch(token) for token in top.tokens.tolist()] if subject.view.model == EMBEDDED else []
    figure = figures.token_bars(*rows, drawn=drawn, pictures=shown)
    words = _words(scope, position, settings, math.exp(logprobs[position]), entropies)
    return (
        overlay(picture, entropies if entropy else None, position, len(scope.tokens)),
        figure,
        words + (scale(max(entropies)) if entropy else ""),
    )


def scale(most: float) -> str:
    """What the colours of the map mean, as HTML."""
    return f'<div class="scale">0 nats: certain <i></i> {most:.2f} nats: as undecided as anywhere here</div>'


BARS = 8
"""tokens beside the picture"""


def likeliest(scope: Any, view: T2iView, count: int) -> list[list[list[float]]]:
    """[position][rank] (token, probability) of the likeliest tokens everywhere, under a view's settings."""
    found = (scope.top(place, view.settings, count) for place in range(len(scope.tokens)))
    return [[[int(t), round(float(p), 4)] for t, p in zip(top.tokens, top.guided, strict=True)] for top in found]


def undecided(subject: Subject) -> Subject:
    """The same image at the token about which the model was least decided; it must have been prepared."""
    held = KEPT.get(subject)
    if held is None:
        return subject
    _, entropies = held[0].report(subject.view.settings)
    return replace(subject, position=int(np.argmax(entropies)))


def _words(scope: Any, position: int, settings: Any, chance: float, entropies: list[float]) -> str:
    grid = math.isqrt(len(scope.tokens))
    row, column = divmod(position, grid)
    most = math.log(scope.cond.shape[-1])
    line = (
        f"Patch in row {row + 1}, column {column + 1}: token {position + 1} of {len(scope.tokens)}, given all before"
        f" it. At temperature {settings.temperature:g} and CFG {settings.cfg:g} the drawn one has a chance of"
        f" {100 * chance:.1f} %."
    )
    here = entropies[position]
    return status(
        line,
        [
            ("entropy here", f"{here:.2f} nats", f"0: certain; {most:.2f}: all tokens equally likely."),
            ("mean entropy", f"{np.mean(entropies):.2f} nats", "Over the image's tokens, under the sliders' settings."),
            (
                "like choosing among",
                f"{math.exp(entropies[position]):.1f}",
                "e to the entropy: its perplexity, in tokens.",
            ),
        ],
    )


def overlay(picture: Image.Image, values: list[float] | None, position: int, tokens: int) -> Image.Image:
    """The picture at ``SIDE`` pixels with the patch framed, under a map of ``values`` where they are given."""
    grid = math.isqrt(tokens)
    how = Image.Resampling.NEAREST if SIDE % picture.width == 0 else Image.Resampling.BICUBIC  # pixels stay crisp
    shown = picture.convert("RGB").resize((SIDE, SIDE), how)
    if values is not None:
        heat = np.asarray(values, np.float64).reshape(grid, grid)
        colours = _viridis(heat / max(1e-9, heat.max())).astype(np.uint8)
        layer = Image.fromarray(colours).resize((SIDE, SIDE), Image.Resampling.NEAREST)
        shown = Image.blend(shown, layer, 0.72)
    row, column = divmod(position, grid)
    size = SIDE / grid
    box = [column * size, row * size, (column + 1) * size - 1, (row + 1) * size - 1]
    pen = ImageDraw.Draw(shown)
    pen.rectangle(box, outline=(255, 255, 255), width=4)
    pen.rectangle(box, outline=(213, 94, 0), width=2)
    return shown


def _viridis(values: np.ndarray) -> np.ndarray:
    """[h, w] in 0-1 to RGB [h, w, 3] in 0-255."""
    places = np.linspace(0, 1, len(STOPS))
    return np.stack([np.interp(values, places, STOPS[:, channel]) for channel in range(3)], axis=-1)
