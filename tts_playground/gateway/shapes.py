"""Completions, pieces of them and errors in the shapes of OpenAI's protocol."""

from __future__ import annotations

import json
import math
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tts_playground.errors import BadInput, Cancelled, CannotDo, UnknownName, clean, whole
from tts_playground.gateway.catalogue import JUDGES, Catalogue, ServedModel, strategies
from tts_playground.gateway.outcome import Replies, Report, Usage

OWNER = "tts-playground"
EXTRA = "tts"
"""the field of a response that says how its replies were found"""
ENDED = b"data: [DONE]\n\n"


def dumped(value: Any) -> bytes:
    """JSON that every parser takes: halves of characters are U+FFFD, and numbers that are none are null."""
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, Mapping):
        return {whole(str(name)): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int)) else _plain(getattr(value, "item", str)())


@dataclass(frozen=True, slots=True)
class Completion:
    """One response under way: what all of its pieces share."""

    model: str
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def finished(self, found: Replies) -> dict[str, Any]:
        """A ``chat.completion``."""
        choices = [
            {
                "index": place,
                "message": {"role": "assistant", "content": one.text, "refusal": None},
                "logprobs": None,
                "finish_reason": one.why,
            }
            for place, one in enumerate(found.choices)
        ]
        return self._head("chat.completion", found.revision) | {
            "choices": choices,
            "usage": usage(found.usage),
            EXTRA: found.found,
        }

    def piece(self, choice: int, delta: dict[str, Any], why: str | None = None) -> dict[str, Any]:
        """A ``chat.completion.chunk``."""
        choices = [{"index": choice, "delta": delta, "logprobs": None, "finish_reason": why}]
        return self._head("chat.completion.chunk") | {"choices": choices}

    def report(self, told: Report) -> dict[str, Any]:
        """A piece without text that says how far a search has come."""
        return self.piece(0, {}) | {EXTRA: {"note": told.note, "tokens": told.tokens}}

    def bill(self, spent: Usage) -> dict[str, Any]:
        """The piece without choices that ends a stream whose client asked for its usage."""
        return self._head("chat.completion.chunk") | {"choices": [], "usage": usage(spent)}

    def _head(self, kind: str, revision: str = "") -> dict[str, Any]:
        facts = {"id": self.id, "object": kind, "created": self.created, "model": self.model}
        return facts | {"system_fingerprint": revision or None}


def usage(spent: Usage) -> dict[str, Any]:
    """Tokens as the protocol counts them; those of a search that no reply shows stand with the reasoning."""
    return {
        "prompt_tokens": spent.prompt,
        "completion_tokens": spent.completion,
        "total_tokens": spent.prompt + spent.completion,
        "completion_tokens_details": {"reasoning_tokens": spent.unseen},
    }


def event(value: Any) -> bytes:
    """One event of a stream."""
    return b"data: " + dumped(value) + b"\n\n"


def model_list(catalogue: Catalogue, since: int) -> dict[str, Any]:
    """The models, with what each may be asked for."""
    return {"object": "list", "data": [model_entry(model, catalogue, since) for model in catalogue.models]}


def model_entry(model: ServedModel, catalogue: Catalogue, since: int) -> dict[str, Any]:
    """One model; how the operator reaches it is nobody's business."""
    judges = [called for called, _ in catalogue.judges] if "lm" in model.kinds else []
    judges += JUDGES if "vlm" in model.kinds else []
    named = dict.fromkeys(name for kind in model.kinds for name in strategies(kind))
    facts = {"pictures": "vlm" in model.kinds, "strategies": list(named), "rewards": judges}
    return {"id": model.id, "object": "model", "created": since, "owned_by": OWNER, EXTRA: facts}


# --------------------------------------------------------------------------------------------------------------- errors


class Refused(Exception):
    """A request that gets no completion.

    Attributes:
        status: of HTTP.
        code: what programs tell it by; None where nothing is to be said.
        headers: (name, value) that the answer has besides.
    """

    def __init__(
        self, status: int, sentence: str, code: str | None = None, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.code, self.headers = status, sentence, code, headers

    @property
    def body(self) -> dict[str, Any]:
        """In OpenAI's form."""
        kinds = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
        kind = kinds.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
        return {"error": {"message": clean(self.sentence), "type": kind, "param": None, "code": self.code}}


FAULT = "The gateway failed at this request; its log says more."


def refused(error: Exception, upstream: bool = False) -> Refused:
    """What an error says to a client.

    Args:
        upstream: whether another server was asked, and may be at fault.
    """
    if isinstance(error, Refused):
        return error
    if isinstance(error, UnknownName) and error.kind == "model":
        return Refused(404, str(error), "model_not_found")
    if isinstance(error, BadInput):
        return Refused(400, str(error), "unknown_name" if isinstance(error, UnknownName) else None)
    if isinstance(error, Cancelled):
        return Refused(503, "The gateway is being stopped.", "stopped")
    if isinstance(error, CannotDo):
        return Refused(502 if upstream else 503, str(error), "upstream" if upstream else "cannot_do")
    return Refused(500, FAULT, "fault")
