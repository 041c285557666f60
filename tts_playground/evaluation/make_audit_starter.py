"""Write the audit that the tab opens on, once tiny:vlm is there.

``python -m tts_playground.evaluation.make_audit_starter``

To be run again whenever the checkpoint changes; a test says so.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tts_playground import files
from tts_playground.auditing import responders, run
from tts_playground.auditing.settings import AuditSettings

MODEL = "tiny:vlm"


def write(file: Path | None = None, model: str = MODEL, settings: AuditSettings | None = None) -> Path:
    """Sixty pictures, exact, with the library's defaults."""
    target = run.starter() if file is None else file
    files.make_folder(target.parent)
    with TemporaryDirectory() as folder:
        fresh = Path(folder) / target.name
        for _ in run.recorded(fresh, responders.resolve(model), settings or AuditSettings()):
            pass
        files.write_bytes(target, fresh.read_bytes(), "The starter")
    return target


if __name__ == "__main__":
    made = write()
    print(f"{made}: {made.stat().st_size / 1e3:.0f} kB")
