"""The list of papers: facts that agree with one another, works that are here, links that the page understands."""

import re
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from tts_playground import home, registry
from tts_playground.errors import BadInput, UnknownName
from tts_playground.pages.math import view_settings as math_view
from tts_playground.pages.sketch import view_settings as sketch_view
from tts_playground.pages.t2i import view_settings as t2i_view
from tts_playground.papers.paper import TASKS, Paper, add, known, matching, own, own_file, remove, shipped

PAPERS = {paper.key: paper for paper in shipped()}
SEED_LIST = (
    *("2501.18427", "2501.14723", "2501.09732", "2501.06848", "2501.06458", "2501.04519", "2412.03704", "2411.10440"),
    *("2411.06559", "2410.02052", "2408.07199", "2408.03314", "2408.00724", "2407.21787", "2407.01476", "2406.16838"),
)
"""the list that the library's strategies go back to"""


@pytest.fixture(autouse=True)
def data_home(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))


def test_keys_titles_and_links_are_there_once_and_the_newest_come_first():
    papers = shipped()
    for name in ("key", "title", "link"):
        assert len({getattr(one, name) for one in papers}) == len(papers)
    days = [one.date for one in papers if len(one.date) == 10]
    assert days == sorted(days, reverse=True) and len(days) == len(SEED_LIST)
    numbers = {one.link.rpartition("/")[2] for one in papers}
    assert numbers >= set(SEED_LIST)


@pytest.mark.parametrize("key", PAPERS)
def test_a_paper_is_whole(key):
    paper = PAPERS[key]
    assert paper.authors and paper.says.endswith((".", "?")) and paper.became and paper.tries and paper.tasks
    assert set(paper.tasks) <= set(TASKS)
    if number := re.fullmatch(r"https://arxiv\.org/abs/(\d\d)(\d\d)\.\d{5}", paper.link):
        year, month = f"20{number[1]}", number[2]
        # a paper of a month's last evening has the next month's number
        assert paper.date[:7] in (f"{year}-{month}", f"{year}-{int(month) - 1:02d}")
    else:
        assert paper.link.startswith("https://huggingface.co/")


@pytest.mark.parametrize("key", PAPERS)
def test_what_it_became_is_here(key):
    for one in PAPERS[key].became:
        if "strategy" in one:
            registry.entry("strategy", one["strategy"])
        else:
            assert one["feature"] and (home.PACKAGE / one["module"]).is_file()


@pytest.mark.parametrize("key", PAPERS)
def test_its_links_set_what_they_say(key):
    for link in PAPERS[key].links:
        query = dict(parse_qsl(link.removeprefix("?")))
        tab, chosen = query.pop("tab"), query.get("strategy")
        views = {"math": math_view.coerce_view, "sketch": sketch_view.from_query, "t2i": t2i_view.coerce_view}
        assert tab in {*views, "vqa", "audit"}
        if not query:
            continue
        view = views[tab](query)
        for name, value in query.items():
            assert getattr(view, name) == value
        if chosen:
            task = {"math": "text", "sketch": "sketch"}[tab]
            assert chosen in registry.names("strategy", task)


ARXIV = re.compile(r"arXiv:(\d{4}\.\d{5})")


def test_every_work_that_a_strategy_names_is_on_the_list():
    folder = home.PACKAGE / "strategies"
    named = {number for file in folder.glob("*.py") for number in ARXIV.findall(file.read_text())}
    assert len(named) > 15
    assert named <= {Path(paper.link).name for paper in shipped()}


def test_words_and_a_task_filter():
    found = matching(shipped(), ["Tree", "SEARCH"], "text")
    assert {"agent-tree-search", "lats"} <= {one.key for one in found} and PAPERS["geneval"] not in found
    assert [one.key for one in matching(shipped(), ["rebase"])] == ["rebase"]
    assert matching(shipped(), ["no", "such", "words"]) == [] and matching(shipped(), [" "]) == list(shipped())
    with pytest.raises(UnknownName, match="t2i"):
        matching(shipped(), [], "t21")


MINE = Paper("2401.00001", "A Paper of Mine", ("A. Author",), "2024-01", "https://arxiv.org/abs/2401.00001", own=True)


def test_a_persons_own_list_grows_once_a_paper_and_shrinks():
    assert own() == () and add(MINE) is None
    assert own() == (MINE,) and known()[0] == MINE and known(mine=False) == shipped()
    other = Paper("else", "A paper, of mine", (), "", "https://example.org/other", own=True)
    assert add(other) == MINE and len(own()) == 1  # the same title, but for case and commas
    assert add(Paper("x", "Other words", (), "", PAPERS["s1"].link)) == PAPERS["s1"]
    assert remove(MINE.key) == MINE and own() == ()
    with pytest.raises(UnknownName, match="none yet"):
        remove(MINE.key)
    with pytest.raises(BadInput, match="ships with the library"):
        remove("s1")


@pytest.mark.parametrize(
    "line",
    ["no json", '{"key": "a"}', '{"key": "a", "title": "b", "authors": "c"}',
     '{"key": "a", "title": "b", "link": "javascript:alert(1)"}'],
)  # fmt: skip
def test_a_damaged_list_is_one_sentence(line):
    add(MINE)
    own_file().write_text(own_file().read_text() + line + "\n" + own_file().read_text())
    with pytest.raises(BadInput, match=r"(?s)ine 2 of .*papers\.jsonl"):
        own()
