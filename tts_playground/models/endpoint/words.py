"""What a server says went wrong, in its own words, made fit to be quoted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

LONGEST = 300
"""characters of a quotation"""
PLACES = ("error", "message", "detail", "details", "error_message", "msg", "title")
"""where servers put their sentence"""


def sentence_in(body: Any) -> str:
    """The sentence in a reply about trouble: in any of the usual places, or the text itself; "" if there is none."""
    if isinstance(body, str):
        return body
    if isinstance(body, list):
        return "; ".join(filter(None, map(sentence_in, body[:3])))
    if isinstance(body, Mapping):
        found = [sentence_in(body[name]) for name in PLACES if body.get(name)]
        return next(filter(None, found), "")
    return ""


def names_in(body: Any) -> set[str]:
    """The parameters that a reply points at: ``param`` of OpenAI's form, the last of ``loc`` of FastAPI's."""
    if not isinstance(body, Mapping):
        return set()
    found = {_last(one.get("param")) for one in (body, body.get("error")) if isinstance(one, Mapping)}
    details = body.get("detail")
    found |= {
        _last(one.get("loc")) for one in (details if isinstance(details, list) else []) if isinstance(one, Mapping)
    }
    return found - {""}


def _last(place: Any) -> str:
    """The name at the end of ``a.b`` or of ["a", "b"]."""
    parts = place if isinstance(place, list) else str(place or "").split(".")
    return str(parts[-1]) if parts else ""


def page_title(text: str) -> str | None:
    """The title of a web page ("" if it has none); None for a text that is no web page."""
    if not re.match(r"\s*(<!doctype html|<html|<head|<body)", text, re.IGNORECASE):
        return None
    found = re.search(r"<title[^>]*>(.*?)</title", text, re.IGNORECASE | re.DOTALL)
    return clean(found[1]) if found else ""


def clean(text: str, secrets: Iterable[str] = (), longest: int = LONGEST) -> str:
    """One short line: without keys, control characters and marks that a page would take for HTML."""
    text = text[: 100 * longest]
    for secret in secrets:
        text = text.replace(secret, "[key]")
    text = "".join(" " if unicodedata.category(mark)[0] in "CZ" else mark for mark in text)
    text = " ".join(text.translate(str.maketrans("<>“”", "‹›''")).split())
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
