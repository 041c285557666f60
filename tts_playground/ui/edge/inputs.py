"""What a request sends for a component is checked before anything else sees it: a wrong type is one sentence.

Gradio checks little (a list may stand where a number should), and says of what it refuses neither which value it was
nor, with ``show_error=False``, anything at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from tts_playground.errors import BadInput, shown
from tts_playground.pages.checks import number, text, told, whole
from tts_playground.ui.gradio_patches.files import sent_files


def name_of(block: Any) -> str:
    """What to call a component: its label, as the page and the API show it."""
    name = getattr(block, "label", None) or getattr(block, "elem_id", None) or type(block).__name__
    name = str(name).split(":")[0]  # "N: images, of which the best is kept" explains itself on the page
    return shown(name, 80).rstrip(":")


def checked(blocks: Sequence[Any], values: Sequence[Any], called: str) -> list[Any]:
    """The values, one for each component; numbers that came as text are numbers.

    Raises:
        BadInput: too few or too many, or one of a wrong type or out of its component's range.
    """
    if len(values) != len(blocks):
        wanted = ", ".join(name_of(block) for block in blocks if not block.stateful)
        raise BadInput(f"{called} takes {len(blocks)} values ({wanted}), but {len(values)} came.")
    pairs = zip(blocks, values, strict=True)
    return [value if block.stateful else check_of(block)(block, name_of(block), value) for block, value in pairs]


# ------------------------------------------------------------------------------------------- by kind of component


def _number(block: Any, name: str, value: Any) -> Any:
    if value is None and not isinstance(block, gr.Slider):
        return None  # a field that was cleared
    found = number(name, value)
    low, high = getattr(block, "minimum", None), getattr(block, "maximum", None)
    if (low is not None and found < low) or (high is not None and found > high):
        bounds = f"between {low:g} and {high:g}" if None not in (low, high) else f"{low:g} or more"
        raise BadInput(f"{name} must lie {bounds}; got {found}.")
    return found


def _text(block: Any, name: str, value: Any) -> Any:
    return "" if value is None else text(name, value)


def _line(block: Any, name: str, value: Any) -> Any:
    return None if value is None else text(name, value)


def _switch(block: Any, name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    raise BadInput(f"{name} must be true or false, not {told(value)}.")


def _listed(known: Sequence[Any]) -> str:
    """The choices of a menu; of many, or of long ones, the first."""
    told, room = list[str](), 400
    for one in known:
        told.append(shown(one, 40))
        room -= len(told[-1]) + 2
        if room < 0 and len(told) < len(known):
            return f"{', '.join(told)} and {len(known) - len(told)} more"
    return ", ".join(told)


def _one(block: Any, name: str, value: Any) -> Any:
    """A choice of a menu, or one of one's own where the menu takes those."""
    if value is None:
        return None
    if getattr(block, "multiselect", False):
        return _several(block, name, value)
    known = [choice for _, choice in block.choices]
    if isinstance(value, (str, int, float)) and value in known:
        return value
    if getattr(block, "allow_custom_value", False):
        return text(name, value)
    raise BadInput(f"There is no {name} {told(value)} here; choose one of: {_listed(known)}.")


def _several(block: Any, name: str, value: Any) -> Any:
    known = [choice for _, choice in block.choices]
    if not isinstance(value, list):
        raise BadInput(f"{name} must be a list of some of {_listed(known)}, not {told(value)}.")
    custom = getattr(block, "allow_custom_value", False)
    for one in value:
        if not (isinstance(one, (str, int, float)) and one in known) and not (custom and isinstance(one, str)):
            raise BadInput(f"There is no {name} {told(one)} here; choose from: {_listed(known)}.")
    return value


def _place(block: Any, name: str, value: Any) -> Any:
    if value is None:
        return None
    place = whole(name, value)
    if not 0 <= place < len(block.samples):
        raise BadInput(f"There is no example {place} here; there are {len(block.samples)}, counted from 0.")
    return place


CANVAS = {"background", "layers", "composite", "id"}
"""what an ``ImageEditor`` sends: its parts, or the name under which the browser has sent them before"""


def _picture(block: Any, name: str, value: Any) -> Any:
    """A file that was sent; its data model is gradio's own."""
    if value is None:
        return None
    try:
        if not isinstance(value, dict):
            raise TypeError
        if isinstance(block, gr.ImageEditor) and not CANVAS & value.keys():  # gradio takes it for an empty canvas
            raise TypeError
        return sent_files(block, value)
    except (ValueError, TypeError) as error:
        raise BadInput(
            f"{name} must be a picture that was sent as a file, for example with handle_file('picture.png'); not"
            f" {told(value)}."
        ) from error


def _files(block: Any, name: str, value: Any) -> Any:
    """One or several files that were sent; their data model is gradio's own."""
    if value is None:
        return None
    try:
        return sent_files(block, value)
    except (ValueError, TypeError) as error:
        raise BadInput(f"{name} must be files that were sent, not {told(value)}.") from error


def _any(block: Any, name: str, value: Any) -> Any:
    return value


Check = Callable[[Any, str, Any], Any]
_CHECKS: tuple[tuple[tuple[type, ...], Check], ...] = (
    ((gr.Number, gr.Slider), _number),
    ((gr.Textbox, gr.Code), _text),
    ((gr.HTML, gr.Markdown), _line),
    ((gr.Checkbox,), _switch),
    ((gr.CheckboxGroup,), _several),
    ((gr.Dropdown, gr.Radio), _one),
    ((gr.Dataset,), _place),
    ((gr.Image, gr.ImageEditor), _picture),
    ((gr.File, gr.Gallery), _files),
)


def check_of(block: Any) -> Check:
    """What checks a component's values."""
    return next((check for kinds, check in _CHECKS if isinstance(block, kinds)), _any)
