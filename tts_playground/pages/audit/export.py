"""What can be taken away: the Python that repeats an audit, its rows, and its summary."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from tts_playground.auditing.rows import facts
from tts_playground.auditing.settings import AuditSettings
from tts_playground.pages.audit.page_state import AuditPageState
from tts_playground.pages.audit.view_settings import coerce_view
from tts_playground.pages.commands import command
from tts_playground.pages.downloads import offer

DEFAULTS = {
    name: value
    for name, value in AuditSettings().as_dict().items()
    if name not in ("conditions", "samples", "restricted")
}

SECRET = "# Guess first: the tour then says which script this is, and how to run it stands here."


def as_python(work: AuditPageState) -> str:
    """A script that repeats the audit; runs as pasted."""
    if work.secret:
        return SECRET
    chosen = _chosen(work)
    options = "".join(f",\n    {name}={value!r}" for name, value in chosen.items())
    return (
        "import tts_playground\n\n"
        f"report = tts_playground.audit(\n    {work.view.model!r}{options},\n)\n"
        'print("\\n".join(report.verdict))\n'
        "for effect in report.effects:\n"
        '    print(effect.factor, effect.level, f"{effect.estimate:+.3f} ({effect.low:+.3f} to {effect.high:+.3f})")\n'
    )


def as_command(work: AuditPageState) -> str:
    """The same for a terminal."""
    if work.secret:
        return SECRET
    chosen = _chosen(work)
    chosen |= {"model": work.view.model, "conditions": ",".join(chosen["conditions"])}
    return command("audit run", (), chosen)


def as_command_at(work: AuditPageState, n: float, temperature: float) -> str:
    """``as_command`` of what the sliders look at; they move exact chances without a new audit."""
    return as_command(_at(work, n, temperature))


def download_at(work: AuditPageState, n: float, temperature: float, kind: str) -> str:
    """``download`` of what the sliders look at."""
    return download(_at(work, n, temperature), kind)


def _at(work: AuditPageState, n: float, temperature: float) -> AuditPageState:
    view = coerce_view({**asdict(work.view), "n": n, "temperature": temperature})
    return work.looked_at(view.n, view.temperature)


def _chosen(work: AuditPageState) -> dict[str, Any]:
    """What differs from the library's defaults, by name; exact chances are asked at temperature 1 and then tempered."""
    settings = work.view.settings()
    chosen = {name: getattr(settings, name) for name in DEFAULTS if getattr(settings, name) != DEFAULTS[name]}
    tempered = {"temper": work.view.temperature} if work.view.live and work.view.temperature != 1.0 else {}
    return {**chosen, **tempered, "conditions": settings.conditions, "samples": settings.samples}


def download(work: AuditPageState, kind: str) -> str:
    """A file for the browser to save, as ``scripts.offer`` writes it; ``kind`` is "csv" or "jsonl"."""
    if kind == "csv":
        mime, text = "text/csv", work.report().csv()
    else:
        lines = (json.dumps(facts(row, work.drawn or work.view.n), allow_nan=False) for row in work.rows)
        mime, text = "application/jsonl", "\n".join(lines) + "\n"
    return offer(f"audit.{kind}", mime, text.encode())
