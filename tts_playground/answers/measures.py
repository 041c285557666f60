"""How right an answer is: exact, ANLS and containment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tts_playground.answers.forms import agree, canonical

_NO = re.compile(
    r"\b(?:no|not|never|none|neither|nor|nothing|nobody|cannot|can't|\w+n['’]t|wrong|incorrect|false|except|without|unless|"
    r"if|whether|but|however|although|though|instead|rather|unlikely|doubt\w*|deny|denies|than|or)\b",
    re.IGNORECASE,
)
"""words that keep a sentence from saying what stands at its end"""
_SAYS = re.compile(r"\b(?:is|are|was|were|be|equals|totals|costs|shows|says|reads)\b|=", re.IGNORECASE)
_TOLD = re.compile(
    r"(?:the\s+)?(?:(?:correct|right|final|best)\s*)*(?:answer|option|choice|result)?|the\s+(?:\w+est|most|least)\b.*",
    re.IGNORECASE,
)
_WHERE = re.compile(
    r",?\s+(?:(?:in|on|from|according\s+to|based\s+on|shown\s+in)\s+(?:the|this)\s+"
    r"(?:picture|image|chart|figure|table|graph|infographic|document|diagram|map|poster|page)\b.*|in\s+total|overall)$",
    re.IGNORECASE,
)
_YES_NO = re.compile(r"(yes|no)\s*(?:[,;:!—–-]|\.(?!\s*\d)|\s(?=(?:it|there|he|she|they|this|that|the|we|you|i)\b))\s*")
_ABOUT = re.compile(r"^(?:about|approximately|around|roughly|circa|~)\s*(?=[\d$€£])", re.IGNORECASE)
_LONGEST = 400
"""characters of an answer that is looked at as a sentence"""


def exact(answer: str, truths: Sequence[str]) -> bool:
    """Whether the answer says what one of the truths says, and nothing else.

    Both are compared in canonical form: whole numbers must be equal, decimals agree once rounded to the coarser of the
    two and within 1 %, and a unit may be missing. A whole sentence says what stands at its end ("The largest item is
    fish."), or at its beginning before "is the answer"; "Yes, it is." says yes. What is denied ("It is not 42"),
    bounded ("more than 42") or only named on the way ("see page 42") is not said.
    """
    said = list(_readings(answer))
    return any(_equal(one, truth) for truth in truths for one in said)


def _equal(answer: str, truth: str) -> bool:
    left, right = canonical(answer), canonical(truth)
    if not left or not right:  # marks alone
        return bool(answer.strip()) and answer.strip() == truth.strip()
    return agree(left, right, whole=True)


def _readings(answer: str) -> Iterator[str]:
    """What an answer says: itself, and what it says as a sentence."""
    yield answer
    text = " ".join(answer.split()).strip(" .!*\"'`")
    if not text or len(text) > _LONGEST:
        return
    text = re.sub(r"(?i)\b(it|that|there|he|she|this|what)['’]s\b", r"\1 is", text)
    if lead := _YES_NO.match(text.lower()):
        rest = text[lead.end() :]
        other = "no" if lead[1] == "yes" else "yes"
        if not re.search(rf"\b(?:{other}|maybe|perhaps|but)\b", rest, re.IGNORECASE):
            yield lead[1]
        text = rest
    text = _WHERE.sub("", text)
    yield _ABOUT.sub("", text) if text else answer
    for verb in _SAYS.finditer(text):
        subject, value = text[: verb.start()].strip(), text[verb.end() :].strip(" :*")
        if subject and value and not _NO.search(subject):
            yield _ABOUT.sub("", value)
            if _TOLD.fullmatch(value):
                yield subject


def contains(answer: str, truths: Sequence[str]) -> bool:
    """The lab's rule: one of the truths stands somewhere in the answer. It over-credits "1" in "2017"."""
    return any(truth.lower() in answer.lower() for truth in truths)


def anls(answer: str, truths: Sequence[str]) -> float:
    """Normalised Levenshtein similarity, best over the truths; 0 below one half (Biten et al. 2019).

    1 - NL where NL < 0.5, else 0; NL is the edit distance over the longer length, lower-cased, spaces collapsed.
    """
    return max((_similarity(_flat(answer), _flat(truth)) for truth in truths), default=0.0)


def _flat(text: str) -> str:
    return " ".join(text.lower().split())


def _similarity(left: str, right: str) -> float:
    longest = max(len(left), len(right))
    part = distance(left, right) / longest if longest else 0.0
    return 1 - part if part < 0.5 else 0.0


def distance(left: str, right: str) -> int:
    """Levenshtein's edit distance."""
    row = list(range(len(right) + 1))
    for i, one in enumerate(left, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(right, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return row[-1]


MEASURES = {
    "exact": lambda answer, truths: float(exact(answer, truths)),
    "anls": anls,
    "containment": lambda answer, truths: float(contains(answer, truths)),
}
"""name -> score in 0..1 of an answer against the accepted truths"""
