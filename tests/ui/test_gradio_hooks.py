"""What ``ui/gradio_patches.py`` hooks is still as it was read; when one of these fails, read gradio's source anew."""

import inspect
import sys

import gradio as gr
import pytest
from gradio import routes, state_holder, utils
from gradio.queueing import Event, EventQueue, Queue

from tts_playground.ui import gradio_patches, shell


def source(subject):
    """Its code on one line, with single spaces."""
    return " ".join(inspect.getsource(subject).split())


HOOKED = [
    (Queue.push, "self.create_event_queue_for_fn(fn)"),
    (Queue.push, "event_queue.queue.append(event)"),
    (Queue.push, "self.broadcast_estimations(event.concurrency_id, len(event_queue.queue) - 1)"),
    (Queue.push, "if self.max_size is not None and len(self) >= self.max_size"),
    (Queue.get_events, "first_event = event_queue.queue[0]"),
    (Queue.get_events, "event_queue.current_concurrency < event_queue.concurrency_limit"),
    (Queue.broadcast_estimations, "for rank, event in enumerate(event_queue.queue)"),
    (Queue.start_processing, "event_batch = self.get_events()"),
    (Queue.start_processing, "self.active_jobs[self.active_jobs.index(None)] = events"),
    (Queue.start, "self.active_jobs = [None] * self.max_thread_count"),
    (
        Queue.process_events,
        "awake_events = [event for event in awake_events if event.alive] if not awake_events: return",
    ),
    (Queue.process_events, "self.process_time_per_fn[events[0].fn].add(duration)"),
    (Queue.process_events, "self.event_ids_to_events.pop(event._id, None)"),
    (Queue.process_events, "await run_sync( self.compute_analytics_summary, list(self.event_analytics.values()), )"),
    (Queue.clean_events, "if job.session_hash == session_hash or job._id == event_id: job.alive = False"),
    (Queue.__init__, "self.pending_messages_per_session: LRUCache[str, AsyncQueue[EventMessage]] = ( LRUCache(2000) )"),
    (Event.__init__, "self.session_hash: str = session_hash or self._id"),
    (Event.__init__, "self.enqueue_time: float = time.monotonic()"),
    (EventQueue.__init__, "self.queue: list[Event] = []"),
    (utils.LRUCache.__setitem__, "elif len(self) >= self.max_size: self.popitem(last=False)"),
    (gr.Blocks.queue, "self._queue = queueing.Queue("),
    (gr.Blocks.launch, "self._queue.max_thread_count = max_threads"),
    (gr.Blocks.run_startup_events, "self._queue.start()"),
    (state_holder.StateHolder.__getitem__, "SessionState(self.blocks)"),
    (state_holder.StateHolder.__getitem__, "self.update(session_id)"),
    (state_holder.StateHolder.update, "evicted, _ = self.session_data.popitem(last=False)"),
    (routes.App.__init__, "self.state_holder = StateHolder()"),
    (routes, "success, event_id, state = await blocks._queue.push("),
    (routes, "if not app.get_blocks().api_open and fn.queue:"),
    (routes, "messages = blocks._queue.pending_messages_per_session[ session_hash ]"),
    (routes, "full_body = PredictBody(**body.model_dump(), simple_format=True)"),
    (utils.MatplotlibBackendMananger, "import matplotlib"),
    (gr.Plot.get_config, "import bokeh"),
]


@pytest.mark.parametrize(("subject", "line"), HOOKED, ids=[line[:50] for _, line in HOOKED])
def test_the_hooked_source_is_as_it_was_read(subject, line):
    assert line in source(subject)


def test_the_source_was_read_in_this_line_of_gradio():
    assert gr.__version__.split(".")[:2] == ["6", "31"], "read the hooked functions again, then change this number"


def test_sessions_make_their_configuration_as_patched():
    read = inspect.getsource(sys.modules["gradio.state_holder"])
    body = " ".join(read.split())
    assert "self.config_values = { k: self.blocks_config.config_for_block(k, [], v)" in body
    assert "if k in blocks.blocks" in body and "for _, config in self.config_values.items():" in body


@pytest.fixture(scope="module")
def app():
    """A page with something in it."""
    from types import SimpleNamespace

    def build(_):
        gr.Textbox("hello", elem_id="word")
        gr.State({"kept": 1})

    return shell.build([SimpleNamespace(slug="one", label="One", build=build)])  # type: ignore[list-item]


def test_the_app_has_the_patched_queue(app):
    queue = app._queue
    assert isinstance(queue, gradio_patches.FairQueue)
    assert queue.max_size is None and queue.heavy.everybody == shell.Limits().queue
    assert queue.update_intervals == 0.5 and queue.default_concurrency_limit == shell.Limits().concurrent
    assert app.api_open is False


def test_a_session_describes_its_components_when_asked(app):
    session = gradio_patches.PageSession(app)
    whole = gradio_patches.PageSession.__mro__[1](app)
    assert dict(session.config_values) == {}
    assert list(session.components) == list(whole.components)
    word = next(number for number, block in app.blocks.items() if block.elem_id == "word")
    other = gradio_patches.PageSession(app)
    other._update_value_in_config(word, "new")
    assert other.config_values[word]["props"]["value"] == "new"
    assert session.config_values[word]["props"]["value"] == "hello"


def test_streams_are_where_the_middleware_looks_for_them():
    written = inspect.getsource(routes)
    assert routes.API_PREFIX == "/gradio_api"
    for path in ("queue/data", "call/{api_name}/{event_id}", "call/v2/{api_name}/{event_id}"):
        assert f'"/{path}", dependencies' in written
        filled = path.replace("{api_name}", "answer").replace("{event_id}", "0a1b")
        assert gradio_patches.Listening.STREAM.search(f"/gradio_api/{filled}")
    assert '@router.get("/heartbeat/{session_hash}")' in written
    assert not gradio_patches.Listening.STREAM.search("/gradio_api/queue/join")


def test_absent_packages_are_looked_for_once(monkeypatch):
    monkeypatch.delitem(sys.modules, "not_a_package_at_all", raising=False)
    gradio_patches.absent_once(["not_a_package_at_all", "json"])
    assert sys.modules.pop("not_a_package_at_all", 1) is None
    assert sys.modules["json"] is not None
