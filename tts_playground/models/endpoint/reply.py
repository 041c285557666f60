"""What a chat completion says, whichever of the usual forms it comes in."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

UNKNOWN = -9999.0
"""what servers say for a log-probability that they do not know"""
PER_TOKEN = 4
"""characters of a token, where nobody counts them"""
NAMING = ("stop_reason", "matched_stop")
"""where vLLM and SGLang say which stop string ended a choice; null or a token where the model did"""
_THOUGHT = re.compile(r"(?:</think(?:ing)?>|\[/THINK\]|</reasoning>)", re.IGNORECASE)
_THINKING = re.compile(r"(?:<think(?:ing)?>|\[THINK\]|<reasoning>)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """What might have been said at one place of a reply."""

    token: str
    """what was said"""
    chances: Mapping[str, float]
    """probability, 0 to 1, of each of the likeliest tokens and of what was said"""


@dataclass(frozen=True, slots=True)
class EndpointReply:
    """One choice of a completion."""

    text: str
    """what is said after all thinking; "" where nothing was"""
    finished: bool
    """False: it was cut because it got too long"""
    thinking: bool
    """it ended while it was still thinking, so that nothing was said"""
    logprobs: tuple[float, ...] | None
    """of each token; None where the server does not tell, or not of all"""
    tokens: int
    """what it cost"""
    places: tuple[Place, ...] = field(default=(), repr=False)
    """from its first token on, as far as the server shows the likeliest tokens"""
    raw: str = field(default="", repr=False)
    """what was sent, with its spaces and thoughts"""
    cut: bool = False
    """it reached the most tokens that were asked for"""
    stopped_at: str | None = None
    """the stop string that ended it, where the server names it"""
    told: bool = True
    """the server says whether a stop string ended it or the model; False: it says "stop" for both"""
    estimated: bool = False
    """its tokens are guessed from its length, since the server does not count them"""


def replies_in(body: Mapping[str, Any], most: int | None = None) -> list[EndpointReply]:
    """The choices of a completion, with its tokens shared out; choices that are none are left out.

    Where the server counts no tokens and shows none, or says a number that cannot be, one is counted for each
    ``PER_TOKEN`` characters, and one at least.

    Args:
        most: tokens that were asked for at most, a choice; None if nothing was said.
    """
    choices = body.get("choices")
    found = [one for one in choices if isinstance(one, Mapping)] if isinstance(choices, list) else []
    logprobs = [_logprobs(one.get("logprobs")) for one in found]
    counts = _shares(body.get("usage"), [len(row or ()) for row in logprobs], most)
    return [_reply(*one) for one in zip(found, logprobs, counts, strict=True)]


def _reply(choice: Mapping[str, Any], logprobs: tuple[float, ...] | None, tokens: int) -> EndpointReply:
    message = choice.get("message")
    message = message if isinstance(message, Mapping) else {}
    refused = _text(message.get("refusal"))
    whole = _text(message.get("content")) or refused or _text(choice.get("text"))
    reasoned = [_text(message.get(name)) for name in ("reasoning_content", "reasoning")]
    text = answer_part(whole)
    why = choice.get("finish_reason")
    cut = why in ("length", "max_tokens")
    thinking = not text and (any(reasoned) or bool(_THINKING.search(whole)) or cut)
    named = [choice[name] for name in NAMING if name in choice]
    return EndpointReply(
        text,
        not cut and not thinking,
        thinking,
        logprobs,
        tokens or max(1, math.ceil(len(whole + max(reasoned, key=len)) / PER_TOKEN)),
        _places(choice.get("logprobs")),
        whole,
        cut,
        next((one for one in named if isinstance(one, str)), None),
        bool(named) or why != "stop" or whole == refused != "",
        not tokens,
    )


def answer_part(whole: str) -> str:
    """A reply without what is marked as thinking; a thought that does not end hides all that follows."""
    said = _THOUGHT.split(whole)[-1]
    return _THINKING.split(said)[0].strip()


def _text(content: Any) -> str:
    """A text, or the texts of a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(map(_text, content))
    if isinstance(content, Mapping) and content.get("type", "text") in ("text", "output_text", "refusal"):
        return _text(content.get("text") or content.get("content") or content.get("refusal"))
    return ""


def _logprobs(given: Any) -> tuple[float, ...] | None:
    """Those of {"content": [{"logprob"}]}, or of the old form {"token_logprobs": [...]}."""
    if not isinstance(given, Mapping):
        return None
    rows = given.get("content")
    if isinstance(rows, list):
        values: Any = [row.get("logprob") if isinstance(row, Mapping) else None for row in rows]
    else:
        values = given.get("token_logprobs")
    if not isinstance(values, list) or not values or not all(map(_known, values)):
        return None
    return tuple(min(0.0, float(value)) for value in values)


def _places(given: Any) -> tuple[Place, ...]:
    """Those of {"content": [{"token", "logprob", "top_logprobs": [{"token", "logprob"}]}]}, or of the old form
    {"tokens": [...], "top_logprobs": [{token: logprob}]}, up to the first that does not tell."""
    if not isinstance(given, Mapping):
        return ()
    rows, said = given.get("content"), given.get("tokens")
    if not isinstance(rows, list):
        tops = given.get("top_logprobs")
        pairs = zip(said, tops, strict=False) if isinstance(said, list) and isinstance(tops, list) else ()
        rows = [
            {"token": token, "top_logprobs": [{"token": one, "logprob": value} for one, value in top.items()]}
            for token, top in pairs
            if isinstance(top, Mapping)
        ]
    found: list[Place] = []
    for row in rows:
        tops = row.get("top_logprobs") if isinstance(row, Mapping) else None
        if not isinstance(tops, list) or not tops or not isinstance(row.get("token"), str):
            break
        found.append(Place(row["token"], _chances(row, tops)))
    return tuple(found)


def _chances(row: Mapping[str, Any], tops: list[Any]) -> dict[str, float]:
    """Probability of each token at a place; different tokens that read the same are added up."""
    found: dict[str, float] = {}
    for one in tops:
        if isinstance(one, Mapping) and isinstance(one.get("token"), str) and _known(one.get("logprob")):
            found[one["token"]] = found.get(one["token"], 0.0) + math.exp(min(0.0, one["logprob"]))
    if row["token"] not in found and _known(row.get("logprob")):
        found[row["token"]] = math.exp(min(0.0, row["logprob"]))
    return found


def _known(value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and math.isfinite(value) and UNKNOWN < value < 1e-3


def count_of(value: Any, most: int | None = None) -> int | None:
    """A number of tokens as a server says it; None for what is none, or is more than was asked for."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value <= (1 << 40 if most is None else most) else None


def _shares(usage: Any, counted: list[int], most: int | None) -> list[int]:
    """Tokens of each choice: as counted where that is all that was bought, else the bill in equal parts; 0 for what
    nobody counted."""
    said = usage.get("completion_tokens") if isinstance(usage, Mapping) else None
    bill = count_of(said, None if most is None else most * len(counted))
    if not bill or bill == sum(counted):
        return counted
    each, more = divmod(bill, len(counted))
    return [each + (place < more) for place in range(len(counted))]
