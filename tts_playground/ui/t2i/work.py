"""What the handlers of the image tab do: read a view, serve a wish, and say what came of it. No gradio in here."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from tts_playground.errors import BadInput, Cancelled, PlaygroundError
from tts_playground.models import loading
from tts_playground.runs.images import Progress
from tts_playground.tasks.image_rewards import reward_named, rewards_here
from tts_playground.ui.t2i import shelf
from tts_playground.ui.t2i.choices import EMBEDDED, View, default_view
from tts_playground.ui.t2i.desk import Desk, Wish
from tts_playground.ui.t2i.look import Look


@cache
def desk() -> Desk:
    """The one desk of this process."""
    return Desk()


@dataclass(frozen=True, slots=True)
class Step:
    """One report of a drawing to a page."""

    look: Look | None = None
    """what is there now; None while images are in work"""
    progress: Progress | None = None
    cancelled: bool = False


def lacking(view: View, seen: Look) -> Wish | None:
    """What a slider's release should draw for a view, or None when it is there."""
    count = shelf.live_count(view)
    return None if shelf.complete(seen, count) else Wish(view, count)


def drawn(session: str, first: Wish, *, pressed: bool = False) -> Iterator[Step]:
    """Serve a page's newest wish, and the one that replaces it meanwhile, until it wants no more.

    ``first`` is served when the page has not asked for anything else, or when its button was ``pressed``; a newer wish
    of the page ends it within a token.
    """
    wish: Wish | None = first if pressed else desk().newest(session) or first
    desk().ask(session, wish)
    while wish is not None:
        now = wish
        try:
            yield from _served(session, now)
            moved = desk().newest(session) is not now
        except Cancelled:
            moved = True
        finally:
            desk().done(session, now)  # whatever happened, it is not wanted any more; a newer wish stays
        wish = desk().newest(session)
        if not moved or wish is None:
            yield Step(shelf.look(now.view), cancelled=moved)


def _served(session: str, wish: Wish) -> Iterator[Step]:
    """Serve a wish, and with it those of other pages that fit; a page that wants it no longer hears no more of it."""
    batch = (wish, *desk().alike(wish))
    views = [other.view for other in batch[1:]]
    for progress in shelf.serve(wish, lambda: desk().given_up(batch), views):
        if desk().newest(session) is wish:
            yield Step(progress=progress)


def reason(look: Look, place: int | None) -> str:
    """Why the check of truth passes or fails an image, in words; "" where it is not here or cannot read the prompt."""
    if place is None or place >= look.shown or "geneval" not in rewards_here():
        return ""
    judge = reward_named("geneval")
    try:
        (verdict,) = judge.verifier.judge(look.view.task, [shelf.sample_of(look.view, place)])  # type: ignore[attr-defined]
    except BadInput:
        return ""
    return f"The clicked image {'passes' if verdict.passed else 'fails'} the GenEval-style check: {verdict.reason}"


def checked(view: View) -> None:
    """Refuse a model that this machine cannot hold or reach, before anything is loaded.

    Raises:
        BadInput: the sentence that says why.
    """
    if view.model == EMBEDDED:
        return
    if sentence := loading.check(view.model, kind="janus"):
        raise BadInput(sentence)


def several(view: View, prompts: tuple[str, ...], session: str) -> Iterator[tuple[tuple[Look, ...], Progress | None]]:
    """The same settings on several prompts: looks of those that are whole, and the progress of the next."""
    looks: tuple[Look, ...] = ()
    for prompt in prompts:
        one = replace(view, prompt=prompt)
        wish = Wish(one, view.n)
        desk().ask(session, wish)
        try:
            for progress in shelf.serve(wish, lambda wish=wish: desk().newest(session) is not wish):
                yield looks, progress
        except Cancelled:
            return
        looks = (*looks, shelf.look(one))
        yield looks, None


def warm() -> None:
    """Load the default model and the rewards where they come with the app or from a folder; nothing is downloaded."""
    view = default_view()
    try:
        pool = shelf.pool_of(view)
        shelf.pool_of(view, load=True).sampler.janus.prefix(view.prompt)  # type: ignore[attr-defined]
        for reward in shelf.wanted(view):
            reward_named(reward).score(view.task, pool.samples(1))
    except PlaygroundError as error:
        logging.getLogger(__name__).warning("the image tab is not warm: %s", error)
