"""Rewards that a page, a link or a request names: registered ones, those with a parameter, compositions of both."""

from __future__ import annotations

from tts_playground import registry
from tts_playground.errors import BadInput, PlaygroundError, UnknownName
from tts_playground.models.hub.embedded_models import TINY
from tts_playground.pages.menu import granted, permitted
from tts_playground.tasks.image_rewards import TASK, is_here, reward_named, rewards_here, title_of

MOST = 8
"""names in one composition: each of them reads every picture"""


def menu() -> list[tuple[str, str]]:
    """(words, name) of the rewards whose weights are here; a menu also takes what is typed (``chosen``)."""
    return [(title_of(name), name) for name in rewards_here()]


def chosen(text: str, local: bool) -> str:
    """The name of a reward if who asks may use it; what a menu calls one stands for its name.

    Registered rewards whose weights are here, and compositions of them, are everybody's. What follows a colon names a
    folder, a file or a model of the hub, and is for who is local, or as the operator permits (``menu.granted``).

    Raises:
        UnknownName: a part is not registered, or its weights are not here and a visitor asks.
        BadInput: the syntax is wrong (the sentence says where), a part is for other candidates than pictures, there
            are too many, or a visitor names a model that is not offered.
    """
    name = _named(text)
    parts = tuple(registry.names_in(name))
    if len(parts) > MOST:
        raise BadInput(f"A composition here has at most {MOST} rewards, not {len(parts)}; leave some out.")
    for part in parts:
        _check(part, local)
    reward_named(name)
    return name


def several(text: str, local: bool) -> list[str]:
    """``chosen`` of every name of a list with commas between them.

    Raises:
        UnknownName, BadInput: as ``chosen``.
    """
    return [chosen(one, local) for one in registry.split(text)]


def known(text: object) -> str | None:
    """The name of a reward that exists, whoever asks, so that a page or a link may carry it; None for all else."""
    try:
        return chosen(text, local=True) if isinstance(text, str) else None
    except PlaygroundError:
        return None


def linked(text: str, local: bool, default: str) -> str:
    """``chosen`` of what a link says; one that this machine does not have gives way to ``default``.

    Raises:
        BadInput: a visitor's link names a model that is not offered.
    """
    try:
        return chosen(text, local)
    except UnknownName:
        return default


def _named(text: str) -> str:
    text = text.strip()
    if any(row.name == text for row in registry.rewards(TASK)):  # nearly always; what is here need not be looked for
        return text
    words = {title_of(name).casefold(): name for name in rewards_here()}
    return words.get(text.casefold(), text)


def _check(name: str, local: bool) -> None:
    try:
        row = registry.entry_of_reward(name, TASK)  # what is no row is never looked for
    except UnknownName as error:
        raise UnknownName("reward", name, rewards_here()) from error
    if local or name in permitted():
        return
    if name != row.name:
        granted(registry.parameter_of(name), local, TINY)
    elif not is_here(name):
        raise UnknownName("reward", name, rewards_here())
