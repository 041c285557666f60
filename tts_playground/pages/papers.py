"""The panel of papers as HTML: what each became here, and links that try it on the tabs that are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlencode

from tts_playground import registry
from tts_playground.errors import BadInput
from tts_playground.papers.paper import Paper, known, matching, shipped

LONGEST = 200
"""characters of a search that are read"""


def panel(words: str, tabs: Mapping[str, str], local: bool) -> str:
    """The papers that tell of all the words, with buttons for the tabs that are shown.

    Args:
        tabs: slug -> label of the tabs on the page.
        local: whether who looks may see the list that the person keeps who runs the app.
    """
    papers, note = _papers(local)
    found = matching(papers, words[:LONGEST].split())
    count = f"{len(found)} of {len(papers)} papers" if words.strip() else f"{len(papers)} papers"
    rows = "".join(_row(one, tabs) for one in found)
    return f'<div class="papers"><p>{count}.{note}</p><ul>{rows}</ul></div>'


def _papers(local: bool) -> tuple[Sequence[Paper], str]:
    if not local:
        return shipped(), ""
    try:
        return known(), " Add your own: <code>python -m tts_playground papers search NAME</code>"
    except BadInput as error:  # a damaged list hides nobody else's papers
        return shipped(), f" {escape(str(error))}"


def _row(paper: Paper, tabs: Mapping[str, str]) -> str:
    title = f'<a href="{escape(paper.link)}" target="_blank" rel="noopener noreferrer">{escape(paper.title)}</a>'
    authors = ", ".join(paper.authors[:3]) + (" and others" if len(paper.authors) > 3 else "")
    facts = " · ".join(filter(None, [escape(paper.date), escape(authors), "yours" if paper.own else ""]))
    became = "; ".join(_became(one) for one in paper.became)
    here = f" <em>Here:</em> {became}." if became else ""
    tries = "".join(_try(one, tabs) for one in paper.tries if one["tab"] in tabs)
    return f"<li>{title} <small>{facts}</small><br>{escape(paper.says)}{here} {tries}</li>"


def _became(part: Mapping[str, str]) -> str:
    if "strategy" not in part:
        return escape(part["feature"])
    return escape(registry.entry("strategy", part["strategy"]).title)


def _try(one: Mapping[str, str], tabs: Mapping[str, str]) -> str:
    chosen = one.get("strategy")
    what = registry.entry("strategy", chosen).title if chosen else tabs[one["tab"]]
    where = f'href="?{escape(urlencode(one))}" title="On the tab {escape(tabs[one["tab"]])}"'
    return f'<a class="try" {where}>Try {escape(what)}</a>'
