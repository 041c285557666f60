"""What a reply says of a half-written solution: how it goes on, whichever way a server shows that a step has ended.

A server may leave the stop string out (OpenAI's way), name the one that ended it (``stop_reason`` of vLLM,
``matched_stop`` of SGLang) or not, send the half-written text again, or begin the whole reply anew.
"""

from __future__ import annotations

import re

from tts_playground.models.endpoint.reply import EndpointReply
from tts_playground.samplers.continuing import Continuation, Wanted
from tts_playground.samplers.lm_settings import BREAK

_FIRST = re.compile(r"\W*step 1\b", re.IGNORECASE)
"""how the first step is headed"""
SURE = 8
"""characters of a text that no continuation begins with by chance"""


def continuation(reply: EndpointReply, wanted: Wanted, seconds: float, *, whole: bool = False) -> Continuation | None:
    """How a text goes on; None where the server did not go on, but began the reply anew.

    A stop string that the server left out is put back. Where it does not say whether a stop string ended the reply or
    the model did, the model did if the solution says its answer (a box); else there is more to come. A step that says
    word for word what the step before said ends the solution.

    Args:
        whole: the solution was asked for in one reply.
    """
    if whole:
        return Continuation(reply.raw, reply.tokens, reply.logprobs, not reply.cut, reply.cut, seconds)
    text = without_echo(reply.raw, wanted.text)
    if text == reply.raw and _FIRST.match(wanted.text) and _FIRST.match(text):
        return None
    if _repeats(text, wanted.text):
        return Continuation("", reply.tokens, reply.logprobs, True, reply.cut, seconds)
    stopped = next((one for one in wanted.stop if text.endswith(one)), None)
    if stopped is None:
        stopped = reply.stopped_at if reply.stopped_at in wanted.stop else None
        boxed = "\\boxed" in wanted.text + text
        if not (stopped or reply.told or boxed) and BREAK in wanted.stop:
            stopped = BREAK
        text += stopped or ""
    return Continuation(text, reply.tokens, reply.logprobs, not reply.cut and stopped is None, reply.cut, seconds)


def without_echo(text: str, sent: str) -> str:
    """A reply without the text that it was to go on from, where a server sends that again before what is new."""
    known = sent.strip()
    if len(known) < SURE or not text.lstrip().startswith(known):
        return text
    rest = text.lstrip()[len(known) :]
    blank = sent[len(sent.rstrip()) :]
    if not rest.strip() or (blank and not rest[0].isspace()):  # the reply says no more, or goes on in the same word
        return text
    return rest.lstrip() if blank else rest


def _repeats(text: str, sent: str) -> bool:
    """Whether a step says what the step before said; marks alone, such as brackets of a program, may."""
    if not sent.endswith(BREAK):
        return False
    former = sent.strip().rsplit(BREAK, 1)[-1].strip()
    return text.strip() == former and any(map(str.isalnum, former))
