"""The page's scripts: packed once, kept by browsers, and of plotly.js what draws the app's charts."""

import asyncio
import gzip
import hashlib
import re
from pathlib import Path

import brotli
import gradio
import httpx
import pytest

from tts_playground import figures
from tts_playground.ui.edge.page_scripts import CHARTS, FOLDER, PageScripts, _way, without_plotly

PUBLISHED = "950d4b7a827cd446e5cfcb125b33fe56bf2ddb9900fd2d4cf7035829f73eae43"
"""sha256 of what npm has in plotly.js-cartesian-dist-min 3.4.0"""
ASSETS = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
(CHUNK,) = ASSETS.glob("PlotlyPlot-*.js")
(ENTRY,) = (path for path in ASSETS.glob("index-*.js") if path.name in CHUNK.read_text()[:500])


def unpacked(answer: httpx.Response, body: bytes) -> bytes:
    way = answer.headers.get("content-encoding", "")
    return {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}[way](body)


def raw(address, name, accepts):
    with httpx.stream("GET", f"{address}assets/{name}", headers={"accept-encoding": accepts}) as answer:
        return answer, b"".join(answer.iter_raw())


def test_the_library_is_the_one_that_was_published_with_its_licence():
    assert hashlib.sha256((FOLDER / CHARTS).read_bytes()).hexdigest() == PUBLISHED
    assert "Permission is hereby granted, free of charge" in (FOLDER / "LICENSE-plotly.txt").read_text()
    assert CHARTS in (FOLDER / "README.md").read_text()


def test_it_draws_all_kinds_of_charts_that_the_figures_have():
    drawn = "\n".join(path.read_text() for path in Path(figures.__file__).parents[1].rglob("*.py"))
    kinds = set(re.findall(r"\bgo\.([A-Z]\w+)\(", drawn)) | set(re.findall(r"\.add_([a-z0-9]+)\(", drawn))
    known = re.findall(r'moduleType:"trace",name:"(\w+)"', (FOLDER / CHARTS).read_text())
    assert {"scatter", "bar", "heatmap"} <= set(known)
    others = {"figure", "shape", "annotation", "trace", "hline", "vline", "hrect", "vrect"}
    charts = {kind.lower() for kind in kinds} - others
    assert charts & {"scattergl", "scatter3d", "surface", "sankey", "sunburst", "treemap", "table", "pie3d"} == set()
    assert {"scatter", "heatmap"} <= charts


def test_gradios_chunk_without_its_plotly_is_its_component_alone():
    whole = CHUNK.read_text()
    small = without_plotly(whole)
    assert len(whole) > 4e6 and len(small) < 4000
    assert small.startswith(whole[:100]) and small.endswith(whole[-700:]) and f'import"./{CHARTS}"' in small


@pytest.mark.parametrize("other", ["", "export default 1", 'import"./a.js";var p=1', "x" * 2_000_000])
def test_what_is_built_another_way_stays_as_it_is(other):
    assert without_plotly(other) == other


@pytest.mark.parametrize("accepts", ["br", "gzip, deflate", "identity"])
@pytest.mark.parametrize("name", [ENTRY.name, CHARTS])
def test_a_script_comes_as_the_client_takes_it_and_is_kept(address, name, accepts):
    answer, body = raw(address, name, accepts)
    assert unpacked(answer, body) == ((FOLDER if name == CHARTS else ASSETS) / name).read_bytes()
    assert answer.headers.get("content-encoding", "") == _way(accepts)
    assert "immutable" in answer.headers["cache-control"] and answer.headers["vary"] == "accept-encoding"
    assert "javascript" in answer.headers["content-type"] and answer.headers["x-content-type-options"] == "nosniff"
    known = {"if-none-match": answer.headers["etag"], "accept-encoding": accepts}
    again = httpx.get(f"{address}assets/{name}", headers=known)
    assert again.status_code == 304 and not again.content


def test_the_chunk_that_is_changed_is_asked_for_again(address):
    answer = httpx.get(f"{address}assets/{CHUNK.name}")
    assert answer.headers["cache-control"] == "public, no-cache" and answer.text == without_plotly(CHUNK.read_text())


@pytest.mark.parametrize("name", ["nothing.js", "%2e%2e/index.html", "..%2f..%2froutes.py", "plotly.js"])
def test_nothing_else_is_there(address, name):
    assert httpx.get(f"{address}assets/{name}").status_code in (403, 404)


def test_other_requests_pass():
    passed = []

    async def app(scope, receive, send):
        passed.append(scope["path"])

    scripts, own = PageScripts(app, ASSETS), f"/assets/{ENTRY.name}"
    for kind, method, path in (("websocket", "GET", own), ("http", "POST", own), ("http", "GET", "/")):
        asyncio.run(scripts({"type": kind, "method": method, "path": path, "headers": []}, None, None))
    assert len(passed) == 3


@pytest.mark.parametrize(
    ("accepted", "way"),
    [("gzip, br", "br"), ("GZIP", "gzip"), ("*", ""), ("br;q=0, gzip", "gzip"), ("gzip;q=0, br;q=0.0", ""), ("", "")],
)
def test_the_best_way_that_is_taken(accepted, way):
    assert _way(accepted) == way
