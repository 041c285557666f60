"""The few lines that only a browser can do: save a file, copy a link; what is longer stands in ``data/*.js``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

LINK = """(query) => { const link = location.origin + location.pathname + '?' + query;
try { navigator.clipboard.writeText(link).catch(() => {}); } catch (e) {} return link; }"""
"""a query string becomes a link to this page, in the clipboard where the browser allows it"""
SAVE = """(file) => { if (!file) return; const {name, href} = JSON.parse(file);
const a = document.createElement('a'); a.href = href; a.download = name; a.click(); }"""
"""{"name", "href"} as JSON is saved under its name"""
SAVE_FILE = """(file) => { if (!file) return; const one = Array.isArray(file) ? file[0] : file;
const a = document.createElement('a'); a.href = one.url; a.download = one.orig_name; a.click(); }"""
"""what a ``gr.File`` holds is saved under its name"""

FIT_CHARTS = """() => document.addEventListener('click', (event) => {
if (event.target.closest('[role=tab]')) setTimeout(() => window.dispatchEvent(new Event('resize')), 100); })"""
"""a chart that was drawn while its tab was hidden has Plotly's default width until something tells it to look again"""

SHARED = ("address", "controls", "figures", "stale")
"""scripts of every page: its state in the address, keys and hints, figures that travel, results that are old"""

PARTS = ("linked_marks", "replay", "tour", "tree")
"""scripts of blocks, of which a page holds several: told once, and called by each (``part``)"""


def head() -> str:
    """For the page's head, before anything else: the shared scripts, and rules that gradio's sheets would lose."""
    parts = "".join(f"{name}(element, trigger, watch) {{\n{from_file(f'{name}.js')}\n}},\n" for name in PARTS)
    scripts = [*(from_file(f"{name}.js") for name in SHARED), f"window.ttsParts = {{\n{parts}}};"]
    return f"<style>{from_file('outside/page.css')}</style>" + "".join(f"<script>{one}</script>" for one in scripts)


def part(name: str) -> str:
    """What a ``gr.HTML`` runs when it stands: one of ``PARTS``."""
    if name not in PARTS:
        raise ValueError(f"No such script: {name}.")
    return f"ttsParts.{name}(element, trigger, watch)"


@cache
def from_file(name: str) -> str:
    """Lines for a browser that are more than a few: a file of ``ui/data``."""
    return (Path(__file__).parent / "data" / name).read_text(encoding="utf-8")
