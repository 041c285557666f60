"""Write the audit that the tab opens on, once tiny:vlm is there.

``python -m tts_playground.evaluation.make_audit_starter``

To be run again whenever the checkpoint changes; ``stale`` says so.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tts_playground import files
from tts_playground.auditing import responders, run
from tts_playground.auditing.settings import AuditSettings

MODEL = "tiny:vlm"
CLOSE = 1e-3
"""largest difference of a probability between machines"""


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


def stale(file: Path, model: str = MODEL, most: int = 4) -> bool:
    """Whether the first rows, asked again, have other probabilities."""
    rows = run.read(file)[:most]
    again = run.ask(responders.resolve(model), AuditSettings(), [row.picture for row in rows])
    return any(np.abs(np.subtract(a.digits, b.digits)).max() > CLOSE for a, b in zip(rows, again, strict=True))


if __name__ == "__main__":
    made = write()
    print(f"{made}: {made.stat().st_size / 1e3:.0f} kB")
