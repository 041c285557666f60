"""Wrong values for every event of the real app, over HTTP: each is refused in one sentence, and none is a fault."""

import io
import json
import random
from concurrent.futures import ThreadPoolExecutor
from threading import get_ident
from typing import Any

import gradio as gr
import httpx
import pytest
from PIL import Image

from tts_playground.ui.edge import inputs

CALLS = 150
NO_TEXT = [[], {}, True, 5, "\ud800", "a\0b", [["a"]], {"a": {"b": 1}}]
NO_NUMBER = [[], {}, True, "abc", "", float("nan"), 1e400, 10**400, "1e400", "~nouser/x", "5" * 5000, [1]]
NO_CHOICE = [[], {}, True, "nosuch", "\ud800", "x" * 5000, "../..", "os:system", 10**400]
NO_FILE = [
    *([], {}, True, 5, "a.png", "/etc/passwd", {"path": 5}, {"path": "\0"}, {"path": ["a"]}),
    *({"path": path, "meta": {"_type": "gradio.FileData"}} for path in ("/etc/passwd", "x.png")),
    {"path": "http://127.0.0.1:1/a.png", "meta": {"_type": "gradio.FileData"}},
    {"path": "/nowhere/" + "x" * 5000, "meta": {"_type": "gradio.FileData"}},
]
WRONG: dict[Any, list[Any]] = {
    inputs._number: NO_NUMBER,
    inputs._text: NO_TEXT,
    inputs._line: NO_TEXT,
    inputs._switch: [[], {}, 5, "true", "\ud800"],
    inputs._one: NO_CHOICE,
    inputs._several: [None, 5, "sym", {}, ["nosuch"], [[]], [{}]],
    inputs._place: [[], {}, True, "abc", -1, 10**9, 1.5, float("nan")],
    inputs._picture: NO_FILE,
}
"""by what checks a component's values: values that it must refuse"""


@pytest.fixture(scope="module")
def app(image_model):
    """The app as it is served, all tabs that are here, with its address."""
    from tts_playground.ui import shell
    from tts_playground.ui.audit import TAB as AUDIT
    from tts_playground.ui.math import TAB as REASONING
    from tts_playground.ui.sketch import TAB as SKETCH
    from tts_playground.ui.t2i import TAB as IMAGES
    from tts_playground.ui.vqa import TAB as QUESTIONS

    app = shell.build([IMAGES, QUESTIONS, SKETCH, AUDIT, REASONING])  # type: ignore[list-item]
    address = shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    yield app, address
    app.close()


class Asker:
    """Calls events as a page does."""

    def __init__(self, address):
        self.http = httpx.Client(base_url=address + "gradio_api/", timeout=60)
        stream = io.BytesIO()
        Image.new("L", (32, 32), 255).save(stream, "PNG")
        (path,) = self.http.post("upload", files={"files": ("a.png", stream.getvalue())}).json()
        self.file = {"path": path, "meta": {"_type": "gradio.FileData"}}

    def call(self, event, data, query="", **more):
        """("result" | "refused", what came back)."""
        session = f"wrong{get_ident()}"  # one a thread: a page's state takes longer to make than a refusal
        body = json.dumps({"fn_index": event._id, "data": data, "session_hash": session, **more})
        joined = self.http.post(f"queue/join{query}", content=body, headers={"content-type": "application/json"})
        if joined.status_code != 200:
            return "refused", joined.json()["detail"]
        with self.http.stream("GET", "queue/data", params={"session_hash": session}) as lines:
            messages = (json.loads(line[5:]) for line in lines.iter_lines() if line.startswith("data:"))
            last = next(message for message in messages if message["msg"] in ("process_completed", "close_stream"))
        return ("result", last["output"]) if last["success"] else ("refused", last["output"]["error"])

    def usual(self, block):
        """A value that a component takes."""
        if isinstance(block, gr.State) or callable(getattr(block, "value", None)):
            return None
        if isinstance(block, gr.Image):
            return self.file
        if isinstance(block, gr.ImageEditor):
            return {"background": self.file, "layers": [], "composite": None, "id": None}
        value = getattr(block, "value", None)
        return value if isinstance(value, (str, int, float, bool, list)) else None


@pytest.fixture(scope="module")
def asker(app):
    return Asker(app[1])


def _is_a_sentence(text):
    return isinstance(text, str) and 10 < len(text) < 700 and "\n" not in text and text.rstrip()[-1] in ".;'?"


def test_every_wrong_value_is_refused_in_a_sentence(app, asker, caplog):
    chance = random.Random(0)
    events = [event for event in app[0].fns.values() if event.fn is not None]
    places = [(event, i) for event in events for i, block in enumerate(event.inputs) if inputs.check_of(block) in WRONG]
    public = [place for place in places if place[0].api_visibility == "public"]
    assert {"sketch", "render", "generate", "score", "answer", "solve"} <= {event.api_name for event, _ in public}
    tried = []
    for number in range(CALLS):
        event, place = chance.choice(public if number % 2 else places)
        data = [asker.usual(block) for block in event.inputs]
        block = event.inputs[place]
        own = getattr(block, "allow_custom_value", False)  # then any text may be a model
        data[place] = chance.choice(NO_TEXT if own else WRONG[inputs.check_of(block)])
        tried.append((event, data, f"{event.api_name}: {inputs.name_of(block)} = {str(data[place])[:80]!r}"))
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(lambda one: asker.call(one[0], one[1], event_data={"index": 0, "value": None}), tried)
    faults = [
        (what, kind, str(said)[:200])
        for (_, _, what), (kind, said) in zip(tried, answers, strict=True)
        if kind != "refused" or not _is_a_sentence(said) or "inside the app" in said
    ]
    assert faults == []
    assert "fault in a handler" not in caplog.text


def test_too_few_and_too_many_values_are_refused(app, asker):
    for event in (event for event in app[0].fns.values() if event.api_visibility == "public"):
        data = [asker.usual(block) for block in event.inputs]
        for given in ([], data[:-1], [*data, 1]):
            kind, said = asker.call(event, given)
            assert kind == "refused" and f"/{event.api_name} takes {len(data)} values" in said


@pytest.mark.parametrize(
    "data", [None, 5, [], {}, {"index": -1}, {"index": "abc"}, {"index": 10**400}, {"index": [[]]}]
)
def test_clicks_on_nothing_are_refused(app, asker, data):
    for event in app[0].fns.values():
        if any(trigger == "select" and event.fn is not None and not _tab(app[0], of) for of, trigger in event.targets):
            kind, said = asker.call(event, [asker.usual(block) for block in event.inputs], event_data=data)
            assert kind == "refused" and _is_a_sentence(said), (event.api_name, said)


def _tab(blocks, number):
    """Whether a target is a tab, which is opened as a whole."""
    return isinstance(blocks.blocks.get(number), gr.Tab)


QUERIES = [
    "n=abc&temperature=1e400&seed=nan&top_k=&top_p=[]&cfg=-1",
    "n=" + "9" * 4000,
    "model=~nouser/x&sampler=~nouser/x&strategy=os:system&outline=%00",
    "prompt=%ED%A0%80&question=%FF&program=%1b[31m(&drawing=../..",
    "k=1e400&conditions=,,x&permute=maybe&per_cond=-5&protocol=\u202e&task=%00&model=%00",
]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("tab", ["t2i", "vqa", "sketch", "audit", "math"])
def test_links_open_the_page_or_are_refused_in_a_sentence(app, asker, tab, query):
    arrivals = [event for event in app[0].fns.values() if event.targets and event.targets[0][1] == "load" and event.fn]
    assert arrivals
    for event in arrivals:
        kind, said = asker.call(event, [asker.usual(block) for block in event.inputs], f"?tab={tab}&{query}")
        assert kind == "result" or (_is_a_sentence(said) and "inside the app" not in said), (event.api_name, said)


def test_sensible_text_is_taken_as_a_number(app, asker):
    render = next(event for event in app[0].fns.values() if event.api_name == "render")
    kind, said = asker.call(render, ["(Circle 4 8 8)", "64", "exact"])
    assert (kind, said["data"][0]["size"]) == ("result", 64)


def test_a_component_is_called_by_the_short_part_of_its_label():
    """ "N must lie between", and not "N: images, of which the best is kept must lie between"."""
    assert inputs.name_of(gr.Slider(1, 256, label="N: images, of which the best is kept")) == "N"
