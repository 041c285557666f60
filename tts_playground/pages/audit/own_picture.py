"""Somebody's own picture with labelled choices: how likely is each label?"""

from __future__ import annotations

import html
from typing import Any

from PIL import Image

from tts_playground.auditing import responders
from tts_playground.auditing.choosers import ChoiceQuestion, ExactChooser
from tts_playground.auditing.report import Bar
from tts_playground.auditing.verdict import share as percent
from tts_playground.errors import BadInput, CannotDo
from tts_playground.models.zerogpu import on_gpu, seconds_for
from tts_playground.pages.audit.histogram import histogram
from tts_playground.pages.audit.view_settings import AuditView
from tts_playground.pages.made import digest, made, now
from tts_playground.pages.status import status
from tts_playground.worlds.choices import CHOICE_PROMPT

MOST, LONGEST = 12, 24
"""labels, and characters of one"""
SIDE = 1024
"""longest side that is looked at"""
PROMPT = (
    "Choose exactly one of these labels in the image at random, each with equal probability: {labels}. "
    "There is no correct answer. Output the label only."
)


def labels_of(text: str) -> tuple[str, ...]:
    """The labels in a line of text, separated by commas.

    Raises:
        BadInput: fewer than two, too many, or one that is too long.
    """
    labels = tuple(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))
    if not 2 <= len(labels) <= MOST or max(map(len, labels)) > LONGEST:
        raise BadInput(f"Write 2 to {MOST} different labels of at most {LONGEST} characters, separated by commas.")
    return labels


def ask(image: Image.Image | None, text: str, model: str, temperature: float) -> tuple[str, str]:
    """(status, bars) of the chances of the labels.

    Raises:
        BadInput: no picture, or no labels. CannotDo: the chooser does not tell probabilities.
    """
    if image is None:
        raise BadInput("Upload or paste a picture with labelled choices first.")
    labels = labels_of(text)
    digits = all(len(label) == 1 and label.isdigit() for label in labels)
    prompt = CHOICE_PROMPT if digits else PROMPT.format(labels=", ".join(labels))
    small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE))
    ask_it = _chances if model.startswith("scripted:") else _chances_by_model
    chances = ask_it(small, prompt, labels, model, temperature)
    total = sum(chances)
    fair = 1 / len(labels)
    shares = [chance / total if total else fair for chance in chances]
    shown = [Bar("label", label, share, fair, fair, fair, 1) for label, share in zip(labels, shares, strict=True)]
    line = (
        f"{model} begins its reply with one of the labels in {percent(total)} of cases; the bars are shares of those."
    )
    line += " Scripts do not look at the picture." if model.startswith("scripted:") else ""
    return status(line), histogram(shown)


def made_of(image: Image.Image | None, text: str, view: AuditView) -> str:
    """What the bars depend on: the picture, its labels, who was asked, and how boldly."""
    of = {"labels": text, "picture": digest(image), "model": view.model, "temperature": view.temperature}
    words = f"{view.model} at temperature {view.temperature:g}, labels {', '.join(labels_of(text))}"
    return made("audit", words, of, part="audit-own")


def now_of(image: Image.Image | None, text: str) -> str:
    """The picture and the labels that stand in the page."""
    return now("audit", picture=digest(image), labels=text or "")


def _chances(image: Image.Image, prompt: str, labels: tuple[str, ...], model: str, temperature: float) -> list[float]:
    chooser: Any = responders.resolve(model)
    if not isinstance(chooser, ExactChooser):
        raise CannotDo("This chooser does not tell probabilities.")
    return [
        float(chance) for chance in chooser.chances([ChoiceQuestion(lambda: image, prompt, labels)], temperature)[0]
    ]


def _seconds(image: Image.Image, prompt: str, labels: tuple[str, ...], model: str, temperature: float) -> int:
    return seconds_for(model, 1, len(labels))


_chances_by_model = on_gpu(_seconds)(_chances)


def nothing() -> str:
    """Before anything was asked."""
    return f'<p class="what">{html.escape("Upload a picture, write its labels, and press “Ask”.")}</p>'
