"""What ``ui/gradio_patches`` hooks is still as it was read; when one of these fails, read gradio's source anew."""

import ast
import inspect
import re
import sys
from importlib import import_module
from pathlib import Path

import gradio as gr
import pytest
import safehttpx
from gradio import (
    blocks,
    blocks_events,
    component_meta,
    data_classes,
    exceptions,
    image_utils,
    processing_utils,
    route_utils,
    routes,
    state_holder,
    utils,
)
from gradio import context as gradio_context
from gradio.components import base, image_editor, plot
from gradio.queueing import Event, EventQueue, Queue
from gradio_client import utils as client_utils
from starlette.requests import Request

from tts_playground.pages import connections
from tts_playground.ui import gradio_patches, shell
from tts_playground.ui.gradio_patches import files


def source(subject):
    """Its code on one line, with single spaces."""
    return " ".join(inspect.getsource(subject).split())


HOOKED = [
    (blocks.BlockContext.__enter__, "set_render_context(self)"),
    (gradio_context.set_render_context, "Context.block = block"),
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
    (gr.Plot.postprocess, "if isinstance(value, PlotData):"),
    (gr.Gallery.postprocess, "with ThreadPoolExecutor() as executor: for o in executor.map(_save, value):"),
    (component_meta.create_or_modify_pyi, "source_file = Path(inspect.getfile(component_class)) except OSError:"),
    (component_meta.ComponentMeta.__new__, "create_or_modify_pyi(component_class, name, events)"),
    (blocks_events.BlocksMeta.__new__, 'create_or_modify_pyi(BlocksEvents, "BlocksEvents", BLOCKS_EVENTS)'),
    (
        blocks.Block.get_block_name,
        'self.__class__.__base__.__name__.lower() # type: ignore if hasattr(self, "is_template")',
    ),
    (blocks.Block.get_config, "signature = inspect.signature(cls.__init__)"),
    (blocks.Block.get_config, "if dataclasses.is_dataclass(value): value = dataclasses.asdict(value)"),
    (gr.State.get_config, "config = super().get_config()"),
    (gr.ImageEditor.__init__, "self.blob_storage: dict[str, EditorDataBlobs] = {}"),
    (gr.ImageEditor.preprocess, "cached = self.blob_storage.get(payload.id)"),
    (gr.ImageEditor.preprocess, "self.convert_and_format_image(layer) for layer in _payload.layers"),
    (gr.ImageEditor.preprocess, "bg = self.convert_and_format_image("),
    (gr.ImageEditor.preprocess, "composite = self.convert_and_format_image("),
    (gr.ImageEditor.accept_blobs, 'index = ( int(data.data["index"])'),
    (gr.ImageEditor.accept_blobs, "self.blob_storage[id] = current"),
    (base.server, "fn._is_server_fn = True"),
    (utils.set_static_paths, "_StaticFiles.all_paths.extend("),
    (files.gradios_saving, "temp_dir = Path(cache_dir) / hash_bytes(bytes_data)"),
    (files.gradios_saving, ".resolve().write_bytes(bytes_data)"),  # why it is hooked: in place, and every time
    (files.gradios_saving, 'filename = str((temp_dir / f"{name}.{format}").resolve())'),
    (image_utils.save_image, "processing_utils.save_pil_to_cache( y, cache_dir=cache_dir, format=format )"),
    (files.gradios_own, "_is_static_file(file_path, _StaticFiles.all_paths)"),
    (processing_utils.async_move_files_to_cache, "elif utils.is_static_file(payload): pass"),
    (processing_utils.async_move_files_to_cache, "_check_allowed(payload.path, check_in_upload_folder)"),
    (processing_utils.async_move_files_to_cache, "_move_to_cache, client_utils.is_file_obj_with_meta"),
    (blocks.Blocks.preprocess_data, "check_in_upload_folder=not explicit_call"),
    (blocks.Blocks.preprocess_data, "if block.stateful: processed_input.append(state[block._id])"),
    (blocks.Blocks.preprocess_data, "if block._id in state: block = state[block._id]"),
    (blocks.Blocks.preprocess_data, "raise ComponentProcessingError("),
    (blocks.Blocks.process_api, "inputs = await self.preprocess_data("),
    (blocks.Blocks.launch, "if _frontend and not networking.url_ok(self.local_url)"),
    (route_utils.call_process_api, "output = await app.get_blocks().process_api("),
    (gr.EventData.__init__, "self._data = _data"),
    (gr.SelectData.__init__, 'self.index: Any = data["index"]'),
    (route_utils, "raise FnIndexInferError("),
    (utils.error_payload, 'content: dict[str, bool | str | float | None] = {"error": None}'),
    (utils.get_space, 'os.getenv("SYSTEM") == "spaces"'),
    (routes, '@router.post("/upload", dependencies'),
    (utils.get_function_with_locals, "LocalContext.blocks.set(blocks)"),
    (utils.get_function_with_locals, "LocalContext.event_id.set(event_id)"),
    (Request.body, "self._body = "),
    (Request.json, "self._json = "),
    (blocks.Blocks.call_function, "fn = utils.get_function_with_locals("),
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


def test_events_that_show_nothing_are_told_of_in_one_place(app):
    hidden = [event for event in app.fns.values() if event.show_progress == "hidden" and event.outputs]
    assert hidden and all(len(event.show_progress_on or ()) == 1 for event in hidden)
    told = app.get_config_file()["dependencies"]
    assert all(len(one["show_progress_on"]) == 1 for one in told if one["show_progress"] == "hidden" and one["outputs"])
    scripts = (Path(gr.__file__).parent / "templates/frontend/assets").glob("Blocks-*.js")
    assert any(
        "get progress_targets(){return this.show_progress_on||this.outputs}" in one.read_text() for one in scripts
    )


def test_who_waits_for_a_model_sees_the_place_in_the_queue():
    waits = [one for one in shell.build().fns.values() if one.concurrency_id == "gpu" and one.outputs]
    blind = [f"{one.name} on {one.targets}" for one in waits if one.show_progress == "hidden"]
    assert len(waits) > 20 and not blind


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


def test_components_and_errors_are_what_the_patches_take_them_for():
    assert issubclass(component_meta.ComponentMeta, gradio_patches.subclasses.ABCMeta)
    assert type(gr.Blocks) is blocks_events.BlocksMeta and type(gr.State) is component_meta.ComponentMeta
    assert gr.State(1).stateful is True and gr.Textbox().stateful is False
    assert set(plot.PlotData.model_fields) == {"type", "plot"}
    assert list(image_editor.AcceptBlobs.__annotations__) == ["data", "files"]
    assert not issubclass(exceptions.ComponentProcessingError, gr.Error)
    assert issubclass(route_utils.FnIndexInferError, Exception)
    assert isinstance(data_classes._StaticFiles.all_paths, list)
    assert {"path", "url", "meta"} <= set(data_classes.FileData.model_fields)
    assert not client_utils.is_file_obj_with_meta({"path": "/etc/passwd"})
    assert client_utils.is_file_obj_with_meta(gradio_patches.files._marked({"path": "/etc/passwd"}))


def test_events_have_the_attributes_that_are_read():
    with gradio_patches.Page() as app:
        gr.Button().click(lambda: 1, None, gr.Number())
    (event,) = app.fns.values()
    assert {"fn", "inputs", "targets", "api_name", "api_visibility", "concurrency_id"} <= set(vars(event))
    assert isinstance(app.GRADIO_CACHE, str)


@pytest.mark.parametrize(("module", "name"), connections._PROTOCOLS)
def test_uvicorns_protocols_are_as_they_were_read(module, name):
    try:
        read = import_module(f"uvicorn.protocols.http.{module}")
    except ImportError as error:  # it needs a package
        pytest.skip(str(error))
    protocol, cycle = getattr(read, name), read.RequestResponseCycle
    assert list(inspect.signature(protocol.connection_made).parameters) == ["self", "transport"]
    assert "self.cycle: RequestResponseCycle = None" in source(protocol)
    assert "self.transport = transport" in inspect.getsource(read) and "self.loop = _loop" in source(protocol)
    assert "self.more_body = True" in source(cycle) and "self.response_complete = False" in source(cycle)


def test_a_transport_goes_to_the_number_that_it_was_given():
    made = safehttpx.AsyncSecureTransport.__init__
    assert list(inspect.signature(made).parameters)[:2] == ["self", "verified_ip"]


UI = Path(shell.__file__).parent


def test_only_the_patches_reach_inside_gradio():
    others = [path for path in UI.rglob("*.py") if "gradio_patches" not in path.parts]
    found = {str(path.relative_to(UI)): reached_inside(path) for path in others}
    assert len(found) > 50
    assert not {path: names for path, names in found.items() if names}, "hooks into gradio stand in ui/gradio_patches"


def reached_inside(path):
    """What a file takes of gradio that it does not show."""
    tree, ours = ast.parse(path.read_text()), ("self", "cls")
    inside = {f"{node.module}." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    inside |= {one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names}
    inside = {name for name in inside if name.startswith(("gradio.", "uvicorn")) and "gradio.themes" not in name}
    for node in ast.walk(tree):
        private = isinstance(node, ast.Attribute) and re.match(r"_[^_]", node.attr)
        if private and not (isinstance(node.value, ast.Name) and node.value.id in ours):
            inside.add(ast.unparse(node))
        if isinstance(node, ast.ClassDef):
            inside |= {base for base in map(ast.unparse, node.bases) if base.startswith("gr.")}
        if isinstance(node, (ast.Assign, ast.AugAssign)):
            goals = node.targets if isinstance(node, ast.Assign) else [node.target]
            inside |= {ast.unparse(goal) for goal in goals if ast.unparse(goal).startswith(("gr.", "gradio."))}
    return inside
