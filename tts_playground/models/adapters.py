"""Fine-tuned adapters on disk: where they are, what is known of them, and a base model with one of them merged in.

An adapter is a folder under ``TTS_PLAYGROUND_HOME/adapters`` as peft saves it, with a ``tuning.json`` beside it: the
base model, the data, the settings and the loss curve. It is named ``adapter:NAME`` wherever programs are written. Other
adapters of peft, and other verbs, need it merged into its base first (``hub.no_model``).
"""

from __future__ import annotations

import re
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts_playground import home
from tts_playground.errors import BadInput, ModelUnavailable, UnknownName
from tts_playground.models import loading
from tts_playground.models.hub import embedded_models, folders
from tts_playground.models.hub.building import building
from tts_playground.models.load_options import settled
from tts_playground.models.lru_cache import LruCache

MARK = "adapter:"
FACTS = "tuning.json"
KEPT = 4
_cache: LruCache[tuple[str, loading.Options], loading.Loaded] = LruCache(KEPT)
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
            facts = folders.read_json(file)
        except ModelUnavailable:
            continue
        if file.parent.name.startswith("."):  # half written
            continue
        if isinstance(facts, dict) and isinstance(facts.get("base"), str):
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
    adapter = find(name)
    wanted = settled(adapter.base, "vlm", options)
    key = (str(adapter.folder), wanted)
    with _lock:
        return _cache.get(key) or _cache.put(key, _merged(name, adapter, wanted))


def _merged(name: str, adapter: Adapter, options: loading.Options) -> loading.Loaded:
    """A copy of the base of its own, because merging changes weights in place."""
    from tts_playground.models.vlm.model import Vlm

    base = loading.fresh(adapter.base, "vlm", options)
    model = attach(base.value.model, adapter.folder).merge_and_unload()
    revision = f"{base.revision}+{embedded_models.revision_of(str(adapter.folder))}"
    return loading.Loaded(name, "vlm", options, revision, Vlm(model, base.value.processor))


def attach(model: Any, folder: Path) -> Any:
    """The model with the adapter in ``folder`` on it (peft).

    Raises:
        ModelUnavailable: peft is not installed, the folder is broken, or the adapter belongs to another model.
    """
    check_folder(folder)
    try:
        from peft import PeftModel
    except ImportError as error:
        raise ModelUnavailable(f"Adapters need the package peft, which is not installed: {error}.") from error
    try:
        with building(), warnings.catch_warnings():
            warnings.filterwarnings("error", message="Found missing adapter keys")
            return PeftModel.from_pretrained(model, str(folder), local_files_only=True)
    except Exception as error:  # another version's configuration, tensors of another shape, layers that are not there
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        wrong = next((line for line in lines if line.startswith(("size mismatch", "Missing key"))), "")
        said = folders.first_line(ValueError(wrong) if wrong else error)
        raise ModelUnavailable(f"The adapter in {folder} does not fit on this model: {said}") from error


def check_folder(folder: Path) -> None:
    """Whether an adapter's files are whole, from their first bytes.

    Raises:
        ModelUnavailable: they are not, or its weights are pickled, or it asks for wider layers than it holds.
    """
    config, weights = folder / "adapter_config.json", folder / "adapter_model.safetensors"
    if not config.is_file():
        raise ModelUnavailable(f"The adapter in {folder} has no adapter_config.json, which peft writes.")
    read = folders.read_json(config)
    if not isinstance(read, dict) or not isinstance(read.get("peft_type"), str):
        raise ModelUnavailable(f"The adapter in {folder} has an adapter_config.json that names no peft_type.")
    if not weights.is_file():
        only = "only pickled weights, which are not loaded" if any(folder.glob("*.bin")) else "no weights"
        raise ModelUnavailable(f"The adapter in {folder} has {only}: adapter_model.safetensors is not there.")
    held = folders.tensors([weights])
    widest = max((size for one in held.values() for size in one.shape), default=0)
    pattern = read.get("rank_pattern")
    ranks = [read.get("r"), *(pattern.values() if isinstance(pattern, dict) else ())]
    if any(isinstance(rank, (int, float)) and rank > widest for rank in ranks):
        raise ModelUnavailable(
            f"The adapter in {folder} asks for a larger rank than any of its {len(held)} tensors has."
        )
