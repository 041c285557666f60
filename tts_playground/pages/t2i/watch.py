"""An image drawn again, token by token, before one's eyes: from what its sample says, so that no model is asked.

A stored sample holds for each token how likely it was and how undecided the model stood. What else might have come is
there for the images that ship (``evaluation.make_watch``), and for those that the microscope has looked into.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Sequence

from tts_playground.evaluation.make_watch import TOP
from tts_playground.pages.t2i import image_repository, inspector
from tts_playground.pages.t2i.codes import patch, shipped
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.render import data_uri, shortened
from tts_playground.pages.t2i.view_settings import EMBEDDED, T2iView

NOTHING = '<p class="what">An image is drawn again here, token by token, once there is one.</p>'


def _likeliest(look: GalleryState, place: int) -> list[list[list[float]]]:
    """[position][rank] (token, probability), of what ships or of what the microscope holds; empty without either."""
    view, known = look.view, shipped().get("images", {}).get(look.view.prompt)
    usual = T2iView(view.prompt, n=view.n, reward=view.reward, second=view.second)
    if known and known["place"] == place and view == usual:
        return known["top"]
    held = inspector.KEPT.get(inspector.Subject(view, place))
    return [] if held is None else inspector.likeliest(held[0], view, TOP)


def no_tokens(view: T2iView) -> str:
    """Why an image of the view cannot be drawn again token by token."""
    if view.denoises:
        return (
            f"{view.model} denoises: every step changes the whole picture, and there are no tokens to watch. What a"
            " picture looked like on the way stands in “Beyond best-of-N”."
        )
    return "This image does not say how its tokens were drawn, so it cannot be drawn again here."


def board(look: GalleryState, chosen: int | None = None) -> str:
    """The image that was clicked, or else the best one, as a board that the browser plays."""
    if not look.shown:
        return NOTHING
    place = look.marked(chosen)
    info = image_repository.sample_of(look.view, place).info
    logprobs, entropies = info.get("logprobs"), info.get("entropies")
    if not logprobs or not entropies:
        return f'<p class="what">{html.escape(no_tokens(look.view))}</p>'
    return _board(look, place, list(logprobs), list(entropies), list(info.get("tokens", ())))


def _board(
    look: GalleryState, place: int, logprobs: Sequence[float], entropies: Sequence[float], tokens: Sequence[int]
) -> str:
    top = _likeliest(look, place)
    used = {int(token) for row in top for token, _ in row} | ({int(token) for token in tokens} if top else set())
    own = look.view.model == EMBEDDED
    told = {
        "picture": data_uri(look.files[place]),
        "grid": math.isqrt(len(logprobs)),
        "p": [round(math.exp(value), 4) for value in logprobs],
        "entropy": [round(float(value), 3) for value in entropies],
        "tokens": [int(token) for token in tokens],
        "top": top,
        "patches": {str(token): patch(token) for token in sorted(used)} if own else {},
    }
    title = html.escape(f"“{shortened(look.view.prompt, 60)}”, image {place + 1}")
    data = html.escape(json.dumps(told, separators=(",", ":")), quote=True)
    return f'<div class="replay-board" data-replay="image" data-title="{title}" data-told="{data}"></div>'
