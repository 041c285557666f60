"""What waits, and what nobody reads, takes no more memory than it may."""

import asyncio
import time

import gradio as gr
import pytest
from raw_web import Web

from tts_playground.pages import load_bounds
from tts_playground.ui import shell
from tts_playground.ui.events import GPU, LIGHT

LOOKS, HEAVY, GLANCE = range(3)


class Desk:
    """A tab with something to look at, something that takes long, and something that passes by the queue."""

    slug = label = "desk"

    def ready(self):
        return True

    def warm(self):
        pass

    def build(self, app):
        word, line = gr.Textbox(), gr.Textbox()
        gr.Button("Looks").click(lambda word: "seen", word, line, **LIGHT)
        gr.Button("Heavy").click(lambda word: time.sleep(0.5), word, line, **GPU)
        gr.Button("Glance").click(lambda: "at once", None, line, **LIGHT, queue=False, api_name="glance")


@pytest.fixture(scope="module")
def desk():
    app = shell.build([Desk()])
    yield app, shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    app.close()


def kept(app):
    return {*app._queue.pending_messages_per_session, *app._queue.pending_event_ids_session}


def test_a_long_name_of_a_session_is_refused_and_not_kept(desk):
    app, address = desk
    status, _, text = asyncio.run(Web(address).join(LOOKS, "long" * 30, ["a"]))
    assert status == 400 and "at most 100 characters" in text
    assert not any(name.startswith("long") for name in kept(app))


def test_a_direct_call_leaves_no_state_of_a_long_name(desk):
    app, address = desk
    body = {"data": [], "session_hash": "long" * 30}
    status, _, text = asyncio.run(Web(address).ask("POST", "run/glance", body))
    assert status == 200 and "at once" in text
    assert not any(name.startswith("long") for name in app.server_app.state_holder.session_data)


@pytest.mark.parametrize("field", ["data", "event_data"])
def test_a_request_of_very_many_values_is_refused(desk, field):
    body = {"fn_index": LOOKS, "data": ["a"], "session_hash": "many"} | {field: [[[] for _ in range(20_000)]]}
    status, _, text = asyncio.run(Web(desk[1]).ask("POST", "queue/join", body))
    assert status == 413 and "more than 10,000 values" in text


def test_big_requests_of_one_address_wait_only_up_to_a_bound(desk, monkeypatch):
    monkeypatch.setattr(load_bounds, "WAITING", 3_000_000)

    async def story():
        web, other = Web(desk[1]), Web(desk[1], "192.0.2.2")
        codes = [(await web.join(HEAVY, f"big{number}", ["x" * 1_000_000]))[0] for number in range(6)]
        return codes, (await web.join(HEAVY, "small", ["x"]))[0], (await other.join(HEAVY, "o", ["x" * 1_000_000]))[0]

    codes, small, other = asyncio.run(story())
    assert codes[0] == 200 and codes[-1] == 429 and (small, other) == (200, 200)


def test_what_was_sent_is_not_kept_beside_what_was_read(desk):
    async def story():
        web = Web(desk[1])
        for number in range(3):
            body = {"fn_index": HEAVY, "data": ["a"], "session_hash": f"junk{number}", "junk": "x" * 1_000_000}
            assert (await web.ask("POST", "queue/join", body))[0] == 200
        return [event.request for event in desk[0]._queue.event_ids_to_events.values()]

    requests = asyncio.run(story())
    assert requests and all(not request._body and request._json is None for request in requests)


def test_who_never_reads_gets_no_more_answers_until_it_does(desk, monkeypatch):
    monkeypatch.setattr(load_bounds, "UNREAD", 5)

    async def story():
        web = Web(desk[1])
        codes = [(await web.join(LOOKS, "deaf", ["a"]))[0] for _ in range(8)]
        await web.answer("deaf")
        return codes, (await web.call(LOOKS, ["a"], "hearing"))["success"]

    codes, other = asyncio.run(story())
    assert codes == [200] * 5 + [429] * 3 and other


def test_answers_that_nobody_reads_are_forgotten_oldest_first(desk, monkeypatch):
    app, address = desk
    monkeypatch.setattr(load_bounds, "UNREAD_ALL", 10)

    async def story():
        web = Web(address)
        for number in range(40):
            assert (await web.join(LOOKS, f"deaf{number}", ["a"]))[0] == 200
            await asyncio.sleep(0.02)

    asyncio.run(story())
    unread = app._queue.pending_event_ids_session
    assert sum(map(len, unread.values())) <= 20 and "deaf39" in kept(app) and "deaf0" not in kept(app)


def test_who_reads_least_is_forgotten_first_of_those_that_listen(monkeypatch):
    monkeypatch.setattr(load_bounds, "UNREAD_ALL", 4)
    unread = {"idle": {"1"}, "page": {"2"}, "deaf": {"3", "4", "5"}}
    assert load_bounds.surplus(unread, {"page", "deaf"}) == ["idle"]
    assert load_bounds.surplus({"page": {"2"}, "deaf": {*"3456"}}, {"page", "deaf"}) == ["deaf"]
    assert load_bounds.surplus({"page": {"2"}}, set()) == []
