"""What one open page is about: the rows of an audit, how they were asked for, and how they are looked at."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from tts_playground.auditing import responders
from tts_playground.auditing.report import AuditReport, analyze
from tts_playground.auditing.rows import AuditRow
from tts_playground.auditing.run import audit_rounds, read, starter
from tts_playground.auditing.scripted import SCRIPTS
from tts_playground.models import loading
from tts_playground.models.zerogpu import on_gpu, seconds_for
from tts_playground.pages.audit.view_settings import EMBEDDED, AuditView, default_view
from tts_playground.pages.menu import here

PACE = 0.25
"""seconds between two updates of a page"""


@dataclass(frozen=True)
class AuditPageState:
    """Lives in the session of one page, and nowhere else."""

    view: AuditView
    """what was asked for"""
    rows: tuple[AuditRow, ...] = ()
    total: int = 0
    seconds: float = 0.0
    secret: bool = False
    """whether its chooser is to be guessed, and not to be named until then"""
    page: AuditView | None = None
    """what the controls said when it was asked for as a riddle, which names none of its settings"""

    @property
    def pictures(self) -> tuple[AuditRow, ...]:
        """Rows without the control."""
        return tuple(row for row in self.rows if row.picture.scene is not None)

    @property
    def drawn(self) -> int:
        """Draws a picture, or 0 where probabilities are exact."""
        return self.rows[0].n if self.rows else 0

    def looked_at(self, n: int, temperature: float) -> AuditPageState:
        """The same rows at the sliders' N and temperature, where they are exact."""
        return self if self.drawn else replace(self, view=replace(self.view, n=n, temperature=temperature))

    def report(self) -> AuditReport:
        """What the rows say."""
        view = self.view
        temperature = 1.0 if self.drawn else view.temperature
        return _report(self.rows, self.drawn or view.n, temperature)


@lru_cache(maxsize=32)
def _report(rows: tuple[AuditRow, ...], n: int, temperature: float) -> AuditReport:
    """Kept, since bars and sentences that are clicked look at the same report again."""
    return analyze(rows, n, temperature=temperature)


PICTURES, REPLIES = 400, 120_000
"""the most of an audit by a script that follows the controls; it takes a blink"""


def instant(view: AuditView) -> bool:
    """Whether an audit costs nothing: one by a script of few enough pictures and replies, on which no model works."""
    pictures = view.per_cond * len(view.conditions) * (view.k if view.permute else 1)
    replies = pictures * view.n if view.protocol == "sampled" else 0
    return view.model in SCRIPTS and pictures <= PICTURES and replies <= REPLIES


def at_once(before: AuditPageState, view: AuditView) -> AuditPageState | None:
    """The finished audit of a view that costs nothing; None where it costs something, or is there already."""
    controls = before.page if before.secret and before.page else before.view
    if not before.drawn:  # exact chances are looked at anew
        controls = replace(controls, n=view.n, temperature=view.temperature)
    if not instant(view) or (before.pictures and controls == view):
        return None
    *_, last = _audit(view)
    return last


def audit(view: AuditView) -> Iterator[AuditPageState]:
    """The work so far, about four times a second, and the last one always."""
    yield from (_audit if view.model.startswith("scripted:") else _audit_by_model)(view)


def _audit(view: AuditView) -> Iterator[AuditPageState]:
    start, shown = time.monotonic(), 0.0
    settings = view.settings()
    chooser = responders.resolve(view.model)
    rows: list[AuditRow] = []
    for progress in audit_rounds(chooser, settings):
        rows += progress.finished
        if progress.done == progress.of or time.monotonic() - shown >= PACE:
            shown = time.monotonic()
            yield AuditPageState(view, tuple(rows), progress.of, shown - start)


DIGITS, LISTS = 8, 128
"""tokens of a reply that chooses once, and of one that lists many choices"""


def _seconds(view: AuditView) -> int:
    pictures = view.per_cond * len(view.conditions) * (view.k if view.permute else 1)
    if view.protocol == "exact":
        return seconds_for(view.model, pictures, DIGITS)
    return seconds_for(view.model, pictures * view.n, LISTS if view.protocol == "list" else DIGITS)


_audit_by_model = on_gpu(_seconds, lambda view: loading.fetched(view.model, "vlm"))(_audit)


@cache
def opening() -> AuditPageState:
    """What a fresh page opens on, without loading a model: the audit that ships, or else one of a script."""
    view = default_view()
    if view.model == EMBEDDED and starter().is_file():
        rows = tuple(read(starter()))
        return AuditPageState(view, rows, len(rows))
    if not view.model.startswith("scripted:"):
        view = replace(view, model=AuditView.model)
    *_, last = audit(view)
    return last


def warm() -> None:
    """Load the embedded model, if it is here, and ask it once."""
    view = default_view()
    if view.model == EMBEDDED and here(EMBEDDED):
        for _ in audit(replace(view, per_cond=1, conditions=("sym",))):
            pass


def quiz(view: AuditView, before: str = "") -> AuditPageState:
    """An audit of a script that is not named, and is not the one of the last time."""
    names = [name for name in SCRIPTS if name != before]
    asked = AuditView(model=secrets.choice(names), n=view.n, seed=view.seed)
    *_, last = audit(asked)
    return replace(last, secret=True, page=view)
