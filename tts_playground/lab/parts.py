"""Models and processors of transformers, as the lab's functions take them and as samplers want them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tts_playground.errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tts_playground.models.loading import Loaded

WRAPPED = "_tts_playground_loaded"
"""where a model keeps what was made around it"""


def parts(name: str, kind: str) -> tuple[Any, Any]:
    """The model and the processor called ``name``, of a kind of ``models.loading.load``: a copy of the caller's own,
    since notebooks go on with ``.to(torch.bfloat16)`` and the like, which changes a model in place."""
    from tts_playground.models import loading

    loaded = loading.fresh(name, kind)
    setattr(loaded.value.model, WRAPPED, loaded)
    return loaded.value.model, loaded.value.processor


def wrapped(model: Any, processor: Any, kind: str) -> Loaded:
    """A model of transformers as samplers take it; made once a model, since its weights are laid out anew, and once
    more where it was moved or turned into another dtype since.

    Raises:
        BadInput: it is another kind of model.
    """
    from tts_playground.models.janus.model import Janus
    from tts_playground.models.loading import Loaded, Options
    from tts_playground.models.vlm.model import Vlm

    known = vars(model).get(WRAPPED) if hasattr(model, "__dict__") else None
    same = isinstance(known, Loaded) and known.kind == kind and known.value.processor is processor
    if known is not None and same and _as_it_was(model, known):
        return known
    try:
        value = Janus(model, processor) if kind == "janus" else Vlm(model, processor)
    except AttributeError as error:
        wanted = "load_janus" if kind == "janus" else "load_vlm"
        raise BadInput(
            f"This is no model and processor of transformers' {kind} kind; take a pair of {wanted}."
        ) from error
    options = Options(str(value.device), str(model.dtype).removeprefix("torch."))
    made = Loaded(str(getattr(model, "name_or_path", "")), kind, options, "", value)
    setattr(model, WRAPPED, made)
    return made


def _as_it_was(model: Any, known: Loaded) -> bool:
    """Whether a model has the dtype and stands where it did when it was wrapped; packed and spread ones stay."""
    if known.options.four_bit or known.options.device_map:
        return True
    place = known.options.device.partition(":")[0]
    return model.device.type == place and str(model.dtype) == f"torch.{known.options.dtype}"


def settled_seed(seed: int | None) -> int:
    """The seed that was given, or the next one of torch's own state."""
    import torch

    return int(torch.randint(1 << 31, ()).item()) if seed is None else seed


def listed(name: str, values: Any, what: str) -> list[Any]:
    """The values as a list; a text is none, though Python would take its letters.

    Raises:
        BadInput: it is no list, or any other row of values.
    """
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        kind = "a text" if isinstance(values, str) else f"a {type(values).__name__}"
        raise BadInput(f"{name} must be a list of {what}, not {kind}; write [...] around a single one.")
    return list(values)


def numbers(name: str, values: Any) -> NDArray[np.float64]:
    """[n] the values as numbers.

    Raises:
        BadInput: they are no list of numbers.
    """
    import numpy as np

    listed(name, values, "numbers")
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{name} must be a list of numbers; one of it is no number.") from error
    if found.ndim != 1:
        raise BadInput(f"{name} must be a list of numbers, not of lists.")
    return found
