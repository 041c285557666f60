"""The table itself: rows that ship (``registry.rows``), rows of installed plug-ins, and rows registered by hand."""

from __future__ import annotations

import importlib
import os
import re
import threading

from tts_playground import core
from tts_playground.errors import BadInput, ModelUnavailable, PlaygroundError, UnknownName, shown
from tts_playground.registry import rows
from tts_playground.registry.entry import Entry

KINDS = ("sampler", "reward", "verifier", "strategy", "selector", "model", "bench", "eval", "tab")
TASKS = ("t2i", "vqa", "sketch", "choice", "text")
"""a picture for a prompt, an answer about a picture, a program for a drawing, a choice in a picture, steps in words"""
CAPABILITIES = (
    "Sampler",
    "StreamingSampler",
    "SteppedSampler",
    "Neighbourhood",
    "RevisingSampler",
    "ContinuingSampler",
    "ForetellingSampler",
    "NoiseSampler",
)
"""protocols of ``core`` that a strategy may need"""
PLUGINS = "TTS_PLAYGROUND_PLUGINS"
"""environment variable: modules, separated by commas, that are imported because they register plug-ins"""
_FORBIDDEN = re.compile(r"[\s+*,()\"'\x00-\x1f]")

_table: dict[str, dict[str, Entry]] = {kind: {} for kind in KINDS}
_lock = threading.RLock()
_state = {"filled": False}


def register(
    kind: str,
    name: str,
    target: str,
    *,
    label: str = "",
    summary: str = "",
    tasks: tuple[str, ...] = (),
    needs: str | None = None,
    provides: tuple[str, ...] | None = None,
    parameter: str = "",
) -> Entry:
    """Add a plug-in: ``register("reward", "mine", "my_package.rewards:Mine", tasks=("t2i",))``.

    The arguments are the fields of ``Entry``. Registering the same name and target again replaces the row's words.

    Raises:
        UnknownName: no such kind, task or protocol.
        BadInput: a target without a colon, a name that the syntax of names does not allow, or one that is taken.
    """
    _filled()
    row = Entry(kind, name, target, label, summary, tuple(tasks), needs, provides, parameter)
    with _lock:
        known = _of(kind)
        _check(row)
        if name in known and known[name].target != target:
            raise BadInput(f"There is a {kind} called {name!r} already ({known[name].target}); choose another name.")
        known[name] = row
    return row


def unregister(kind: str, name: str) -> None:
    """Take a row out again, as a test does that put it in; no error where there is none.

    Raises:
        UnknownName: no such kind.
    """
    with _lock:
        _of(kind).pop(name, None)


def entries(kind: str, task: str | None = None) -> tuple[Entry, ...]:
    """The rows of a kind in the order in which menus show them; with a task, those that fit it.

    Raises:
        UnknownName: no such kind or task.
    """
    _filled()
    with _lock:
        found = tuple(_of(kind).values())
    if task is None:
        return found
    if task not in TASKS:
        raise UnknownName("task", task, TASKS)
    return tuple(row for row in found if fits(row, task))


def names(kind: str, task: str | None = None) -> list[str]:
    """The names of ``entries``, sorted."""
    return sorted(row.name for row in entries(kind, task))


def listed(kind: str, task: str, *, without: tuple[str, ...] = ()) -> str:
    """The names of a kind that fit a task, in menu order, for a help text: "parm, gridar or smc"."""
    *others, last = [row.usage for row in entries(kind, task) if row.name not in without]
    return f"{', '.join(others)} or {last}" if others else last


def entry(kind: str, name: str, task: str | None = None) -> Entry:
    """The row of a name, its parameter included ("clip:folder" gives the row of "clip").

    Raises:
        UnknownName: no such row; near misses are named. BadInput: the row does not fit the task; what fits is named.
    """
    _filled()
    with _lock:
        known = _of(kind)
        base = name.partition(":")[0]
        found = known.get(name) or (known.get(base) if base in known and known[base].parameter else None)
    if found is None:
        raise UnknownName(kind, name, names(kind, task) or names(kind))
    if task is not None and not fits(found, task):
        fitting = ", ".join(names(kind, task)) or "none"
        raise BadInput(f"The {kind} {name!r} is not for {_called(task)}; these are: {fitting}.")
    return found


def fits(row: Entry, task: str) -> bool:
    """Whether a row is for a task: by its ``tasks``, else because some sampler of the task has what it needs."""
    if row.tasks:
        return task in row.tasks
    if row.kind != "strategy" or row.needs is None:
        return True
    return any(has(sampler, row.needs) for sampler in entries("sampler", task) if sampler.tasks)


def has(sampler: Entry, capability: str) -> bool:
    """Whether a registered sampler has a protocol of ``core``; its class is imported only where its row is silent.

    One whose package is not installed has none.
    """
    if sampler.provides is not None:
        return capability in sampler.provides
    try:
        made = sampler.load()
    except (ImportError, ModelUnavailable):
        return False
    wanted = protocol(capability)
    return issubclass(made, wanted) if isinstance(made, type) else isinstance(made, wanted)


def protocol(capability: str) -> type:
    """The protocol of ``core`` called ``capability``, one of ``CAPABILITIES``."""
    return getattr(core, capability)


def _called(task: str) -> str:
    return rows.TASK_NAMES[task]


def _of(kind: str) -> dict[str, Entry]:
    if kind not in _table:
        raise UnknownName("kind of plug-in", kind, KINDS)
    return _table[kind]


def _check(row: Entry) -> None:
    if ":" not in row.target:
        raise BadInput(f"A plug-in is named 'package.module:Attribute', but {row.target!r} has no colon.")
    if not row.name or _FORBIDDEN.search(row.name):
        raise BadInput(
            f"The name {row.name!r} cannot be used: a name has at least one character, and no spaces, quotes, brackets,"
            " commas, + or *."
        )
    for task in row.tasks:
        if task not in TASKS:
            raise UnknownName("task", task, TASKS)
    if row.kind == "strategy" and row.needs is not None and row.needs not in CAPABILITIES:
        raise UnknownName("protocol", row.needs, CAPABILITIES)


def _filled() -> None:
    """Fill the table once: first what ships, then what ``PLUGINS`` and installed packages bring."""
    if _state["filled"]:
        return
    with _lock:
        if _state["filled"]:
            return
        _state["filled"] = True  # first: a plug-in's module calls ``register``, which asks again
        for row in rows.SHIPPED:
            _check(row)
            _table[row.kind][row.name] = row
        _plugins()


def _plugins() -> None:
    for module in filter(None, (part.strip() for part in os.environ.get(PLUGINS, "").split(","))):
        before = {kind: dict(known) for kind, known in _table.items()}
        try:
            importlib.import_module(module)
        except Exception as error:  # a module of somebody's may raise anything
            _state["filled"] = False
            _table.update(before)  # none of its rows stay, or it would be refused for them when it is read again
            why = str(error).removesuffix(".") if isinstance(error, (ImportError, PlaygroundError)) else _told(error)
            raise BadInput(f"{PLUGINS} names the module {module!r}, which cannot be imported: {why}.") from error


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {shown(error)}" if str(error) else type(error).__name__
