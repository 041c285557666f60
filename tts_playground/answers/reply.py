"""The short answer in a reply, in whatever form models give it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.IGNORECASE | re.DOTALL)
_THOUGHT_END = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_TAGGED = re.compile(
    r"<answer>(.*?)(?:</answer>|\Z)|<\|begin_of_box\|>(.*?)(?:<\|end_of_box\|>|\Z)", re.IGNORECASE | re.DOTALL
)
_FIELD = re.compile(r"[\"'](?:final[_ ]?|short[_ ]?)?answer[\"']\s*:\s*", re.IGNORECASE)
MARK = re.compile(
    r"\b(?:final\s+)?answer\**\s*(?:(?:is|would\s+be|should\s+be|must\s+be|will\s+be)\b\**\s*[:=]?|[:=])\s*"
    r"|\b(?:correct|right|best|final|my)\s+(?:option|choice|one|solution)\**\s*(?:(?:is|would\s+be)\b\**\s*[:=]?|[:=])\s*",
    re.IGNORECASE,
)
"""what stands before the short answer of a reasoned reply"""
_LAST_NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?(?:/\d+)?")
_WRAPPERS = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mathit|operatorname)\s*\{([^{}]*)\}")
_FRACTION = re.compile(
    r"(?P<before>(?:^|[-+=({\[,:>])\s*)(?:(?P<whole>\d+)\s*)?\\[dt]?frac\s*\{\s*(?P<top>[\w.,]+)\s*\}\s*\{\s*(?P<bottom>[\w.,]+)\s*\}"
    r"(?=\s*[-+=)}\],:;.%$]|\s*$|\s+[A-Za-z])"
)
"""one that reads the same as a/b: nothing stands in it that needs brackets, and nothing binds to it from outside"""
_REASON = re.compile(
    r",?\s+(?:because|as\s+can\s+be\s+seen|as\s+shown)\b.*|(?<=\w)[.!]\**\s+(?:It|This|That|The|Because|Since|There|They|So)\b.*",
    re.DOTALL,
)
_OPTION = re.compile(
    r"(?:option|choice|answer)?\s*(?:[(\[](?P<a>[A-Ha-h])[)\]]|(?P<c>[A-Ha-h])\)|(?P<b>[A-H])(?:\.|(?<!A):))[\s*]+(?P<rest>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_LETTER = re.compile(
    r"(?:the\s+)?(?:correct\s+)?(?:option|choice)\s*[(\[]?(?P<a>[A-Ha-h])[)\]]?(?:\s+is\s+(?:the\s+)?(?:correct|right|answer|best).*)?"
    r"|[(\[](?P<b>[A-Ha-h])[)\]](?:\s+is\s+(?:the\s+)?(?:correct|right|answer|best).*)?"
    r"|(?P<c>[A-H])\s+is\s+(?:the\s+)?(?:correct|right|answer|best).*",
    re.IGNORECASE,
)
_INITIAL = re.compile(r"[A-Z]\.(?:\s|$)")
_EDGES = " \t.*`\"'"


def final_answer(reply: str) -> str:
    """The short answer in a reply.

    Thoughts between ``<think>`` and ``</think>`` are left out, also where they never end. Then the first of these that
    is there: ``<answer>``, ``\\boxed``, a JSON field "answer", what follows the last "answer:", "the answer is" or "the
    correct option is" up to the line's end, the last line. A letter of a choice stands for its option: "(B)" and
    "B. fish" are "B", but a name with two initials stays whole.

    Returns:
        "" where the reply holds none.
    """
    return _short(_without_thoughts(reply), (_tagged, boxed_text, _field, _marked, _last))


def solution_answer(solution: str) -> str:
    """What a worked solution answers: its last box, else what "the answer is", else its last number; "" without any.

    A sentence is read as ``final_answer`` does. Of a box more is left as it is written, since it is mathematics: "a) 5"
    names no choice there, and a unit in \\text is one that need not be said.
    """
    said = _without_thoughts(solution)
    if (box := boxed_text(said)) is not None:
        plain = _undressed(box)
        if found := _LETTER.fullmatch(plain):
            return _named(found)
        return box if _WRAPPERS.search(box) and not _WRAPPERS.fullmatch(box) else plain
    if MARK.search(solution):
        return final_answer(solution)
    return last_number(solution)


def last_number(text: str) -> str:
    """The last number in a text, without commas: "1200" of "3 and then 1,200 km"; "" without any."""
    found = _LAST_NUMBER.findall(text)
    return found[-1].replace(",", "") if found else ""


def steps_of(reply: str) -> tuple[str, ...]:
    """The lines of a reply, without empty ones."""
    return tuple(line.strip() for line in reply.splitlines() if line.strip())


Form = Callable[[str], "str | None"]


def _short(text: str, forms: tuple[Form, ...]) -> str:
    """What the first form that is there holds, read by the forms after it."""
    for place, form in enumerate(forms):
        if (inner := form(text)) is not None:
            later = forms[place + 1 :]
            return _short(inner, later) if later else _option(inner)
    return _option(text)


def _without_thoughts(reply: str) -> str:
    text = _THOUGHT.sub("", reply)
    return _THOUGHT_END.split(text)[-1]  # a template may have opened them


def _tagged(text: str) -> str | None:
    found = [one for one in _TAGGED.finditer(text) if (one[1] or one[2] or "").strip()]
    return (found[-1][1] or found[-1][2]).strip() if found else None


def boxed_text(text: str) -> str | None:
    """What the last ``\\boxed{...}`` holds, its brackets balanced; None without one."""
    start = max(text.rfind("\\boxed{"), text.rfind("\\fbox{"))
    if start < 0:
        return None
    start = text.index("{", start) + 1
    depth, end = 1, start
    while end < len(text) and depth:
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
    return text[start : end - 1 if not depth else end].strip()


def _field(text: str) -> str | None:
    """The value of the last JSON field called answer."""
    for mark in reversed(list(_FIELD.finditer(text))[-4:]):
        try:
            value, _ = json.JSONDecoder().raw_decode(text, mark.end())
        except (ValueError, RecursionError):
            continue
        if isinstance(value, str):
            return value
        if isinstance(value, list) and all(isinstance(one, (str, int, float)) for one in value):
            return ", ".join(map(str, value))
        return "" if value is None else json.dumps(value)
    return None


def _marked(text: str) -> str | None:
    """What follows the last mark, up to the line's end and without its reason."""
    marks = list(MARK.finditer(text))
    if not marks:
        return None
    lines = steps_of(text[marks[-1].end() :])
    return _REASON.sub("", lines[0]) if lines else ""


def _last(text: str) -> str | None:
    lines = steps_of(text)
    if not lines:
        return None
    letters = [line for line in lines if _letter(_undressed(line))]
    last = lines[0] if letters == [lines[0]] else lines[-1]  # "B. fish", and then why
    return re.sub(r"^A:\s+(?=\S)", "", last)


def _option(text: str) -> str:
    plain = _undressed(text)
    return _letter(plain) or plain


def _letter(text: str) -> str:
    """The letter of a choice that a text is, else ""."""
    found = _LETTER.fullmatch(text)
    if found is None:
        found = _OPTION.fullmatch(text)
        if found is None or _INITIAL.match(found["rest"]):
            return ""
        if found["b"] and found["b"].islower():  # an abbreviation rather than a choice
            return ""
    return _named(found)


def _named(choice: re.Match[str]) -> str:
    return next(letter for name in "abc" if (letter := choice[name])).upper()


def _undressed(text: str) -> str:
    """Without markdown, quotes, LaTeX's dollars and a full stop."""
    text = _bare(text.strip())
    text = re.sub(r"^\\[(\[]\s*(.*?)\s*\\[)\]]$", r"\1", text)
    text = _FRACTION.sub(_ratio, _WRAPPERS.sub(r"\1", text))
    if text.count("$") == 2 and text[:1] == text[-1:] == "$":
        text = text[1:-1]
    text = text.replace("\\%", "%").replace("\\$", "$").replace("{,}", ",")
    return _bare(text)


def _ratio(found: re.Match[str]) -> str:
    ratio = f"{found['top']}/{found['bottom']}"
    if found["whole"] is None:
        return found["before"] + ratio
    plain = found["top"].isdigit() and found["bottom"].isdigit()
    return f"{found['before']}{found['whole']} {ratio}" if plain else found[0]


def _bare(text: str) -> str:
    """Without what stands at its edges, but with the point of ".5"."""
    plain = text.strip(_EDGES)
    before = text[: text.find(plain)] if plain else ""
    return f".{plain}" if plain[:1].isdigit() and before.endswith(".") and not before.endswith("..") else plain
