"""What writes a figure as a PDF: libraries of others as they were published, served to whoever saves one."""

import hashlib

import httpx
import pytest

from tts_playground.ui import scripts
from tts_playground.ui.edge.figure_files import FOLDER

PUBLISHED = {
    "jspdf.umd.min.js": "e6551fcdc32f09d6853b2c5126d18d01d9447e0da618a41a11ebeee0f6c20d54",
    "svg2pdf.umd.min.js": "2f10c0d16959e9a0c4cfd8605cfce0830ddc384337f74fa0351a6eff1c1efb8b",
}
"""sha256 of what npm has as jspdf 4.2.1 and svg2pdf.js 2.8.1"""


@pytest.mark.parametrize("name", PUBLISHED)
def test_libraries_are_those_that_were_published_with_their_licences(name):
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == PUBLISHED[name]
    licence = (FOLDER / f"LICENSE-{name.split('.')[0]}.txt").read_text()
    assert "Permission is hereby granted, free of charge" in licence and "yWorks GmbH" in licence


@pytest.mark.parametrize("name", ["write.js", "jspdf.umd.min.js", "regular.ttf", "bold.ttf"])
def test_files_are_served_compressed_and_kept_by_browsers(address, name):
    answer = httpx.get(f"{address}figure-files/{name}", headers={"accept-encoding": "gzip"})
    assert answer.status_code == 200 and answer.content == (FOLDER / name).read_bytes()
    assert answer.headers["content-encoding"] == "gzip" and answer.headers["x-content-type-options"] == "nosniff"
    assert name.endswith(".ttf") or "javascript" in answer.headers["content-type"]
    again = httpx.get(f"{address}figure-files/{name}", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["", "nothing.js", "%2e%2e/style.css", "%2e%2e%2f%2e%2e%2fshell.py", "..%5cstyle.css"])
def test_nothing_else_is(address, path):
    answer = httpx.get(f"{address}figure-files/{path}")
    assert answer.status_code == 404 and answer.text == "Not Found"


def test_others_cannot_be_changed(address):
    assert httpx.post(f"{address}figure-files/write.js").status_code == 405


def test_a_page_carries_none_of_it():
    """Half a megabyte, of use to few."""
    assert "figure-files" in scripts.head() and "jsPDF" not in scripts.head()
