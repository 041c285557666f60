"""From a name to the plug-in: its class with its own settings, its parameter, and compositions of rewards."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, Literal, overload

from tts_playground import core
from tts_playground.core.scores import as_reward
from tts_playground.errors import BadInput, UnknownName
from tts_playground.registry import table
from tts_playground.registry.entry import Entry, imported
from tts_playground.registry.expressions import Call, Expression, Name, composed, parameter_of, parse

SUM = "tts_playground.rewards.compose:Weighted"
COMPOSITIONS = {"min": "tts_playground.rewards.compose:Minimum"}
AS_REWARD = "tts_playground.rewards.verdict:VerdictReward"
MODEL_MARKS = ("adapter", "tiny", "endpoint", "vllm")
"""what names of models begin with, which are no modules"""
FUNCTIONS = ("bench", "eval", "tab")
"""kinds whose rows stand for the object itself, which is returned and not built"""


_registered_only: ContextVar[bool] = ContextVar("registered_only", default=False)


@contextmanager
def registered_only() -> Generator[None]:
    """In here, and in all tasks and handlers that begin in here, ``resolve`` knows registered names only.

    The app serves every request within it, because importing a module that a stranger names runs that module.
    """
    before = _registered_only.set(True)
    try:
        yield
    finally:
        _registered_only.reset(before)


@overload
def resolve(kind: Literal["reward"], name: str, task: str | None = None, /, **settings: Any) -> core.Reward: ...
@overload
def resolve(kind: Literal["verifier"], name: str, task: str | None = None, /, **settings: Any) -> core.Verifier: ...
@overload
def resolve(kind: Literal["selector"], name: str, task: str | None = None, /, **settings: Any) -> core.Selector: ...
@overload
def resolve(kind: Literal["sampler"], name: str, task: str | None = None, /, **settings: Any) -> core.Sampler: ...
@overload
def resolve(
    kind: Literal["strategy"], name: str, task: str | None = None, /, **settings: Any
) -> core.Strategy[Any]: ...
@overload
def resolve(kind: str, name: str, task: str | None = None, /, **settings: Any) -> Any: ...
def resolve(kind: str, name: str, task: str | None = None, /, **settings: Any) -> Any:
    """The plug-in called ``name``, built with ``settings``; of benches, evals and tabs the object itself.

    Args:
        kind: one of ``KINDS``. A reward may also be a verifier's name, which then scores by its verdicts.
        name: a registered name, with a parameter where its row takes one, or (from Python and the command line, never
            in what the app serves: ``registered_only``) "package.module:Attribute".
        task: one of ``TASKS``: the plug-in must fit it.
        settings: by the names that the plug-in's own dataclass declares; the parts of a composition take theirs.

    Raises:
        UnknownName: no plug-in of that name. BadInput: it does not fit the task, or does not have such a setting.
        ImportError: a package that it needs is not installed.
    """
    if kind != "reward":
        return _one(kind, name, task, settings)
    return _composed(parse(name), task, settings)


def load(kind: str, name: str) -> Any:
    """The class or function behind a name, not built. Raises as ``resolve``."""
    if (outside := _outside(kind, name)) is not None:
        return outside
    return table.entry(kind, name).load()


def settings_of(kind: str, name: str) -> tuple[str, ...]:
    """The settings that ``resolve`` takes for a name, in order: the fields of its dataclass."""
    return _declared(load(kind, name))


def standalone(task: str) -> tuple[Entry, ...]:
    """Samplers of a task that need no loaded model, so that they stand where a model is named.

    One whose package is not installed, or which cannot be built from its name alone, is left out.
    """
    rows = (row for row in table.entries("sampler", task) if task in row.tasks and row.needs is None)
    return tuple(row for row in rows if _buildable(row))


def stands_alone(name: str, task: str) -> bool:
    """Whether ``name`` is that of a sampler of ``standalone``, or "package.module:Attribute" where that may be named.

    Raises:
        BadInput: the name looks like the latter, and there is no such module or attribute.
    """
    return any(row.name == name for row in standalone(task)) or _outside("sampler", name) is not None


def _buildable(row: Entry) -> bool:
    try:
        return not _required(row.load())
    except (ImportError, BadInput):
        return False


def fitting(kind: str, name: str, task: str, sampler: core.Sampler) -> Entry | None:
    """Check that a strategy can run on a sampler of a task; its row, or None where it is no registered one.

    Raises:
        UnknownName: no such strategy. BadInput: it is not for the task, or the sampler lacks what it needs.
    """
    if _outside(kind, name) is not None:
        return None
    row = table.entry(kind, name, task)
    if row.needs is None:
        return row
    if why := _declined(row, sampler):
        raise BadInput(f"The strategy {name!r} {_WANTS[row.needs]}. {why}")
    if not runs(row, sampler):
        able = [one.name for one in table.entries("sampler", task) if one.tasks and table.has(one, row.needs)]
        fine = [one.name for one in table.entries("strategy", task) if runs(one, sampler)]
        raise BadInput(
            f"The strategy {name!r} {_WANTS[row.needs]}, which this sampler cannot; choose one of the strategies"
            f" {', '.join(fine) or 'none'}, or of the samplers {', '.join(able) or 'none'}."
        )
    return row


_WANTS = {
    "Sampler": "draws whole candidates",
    "StreamingSampler": "shows unfinished candidates",
    "SteppedSampler": "pauses between steps",
    "Neighbourhood": "walks from a candidate to similar ones",
    "RevisingSampler": "revises attempts",
    "ContinuingSampler": "writes into unfinished candidates",
    "NoiseSampler": "searches the noise that candidates begin with",
    "ForetellingSampler": "follows candidates along their likeliest tokens",
}


def runs(row: Entry, sampler: core.Sampler) -> bool:
    """Whether a registered strategy can run on a sampler: it has the protocol that the row needs, and its model too."""
    return row.needs is None or (isinstance(sampler, table.protocol(row.needs)) and not _declined(row, sampler))


def _declined(row: Entry, sampler: core.Sampler) -> str:
    """Why a sampler whose class has what a strategy needs cannot fill it, "" where it can."""
    return sampler.declines(row.needs) if row.needs is not None and isinstance(sampler, core.Declines) else ""


def _composed(expression: Expression, task: str | None, settings: Mapping[str, Any]) -> core.Reward:
    if isinstance(expression, Name):
        return _reward(expression.text, task, settings)
    unused = set(settings)
    parts: list[core.Reward] = []
    for part in expression.parts:
        mine = {key: value for key, value in settings.items() if _takes(part, key)}
        unused -= set(mine)
        parts.append(_composed(part, task, mine))
    if unused:
        raise BadInput(f"None of the rewards in this composition has the setting {sorted(unused)[0]!r}.")
    if isinstance(expression, Call):
        composed(expression.function, tuple(COMPOSITIONS))
        return imported(COMPOSITIONS[expression.function], "a composition")(tuple(parts))
    return imported(SUM, "a composition")(tuple(parts), expression.weights)


def _takes(part: Expression, setting: str) -> bool:
    if isinstance(part, Name):
        kind = "verifier" if _is_verifier(part.text) else "reward"
        return setting in _declared(load(kind, part.text))
    return any(_takes(inner, setting) for inner in part.parts)


def _is_verifier(name: str) -> bool:
    base = name.partition(":")[0]
    known = {row.name for row in table.entries("reward")}
    return base not in known and name not in known and base in table.names("verifier")


def entry_of_reward(name: str, task: str | None = None) -> Entry:
    """The row of a reward, or of a verifier, which scores by its verdicts.

    Raises:
        UnknownName: there is none; near misses are named. BadInput: it does not fit the task; what fits is named.
    """
    return table.entry("verifier" if _is_verifier(name) else "reward", name, task)


def rewards(task: str) -> tuple[Entry, ...]:
    """The rows of what scores candidates of a task: rewards, then verifiers, in menu order."""
    return (*table.entries("reward", task), *table.entries("verifier", task))


def _reward(name: str, task: str | None, settings: Mapping[str, Any]) -> core.Reward:
    if _is_verifier(name):
        return imported(AS_REWARD, "a reward by verdicts")(_one("verifier", name, task, settings))
    try:
        return as_reward(_one("reward", name, task, settings))
    except UnknownName as error:
        both = [*table.names("reward", task), *table.names("verifier", task)]
        raise UnknownName("reward", name, both) from error


def _one(kind: str, name: str, task: str | None, settings: Mapping[str, Any]) -> Any:
    outside = _outside(kind, name)
    made = table.entry(kind, name, task).load() if outside is None else outside
    if kind in FUNCTIONS:
        return made
    given = dict(settings)
    if kind == "model":
        return made(name, **given)
    if outside is None and (parameter := _parameter(kind, name)):
        if hasattr(made, "of_parameter"):  # for parameters that are more than one setting
            given = {**made.of_parameter(parameter), **given}
        else:
            given = {_declared(made)[0]: parameter, **given}
    return _built(kind, name, made, given)


def _parameter(kind: str, name: str) -> str:
    """What a name hands to its plug-in: nothing where the whole name is a row's and no shorter one takes it."""
    base = name.partition(":")[0]
    takes = any(row.name == base and row.parameter for row in table.entries(kind))
    return parameter_of(name) if takes else ""


def _built(kind: str, name: str, made: Callable[..., object], settings: Mapping[str, Any]) -> object:
    declared = _declared(made)
    for setting in settings:
        if setting not in declared:
            raise UnknownName(f"setting of the {kind} {name!r}", setting, declared)
    missing = [one for one in _required(made) if one not in settings]
    if missing:
        raise BadInput(f"The {kind} {name!r} needs {' and '.join(missing)}; it cannot be built from its name alone.")
    return made(**settings)


def _declared(made: Callable[..., object]) -> tuple[str, ...]:
    if is_dataclass(made):
        return tuple(f.name for f in fields(made) if f.init)
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(p.name for p in _parameters(made) if p.kind in kinds)


def _required(made: Callable[..., object]) -> list[str]:
    empty, many = inspect.Parameter.empty, (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in _parameters(made) if p.default is empty and p.kind not in many]


def _parameters(made: Callable[..., object]) -> tuple[inspect.Parameter, ...]:
    """What is called with what; a class's is worked out once, as a page builds every reward of its menu by name."""
    return _of_class(made) if isinstance(made, type) else tuple(inspect.signature(made).parameters.values())


@lru_cache(maxsize=1024)
def _of_class(made: type) -> tuple[inspect.Parameter, ...]:
    return tuple(inspect.signature(made).parameters.values())


def _outside(kind: str, name: str) -> Any:
    """The object of a name that is "package.module:Attribute" and not a registered one; None for all others.

    Raises:
        BadInput: the name looks like one, and there is no such module or attribute.
    """
    if ":" not in name or kind in ("model", "tab") or _registered_only.get():
        return None
    base, _, attribute = name.partition(":")
    known = {row.name: row for row in table.entries(kind)}
    if name in known or (base in known and known[base].parameter) or not attribute.isidentifier():
        return None
    parts = base.split(".")
    if not all(part.isidentifier() for part in parts) or (kind == "sampler" and base in MODEL_MARKS):
        return None
    try:
        found = importlib.util.find_spec(base)
    except ModuleNotFoundError as error:
        if error.name is None or not base.startswith(error.name):
            raise  # the module is there, and what it imports is not
        found = None
    if found is None:
        raise BadInput(f"The {kind} {name!r} names the module {base!r}, which is not installed.")
    made = imported(name, f"the {kind} {name!r}")
    if kind not in FUNCTIONS and not callable(made):
        raise BadInput(f"The {kind} {name!r} cannot be built: it is a {type(made).__name__} and no class.")
    return made
