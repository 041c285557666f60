"""Hugging Face's ZeroGPU: a GPU that exists only inside decorated calls. Elsewhere the decorator does nothing.

A decorated call runs in a forked worker. So models are loaded by name in there, arguments and results are plain values,
and what a worker raises is carried out as a value, because only the name of a foreign exception would survive. The
decorator asks for the GPU where the function is defined, not when it is called: a Space looks for its decorated
functions when it starts.
"""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from typing import Any, TypeVar, cast

from tts_playground.errors import BadInput, Cancelled, CannotDo, ModelUnavailable, PlaygroundError, StoreError
from tts_playground.models.hub.embedded_models import TINY

Call = TypeVar("Call", bound=Callable[..., Any])
KINDS = {kind.__name__: kind for kind in (ModelUnavailable, StoreError, Cancelled, CannotDo, BadInput, PlaygroundError)}
"""from the narrow to the wide; each is made from its sentence alone"""


def here() -> bool:
    """Whether this process runs in a ZeroGPU Space."""
    return os.environ.get("SPACES_ZERO_GPU", "").strip().lower() not in ("", "0", "false", "no", "off")


LONGEST = 120
"""seconds that one call may have the GPU: what a Space gives to everybody"""
LOADING = (5.0, 40.0)
"""seconds until an embedded model, and any other, stands on the GPU of a new worker"""
A_TOKEN = (0.004, 0.04)
"""seconds for one token of all rows of a batch, of an embedded model and of any other; on the safe side"""
ROWS = 16
"""samples that go through a large model at once, on the safe side"""


def seconds_for(model: str, samples: int, tokens: int) -> int:
    """Seconds on the GPU for so many samples of so many tokens: more where more is asked for, at most ``LONGEST``.

    Whoever asks for less waits less, since a Space lets the short calls go first.

    Args:
        model: its name; embedded ones are quick.
    """
    large = model not in TINY
    batches = -(-max(1, samples) // (ROWS if large else 4 * ROWS))
    return min(LONGEST, math.ceil(LOADING[large] + batches * tokens * A_TOKEN[large]))


def on_gpu(
    seconds: int | Callable[..., int] = 60, before: Callable[..., object] | None = None
) -> Callable[[Call], Call]:
    """A decorator that gives a function, or a generator, a GPU for at most ``seconds`` a call in a ZeroGPU Space.

    Elsewhere it returns the function itself. Arguments and results must be values that can be pickled.

    Args:
        seconds: a number, or what reckons it from the arguments of a call.
        before: called with the arguments of a call while nobody pays for a GPU: what downloads a model.
    """

    def decorated(call: Call) -> Call:
        if not here():
            return call
        spaces = import_module("spaces")

        give = spaces.GPU(duration=seconds)
        ready = before or _nothing
        made = _generator if inspect.isgeneratorfunction(call) else _function
        return cast(Call, made(call, give, ready))

    return decorated


def _nothing(*_: object, **__: object) -> None:
    """Before a call that needs nothing first."""


def cancellable(call: Callable[..., Iterator[Any]], cancel: Callable[[], bool], *given: Any) -> Iterator[Any]:
    """What ``call(*given, cancel=cancel)`` yields; a worker cannot ask its parent, so there each report is the chance.

    Raises:
        Cancelled: ``cancel()`` became true.
    """
    if not here():
        yield from call(*given, cancel=cancel)
        return
    for item in call(*given):
        if cancel():
            raise Cancelled("Drawing was stopped.")
        yield item


@dataclass(frozen=True, slots=True)
class Fault:
    """An error on its way out of a worker."""

    kind: str
    sentence: str

    @classmethod
    def of(cls, error: PlaygroundError) -> Fault:
        """The nearest kind that a sentence alone can make."""
        return cls(next(name for name, kind in KINDS.items() if isinstance(error, kind)), str(error))

    def raised(self) -> PlaygroundError:
        """The error of that kind with that sentence."""
        return KINDS[self.kind](self.sentence)


def _generator(call: Callable[..., Any], give: Callable[..., Any], ready: Callable[..., object]) -> Callable[..., Any]:
    @wraps(call)
    def work(*args: Any, **named: Any) -> Iterator[Any]:
        try:
            yield from call(*args, **named)
        except PlaygroundError as error:
            yield Fault.of(error)

    worker = give(work)

    @wraps(call)
    def asked(*args: Any, **named: Any) -> Iterator[Any]:
        ready(*args, **named)
        for item in worker(*args, **named):
            if isinstance(item, Fault):
                raise item.raised()
            yield item

    return asked


def _function(call: Callable[..., Any], give: Callable[..., Any], ready: Callable[..., object]) -> Callable[..., Any]:
    @wraps(call)
    def work(*args: Any, **named: Any) -> Any:
        try:
            return call(*args, **named)
        except PlaygroundError as error:
            return Fault.of(error)

    worker = give(work)

    @wraps(call)
    def asked(*args: Any, **named: Any) -> Any:
        ready(*args, **named)
        result = worker(*args, **named)
        if isinstance(result, Fault):
            raise result.raised()
        return result

    return asked
