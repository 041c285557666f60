"""What can be taken away: the Python that repeats an audit, its rows, and its summary."""

from __future__ import annotations

import json

from tts_playground.auditing.rows import facts
from tts_playground.auditing.settings import AuditSettings
from tts_playground.pages.audit.page_state import AuditPageState
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
    settings = work.view.settings()
    chosen = {name: getattr(settings, name) for name in DEFAULTS if getattr(settings, name) != DEFAULTS[name]}
    chosen |= {"conditions": settings.conditions, "samples": settings.samples}
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
    settings = work.view.settings()
    chosen = {name: getattr(settings, name) for name in DEFAULTS if getattr(settings, name) != DEFAULTS[name]}
    chosen |= {"model": work.view.model, "conditions": ",".join(settings.conditions), "samples": settings.samples}
    return command("audit run", (), chosen)


def download(work: AuditPageState, kind: str) -> str:
    """A file for the browser to save, as ``scripts.offer`` writes it; ``kind`` is "csv" or "jsonl"."""
    if kind == "csv":
        mime, text = "text/csv", work.report().csv()
    else:
        lines = (json.dumps(facts(row, work.drawn or work.view.n), allow_nan=False) for row in work.rows)
        mime, text = "application/jsonl", "\n".join(lines) + "\n"
    return offer(f"audit.{kind}", mime, text.encode())
