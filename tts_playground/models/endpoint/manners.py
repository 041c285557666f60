"""What a server does not take, learnt from its refusals, so that a question is asked again without it."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

log = logging.getLogger(__name__)

LEFT_OUT = {
    "top_logprobs": "the likeliest tokens are not known",
    "logprobs": "the log-probabilities of replies are not known",
    "seed": "the same seed need not give the same answers",
    "top_k": "it draws from all tokens",
    "top_p": "it draws by its own top_p",
    "temperature": "it draws at its own temperature",
    "n": "answers are asked for one at a time",
    "stop": "solutions come whole, and not step by step",
    "include_stop_str_in_output": "what ends a step is put back here",
    "min_tokens": "a step may come out blank",
}
"""parameter that can be done without -> what follows"""
RENAMED = {"max_tokens": "max_completion_tokens"}
REFUSING = {200, 400, 422, 500, 501}
"""answers in which a parameter may be refused"""
_RANGE = re.compile(
    r"\b(must be|should be|between|less than|greater than|at most|at least|out of range|[<>≤≥]=?)", re.I
)
_TOO_LONG = re.compile(r"too (large|long)|context length|context window|exceed", re.I)
_REFUSAL = re.compile(
    r"support|unknown|unrecogni[sz]ed|unexpected|not permitted|not allowed|invalid|cannot|can't|not available|"
    r"not implemented|disabled|only|must be|not a valid|no such",
    re.I,
)
_MENU = re.compile(
    r"expected one of|supported parameters|allowed (?:fields|parameters|values)|valid (?:fields|para)", re.I
)
_PREFILL = re.compile(
    r"continue_final_message|add_generation_prompt|prefill|"
    r"(?:last|final|end)\b[^.]{0,60}\b(?:user|role|assistant)|(?:user|role|assistant)\b[^.]{0,60}\b(?:last|final|end)\b",
    re.I,
)
_STOP = re.compile(r"['\"`]stop['\"`]|\b(?:parameter|argument|field|supplied):? stop\b", re.I)
_N = re.compile(
    r"['\"`]n['\"`]|\bn (?:must|should|is|>|=)|\bparameter:? n\b|\bn[=>]|one (?:completion )?choice|multiple c", re.I
)


@dataclass
class Manners:
    """What one server wants left out or called otherwise. Shared by the threads that ask it."""

    who: str
    dropped: set[str] = field(default_factory=set)
    renamed: set[str] = field(default_factory=set)
    most: dict[str, int] = field(default_factory=dict)
    """parameter -> its highest value here"""
    notes: dict[str, str] = field(default_factory=dict)
    """what is done without, a sentence each"""
    continues: bool = True
    """whether it goes on with a half-written reply, as far as is known"""

    def fitted(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body as this server takes it."""
        kept = {name: value for name, value in body.items() if name not in self.dropped}
        kept |= {name: min(kept[name], most) for name, most in self.most.items() if name in kept}
        return {RENAMED[name] if name in self.renamed else name: value for name, value in kept.items()}

    def learn(self, status: int | None, said: str, named: set[str], sent: Mapping[str, Any]) -> bool:
        """Whether a refusal is about something in ``sent`` that can be done without; remembers it."""
        if status not in REFUSING:
            return False
        told = _MENU.split(said)[0]
        if "max_tokens" in sent and self._wants_other_name(told, named):
            self.renamed.add("max_tokens")
            self.note("max_tokens", f"{self.who} calls max_tokens max_completion_tokens.")
            return True
        if self._takes_fewer(said, sent):
            return True
        found = [name for name in LEFT_OUT if name in sent and _about(name, told, named)]
        if "logprobs" in found and "top_logprobs" in sent:
            found.append("top_logprobs")
        for name in found:
            self.drop(name)
        return bool(found)

    def _takes_fewer(self, said: str, sent: Mapping[str, Any]) -> bool:
        """Whether a refusal says how many of the likeliest tokens may be asked for."""
        asked = sent.get("top_logprobs", 0)
        found = [int(number) for number in re.findall(r"(?<![\w.])\d{1,3}(?![\w]|\.\d)", said)]
        bounded = _RANGE.search(said) or re.search(r"\bmax", said, re.I)
        if not bounded or "logprobs" not in said or not ("top_logprobs" in said or asked in found):
            return False
        if not (fewer := [number for number in found if 0 < number < asked]):
            return False
        self.most["top_logprobs"] = max(fewer)
        self.note("fewer", f"{self.who} shows {max(fewer)} of the likeliest tokens at a place, not {asked}.")
        return True

    def cannot_continue(self, why: str) -> None:
        """Send no half-written reply from now on, and note why."""
        self.continues = False
        self.note("continues", f"{self.who} cannot go on with a half-written reply ({why}), so solutions come whole.")

    def drop(self, name: str) -> None:
        """Send no such parameter from now on, and note why."""
        self.dropped.add(name)
        self.note(name, f"{self.who} does not take {name}, so that {LEFT_OUT[name]}.")

    def note(self, about: str, text: str) -> None:
        """Log and keep a sentence, the first time that something is said about it."""
        if self.notes.setdefault(about, text) is text:
            log.warning("%s", text)

    @staticmethod
    def _wants_other_name(told: str, named: set[str]) -> bool:
        if _TOO_LONG.search(told):
            return False
        asks = "max_completion_tokens" in told and re.search(r"(?<!\w)max_tokens(?!\w)", told)
        return bool(asks or ("max_tokens" in named and _REFUSAL.search(told)))


def refuses_to_continue(status: int | None, said: str) -> bool:
    """Whether a refusal of a half-written reply is about its being half written."""
    return status in REFUSING and bool(_PREFILL.search(said)) and not _TOO_LONG.search(said)


def _about(name: str, told: str, named: set[str]) -> bool:
    """Whether a refusal is about a parameter itself, and not about its value being out of range."""
    if name in ("temperature", "top_p", "top_k") and _RANGE.search(told) and "support" not in told:
        return False
    if name in named:
        return True
    pattern = {"n": _N, "stop": _STOP}.get(name) or re.compile(rf"(?<![\w]){name}(?![\w])", re.I)
    return bool(pattern.search(told) and _REFUSAL.search(told))
