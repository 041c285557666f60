"""What a gateway serves: the operator's list of models and judges. No request names anything that is not in it."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from tts_playground import registry
from tts_playground.errors import BadInput, ModelUnavailable, PlaygroundError, UnknownName, shown
from tts_playground.models import loading
from tts_playground.models.endpoint import address
from tts_playground.models.hub import folders
from tts_playground.models.hub.embedded_models import TINY
from tts_playground.pages.menu import here
from tts_playground.typed import typed

MODELS, REWARDS = "TTS_PLAYGROUND_GATEWAY_MODELS", "TTS_PLAYGROUND_GATEWAY_REWARDS"
Kind = Literal["lm", "vlm"]
"""what answers in words, or about a picture"""
TASKS: dict[Kind, str] = {"lm": "text", "vlm": "vqa"}
EMBEDDED = ("tiny:math", "tiny:vlm")
JUDGES = ("p_yes", "rating", "logprob")
"""what may judge answers about a picture: the model that answers, and how likely it finds its reply"""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,199}")
_NO_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
_LOADED_ELSEWHERE = (address.PREFIX, "vllm:")


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model of the list."""

    id: str
    """what clients call it"""
    name: str
    """as the library names it: ``tiny:math``, a hub id, a folder, ``endpoint:NAME@URL``, ``vllm:HUB_ID``"""
    kinds: tuple[Kind, ...]
    """what it can be asked for, one or both"""

    @property
    def url(self) -> str:
        """The address of an upstream endpoint; "" of what runs here."""
        return address.named(self.name)[1] if self.name.startswith(address.PREFIX) else ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that may be asked for.

    Raises:
        BadInput: two models have one id.
    """

    models: tuple[ServedModel, ...]
    judges: tuple[tuple[str, str], ...] = ()
    """(what clients call it, the reward's name) of what may judge solutions in words"""

    def __post_init__(self) -> None:
        ids = [model.id for model in self.models]
        if twice := next((one for one in ids if ids.count(one) > 1), None):
            raise BadInput(f"Two models would be called {twice!r}; give one of them another id, as ID=NAME.")

    def model(self, called: str) -> ServedModel:
        """The model that clients call so.

        Raises:
            UnknownName: there is none.
        """
        found = next((model for model in self.models if model.id == called), None)
        if found is None:
            raise UnknownName("model", called, [model.id for model in self.models])
        return found

    def judge(self, called: str, kind: Kind) -> str:
        """The name of the reward that clients call so.

        Raises:
            UnknownName: none of that kind.
        """
        known = dict(self.judges) if kind == "lm" else {name: name for name in JUDGES}
        if called not in known:
            raise UnknownName("judge" if kind == "lm" else "judge of answers about a picture", called, [*known, "none"])
        return known[called]

    @property
    def sends_key(self) -> bool:
        """Whether ``TTS_PLAYGROUND_ENDPOINT_KEY`` may go to the upstream: all of them are one host."""
        return len({address.origin_of(model.url) for model in self.models if model.url}) == 1


def strategies(kind: Kind) -> tuple[str, ...]:
    """The strategies that a kind of model may be asked for."""
    return tuple(registry.names("strategy", TASKS[kind]))


@typed
def read(models: Sequence[str] = (), rewards: Sequence[str] = ()) -> Catalogue:
    """The list as an operator writes it.

    Args:
        models: ``NAME`` or ``ID=NAME`` each; none takes those of ``TTS_PLAYGROUND_GATEWAY_MODELS``, else the embedded
            ones and this machine's defaults.
        rewards: the same of judges of solutions, besides the embedded ones; none takes
            ``TTS_PLAYGROUND_GATEWAY_REWARDS``.

    Raises:
        BadInput: an entry cannot be read. ModelUnavailable, UnknownName: there is no such model, or it cannot be held.
    """
    wanted = [*models] or _listed(MODELS) or list(_usual())
    found = tuple(_served(entry) for entry in wanted)
    if not found:
        raise ModelUnavailable("There is no model to serve; name one, for example --model tiny:math.")
    judges = {name: name for name, model in (("prm", "tiny:prm"), ("prm:tiny:prm2", "tiny:prm2")) if here(model)}
    for entry in [*rewards] or _listed(REWARDS):
        called, name = _pair(entry, "judge", _NO_PATH)
        registry.entry_of_reward(name, "text")
        judges[called or name] = name
    return Catalogue(found, tuple(judges.items()))


def _usual() -> Iterable[str]:
    kinds: tuple[Kind, ...] = ("lm", "vlm")
    names = [loading.default_name(kind) for kind in kinds]
    names += [name for name in EMBEDDED if here(name)]
    return dict.fromkeys(name for name in names if not name.startswith("tiny:") or here(name))


def _listed(variable: str) -> list[str]:
    return [one.strip() for one in os.environ.get(variable, "").split(",") if one.strip()]


def _pair(entry: str, what: str, allowed: re.Pattern[str]) -> tuple[str, str]:
    """(id or "", name)"""
    called, mark, name = entry.partition("=")
    alone = not mark or called.startswith(_LOADED_ELSEWHERE)
    if alone:
        called, name = "", entry
    if not name.strip() or not (alone or allowed.fullmatch(called)):
        raise BadInput(f"A {what} is listed as NAME or ID=NAME, the id in letters, digits and . _ : -; not {entry!r}.")
    return called, name.strip()


def _served(entry: str) -> ServedModel:
    called, name = _pair(entry, "model", _ID)
    if name.startswith(address.PREFIX):
        own, url = address.named(name)
        address.base(url)
        return ServedModel(called or _as_id(own), f"{address.PREFIX}{own}@{url}", ("lm", "vlm"))
    folder = folders.named(name)
    usual = folder.resolve().name if folder is not None else name.removeprefix("vllm:")
    return ServedModel(called or _as_id(usual), name if folder is None else str(folder.resolve()), _kinds(name))


def _as_id(name: str) -> str:
    cleaned = re.sub(r"[^A-Za-z0-9._:@/-]", "-", name).lstrip("._:@/-")[:200]
    if not cleaned:
        raise BadInput(f"The model {shown(name)!r} needs an id; list it as ID=NAME.")
    return cleaned


def _kinds(name: str) -> tuple[Kind, ...]:
    """What a model that is loaded here can be asked for.

    Raises:
        ModelUnavailable: it is none of that kind, or not here.
    """
    if name.startswith("vllm:"):
        return ("lm",)
    with registry.registered_only():  # as requests are served
        plugged: tuple[Kind, ...] = tuple(kind for kind, task in TASKS.items() if registry.stands_alone(name, task))
    if plugged:
        return plugged
    if name.startswith("tiny:") and name in TINY and name not in EMBEDDED:
        raise ModelUnavailable(f"{name} answers nothing that is asked in words; serve {' or '.join(EMBEDDED)}.")
    if name not in TINY and not loading.check(name, kind="janus"):
        raise ModelUnavailable(f"{name} is a Janus, which draws pictures; a gateway serves what answers.")
    refused: dict[Kind, str] = {kind: loading.check(name, kind=kind) for kind in TASKS}
    found: tuple[Kind, ...] = tuple(kind for kind, why in refused.items() if not why)
    if not found:
        raise ModelUnavailable(refused["vlm"] if "reads pictures" in refused["lm"] else refused["lm"])
    return found


# ------------------------------------------------------------------------------------------ an upstream that is itself


def refuse_itself(catalogue: Catalogue, host: str, port: int) -> None:
    """Refuse an upstream that is the gateway: it would ask itself without end.

    Args:
        host, port: where the gateway listens.

    Raises:
        BadInput: one is.
    """
    for model in catalogue.models:
        if not model.url:
            continue
        there, number = address.origin(address.base(model.url))[1:]
        if number == port and (there == host or address.is_loopback(there) or _is_here(there)):
            raise BadInput(f"The upstream {shown(model.url)} of {model.id!r} is this gateway itself; name another one.")


def _is_here(host: str) -> bool:
    """Whether a name stands for an address of this machine: nobody can listen at another's."""
    with suppress(OSError, UnicodeError, PlaygroundError):
        for family, *_, place in socket.getaddrinfo(host.strip("[]"), 0, type=socket.SOCK_STREAM):
            with suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as trial:
                trial.bind((place[0], 0))
                return True
    return False
