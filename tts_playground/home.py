"""Where data lives, and the environment variables that the library listens to.

Pools, downloads and training runs live under ``TTS_PLAYGROUND_HOME`` (by default the user's data folder); the package's
own folder is only ever read.
"""

from __future__ import annotations

import os
from pathlib import Path

from tts_playground import files

PACKAGE = Path(__file__).parent
CHECKPOINTS = PACKAGE / "checkpoints"
"""read-only: the embedded models"""
STARTERS = PACKAGE / "starters"
"""read-only: the pools every tab opens on, as parquet"""


def home() -> Path:
    """The data folder, not created: ``$TTS_PLAYGROUND_HOME`` or the platform's user data folder."""
    given = os.environ.get("TTS_PLAYGROUND_HOME")
    if given:
        return Path(given).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("tts_playground", appauthor=False))


def folder(*parts: str) -> Path:
    """A folder under ``home()``, made if needed, e.g. ``folder("runs", "tiny-janus")``.

    Raises:
        StoreError: it cannot be made.
    """
    path = home().joinpath(*parts)
    return files.make_folder(path, "The data folder")
