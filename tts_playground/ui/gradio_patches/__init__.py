"""What this app changes inside gradio, all in one place; read in gradio 6.31.0 (and uvicorn 0.54, safehttpx 0.1.7).

Everything that leans on names which gradio does not document stands here, and ``tests/ui/test_gradio_hooks.py`` fails
when gradio changes one. The other rooms use gradio's documented components, events and themes only.

| file | hooked | why |
| --- | --- | --- |
| ``stub_files`` | ``component_meta.create_or_modify_pyi`` | a third of the import's time; needs a folder to write to |
| ``subclasses`` | ``ComponentMeta``, ``BlocksMeta`` | the same for this package's own kinds of component and page |
| ``queue`` | ``Queue``, ``Event``, ``EventQueue``, ``LRUCache``, ``Blocks._queue`` | turns, bounds, an end by leaving |
| ``streams`` | the addresses of streams and heartbeats | tells the queue who listens |
| ``leavers`` | ``LocalContext`` | a handler that does not yield learns that who asked has left |
| ``addresses`` | ``utils.get_space`` | whose word on a visitor's address holds |
| ``sessions`` | ``SessionState``, ``StateHolder`` | closing pages stall nobody; open pages keep their state |
| ``repeated_work`` | ``inspect.signature`` of components, imports of plots, ``PlotData`` | once, not at every event |
| ``repeated_work`` | ``BlockFunction.show_progress_on`` | pages look up no outputs to show them nothing |
| ``files`` | ``FileData``, ``_StaticFiles``, ``async_move_files_to_cache`` | nothing is opened that was not sent |
| ``files`` | ``utils.is_static_file`` | a gallery's pictures are looked for once |
| ``files`` | ``processing_utils.save_pil_to_cache`` | a picture that somebody loads is not written anew |
| ``page`` | ``Blocks.preprocess_data``, ``process_api``, ``launch``, ``EventData._data`` | refusals are sentences |
| ``components`` | ``State.get_config``, ``ImageEditor`` and its ``accept_blobs`` | pools stay; canvases have bounds |
| ``page`` | ``Context.block`` | a tab learns that it is opened |
| ``components`` | ``Gallery.postprocess`` | no threads are started to describe pictures |
"""
# ruff: noqa: E402

from tts_playground.ui.gradio_patches.stub_files import gradio_without_stubs

gradio_without_stubs()  # before anything else imports gradio

from tts_playground.ui.gradio_patches.addresses import address_of_request
from tts_playground.ui.gradio_patches.components import (
    BLOB_BYTES,
    BLOBS,
    LAYERS,
    DrawingCanvas,
    PageState,
    PictureGallery,
    PictureInput,
)
from tts_playground.ui.gradio_patches.files import fetched, pictures_once, sent_files, serve_in_place
from tts_playground.ui.gradio_patches.leavers import gone
from tts_playground.ui.gradio_patches.page import Page, enclosing_tab
from tts_playground.ui.gradio_patches.queue import LONG_PATIENCE, LOOK, PATIENCE, UNHEARD, FairQueue, fair_queue
from tts_playground.ui.gradio_patches.repeated_work import absent_once, plot, signatures_once, told_in_one_place
from tts_playground.ui.gradio_patches.sessions import PageSession, PageSessions, light_sessions
from tts_playground.ui.gradio_patches.streams import Listening

__all__ = [
    "BLOBS",
    "BLOB_BYTES",
    "LAYERS",
    "LONG_PATIENCE",
    "LOOK",
    "PATIENCE",
    "UNHEARD",
    "DrawingCanvas",
    "FairQueue",
    "Listening",
    "Page",
    "PageSession",
    "PageSessions",
    "PageState",
    "PictureGallery",
    "PictureInput",
    "absent_once",
    "address_of_request",
    "enclosing_tab",
    "fair_queue",
    "fetched",
    "gone",
    "gradio_without_stubs",
    "light_sessions",
    "pictures_once",
    "plot",
    "sent_files",
    "serve_in_place",
    "signatures_once",
    "told_in_one_place",
]
