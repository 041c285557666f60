"""A card of a guided tour: a question, guesses as buttons, and the answer with this run's numbers. HTML, no gradio."""

from __future__ import annotations

import html
from dataclasses import dataclass


class NotYet(str):
    """In place of an answer: what has to be done before there is one. The guesses stay, so that one can guess again."""


class JudgedAnswer(str):
    """An answer that knows which guesses were right, so that the card says whether a guess was one of them."""

    right: tuple[str, ...]

    def __new__(cls, text: str, *right: str) -> JudgedAnswer:
        """``right``: guesses as the card has them; none where these numbers decide for none of them."""
        told = super().__new__(cls, text)
        told.right = right
        return told


@dataclass(frozen=True, slots=True)
class TourCard:
    """One question as the page shows it."""

    tab: str
    key: str
    title: str
    question: str
    guesses: tuple[str, ...]
    where: str
    """elem_id of the figure that answers it"""
    number: int
    of: int
    before: str = ""
    """key of the question before it; "" for the first"""
    after: str = ""

    def shown(self, *, guess: str = "", answer: str = "", quiet: bool = False) -> str:
        """The card; ``quiet`` leaves the page where it is, as for what stands there on arrival."""
        said = html.escape(self.question) if not answer else _answered(guess, answer)
        asked = not answer or isinstance(answer, NotYet)
        guesses = "".join(self._guess(one, guess) for one in self.guesses) if asked else ""
        title = self.title if self.title.endswith("?") else f"{self.title}."
        where = "" if quiet else f' data-where="{html.escape(self.where)}"'
        return (
            f'<div class="tour-card" data-tab="{self.tab}" data-key="{self.key}"{where}>'
            f'<p aria-live="polite"><b>{html.escape(title)}</b> {said}</p>'
            f'<div class="guesses" id="{self.tab}-tour-guess" role="group" aria-label="Your guess">{guesses}</div>'
            f'<div class="guesses">{self._go("‹ Back", self.before)}{self._go("Next ›", self.after)}{_CLOSE}</div>'
            "</div>"
        )

    def _guess(self, words: str, guess: str) -> str:
        mark = ' class="guessed"' if words == guess else ""
        return (
            f'<button type="button" data-guess="{html.escape(words, quote=True)}"{mark}>{html.escape(words)}</button>'
        )

    def _go(self, words: str, key: str) -> str:
        off = "" if key else " disabled"
        return f'<button type="button" data-go="{key}"{off}>{words}</button>'


_CLOSE = '<button type="button" data-close aria-label="Let the question go back to its place">×</button>'
"""seen while the question floats above a figure further down"""


def _answered(guess: str, answer: str) -> str:
    told = f"You said: {guess}. " if guess and not isinstance(answer, NotYet) else ""
    return html.escape(told + (_judged(guess, answer) if told else "") + answer)


def _judged(guess: str, answer: str) -> str:
    if not isinstance(answer, JudgedAnswer) or not answer.right:
        return ""
    return "That is right. " if guess in answer.right else f"Not so here: “{'” or “'.join(answer.right)}”. "


def cards(tab: str, stops: list[tuple[str, str, str, tuple[str, ...], str]]) -> dict[str, TourCard]:
    """Cards in order, by key, out of (key, title, question, guesses, where)."""
    keys = [stop[0] for stop in stops]
    return {
        stop[0]: TourCard(
            tab, *stop, i + 1, len(stops), keys[i - 1] if i else "", keys[i + 1] if i + 1 < len(keys) else ""
        )
        for i, stop in enumerate(stops)
    }
