"""A served app with the queue's patches, and clients that flood, do not listen, or leave."""

import asyncio
import json
import secrets
import threading
import time
from collections import Counter

import gradio as gr
import pytest
from raw_web import Web

from tts_playground.ui import gradio_patches, shell
from tts_playground.ui.events import GPU, LIGHT

HEAVY, PLAIN, LOOKS, GLANCE, CALL, WHOLE = range(6)
"""the events of the app, by their numbers"""


class Workshop:
    """A tab whose handlers note what they do. A heavy one with the word "hold" goes on until it is let go."""

    slug = label = "workshop"

    def __init__(self):
        self.begun, self.ended, self.go = [], [], threading.Event()

    def ready(self):
        return True

    def warm(self):
        pass

    def build(self, app):
        def heavy(word):
            self.begun.append(word)
            try:
                for step in range(2000 if word == "hold" and not self.go.is_set() else 1):
                    yield f"{word} {step}"
                    time.sleep(0.01)
                    if self.go.is_set():
                        break
            finally:
                self.ended.append(word)

        def plain(word):
            self.begun.append(word)
            time.sleep(0.01)
            return word

        def whole(word):
            self.begun.append(word)
            left = gradio_patches.gone()
            while not left() and not self.go.is_set():
                time.sleep(0.01)
            self.ended.append(word)

        word, line = gr.Textbox(elem_id="word"), gr.Textbox(elem_id="line")
        gr.Button("Heavy", elem_id="heavy").click(heavy, word, line, **GPU)
        gr.Button("Plain").click(plain, word, line, **GPU)
        gr.Button("Looks").click(lambda: "seen", None, line, **LIGHT)
        gr.Button("Glance").click(lambda: "at once", None, line, **LIGHT, queue=False)
        gr.Button("Call").click(plain, word, line, **GPU, api_name="call")
        gr.Button("Whole").click(whole, word, line, **GPU)


@pytest.fixture(scope="module")
def served():
    """(tab, Blocks, address) of a running app."""
    tab = Workshop()
    app = shell.build([tab])
    yield tab, app, shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    app.close()


@pytest.fixture
def tab(served, monkeypatch):
    """The tab, with nothing noted yet; jobs that nobody listens to may wait."""
    monkeypatch.setattr(gradio_patches.queue, "LOOK", 0.05)
    monkeypatch.setattr(gradio_patches.queue, "PATIENCE", 0)
    tab = served[0]
    until(lambda: not served[1]._queue.event_ids_to_events)
    monkeypatch.setattr(gradio_patches.queue, "PATIENCE", 10**6)
    tab.go.clear()
    tab.begun.clear(), tab.ended.clear()
    yield tab
    tab.go.set()


@pytest.fixture
def impatient(tab, monkeypatch):
    """They are dropped after a third of a second."""
    monkeypatch.setattr(gradio_patches.queue, "PATIENCE", 6)


def until(what, seconds=20.0):
    """Wait for something that comes by itself."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


async def soon(what, seconds=20.0):
    """``until`` beside other work."""
    await asyncio.to_thread(until, what, seconds)


async def held(web, tab):
    """The model is at work for somebody who listens; (reader, writer) of the stream."""
    await web.join(HEAVY, "holder", ["hold"])
    stream = await web.listen("holder")
    await soon(lambda: tab.begun == ["hold"])
    return stream


def test_one_session_that_floods_waits_behind_its_own(served, tab):
    async def story():
        web = Web(served[2])
        _, writer = await held(web, tab)
        flood = [await web.join(PLAIN, "flood", ["flood"]) for _ in range(201)]
        _, ear = await web.listen("flood")
        other = asyncio.create_task(web.call(PLAIN, ["other"]))
        await soon(
            lambda: sum(map(len, (group.queue for group in queue.event_queue_per_concurrency_id.values()))) == 17
        )
        tab.go.set()
        answer = await asyncio.wait_for(other, 20)
        place = [word for word in tab.begun if word != "hold"].index("other")
        writer.close(), ear.close()
        return flood, answer, place

    queue = served[1]._queue
    flood, answer, place = asyncio.run(story())
    assert Counter(status for status, _, _ in flood) == {200: 16, 429: 185}
    assert answer["success"] and place <= 1
    _, headers, text = flood[-1]
    assert "retry-after: " in headers
    assert json.loads(text)["detail"].startswith("You have 16 requests waiting already: try again in about ")


def test_a_classroom_behind_one_address_is_never_refused(served, tab):
    async def story():
        web = Web(served[2])
        return await asyncio.gather(*(web.call(PLAIN, [str(number)]) for number in range(30)))

    answers = asyncio.run(story())
    assert all(answer["success"] for answer in answers)
    assert sorted(map(int, tab.begun)) == list(range(30))


def test_one_address_does_not_fill_the_queue_for_others_and_light_work_does_not_see_it(served, tab):
    async def story():
        near, far = Web(served[2]), Web(served[2], "198.51.100.7")
        _, writer = await held(near, tab)
        crowd = [f"crowd {number}" for number in range(70)]
        mine = Counter([(await near.join(PLAIN, one, ["crowd"]))[0] for one in crowd])
        others = Counter()
        for address in range(5):
            web = Web(served[2], f"198.51.100.{address}")
            others.update([(await web.join(PLAIN, secrets.token_hex(4), ["more"]))[0] for _ in range(40)])
        full = await far.join(PLAIN, "late", ["late"])
        light = await asyncio.wait_for(near.call(LOOKS), 10)
        status, _, text = await near.ask("POST", "run/predict", {"fn_index": GLANCE, "data": [], "session_hash": "x"})
        writer.close()
        return mine, others, full, light, status, text

    mine, others, full, light, status, text = asyncio.run(story())
    assert mine == {200: 60, 429: 10}
    assert others == {200: 140, 429: 60} and full[0] == 429
    assert json.loads(full[2])["detail"].startswith("The queue is full, with 200 requests waiting: try again")
    assert light["success"] and light["output"]["data"] == ["seen"]
    assert status == 200 and "at once" in text


def test_jobs_whose_stream_never_came_are_dropped(served, tab, impatient):
    async def story():
        web = Web(served[2])
        _, writer = await held(web, tab)
        for _ in range(2):
            await web.join(PLAIN, "deaf", ["late"])
        await soon(lambda: [event.session_hash for event in list(queue.event_ids_to_events.values())] == ["holder"])
        writer.close()
        await soon(lambda: tab.ended == ["hold"])
        await web.join(HEAVY, "deaf too", ["hold"])  # begins at once
        await soon(lambda: tab.ended == ["hold", "hold"])
        return await web.answer("deaf")

    queue = served[1]._queue
    late = asyncio.run(story())
    assert tab.begun == ["hold", "hold"]
    assert not late["success"] and late["output"]["error"] == gradio_patches.UNHEARD


def test_a_call_by_hand_has_longer_to_listen(served, tab, impatient):
    async def story():
        web = Web(served[2])
        _, writer = await held(web, tab)
        _, _, text = await web.ask("POST", "call/call", {"data": ["by hand"]})
        await web.join(PLAIN, "page", ["page"])
        await soon(lambda: [event.data.data for event in waiting()] == [["by hand"]])  # the page's was dropped
        tab.go.set()
        writer.close()
        return await web.ask("GET", f"call/call/{json.loads(text)['event_id']}")

    def waiting():
        return [
            event for event in list(served[1]._queue.event_ids_to_events.values()) if event.session_hash != "holder"
        ]

    status, _, text = asyncio.run(story())
    assert status == 200 and "event: complete" in text and "by hand" in text
    assert gradio_patches.LONG_PATIENCE * 0.5 >= 30


def test_a_page_that_is_open_may_be_late_with_its_stream(served, tab, impatient):
    async def story():
        web = Web(served[2])
        _, page = await web.open("heartbeat/slow")
        await web.join(HEAVY, "slow", ["hold"])
        await web.join(PLAIN, "left", ["late"])
        await soon(lambda: [event.session_hash for event in list(queue.event_ids_to_events.values())] == ["slow"])
        tab.go.set()
        answer = await web.answer("slow")
        page.close()
        return answer

    queue = served[1]._queue
    answer = asyncio.run(story())
    assert answer["success"] and tab.begun == ["hold"]


@pytest.mark.parametrize("event", [HEAVY, WHOLE], ids=["generator", "function"])
def test_who_leaves_ends_what_runs_and_what_waits(served, tab, event):
    async def story():
        web = Web(served[2])
        await web.join(event, "leaver", ["hold"])
        await web.join(PLAIN, "leaver", ["late"])
        _, writer = await web.listen("leaver")
        await soon(lambda: tab.begun == ["hold"])
        writer.transport.abort()
        await soon(lambda: tab.ended == ["hold"] and not queue.event_ids_to_events)

    queue = served[1]._queue
    asyncio.run(story())
    assert tab.begun == ["hold"]
    assert "leaver" not in queue.pending_messages_per_session and "leaver" not in queue.pending_event_ids_session


def test_places_are_told_in_the_order_of_turns(served, tab):
    async def story():
        web = Web(served[2])
        _, writer = await held(web, tab)
        for number in range(4):
            await web.join(PLAIN, "eager", [str(number)])
        _, ear = await web.listen("eager")
        await web.join(PLAIN, "calm", ["calm"])
        reader, calm = await web.listen("calm")
        places = []
        while len(places) < 3:
            line = await asyncio.wait_for(reader.readline(), 20)
            if line.startswith(b"data:") and json.loads(line[5:])["msg"] == "estimation":
                places.append(json.loads(line[5:]))
        for one in (writer, ear, calm):
            one.close()
        return places

    places = asyncio.run(story())
    assert {(place["rank"], place["queue_size"]) for place in places} == {(1, 5)}


def test_a_direct_call_does_not_overtake_the_queue(served, tab):
    async def story():
        return await Web(served[2]).ask("POST", "run/predict", {"fn_index": PLAIN, "data": ["first"]})

    status, _, text = asyncio.run(story())
    assert status == 404 and "join the queue" in text and tab.begun == []


def test_streams_of_unknown_sessions_end_without_a_traceback(served, tab, caplog):
    async def story():
        web = Web(served[2])
        return await web.ask("GET", "queue/data?session_hash=nobody"), await web.ask("GET", "call/call/nothing")

    page, call = asyncio.run(story())
    assert page[0] == call[0] == 200 and '"session_not_found":true' in page[2] and "event: error" in call[2]
    assert "Traceback" not in caplog.text and "response already started" not in caplog.text


def test_300_streams_that_close_at_once_stall_nobody(address, monkeypatch):
    """On the whole page: gradio describes all of its components for each page that closes."""
    described = Counter()
    describe = gr.blocks.BlocksConfig.config_for_block

    def counted(*args, **options):
        described["components"] += 1
        return describe(*args, **options)

    monkeypatch.setattr(gr.blocks.BlocksConfig, "config_for_block", staticmethod(counted))

    async def story():
        web = Web(address)
        streams = await asyncio.gather(*(web.open(f"heartbeat/closing{number}") for number in range(300)))
        began = time.monotonic()
        for _, writer in streams:
            writer.transport.abort()
        status, *_ = await web.ask("GET", "queue/status")
        return status, time.monotonic() - began

    status, seconds = asyncio.run(story())
    assert status == 200 and seconds < 5
    assert described["components"] == 0


def test_pages_that_come_and_go_do_not_take_the_states_of_open_ones(served, tab, monkeypatch):
    states = served[1].server_app.state_holder
    states.session_data.clear()
    monkeypatch.setattr(states, "capacity", 5)

    async def story():
        web = Web(served[2])
        await web.call(LOOKS, session="reader")
        _, writer = await web.open("heartbeat/reader")
        for number in range(20):
            await web.call(LOOKS, session=f"passer{number}")
        kept = list(states.session_data)
        writer.close()
        return kept

    kept = asyncio.run(story())
    assert "reader" in kept and len(kept) == 5


def test_sessions_without_work_are_forgotten_first(served, tab, monkeypatch):
    queue = served[1]._queue
    monkeypatch.setattr(queue.pending_messages_per_session, "max_size", len(queue.pending_messages_per_session) + 3)

    async def story():
        web = Web(served[2])
        _, writer = await held(web, tab)
        for number in range(10):
            await web.call(LOOKS, session=f"passer{number}")
        boxes = queue.pending_messages_per_session
        known, size = list(boxes), len(boxes)
        writer.close()
        return known, size

    known, size = asyncio.run(story())
    assert "holder" in known and size <= queue.pending_messages_per_session.max_size
