"""Links that ask for what a page does not have: what became of their values is said."""

import pytest

from tts_playground.pages import put_right
from tts_playground.pages.audit import view_settings as audit
from tts_playground.pages.math import view_settings as math
from tts_playground.pages.sketch import view_settings as sketch
from tts_playground.pages.t2i import view_settings as t2i
from tts_playground.pages.vqa import view_settings as vqa


def told(tab, view, query):
    return put_right.sentence(query, tab.ORDER, tab.values_of(view))


@pytest.mark.parametrize("tab", [audit, math, t2i, vqa, sketch], ids=lambda tab: tab.__name__.split(".")[-2])
def test_a_value_that_a_link_cannot_have_is_named_with_what_it_became(tab):
    made = getattr(tab, "from_query", None) or tab.coerce_view
    for query, words in (
        ({"n": "99999", "temperature": "-1"}, (" n = 99999 became ", "temperature = -1 became ")),
        ({"n": "abc"}, ("n = abc became ",)),
        ({"seed": "1.5"}, ("seed = 1.5 became 1",)),
        ({"n": "<b>"}, ("n = <b> became ",)),
    ):
        said = told(tab, made(query), query)
        assert all(word in said for word in words) and said.startswith("This link was put right: ")
        assert said.endswith(".") and said.count("became") == len(words)
    assert told(tab, made({"n": "16", "temperature": "0.5"}), {"n": "16", "temperature": "0.5"}) == ""


@pytest.mark.parametrize("tab", [audit, math, t2i, vqa, sketch], ids=lambda tab: tab.__name__.split(".")[-2])
def test_a_page_says_nothing_of_its_own_links(tab):
    from urllib.parse import parse_qsl

    made = getattr(tab, "from_query", None) or tab.coerce_view
    view = made({"n": "32", "temperature": "0.7", "seed": "4"})
    query = dict(parse_qsl(tab.to_query(view)))
    assert told(tab, made(query), query) == ""


def test_names_lists_and_texts_are_compared_as_such():
    query = {"protocol": "psychic", "conditions": "sym,foo", "permute": "False"}
    said = told(audit, audit.from_query(query), query)
    assert "protocol = psychic became exact" in said and "conditions = sym,foo became sym" in said
    assert "permute" not in said
    long = {"problem": "7 " * math.LONGEST}
    assert "problem was cut to" in told(math, math.coerce_view(long), long)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/no/such/folder", "~/nothing-there"])
def test_a_folder_that_is_not_there_is_said_before_anything_is_run(name):
    for tab in (audit, math, t2i, vqa):
        query = {"model": name}
        made = getattr(tab, "from_query", None) or tab.coerce_view
        assert told(tab, made(query), query) == f"There is no folder “{name}” on this machine: choose another model."


def test_visitors_are_not_told_which_folders_the_machine_has(tmp_path):
    for name in ("/no/such/folder", str(tmp_path)):
        query = {"model": name}
        assert put_right.sentence(query, math.ORDER, math.values_of(math.coerce_view(query)), local=False) == ""
