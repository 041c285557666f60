"""The list of papers that ships, as data, and the list that a person keeps in the data folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tts_playground import files, journal
from tts_playground.errors import BadInput, UnknownName, shown
from tts_playground.home import folder, home

DATA = Path(__file__).parent / "data" / "papers.json"
TASKS = ("t2i", "vqa", "sketch", "choice", "text")
"""kinds of task that a paper can be about"""
LONGEST = 500
"""characters of a title or of a sentence that are kept of a person's own paper"""
MOST_AUTHORS = 50
LINK = re.compile(r"https?://[\w.:-]+(?:/[\w./~%?=&#+:@-]*)?")
"""what may stand as a link"""


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper, and what it became here."""

    key: str
    """short and unique; of a person's own paper its arXiv number, or the beginning of Semantic Scholar's"""
    title: str
    authors: tuple[str, ...]
    """in order; "Chen et al." where only the first is known"""
    date: str
    """ "2025-01-30", "2025-01" or "2025": as much as is known; "" where nothing is"""
    link: str
    """an address on the web, https"""
    tasks: tuple[str, ...] = ()
    """of ``TASKS``"""
    says: str = ""
    """one sentence of our own, or of whose list it is"""
    became: tuple[Mapping[str, str], ...] = ()
    """{"strategy": registered name}, or {"feature": words, "module": file below the package}"""
    tries: tuple[Mapping[str, str], ...] = ()
    """what a link to the page sets: {"tab": slug, "strategy": ...}"""
    own: bool = False
    """whether it is of a person's own list"""

    @property
    def links(self) -> tuple[str, ...]:
        """The queries of the links that try it: "?tab=math&strategy=beam"."""
        return tuple(f"?{urlencode(one)}" for one in self.tries)

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, for JSON."""
        plain = {"key": self.key, "title": self.title, "authors": list(self.authors), "date": self.date}
        plain |= {"link": self.link, "tasks": list(self.tasks), "says": self.says, "own": self.own}
        return plain | {"became": [dict(one) for one in self.became], "try": list(self.links)}

    def tells(self, words: Iterable[str]) -> bool:
        """Whether each of the words stands somewhere in what is known of it, whatever their case."""
        became = [value for one in self.became for value in one.values()]
        text = " ".join([self.key, self.title, *self.authors, self.date, self.link, self.says, *became]).lower()
        return all(word.lower() in text for word in words)


@cache
def shipped() -> tuple[Paper, ...]:
    """The papers that ship, the newest first."""
    rows = json.loads(DATA.read_text(encoding="utf-8"))["papers"]
    return tuple(_paper(row) for row in rows)


def _paper(row: Mapping[str, Any], own: bool = False) -> Paper:
    many: dict[str, Any] = {name: tuple(row.get(name, ())) for name in ("authors", "tasks", "became", "tries")}
    one: dict[str, Any] = {name: str(row.get(name, "")) for name in ("key", "title", "date", "link", "says")}
    return Paper(**one, **many, own=own)


def own_file() -> Path:
    """Where a person's own list is kept: JSONL, a line a paper."""
    return home() / "papers.jsonl"


def own() -> tuple[Paper, ...]:
    """The person's own list, in the order in which it grew.

    Raises:
        BadInput: the file is damaged; the message says where.
    """
    file = own_file()
    if not file.exists():
        return ()
    rows = journal.read(file)
    for number, row in enumerate(rows, 1):
        lists = [row.get("authors", []), row.get("tasks", [])]
        fine = all(isinstance(one, list) and all(isinstance(word, str) for word in one) for one in lists)
        link = str(row.get("link", ""))
        if not fine or not row.get("key") or not row.get("title") or (link and not LINK.fullmatch(link)):
            raise BadInput(f"Line {number} of {file} is no paper with key, title, authors and link; mend or remove it.")
    return tuple(_paper({**row, "became": (), "tries": ()}, own=True) for row in rows)


def known(*, mine: bool = True) -> tuple[Paper, ...]:
    """The person's own papers, the last first, then those that ship.

    Args:
        mine: False leaves the person's own out.
    """
    return (*reversed(own()), *shipped()) if mine else shipped()


def matching(papers: Sequence[Paper], words: Iterable[str] = (), task: str = "") -> list[Paper]:
    """Those that tell of all the words and are about ``task``; "" is any.

    Raises:
        UnknownName: no such task.
    """
    if task and task not in TASKS:
        raise UnknownName("task", task, TASKS)
    wanted = [word for word in words if word.strip()]
    return [one for one in papers if (not task or task in one.tasks) and one.tells(wanted)]


def same(one: Paper, other: Paper) -> bool:
    """Whether two entries are of one paper: the same link, or the same title but for case and punctuation."""
    plain = [re.sub(r"\W+", " ", paper.title.lower()).strip() for paper in (one, other)]
    return one.key == other.key or one.link == other.link or plain[0] == plain[1]


def add(paper: Paper) -> Paper | None:
    """Put a paper on the person's own list; the one that was there already, or ships, where it is known, else None.

    Raises:
        BadInput: the list is damaged. StoreError: it cannot be written.
    """
    twin = next((one for one in known() if same(one, paper)), None)
    if twin is None:
        folder()
        plain = paper.as_dict()
        with journal.growing(own_file(), "The list of papers") as append:
            append([{name: plain[name] for name in ("key", "title", "authors", "date", "link", "tasks", "says")}])
    return twin


def remove(key: str) -> Paper:
    """Take a paper off the person's own list; returns it.

    Raises:
        UnknownName: there is none with that key on it. StoreError: the list cannot be written.
    """
    kept = own()
    gone = next((one for one in kept if one.key == key), None)
    if gone is None:
        if any(one.key == key for one in shipped()):
            raise BadInput(f"The paper {shown(key)!r} ships with the library; only papers that you added are removed.")
        raise UnknownName("paper of your own", key, [one.key for one in kept] or ["none yet"])
    rows = [one.as_dict() for one in kept if one is not gone]
    names = ("key", "title", "authors", "date", "link", "tasks", "says")
    text = "".join(json.dumps({name: row[name] for name in names}) + "\n" for row in rows)
    files.write_text(own_file(), text, "The list of papers")
    return gone
