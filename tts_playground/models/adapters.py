"""Fine-tuned adapters on disk: where they are, what is known of them, and a base model with one of them merged in.

An adapter is a folder under ``TTS_PLAYGROUND_HOME/adapters`` as peft saves it, with a ``tuning.json`` beside it: the
base model, the data, the settings and the loss curve. It is named ``adapter:NAME`` wherever a model is asked for.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts_playground import home, jsontext
from tts_playground.errors import BadInput, ModelUnavailable, UnknownName
from tts_playground.models import embedded, loading
from tts_playground.models.kept import Kept

MARK = "adapter:"
FACTS = "tuning.json"
KEPT = 4
_cache: Kept[tuple[str, loading.Options], loading.Loaded] = Kept(KEPT)
_lock = threading.Lock()


@dataclass(frozen=True)
class Adapter:
    """One adapter on disk."""

    name: str
    folder: Path
    facts: dict[str, Any]
    """what ``tuning.json`` says: base, rows, settings, losses, seconds"""

    @property
    def base(self) -> str:
        """The model that it was trained on."""
        return str(self.facts["base"])


def root() -> Path:
    """Where adapters live; not created."""
    return home.home() / "adapters"


def check_name(name: str) -> str:
    """The name, if it is one.

    Raises:
        BadInput: it is empty, too long, or holds more than letters, digits, dots, dashes and underscores.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise BadInput(f"An adapter's name is 1-64 letters, digits, dots, dashes or underscores, not {name[:80]!r}.")
    return name


def listed() -> list[Adapter]:
    """The adapters that are complete, by name."""
    found = []
    for file in sorted(root().glob(f"*/{FACTS}")):
        try:
            facts = jsontext.loads_object(file.read_bytes(), str(file))
        except (OSError, BadInput):
            continue
        if file.parent.name.startswith(".") or not isinstance(facts.get("base"), str):  # half written, or no adapter
            continue
        found.append(Adapter(file.parent.name, file.parent, facts))
    return found


def find(name: str) -> Adapter:
    """The adapter called ``name``, with or without "adapter:".

    Raises:
        UnknownName: there is none.
    """
    short = name.removeprefix(MARK)
    known = {adapter.name: adapter for adapter in listed()}
    if short not in known:
        if not known:
            raise BadInput(f"There is no adapter {short!r}: none has been trained here; 'finetune' makes one.")
        raise UnknownName("adapter", short, known)
    return known[short]


def load(name: str, options: loading.Options | None = None) -> loading.Loaded:
    """A vision-language model by name as ``loading.load`` does it, adapters included.

    Raises:
        UnknownName, BadInput: no such adapter. ModelUnavailable: its base is not here, or it does not fit on it.
    """
    if not name.startswith(MARK):
        return loading.load(name, "vlm", options)
    adapter, wanted = find(name), (options or loading.Options()).resolved()
    key = (str(adapter.folder), wanted)
    with _lock:
        return _cache.get(key) or _cache.put(key, _merged(name, adapter, wanted))


def _merged(name: str, adapter: Adapter, options: loading.Options) -> loading.Loaded:
    """A copy of the base of its own, because merging changes weights in place."""
    from tts_playground.models.vlm import Vlm

    base = loading.fresh(adapter.base, "vlm", options)
    model = attach(base.value.model, adapter.folder).merge_and_unload()
    revision = f"{base.revision}+{embedded.revision_of(str(adapter.folder))}"
    return loading.Loaded(name, "vlm", options, revision, Vlm(model, base.value.processor))


def attach(model: Any, folder: Path) -> Any:
    """The model with the adapter in ``folder`` on it (peft).

    Raises:
        ModelUnavailable: peft is not installed, or the adapter belongs to another model.
    """
    try:
        from peft import PeftModel
    except ImportError as error:
        raise ModelUnavailable(f"Adapters need the package peft, which is not installed: {error}.") from error
    try:
        return PeftModel.from_pretrained(model, str(folder))
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelUnavailable(f"The adapter in {folder} does not fit on this model: {first}") from error
