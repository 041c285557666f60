"""Where data lives, and the environment variables that the library listens to.

Pools, downloads and training runs live under ``TTS_PLAYGROUND_HOME`` (by default the user's data folder); the package's
own folder is only ever read.
"""

from __future__ import annotations

import os
from pathlib import Path

from tts_playground import files
from tts_playground.errors import BadInput, shown

PACKAGE = Path(__file__).parent
CHECKPOINTS = PACKAGE / "checkpoints"
"""read-only: the embedded models"""
STARTERS = PACKAGE / "starters"
"""read-only: the pools every tab opens on, as parquet"""


def home() -> Path:
    """The data folder, not created: ``$TTS_PLAYGROUND_HOME`` or the platform's user data folder."""
    given = os.environ.get("TTS_PLAYGROUND_HOME")
    if given:
        return expanded(given).absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("tts_playground", appauthor=False))


def expanded(name: str | Path) -> Path:
    """A path with ``~`` and ``~user`` written out.

    Raises:
        BadInput: there is no such user, or it can be no path.
    """
    try:
        path = Path(name).expanduser()
        path.exists()
    except RuntimeError as error:
        raise BadInput(f"There is no user whose folder '{shown(name)}' names; give the whole path.") from error
    except (OSError, ValueError, TypeError) as error:
        why = getattr(error, "strerror", None) or shown(error, 80)
        raise BadInput(f"'{shown(name)}' can be no path: {why}.") from error
    return path


def folder(*parts: str) -> Path:
    """A folder under ``home()``, made if needed, e.g. ``folder("runs", "tiny-janus")``.

    Raises:
        StoreError: it cannot be made.
    """
    path = home().joinpath(*parts)
    return files.make_folder(path, "The data folder")
