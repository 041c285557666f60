"""What a row asks: one small function a published form, and the table of them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tts_playground.errors import BadInput

QUESTIONS = ("question", "query", "prompt", "instruction")
IMAGES = (
    "image", "image_path", "file_name", "picture", "imgname", "image_local_name", "img_path", "image_file", "img",
    "images", "image_1", "decoded_image", "image_url", "image_id", "imageId", "img_id", "image_base64",
)  # fmt: skip
ANSWERS = (
    "answers",
    "answer",
    "ground_truth",
    "label",
    "multiple_choice_answer",
    "gt_answer",
    "target",
    "direct_answers",
)
OPTIONS = ("options", "choices", "multi-choice options", "multi_choice_options", "candidates")
LETTERS = "ABCDEFGHIJ"
FULL_CREDIT = 3
"""annotators of VQAv2 who must give an answer for full credit"""
_PICTURE = re.compile(r"\s*<(?:image|img)(?: ?\d+)?>\s*|\s*\[IMG\]\s*|\s*<\|image\|>\s*", re.IGNORECASE)
_LONGEST_LIST = 20_000
"""letters of a list that is written out as text"""


@dataclass(frozen=True)
class Asked:
    """A question with its picture's field and the accepted answers."""

    question: str
    image: Any
    answers: tuple[str, ...]


Shape = Callable[[Mapping[str, Any]], "list[Asked] | None"]
"""the questions of a row of one form; None for a row of another"""


def questions_of(row: Mapping[str, Any]) -> list[Asked]:
    """What a row asks, by the first form of ``SHAPES`` that it has; a conversation may ask several questions.

    Raises:
        BadInput: why it asks nothing, with its fields where none of them is understood.
    """
    clean = {name: value for name, value in row.items() if not _nothing(value)}
    for shape in SHAPES.values():
        if (found := shape(clean)) is not None:
            return found
    raise BadInput(f"it has no question; its fields are {fields(row)}")


def fields(row: Mapping[str, Any]) -> str:
    """The names of a row's fields, for a sentence."""
    names = sorted(str(name)[:40] for name in row)
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(names[:20]) + more or "none"


def _nothing(value: Any) -> bool:
    return (
        value is None or (isinstance(value, float) and value != value) or (isinstance(value, (list, str)) and not value)
    )


# ------------------------------------------------------------------------------------------------------- shapes


def _plain(row: Mapping[str, Any]) -> list[Asked] | None:
    """A question a row: DocVQA, InfographicVQA, ChartQA, TextVQA, VQAv2, MMBench, MMMU, metadata.csv, ..."""
    question = _first(row, QUESTIONS)
    if question is None:
        return None
    if isinstance(question, Mapping):  # some translations carry several languages
        question = question.get("en") or next(iter(question.values()), "")
    image = _image(row)
    text = _without_pictures(str(question))
    if isinstance(hint := row.get("hint"), str):
        text = f"{hint.strip()}\n{text}"
    options = _options(row)
    if options:
        text += "\n" + "\n".join(f"{letter}. {option}" for letter, option in options.items())
    given = _first(row, ANSWERS)
    answers = _chosen(given, options) if options else ()
    return [Asked(text, image, answers or tuple(_texts(given)))]


def _conversation(row: Mapping[str, Any]) -> list[Asked] | None:
    """LLaVA's ``conversations`` and chats' ``messages``: a question for each reply."""
    turns = next((row[name] for name in ("conversations", "messages", "conversation") if name in row), None)
    if not isinstance(turns, Sequence) or isinstance(turns, str):
        return None
    asked: list[Asked] = []
    question, image = "", _first(row, IMAGES)
    for turn in turns:
        if not isinstance(turn, Mapping):
            raise BadInput(f"a turn of its conversation is a {type(turn).__name__} and no object")
        who = str(turn.get("from", turn.get("role", ""))).lower()
        text, seen = _content(turn.get("value", turn.get("content")))
        image = seen if image is None else image
        if who in ("human", "user"):
            question = text
        elif who in ("gpt", "assistant", "model", "chatgpt") and question:
            asked.append(Asked(question, _single(image), (text,) if text else ()))
            question = ""
    if not asked:
        raise BadInput("its conversation has no question of a user with a reply")
    if image is None:
        raise BadInput(f"it has no image; its fields are {fields(row)}")
    return asked


def _pairs(row: Mapping[str, Any]) -> list[Asked] | None:
    """The Cauldron's ``texts``: pairs of user and assistant about ``images``."""
    texts = row.get("texts")
    if not isinstance(texts, Sequence) or isinstance(texts, str) or not all(isinstance(one, Mapping) for one in texts):
        return None
    pairs = [(str(one.get("user") or ""), str(one.get("assistant") or "")) for one in texts]
    image = _image(row)
    return [Asked(_without_pictures(said), image, (reply.strip(),) if reply else ()) for said, reply in pairs if said]


SHAPES: dict[str, Shape] = {"conversation": _conversation, "pairs": _pairs, "plain": _plain}
"""name of a form -> what reads it, in the order in which they are tried; a new form is a row here"""


# ------------------------------------------------------------------------------------------------------- fields


def _first(row: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((row[name] for name in names if name in row), None)


def _image(row: Mapping[str, Any]) -> Any:
    image = _first(row, IMAGES)
    if image is None:
        raise BadInput(f"it has no image; its fields are {fields(row)}")
    return _single(image)


def _single(image: Any) -> Any:
    """One picture, also out of a list of one."""
    if isinstance(image, (list, tuple)):
        if len(image) != 1:
            raise BadInput(f"it has {len(image)} pictures, and questions about one are read")
        return image[0]
    return image


def _without_pictures(text: str) -> str:
    return _PICTURE.sub(" ", text).strip()


def _content(value: Any) -> tuple[str, Any]:
    """(text, picture) of a turn: a text, or a list of parts."""
    if isinstance(value, str):
        return _without_pictures(value), None
    words, image = [], None
    for part in value if isinstance(value, (list, tuple)) else ():
        if isinstance(part, str):
            words.append(part)
        elif isinstance(part, Mapping):
            if isinstance(part.get("text"), str):
                words.append(part["text"])
            seen = next((part[name] for name in ("image", "image_url", "url", "path") if part.get(name)), None)
            image = seen if image is None else image
    return _without_pictures("\n".join(words)), image


def _texts(given: Any) -> Iterator[str]:
    """Accepted answers: a text, a number, a list of them, or VQAv2's answers of annotators."""
    if isinstance(given, Mapping):
        listed = given.get("answer", given.get("text", given.get("answers")))
        yield from _texts(listed)
        return
    if isinstance(given, str):
        listed = _written_list(given)
        given = [given] if listed is None else listed
    items = given if isinstance(given, (list, tuple)) else [] if given is None else [given]
    if items and all(isinstance(one, Mapping) for one in items):
        counts = Counter(str(one.get("answer", one.get("text", ""))).strip() for one in items)
        counts.pop("", None)
        agreed = [text for text, count in counts.most_common() if count >= FULL_CREDIT]
        yield from agreed if agreed and len(items) > FULL_CREDIT else [text for text, _ in counts.most_common()]
        return
    for text in dict.fromkeys(_text(one) for one in items if one is not None):
        if text:
            yield text


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value).strip()


def _written_list(text: str) -> list[Any] | None:
    """A list that a table's cell holds as text: "['a', 'b']"."""
    text = text.strip()
    if not (text.startswith("[") and text.endswith("]") and len(text) <= _LONGEST_LIST):
        return None
    if (
        text.count("[") + text.count("(") + text.count("{") > 50
        or text.count("-") + text.count("+") + text.count("~") > 2000
    ):
        return None
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _options(row: Mapping[str, Any]) -> dict[str, str]:
    """Letter -> option, from a list, an object, or columns A, B, C, ..."""
    given = _first(row, OPTIONS)
    if isinstance(given, str):
        given = _written_list(given)
    if isinstance(given, Mapping):
        if isinstance(given.get("text"), (list, tuple)):
            given = given["text"]
        else:
            return {str(name).strip()[:8]: _text(option) for name, option in given.items() if not _nothing(option)}
    if isinstance(given, (list, tuple)):
        plain = [re.sub(rf"^\(?{letter}[.):]\s+", "", _text(one)) for letter, one in zip(LETTERS, given, strict=False)]
        return dict(zip(LETTERS, plain, strict=False))
    if "A" in row and "B" in row:
        return {letter: _text(row[letter]) for letter in LETTERS if letter in row}
    return {}


def _chosen(given: Any, options: Mapping[str, str]) -> tuple[str, ...]:
    """The letter and the words of the right options; nothing where the answer names none of them."""
    items = given if isinstance(given, (list, tuple)) else [given]
    letters = list(options)
    found: list[str] = []
    for one in items:
        text = _text(one) if one is not None else ""
        letter = text.strip("(). ").upper()
        if text in options.values() and not isinstance(one, int):
            letter = next(name for name, option in options.items() if option == text)
        elif letter not in options and text.isdecimal() and int(text[:9]) < len(letters):
            letter = letters[int(text)]
        if letter in options:
            found += [letter, options[letter]]
    return tuple(dict.fromkeys(found))
