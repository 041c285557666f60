"""What stands in the page before gradio's script, and what it takes to be there of gradio."""

from pathlib import Path

import gradio
import httpx
import pytest

from tts_playground.ui.edge.early import BEFORE, SCRIPT

FRONTEND = Path(gradio.__file__).parent / "templates" / "frontend"


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("query", ["", "?tab=sketch&n=8", "?__theme=dark"])
def test_it_stands_once_between_the_configuration_and_gradios_script(address, query, encoding):
    page = httpx.get(address + query, headers={"accept-encoding": encoding})
    assert page.text.count(SCRIPT) == 1
    assert page.text.index("window.gradio_config") < page.text.index(SCRIPT) < page.text.index(BEFORE.decode())
    if encoding == "identity":
        assert int(page.headers["content-length"]) == len(page.content)


def test_no_other_answer_is_touched(address):
    for path in ("config", "gradio_api/info", "theme.css"):
        assert SCRIPT not in httpx.get(f"{address}{path}").text


def test_gradio_still_is_what_the_script_counts_on():
    """Read in gradio 6.31: its page, the sign that it waits, and where it reads the targets of each event."""
    assert (FRONTEND / "index.html").read_bytes().count(BEFORE) == 1
    scripts = {path.name: path.read_text() for path in (FRONTEND / "assets").glob("*.js")}
    assert any("find_attached_events" in text and ".targets.find(" in text for text in scripts.values())
    assert any('class="loading' in text or "`loading" in text for text in scripts.values())
    assert any("gradio_config" in text for name, text in scripts.items() if name.startswith("index"))
