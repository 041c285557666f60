"""What gradio raises on its own reaches who asked as one sentence.

``show_error`` is off, because it would send the texts of any exception. Then ``utils.error_payload`` sends
``{"error": null}`` for whatever is no ``gr.Error``, and that is what gradio raises before a handler is called
(``Blocks.preprocess_data``, the arguments of ``Blocks.call_function``) and after (``postprocess_data``): here those
pass through ``error_handling`` as what handlers raise.

What fills a tab when it is first opened never writes over what has been shown there since (``Page.fills``), nor comes
together with what a link shows there (``Page.awaited``).

Hooked: ``Blocks.preprocess_data``, ``postprocess_data``, ``process_api`` and ``launch`` (its ``_frontend``);
``EventData._data``; ``Context.block``; ``FnIndexInferError``, which a request that names no event ends in.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import httpx
from gradio.context import Context
from gradio.exceptions import ComponentProcessingError
from gradio.route_utils import FnIndexInferError

from tts_playground.errors import BadInput, PlaygroundError
from tts_playground.pages.checks import told
from tts_playground.ui.edge.error_pages import HANDLERS, no_endpoint
from tts_playground.ui.edge.inputs import checked, name_of
from tts_playground.ui.error_handling import said
from tts_playground.ui.gradio_patches.files import fetched
from tts_playground.ui.gradio_patches.subclasses import BlocksWithoutStub

_WRONG = (ValueError, TypeError, LookupError, AttributeError, httpx.HTTPError)
"""what gradio raises on values that are none of a component's"""
_NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES, errno.EPERM)
"""what the system says of paths that were not sent here; a full disk, say, is a fault"""


def enclosing_tab() -> gr.Tab | None:
    """The tab that is being laid out, to hear when it is opened; None outside of one."""
    block = Context.block
    return block if isinstance(block, gr.Tab) else None


@dataclass(frozen=True)
class Arrival:
    """The event by which a link to a tab is shown there, and the parts that it may fill."""

    event: Any
    outputs: tuple[Any, ...]
    tab: str
    names: frozenset[str]

    def asked(self, request: gr.Request) -> bool:
        """Whether the page was opened by such a link; one with none of the names is no more than an address."""
        query = request.query_params
        return query.get("tab") == self.tab and not self.names.isdisjoint(query)


class Page(gr.Blocks, metaclass=BlocksWithoutStub):
    """``gr.Blocks`` whose every refusal is a sentence, on the page, in the API and in MCP."""

    is_template = True

    def __init__(self, *args: Any, **options: Any) -> None:
        self.fills: set[Any] = set()
        """handlers that only fill what is still empty; filled by ``ui.first_open``"""
        self.openings: dict[Any, Callable[[], Any]] = {}
        """what a part shows when its tab is first opened"""
        self.arrivals: list[Arrival] = []
        """filled by ``ui.events``"""
        super().__init__(*args, **options)

    def awaited(self, request: gr.Request) -> set[Any]:
        """The parts that this page's link is still going to fill.

        A filling leaves them alone: of two values that come while gradio mounts a part, the part may keep either.
        """
        done = self._noted(request).get("arrived", ())
        coming = [one for one in self.arrivals if one.asked(request) and one.event.fn not in done]
        return {part for one in coming for part in one.outputs}

    def opened(self, parts: Sequence[Any], values: Sequence[Any], request: gr.Request) -> list[Any]:
        """A link's values, and what a part opens with where it says nothing of the part and nothing was shown yet."""
        shown = self._noted(request).get("shown_parts", ())
        left = [part in self.openings and part._id not in shown for part in parts]
        return [
            self.openings[part]() if empty and not _says(value) else value
            for part, value, empty in zip(parts, values, left, strict=True)
        ]

    def _noted(self, request: gr.Request) -> dict[str, Any]:
        """What is known of a page."""
        return vars(self.state_holder[request.session_hash]) if request.session_hash else {}

    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        """Values as pages get them (gradio.blocks 2252); a filling skips what this page has been shown already."""
        shown = vars(state).setdefault("shown_parts", set()) if state is not None else set()
        if state is not None and any(block_fn.fn is one.event.fn for one in self.arrivals):
            vars(state).setdefault("arrived", set()).add(block_fn.fn)
        if block_fn.fn not in self.fills:
            shown.update(_shown(block_fn, predictions))
            return await super().postprocess_data(block_fn, predictions, state)
        values = list(predictions) if len(block_fn.outputs) > 1 else [predictions]
        new = [part._id not in shown for part in block_fn.outputs]
        values = [value if fresh else gr.skip() for value, fresh in zip(values, new, strict=True)]
        sent = await super().postprocess_data(block_fn, values if len(values) > 1 else values[0], state)
        # of what was shown while this was being written out, too
        sent = [one if part._id not in shown else gr.skip() for one, part in zip(sent, block_fn.outputs, strict=True)]
        shown.update(part._id for part, value in zip(block_fn.outputs, values, strict=True) if _says(value))
        return sent

    async def preprocess_data(
        self, block_fn: Any, inputs: list[Any], state: Any, explicit_call: bool = False
    ) -> list[Any]:
        """Values as handlers get them (gradio.blocks 2125-2205); what cannot be one is a BadInput."""
        # a component that was changed for this page stands in its state, where a ``gr.State`` has its value
        changed = {} if state is None else state
        blocks = [changed[one._id] if not one.stateful and one._id in changed else one for one in block_fn.inputs]
        values = checked(blocks, inputs, _called(block_fn))
        values = await fetched(values, self.GRADIO_CACHE)
        try:
            return await super().preprocess_data(block_fn, values, state, explicit_call)
        except (gr.Error, PlaygroundError):
            raise
        except Exception as error:
            cause = error.__cause__ if isinstance(error, ComponentProcessingError) else error
            if isinstance(cause, _WRONG) or (isinstance(cause, OSError) and cause.errno in _NO_FILE):
                raise BadInput(_unreadable(blocks)) from error
            raise

    async def process_api(self, block_fn: Any, inputs: list[Any], *args: Any, **options: Any) -> dict[str, Any]:
        """One call of a handler (gradio.blocks 2593): the queue, direct calls and MCP all come through here."""
        try:
            _check_event(self.fns[block_fn] if isinstance(block_fn, int) else block_fn, options.get("event_data"))
            return await super().process_api(block_fn, inputs, *args, **options)
        except Exception as error:
            raise said(error) from error

    def launch(self, *args: Any, **options: Any) -> Any:
        """Serve, with handlers for what fails before there is an event."""
        handlers = {**HANDLERS, FnIndexInferError: no_endpoint}
        app_kwargs = {"exception_handlers": handlers, **(options.pop("app_kwargs", None) or {})}
        # else a page that takes over 3 s to answer at start, on a busy machine, ends the app
        options.setdefault("_frontend", False)
        return super().launch(*args, app_kwargs=app_kwargs, **options)


def _shown(block_fn: Any, predictions: Any) -> list[int]:
    """The components that an event's result says anything about."""
    values = predictions if isinstance(predictions, (list, tuple)) and len(block_fn.outputs) > 1 else [predictions]
    if len(values) != len(block_fn.outputs):
        return []
    return [part._id for part, value in zip(block_fn.outputs, values, strict=True) if _says(value)]


def _says(value: Any) -> bool:
    return not (isinstance(value, dict) and value.get("__type__") == "update" and len(value) == 1)


def _called(block_fn: Any) -> str:
    return f"/{block_fn.api_name}" if block_fn.api_visibility == "public" else "This event"


def _unreadable(blocks: list[Any]) -> str:
    files = [name_of(block) for block in blocks if isinstance(block, (gr.Image, gr.ImageEditor))]
    if not files:
        return "A value of this request is of a kind that its field does not take."
    named = " and ".join(dict.fromkeys(files))
    return f"The picture for {named!r} was not sent here; send it first, for example with handle_file('a.png')."


def _check_event(block_fn: Any, event_data: Any) -> None:
    """Refuse a click without a place: gradio reads ``data["index"]`` and ``data["value"]`` of whatever came."""
    if getattr(block_fn, "fn", True) is None:
        raise BadInput("This event runs in the browser alone; there is nothing here to call.")
    if event_data is None:  # of MCP, whose tools take none
        return
    clicked = any(trigger == "select" for _, trigger in block_fn.targets)
    data = event_data._data
    if not clicked:  # a change brings the new value, be it a text; gradio looks into it as into an object
        event_data._data = data if isinstance(data, dict) else {}
        return
    if not isinstance(data, dict):
        raise BadInput(f"The event_data of this event must be an object with index and value, not {told(data)}.")
    data.setdefault("value", None)
    index = data.get("index")
    places = index if isinstance(index, list) and 0 < len(index) <= 2 else [index]
    if any(isinstance(one, bool) or not isinstance(one, (int, float)) or not 0 <= one < 2**31 for one in places):
        raise BadInput(f"The index of a click must be a place counted from 0, not {told(index)}.")
