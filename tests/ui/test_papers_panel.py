"""The panel of papers: nothing on the first page, everything when it is opened, and no operator's list for visitors."""

import asyncio
import json
from types import SimpleNamespace

import gradio as gr
import pytest
from raw_web import Web

from tts_playground.pages.papers import panel
from tts_playground.papers.paper import Paper, add, own_file, shipped
from tts_playground.ui import shell

TABS = {"math": "Reasoning Steps", "t2i": "Images"}
MINE = Paper("2401.00001", "Mine & <b>bold</b>", ("A. Author",), "2024-01", "https://arxiv.org/abs/2401.00001")


@pytest.fixture(autouse=True)
def data_home(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))


def test_each_paper_has_its_links_and_its_buttons():
    shown = panel("", TABS, local=False)
    assert all(paper.link in shown for paper in shipped())
    assert 'href="?tab=math&amp;strategy=dvts"' in shown and ">Try DVTS</a>" in shown
    assert 'href="?tab=t2i"' in shown and "tab=sketch" not in shown and "tab=vqa" not in shown


def test_words_filter_and_bent_ones_break_nothing():
    assert panel("webdreamer", TABS, local=False).count("<li>") == 1
    assert "0 of" in panel("<script>" * 100, TABS, local=False)


def test_the_persons_own_list_is_for_who_is_local_and_is_escaped():
    add(MINE)
    assert "Mine" not in panel("", TABS, local=False)
    shown = panel("", TABS, local=True)
    assert "Mine &amp; &lt;b&gt;bold" in shown and "yours" in shown
    own_file().write_text("damaged\n{}\n")
    assert "papers.jsonl" in panel("", TABS, local=True) and "papers.jsonl" not in panel("", TABS, local=False)


def test_the_first_page_holds_no_paper_and_opening_brings_them():
    def build(app):
        gr.Markdown("empty")

    app = shell.build([SimpleNamespace(slug="math", label="Steps", build=build)])  # type: ignore[list-item]
    try:
        first = json.dumps(app.get_config_file(), default=str)
        assert "arxiv.org" not in first and "papers-list" in first
        place = next(n for n, one in app.fns.items() if any(target[1] == "expand" for target in one.targets))
        web = Web(shell.serve(app, block=False, quiet=True, server_name="127.0.0.1"))
        said = asyncio.run(web.call(place, ["rebase"]))["output"]["data"][0]
        assert said.count("<li>") == 1 and "?tab=math&amp;strategy=rebase" in said
    finally:
        app.close()
