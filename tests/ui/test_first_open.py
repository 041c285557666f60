"""Other tabs cost the first page nothing: what they show comes when they are opened, and never over newer things."""

import asyncio
import json
import subprocess
import sys

import gradio as gr
import httpx
import pytest

from tts_playground.errors import BadInput
from tts_playground.evaluation import falls
from tts_playground.ui import shell
from tts_playground.ui.events import arrives
from tts_playground.ui.first_open import LONG, later, on_first_open
from tts_playground.ui.gradio_patches import Page

MOST = 1_500_000
"""bytes of a page load: configuration and state, uncompressed"""


def test_a_page_load_is_small_and_goes_compressed(address):
    page = httpx.get(address, headers={"accept-encoding": "identity"})
    config = httpx.get(f"{address}config", headers={"accept-encoding": "identity"})
    assert len(page.content) < MOST and len(config.content) < MOST
    example = falls.planned()
    assert example is not None and example[0] not in page.text + config.text  # its pictures come when it is asked for
    small = httpx.get(address, headers={"accept-encoding": "gzip"})
    assert small.headers["content-encoding"] == "gzip" and small.text == page.text
    assert int(small.headers.get("content-length", 0)) < len(page.content) / 3


def test_figures_and_galleries_of_tabs_that_are_closed_are_not_in_the_page(address):
    config = httpx.get(f"{address}config").json()
    parts = {part["id"]: part for part in config["components"]}

    def inside(node, closed):
        for place, child in enumerate(node.get("children") or ()):
            part = parts[child["id"]]
            hidden = closed or (part["type"] == "tabitem" and place > 0)
            if hidden and part["type"] in ("plot", "gallery", "html", "code"):
                yield part
            yield from inside(child, hidden)

    hidden = list(inside(config["layout"], False))
    assert len(hidden) > 30
    heavy = {part["props"].get("elem_id"): len(json.dumps(part["props"].get("value"))) for part in hidden}
    assert {name: size for name, size in heavy.items() if size > 2 * LONG} == {}


def _two_tabs():
    """An app whose second tab has a figure, a text that is changed by a button, and one that is made later."""
    made = []

    class Two:
        slug = label = "two"

        def ready(self):
            return True

        def build(self, app):
            long = "a" * (LONG + 1)
            gr.HTML(long, elem_id="long")
            changed = gr.HTML(long, elem_id="changed")
            later(gr.HTML("", elem_id="later"), lambda: made.append(1) or "made")
            app.load(lambda: "newer", None, changed, api_name="change")

    class One(Two):
        slug = label = "one"

        def build(self, app):
            gr.HTML("b" * (LONG + 1), elem_id="seen")

    return [One(), Two()], made


async def _answers(web, address, event, session, query=""):
    """What an event sends to a page that was opened with the query string; nothing where it fails."""
    body = {"data": [], "fn_index": event["id"], "session_hash": session, "event_data": {"index": 1}}
    assert (await web.post(f"{address}gradio_api/queue/join?{query}", json=body)).status_code == 200
    async with web.stream("GET", f"{address}gradio_api/queue/data", params={"session_hash": session}) as stream:
        lines = [line async for line in stream.aiter_lines()]
    (last,) = [line for line in lines if '"process_completed"' in line]
    return json.loads(last[5:])["output"].get("data", [])


async def _shown(app, events, session, query=""):
    """What the events send to each part, in this order, to one page of the app that is served meanwhile."""
    address = shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    names = {part["id"]: part["props"].get("elem_id") for part in app.config["components"]}
    found = {}
    try:
        async with httpx.AsyncClient(timeout=60) as web:
            for event in events:
                sent = await _answers(web, address, event, session, query)
                for part, value in zip(event["outputs"], sent, strict=bool(sent)):
                    found.setdefault(names[part], []).append(value)
    finally:
        app.close()
    return found


def _event(app, trigger, **properties):
    """The one event with outputs that has the trigger and the properties."""
    have = [one for one in app.config["dependencies"] if one["targets"][0][1] == trigger and one["outputs"]]
    (found,) = [one for one in have if all(one[name] == value for name, value in properties.items())]
    return found


@pytest.mark.parametrize("changed", [False, True])
def test_a_tab_is_filled_once_and_never_over_what_was_shown_since(changed):
    tabs, made = _two_tabs()
    app = shell.build(tabs)
    fill, change = _event(app, "select"), _event(app, "load", api_name="change")
    found = asyncio.run(_shown(app, [*([change] if changed else []), fill, fill], f"page{changed}"))
    nothing = {"__type__": "update"}
    assert found["long"] == ["a" * (LONG + 1), nothing]
    assert found["later"] == ["made", nothing]
    assert found["changed"] == (["newer", nothing, nothing] if changed else ["a" * (LONG + 1), nothing])
    assert made == [1]
    assert "seen" not in found


def test_what_is_seen_at_once_stays_in_the_page_unless_it_is_made_later():
    with Page() as app:
        text, part = gr.HTML("b" * (LONG + 1)), later(gr.HTML(""), lambda: "made")
        on_first_open(app)
    (event,) = app.fns.values()
    assert text.value and event.outputs == [part] and event.targets[0][1] == "load"


class _Linked:
    """A tab that a link changes in one part, leaves in another, and never touches in a third."""

    slug = label = "linked"

    def ready(self):
        return True

    def build(self, app):
        long = "a" * (LONG + 1)
        new, left, other = (gr.HTML(long, elem_id=name) for name in ("new", "left", "other"))

        def arrival(query, request):
            if query["word"] == "bad":
                raise BadInput("No such word.")
            return query["word"], gr.skip()

        arrives(app, "linked", ["word"], arrival, [new, left], api_name="arrival")
        return other


class _First(_Linked):
    slug = label = "first"

    def build(self, app):
        gr.HTML("first")


@pytest.mark.parametrize("first", ["fill", "link"])
@pytest.mark.parametrize("word", ["newer", "bad", None])
def test_what_a_link_shows_comes_once_whichever_event_is_first(word, first):
    app = shell.build([_First(), _Linked()])
    fill, link = _event(app, "select"), _event(app, "load", api_name="arrival")
    failed = _event(app, "failure", trigger_only_on_failure=True)
    events = [fill, link] if first == "fill" else [link, fill]
    if word == "bad":
        events.insert(events.index(link) + 1, failed)
    query = "tab=linked" + (f"&word={word}" if word else "")
    found = asyncio.run(_shown(app, events, "page", query))
    got = {name: [value for value in values if isinstance(value, str)] for name, values in found.items()}
    long = "a" * (LONG + 1)
    assert got == {"new": [word if word == "newer" else long], "left": [long], "other": [long]}


def test_the_page_is_laid_out_without_torch():
    """It takes longer to import than all of the page to lay out; models bring it while the first page is looked at."""
    script = "import sys; from tts_playground.ui import shell; shell.build(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_what_tabs_open_with_is_made_before_somebody_opens_them():
    made = []

    def fails():
        made.append("fails")
        raise RuntimeError("broken")

    with Page() as app, gr.Tabs():
        with gr.Tab("one"):
            gr.Markdown("one")
        with gr.Tab("two"):
            later(gr.HTML(), fails)
            later(gr.HTML(), lambda: made.append("two"))
            on_first_open(app)
    shell.warm([], app).join()
    assert made == ["fails", "two"]
