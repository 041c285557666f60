"""The shell: takes tabs, shows those that exist, and serves them with every guard on.

A tab is one module with a ``TAB`` in it; adding one is a row of the registry. Handlers in tabs hold no logic: they read
their components into one frozen settings object, call the library, and show what comes back.
"""

from __future__ import annotations

import gc
import sys
import threading
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import gradio as gr

from tts_playground import registry
from tts_playground.gateway import beside
from tts_playground.models import zerogpu
from tts_playground.pages import address, thumbnails
from tts_playground.pages.access import Doorkeeper
from tts_playground.pages.connections import bounded_connections
from tts_playground.pages.freed_memory import give_back_often, share_heaps
from tts_playground.ui import papers, theme
from tts_playground.ui.edge.body_limit import BodyLimit
from tts_playground.ui.edge.early import Early
from tts_playground.ui.edge.figure_files import FigureFiles
from tts_playground.ui.edge.headers import SafeHeaders
from tts_playground.ui.edge.packed import Packed
from tts_playground.ui.edge.page_scripts import PageScripts
from tts_playground.ui.first_open import make_ready, on_first_open
from tts_playground.ui.gradio_patches import (
    Listening,
    Page,
    absent_once,
    fair_queue,
    light_sessions,
    pictures_once,
    serve_in_place,
    signatures_once,
    told_in_one_place,
)
from tts_playground.ui.loopback import past_proxies
from tts_playground.ui.scripts import FIT_CHARTS, head

TITLE = "Test-time scaling playground"
LEAD = "Draw many candidates, score them, keep the best — and see what the extra compute bought."


class Tab(Protocol):
    """What the shell asks of a tab."""

    slug: str
    """short name, used in elem_ids and in ``?tab=``"""
    label: str

    def ready(self) -> bool:
        """Whether what the tab needs (a checkpoint, say) is on this machine; it is not shown otherwise."""
        ...

    def build(self, app: gr.Blocks) -> None:
        """Lay out and wire the tab inside the current context. Must not load a model."""
        ...

    def warm(self) -> None:
        """Load what the first request would wait for; called once in the background when the page is being served."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server is willing to hold at a time."""

    queue: int = 200
    """heavy requests waiting in one group; the next one is turned away at once"""
    file_size: str = "20mb"
    """of a phone's photo of 50 megapixels"""
    body_bytes: int = 8 * 2**20
    """largest request body that is no file"""
    sessions: int = 500
    """open pages whose state is kept"""
    threads: int = 40
    concurrent: int = 4
    """handlers at a time, unless an event says otherwise"""


def tabs() -> list[Tab]:
    """The registered tabs that are ready, in order."""
    return [tab for tab in (row.load() for row in registry.entries("tab")) if tab.ready()]


def build(shown: list[Tab] | None = None, limits: Limits = Limits()) -> gr.Blocks:
    """The whole page, not yet served."""
    shown = tabs() if shown is None else shown
    serve_in_place(thumbnails.folder())
    with Page(title=TITLE, analytics_enabled=False, delete_cache=(600, 3600)) as app:
        title = gr.HTML(f"<h1>{TITLE}</h1><p>{LEAD}</p>", elem_id="title", padding=False)
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap") as bar:
            for tab in shown:
                with gr.Tab(tab.label, id=tab.slug, elem_id=f"tab-{tab.slug}"):
                    tab.build(app)
        papers.build({tab.slug: tab.label for tab in shown})
        slugs = [tab.slug for tab in shown]
        if len(slugs) > 1:

            def choose(request: gr.Request):
                wanted = request.query_params.get("tab")
                return gr.Tabs(selected=wanted) if wanted in slugs else gr.skip()

            # not on the bar: what is in it would be asked for its value with every status of every event
            elsewhere = {"show_progress": "hidden", "show_progress_on": title}
            app.load(choose, None, bar, api_visibility="private", queue=False, **elsewhere)
        on_first_open(app)
    told_in_one_place(app, title)
    light_sessions()
    pictures_once()
    absent_once()
    signatures_once({type(block) for block in app.blocks.values()})
    # twice a second, not to all who wait whenever one's turn comes: thirty would get five hundred messages
    fair_queue(app, status_update_rate=0.5, max_size=limits.queue, default_concurrency_limit=limits.concurrent)
    return app


def serve(app: gr.Blocks, limits: Limits = Limits(), *, block: bool = True, **options) -> str:
    """Serve the page (GRADIO_SERVER_NAME and GRADIO_SERVER_PORT are honoured) and return its address.

    Raises:
        CannotDo: no port is free.
    """
    bounded_connections()
    # the first stands outermost
    door = Doorkeeper.at(options.get("server_name"))
    gateway = beside.wanted(options.get("server_name"))
    before = [SafeHeaders.everywhere(), *([beside.GatewayBranch.to(gateway)] if gateway is not None else [])]
    inside = [FigureFiles.everywhere(), PageScripts.everywhere(), Packed.pages(), Early.everywhere(), Listening.to(app)]
    guards = [*before, door, BodyLimit.at(limits.body_bytes), *inside]
    settings = {
        "theme": theme.THEME,
        "js": FIT_CHARTS,
        "head": head(),
        "css_paths": sorted((Path(__file__).parent / "data").glob("*.css")),
        "footer_links": ["api", "settings"],
        "run_history": False,
        "enable_monitoring": False,
        "show_error": False,
        "strict_cors": True,
        "ssr_mode": False,
        "mcp_server": find_spec("mcp") is not None,
        "max_file_size": limits.file_size,
        "max_threads": limits.threads,
        "state_session_capacity": limits.sessions,
        "allowed_paths": [],
        "app_kwargs": {"middleware": guards},
    }
    with past_proxies():
        try:
            _, served_at, _ = app.launch(**{**settings, **options}, prevent_thread_lock=True)
        except OSError as error:
            if "empty port" not in str(error):
                raise
            raise address.none_free(error) from error
    if gateway is not None:
        beside.check(gateway, served_at, app.close)
    if "server_port" not in options and (line := address.moved(served_at)):
        print(line, file=sys.stderr)
    if block:
        app.block_thread()
    return served_at


def warm(shown: list[Tab], app: gr.Blocks | None = None) -> threading.Thread:
    """Make what the tabs of ``app`` open with, and load what they need, in the background."""

    def work() -> None:
        if isinstance(app, Page) and not zerogpu.here():
            make_ready(app)
        for tab in () if zerogpu.here() else shown:  # in such a Space the GPU is a visitor's, for one call
            tab.warm()

    thread = threading.Thread(target=work, name="warm-up", daemon=True)
    thread.start()
    return thread


def launch() -> None:
    """Build the page, serve it, then load models while people look at it."""
    share_heaps()
    shown = tabs()
    app = build(shown)
    serve(app, block=False)
    gc.freeze()  # what is loaded by now stays: later searches for garbage need not look at it
    gc.enable()
    give_back_often(threading.Event())
    warm(shown, app)
    app.block_thread()
