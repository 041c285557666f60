"""Names to plug-ins: one typed table that menus, help texts, comparisons and laws read.

    register("strategy", "dvts", "my_package.dvts:DVTS", label="DVTS", summary="independent subtrees, each greedy",
             tasks=("t2i", "vqa", "sketch", "text"), needs="SteppedSampler")

A row is all that a plug-in needs beside its own file. ``entries`` lists rows, those of a task on request; ``resolve``
builds the plug-in behind a name, with the settings that its own dataclass declares. Names may carry a parameter
(``clip:openai/clip-vit-large-patch14``), and rewards may be composed (``0.7*clip+0.3*aesthetic``,
``min(clip,geneval)``): see ``registry.expressions``. Nothing is imported before it is asked for, and a missing package
shows as its real ImportError.
"""

from __future__ import annotations

from tts_playground.registry.building import (
    entry_of_reward,
    fitting,
    load,
    registered_only,
    resolve,
    rewards,
    runs,
    settings_of,
    standalone,
    stands_alone,
)
from tts_playground.registry.entry import Entry
from tts_playground.registry.expressions import names_in, parameter_of, split
from tts_playground.registry.table import KINDS, TASKS, entries, entry, listed, names, register, unregister

__all__ = [
    "KINDS",
    "TASKS",
    "Entry",
    "entries",
    "entry",
    "entry_of_reward",
    "fitting",
    "listed",
    "load",
    "names",
    "names_in",
    "parameter_of",
    "register",
    "registered_only",
    "resolve",
    "rewards",
    "runs",
    "settings_of",
    "split",
    "standalone",
    "stands_alone",
    "unregister",
]
