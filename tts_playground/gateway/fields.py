"""A request for a completion, field by field: what is used, what is refused by name, and what changes nothing.

| fields | what happens |
| --- | --- |
| ``model``, ``messages``, ``n``, ``max_tokens``, ``max_completion_tokens``, ``temperature``, ``top_p``, ``seed``, |  |
| ``stop``, ``stream``, ``stream_options.include_usage`` | as OpenAI has them, within bounds |
| ``top_k`` and those of ``SEARCH`` | ours, for ``extra_body`` |
| those of ``IGNORED`` | nothing: they change no reply |
| those of ``ONLY`` | refused where they ask for something |
| all others | refused, with near misses |
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tts_playground.errors import BadInput, UnknownName, shown
from tts_playground.gateway import messages
from tts_playground.gateway.messages import Said
from tts_playground.pages.checks import text, told
from tts_playground.rewards.prm import AGGREGATIONS
from tts_playground.typed import value_of

LIMITS: dict[str, tuple[float, float]] = {
    "n": (1, 16),
    "max_tokens": (1, 2048),
    "max_completion_tokens": (1, 2048),
    "temperature": (0, 5),
    "top_p": (0.0001, 1),
    "top_k": (0, 1000),
    "seed": (-(2**63), 2**63 - 1),
    "width": (1, 64),
    "max_steps": (1, 64),
}
"""lowest and highest value of every number"""
WHOLE = frozenset(LIMITS) - {"temperature", "top_p"}
SETTING = 64
"""highest number in a strategy's settings"""
STOPS, STOP = 8, 200
"""stop strings, and characters of one"""
SEARCH = ("strategy", "reward", "width", "aggregation", "pick", "max_steps", "settings", "trace")
PLAIN = ("model", "messages", "n", "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "seed")
PLAIN += ("stop", "stream", "stream_options")
IGNORED = ("user", "safety_identifier", "metadata", "store", "service_tier", "prompt_cache_key", "prediction")
IGNORED += ("prompt_cache_retention", "parallel_tool_calls", "prompt_cache_options")
ONLY: dict[str, tuple[Any, ...]] = {
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logit_bias": ({},),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "tools": ([],),
    "functions": ([],),
    "tool_choice": ("none", "auto"),
    "function_call": ("none", "auto"),
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
    "audio": (),
    "reasoning_effort": (),
    "verbosity": (),
    "web_search_options": (),
    "moderation": (),
}
"""fields that are taken with these values alone, or null: others would ask for what there is not"""
PICKS = ("vote", "best")
DEFAULT_WIDTH = 16


@dataclass(frozen=True, slots=True)
class Search:
    """How a reply is looked for."""

    strategy: str
    reward: str = ""
    """what clients call the judge; "" leaves it to the kind of model, "none" judges nothing"""
    width: int = DEFAULT_WIDTH
    """whole candidates in the end"""
    aggregation: str = ""
    """what makes one number of the scores of steps; "" is the judge's own"""
    pick: Literal["", "vote", "best"] = ""
    """"vote": the answer that weighs most over all candidates; "best": the strategy's own best; "" is what ``solve``
    gives by that strategy, and of answers about pictures the vote"""
    max_steps: int = 16
    settings: Mapping[str, Any] = field(default_factory=dict)
    """of the strategy, by the names of its dataclass"""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request, read and within bounds."""

    model: str
    said: Said
    n: int
    seed: int
    temperature: float | None
    top_p: float
    top_k: int
    max_tokens: int | None
    stop: tuple[str, ...]
    stream: bool
    include_usage: bool
    search: Search | None
    """None draws ``n`` replies, as any other server does"""
    trace: bool


def read(body: Any, path: tuple[str, ...] = ()) -> ChatRequest:
    """A request for a completion.

    Args:
        body: its JSON.
        path: strategy and judge, where its address names them.

    Raises:
        BadInput: the sentence says which field cannot be used, and what would do. UnknownName: there is no such field.
    """
    if not isinstance(body, dict):
        raise BadInput(f"The body must be a JSON object, not {told(body)}.")
    _known(body)
    given = {name: value for name, value in body.items() if value is not None}
    numbers = {name: _number(name, given[name]) for name in LIMITS if name in given}
    search = _search(given, numbers, path)
    n = numbers.get("n", 1)
    if search is not None and n > search.width:
        raise BadInput(f"n is {n}, but a search of width {search.width} gives no more replies; ask for a larger width.")
    stream = _switch(given, "stream", False)
    return ChatRequest(
        text("model", given.get("model")),
        messages.read(given.get("messages")),
        n,
        numbers.get("seed", secrets.randbits(31)),
        numbers.get("temperature"),
        numbers.get("top_p", 1.0),
        numbers.get("top_k", 0),
        _longest(numbers),
        _stop(given.get("stop")),
        stream,
        _with_usage(given.get("stream_options"), stream),
        search,
        _switch(given, "trace", True),
    )


def _known(body: Mapping[str, Any]) -> None:
    known = (*PLAIN, *SEARCH, *IGNORED, *ONLY)
    for name, value in body.items():
        if name not in known:
            raise UnknownName("field", name, known)
        if name in ONLY and value is not None and not any(_equal(value, one) for one in ONLY[name]):
            raise BadInput(f"{name} is not supported here; leave it out.")
    if body.get("tool_choice") == "auto" and body.get("tools"):
        raise BadInput("tools is not supported here; leave it out.")


def _equal(value: Any, fine: Any) -> bool:
    if isinstance(fine, bool) or isinstance(value, bool):
        return value is fine
    return type(value) in (type(fine), float) and value == fine


def _number(name: str, value: Any) -> Any:
    kind = int if name in WHOLE else float
    low, high = LIMITS[name]
    found = value_of(name, value, kind)
    if not low <= found <= high:
        raise BadInput(f"{name} must lie between {low:.12g} and {high:.12g}; got {shown(value, 40)}.")
    return found


def _longest(numbers: Mapping[str, int]) -> int | None:
    old, new = numbers.get("max_tokens"), numbers.get("max_completion_tokens")
    if old is not None and new is not None and old != new:
        raise BadInput("max_tokens and max_completion_tokens say the same; give one of them.")
    return old if new is None else new


def _stop(given: Any) -> tuple[str, ...]:
    listed = [given] if isinstance(given, str) else given
    if listed is None:
        return ()
    if not isinstance(listed, list) or len(listed) > STOPS:
        raise BadInput(f"stop must be a text, or a list of at most {STOPS} texts.")
    texts = tuple(text("stop", one) for one in listed)
    if not all(0 < len(one) <= STOP for one in texts):
        raise BadInput(f"Each text of stop must have 1 to {STOP} characters.")
    return texts


def _switch(given: Mapping[str, Any], name: str, usual: bool) -> bool:
    value = given.get(name, usual)
    if not isinstance(value, bool):
        raise BadInput(f"{name} must be true or false, not {told(value)}.")
    return value


def _with_usage(given: Any, stream: bool) -> bool:
    if given is None:
        return False
    if not stream:
        raise BadInput("stream_options is for streams; leave it out, or ask for stream true.")
    if not isinstance(given, dict) or set(given) - {"include_usage", "include_obfuscation"}:
        raise BadInput("stream_options must be an object with include_usage alone.")
    return _switch({name: one for name, one in given.items() if one is not None}, "include_usage", False)


def _search(given: Mapping[str, Any], numbers: Mapping[str, Any], path: tuple[str, ...]) -> Search | None:
    named = {name: text(name, given[name]) for name in ("strategy", "reward", "aggregation", "pick") if name in given}
    for name, value in zip(("strategy", "reward"), path, strict=False):
        if named.setdefault(name, value) != value:
            raise BadInput(f"The address names the {name} {shown(value, 60)!r}, and the body another; give one.")
    if not named.get("strategy"):
        if left := next((name for name in SEARCH if name in given and name not in ("trace", "strategy")), None):
            raise BadInput(f"{left} is for a search; name its strategy as well, for example “best-of-n”.")
        return None
    if named.get("aggregation", "last") not in AGGREGATIONS:
        raise UnknownName("aggregation", named["aggregation"], AGGREGATIONS)
    if named.get("pick", "vote") not in PICKS:
        raise UnknownName("pick", named["pick"], PICKS)
    settings = given.get("settings", {})
    if not isinstance(settings, dict):
        raise BadInput(f"settings must be an object of the strategy's settings, not {told(settings)}.")
    sizes = {name: numbers[name] for name in ("width", "max_steps") if name in numbers}
    return Search(**named, **sizes, settings={name: _setting(name, value) for name, value in settings.items()})


def _setting(name: str, value: Any) -> Any:
    """A number, a switch or a word; what the strategy makes of it, it says itself."""
    fine = isinstance(value, (bool, int, float, str)) or value is None
    if not fine or (isinstance(value, str) and len(value) > 40):
        raise BadInput(f"settings.{shown(name, 40)} must be a number, a word, true or false, not {told(value)}.")
    number = isinstance(value, (int, float))
    if number and not (abs(value) <= SETTING and math.isfinite(value)):
        raise BadInput(f"settings.{shown(name, 40)} must be at most {SETTING}; got {shown(value, 40)}.")
    return value
