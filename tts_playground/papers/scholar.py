"""Papers by name from Semantic Scholar's public API (api.semanticscholar.org/api-docs), one request a search."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from tts_playground import jsontext
from tts_playground.errors import BadInput, CannotDo, clean, shown
from tts_playground.models.endpoint.address import is_loopback
from tts_playground.papers.paper import LONGEST, MOST_AUTHORS, Paper

API = "https://api.semanticscholar.org/graph/v1"
VARIABLE = "TTS_PLAYGROUND_SCHOLAR_URL"
"""names another server of the same API: a mirror, or one for tests"""
FIELDS = "title,authors,year,publicationDate,externalIds"
LARGEST = 1 << 20
"""bytes of a reply; ten papers have a few thousand"""
SECONDS = 20.0
_ARXIV = re.compile(r"\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7}")
_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")


def search(name: str, most: int = 5, url: str = "") -> list[Paper]:
    """The papers that a name brings up, the best match first; without a sentence, which is for the reader to write.

    Args:
        name: a title or words of it.
        most: 1 to 20.
        url: the API's address; "" takes ``TTS_PLAYGROUND_SCHOLAR_URL``, else Semantic Scholar.

    Raises:
        BadInput: no name, or an address that is none. CannotDo: nobody answers there, or too many ask at the moment.
    """
    if not name.strip() or len(name) > LONGEST:
        raise BadInput(f"Give the title of a paper, or words of it, in at most {LONGEST} characters.")
    if not 1 <= most <= 20:
        raise BadInput(f"{most} papers are asked for, but a search brings 1 to 20.")
    base = (url or os.environ.get(VARIABLE, "") or API).rstrip("/")
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"{shown(base)!r} is no address of an API; give one such as {API}.")
    query = {"query": " ".join(name.split()), "limit": most, "fields": FIELDS}
    body = _asked(f"{base}/paper/search?{urlencode(query)}", parts.hostname)
    rows = body.get("data", []) if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise CannotDo(f"{parts.hostname} sends no list of papers; is it Semantic Scholar's API?")
    found = [_paper(row) for row in rows[:most] if isinstance(row, dict)]
    return [one for one in found if one is not None]


def _asked(address: str, host: str) -> Any:
    """The JSON behind an address; nothing is sent but the address, and redirects are not followed."""
    import httpx

    try:
        with (
            httpx.Client(timeout=SECONDS, follow_redirects=False, trust_env=not is_loopback(host)) as client,
            client.stream("GET", address, headers={"Accept-Encoding": "identity"}) as reply,
        ):
            text = bytearray()
            for piece in reply.iter_raw():
                text += piece
                if len(text) > LARGEST:
                    raise CannotDo(f"{host} sends more than {LARGEST >> 20} MB for one search; that is not read.")
    except httpx.HTTPError as error:
        why = "it takes too long" if isinstance(error, httpx.TimeoutException) else "no connection"
        raise CannotDo(f"{host} cannot be asked for papers ({why}); go online and try again.") from error
    if reply.status_code == 429:
        raise CannotDo(f"{host} is asked too often at the moment (429); try again in {_wait(reply.headers)}.")
    if reply.status_code != 200:
        raise CannotDo(f"{host} refuses the search (status {reply.status_code}); try again later, or other words.")
    try:
        return jsontext.parsed(bytes(text))
    except ValueError as error:
        raise CannotDo(f"{host} sends no JSON; is it Semantic Scholar's API?") from error


def _wait(headers: Mapping[str, str]) -> str:
    given = headers.get("retry-after", "").strip()
    return f"{int(given)} s" if re.fullmatch(r"\d{1,5}", given) else "a minute"


def _paper(row: Mapping[str, Any]) -> Paper | None:
    """A paper of a reply; None where it has no title, or nothing to link to."""
    title = _words(row.get("title"))
    given, number = row.get("externalIds"), str(row.get("paperId", ""))
    arxiv = str(given.get("ArXiv", "")) if isinstance(given, dict) else ""
    if _ARXIV.fullmatch(arxiv):
        key, link = arxiv, f"https://arxiv.org/abs/{arxiv}"
    elif re.fullmatch(r"[0-9a-f]{40}", number):
        key, link = number[:12], f"https://www.semanticscholar.org/paper/{number}"
    else:
        return None
    authors = row.get("authors")
    names = [_words(one.get("name")) for one in authors if isinstance(one, dict)] if isinstance(authors, list) else []
    dates = [str(row.get(name) or "") for name in ("publicationDate", "year")]
    date = next((one for one in dates if _DATE.fullmatch(one)), "")
    return Paper(key, title, tuple(filter(None, names))[:MOST_AUTHORS], date, link, own=True) if title else None


def _words(value: Any) -> str:
    return clean(value).strip()[:LONGEST] if isinstance(value, str) else ""
