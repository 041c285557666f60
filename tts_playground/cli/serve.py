"""``app``: start the web app."""

from __future__ import annotations

import gc
import os

SPINS = "3000"
"""turns that an idle torch thread waits awake. Measured on two cores with a browser drawing beside it: 16 programs of
tiny:sketch took over 4 s with the default and 0.7 s with this; on a quiet machine nothing changes"""


def app() -> None:
    """Start the app in your browser (GRADIO_SERVER_NAME and GRADIO_SERVER_PORT are honoured)."""
    gc.disable()  # imports make a million objects that all stay: searching them for garbage costs a second of start-up
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)  # read when torch is imported, which comes later
    from tts_playground.pages import address

    address.check()  # gradio reads it as it is imported
    from tts_playground.ui.shell import launch

    launch()
