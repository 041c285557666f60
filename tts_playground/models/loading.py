"""One string to a loaded model: ``load("tiny:janus", "janus")``, a hub id or a folder, by the same code.

What a machine cannot hold or reach is said in one sentence before anything is loaded: kind, shapes and sizes are read
from the files (or from the hub's listing) and compared with free memory (``places.ready``). What is on disk is used
without asking the network. Loaded models are kept and shared between threads. No CUDA is touched before ``load``.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tts_playground.errors import BadInput, ModelUnavailable, PlaygroundError, UnknownName, plural, shown
from tts_playground.models import load_options, trusted_code, zerogpu
from tts_playground.models.hub import locator, shapes
from tts_playground.models.hub.building import building
from tts_playground.models.hub.embedded_models import TINY, quietly
from tts_playground.models.hub.folders import PROCESSORS, first_line, has_tokenizer
from tts_playground.models.load_options import DTYPES, Options, settled
from tts_playground.models.lru_cache import LruCache

LOCAL: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
"""how every part of a folder is read: nothing comes from the network, and no code of its own is run"""
FROM_BASE = "copy that of the model that it was made from into the folder, or download it again"
NO_TOKENIZER = f"it has no tokenizer (tokenizer.json); {FROM_BASE}"
KEPT = 4
"""loaded models kept; the one not used for longest goes first"""


def device_of(device: str) -> str:
    """Where what reads pictures beside a generator runs: "auto" is where generators are loaded (``Options``).

    In a ZeroGPU Space that is the CPU, because the GPU is there within decorated calls alone.

    Raises:
        BadInput: an unknown device. ModelUnavailable: CUDA is asked for and there is none.
    """
    return "cpu" if device == "auto" and zerogpu.here() else Options(device).resolved().device


@dataclass(frozen=True)
class Loaded:
    """A loaded model with its name, kind and revision."""

    name: str
    kind: str
    options: Options
    revision: str
    value: Any = field(repr=False)
    """a ``models.janus.Janus`` for "janus", a ``models.diffusion.model.Diffusion`` for "diffusion", a
    ``models.vlm.Vlm`` for "vlm", a ``models.lm.TextModel`` for "lm", a ``models.prm.StepJudge`` for "prm" """

    def fingerprint(self) -> Mapping[str, Any]:
        """JSON-able facts that decide the model's distribution."""
        facts = {"model": self.name, "revision": self.revision, "dtype": self.options.dtype}
        facts |= {"four_bit": True} if self.options.four_bit else {}
        return facts | ({"code": self.options.trust_code} if self.options.trust_code else {})


_cache: LruCache[tuple[str, str, Options], Loaded] = LruCache(KEPT)
_lock = threading.Lock()
_loading: dict[tuple[str, str, Options], threading.Lock] = {}


def load(name: str, kind: str, options: Options | None = None) -> Loaded:
    """The model called ``name`` (``tiny:janus``, a hub id, a folder), from the cache where it was loaded before.

    Args:
        kind: "janus" or "diffusion" (draw images), "vlm" (reads them), "lm" (writes texts) or "prm" (judges steps).

    Raises:
        UnknownName: no such kind, or no embedded model of that name.
        ModelUnavailable: it is not here and cannot be reached, or this machine cannot hold it.
    """
    if kind not in KINDS:
        raise UnknownName("kind of model", kind, KINDS)
    wanted = settled(name, kind, options)
    key = (name, kind, wanted)
    if (known := _cache.get(key)) is not None:
        return known
    with _lock:
        mine = _loading.setdefault(key, threading.Lock())
    with mine:  # one thread loads, the others wait for the same model
        return _cache.get(key) or _cache.put(key, _load(name, kind, wanted))


def fresh(name: str, kind: str, options: Options | None = None) -> Loaded:
    """As ``load``, but a copy that nobody else holds: for who changes weights."""
    return _load(name, kind, settled(name, kind, options))


def default_name(kind: str) -> str:
    """The model to start with: ``TTS_PLAYGROUND_T2I_MODEL``, ``..._VLM_MODEL`` or ``..._LM_MODEL``, else the embedded
    one."""
    variable = {"janus": "T2I", "vlm": "VLM", "lm": "LM"}[kind]
    return os.environ.get(f"TTS_PLAYGROUND_{variable}_MODEL") or {"lm": "tiny:math"}.get(kind, f"tiny:{kind}")


def check(name: str, options: Options | None = None, kind: str = "") -> str:
    """Whether this machine can hold and reach a model, without loading it: "" or the one sentence that says why not.

    Args:
        kind: also whether it is of that kind; "" does not ask.
    """
    try:
        place, wanted = locator.find(name, kind), settled(name, kind, options)
        locator.check_memory(name, place, wanted.device, wanted.bytes_a_weight, spread=bool(wanted.device_map))
    except (ModelUnavailable, BadInput) as error:
        return str(error)
    return ""


def fetched(name: str, kind: str) -> None:
    """Download a model's files now, if it is one of the hub's that is not on this machine; load nothing.

    Raises:
        UnknownName, BadInput, ModelUnavailable: as ``locator.find`` and ``locator.fetch`` do.
    """
    if "/" in name and ":" not in name:  # else embedded, an adapter, an endpoint or a plug-in
        locator.fetch(name, locator.find(name, kind), kind)


def forget() -> None:
    """Let go of all loaded models."""
    _cache.clear()
    load_options.forget()


def _load(name: str, kind: str, options: Options) -> Loaded:
    spread = bool(options.device_map)
    if options.trust_code:
        folder = trusted_code.ready(name, kind, options.trust_code)
        place = locator.counted(name, folder)
        locator.check_memory(name, place, options.device, options.bytes_a_weight, spread=spread)
    else:
        folder = locator.ready(name, kind, options.device, options.bytes_a_weight, spread=spread)
    with loaded_from(name, kind, folder):
        value = KINDS[kind](str(folder), options)
    return Loaded(name, kind, options, locator.revision(folder), value)


@contextmanager
def loaded_from(name: str, kind: str, folder: Path) -> Iterator[None]:
    """Within it a model is loaded from ``folder``, and no other one; what a broken folder makes other libraries raise
    is one sentence.

    Raises:
        ModelUnavailable: whatever was raised, but for errors of our own.
    """
    try:
        with building():
            yield
    except PlaygroundError:
        raise
    except ImportError as error:
        raise ModelUnavailable(f"{name} needs a package that is not installed: {first_line(error)}.") from error
    except Exception as error:  # a damaged tokenizer or processor raises errors of every kind, bare ones included
        raise ModelUnavailable(f"{name} could not be loaded as a {kind} from {folder}: {first_line(error)}") from error


def processor(kind: Any, folder: str | Path, *, own_code: bool = False) -> Any:
    """The processor in ``folder``, of the class ``kind`` of transformers.

    Args:
        own_code: run the folder's own code, to which somebody consented (``trusted_code.ready``).

    Raises:
        ValueError, and whatever transformers raises (see ``loaded_from``): it is not whole.
    """
    if not has_tokenizer(Path(folder)):
        raise ValueError(NO_TOKENIZER)
    if not any((Path(folder) / file).is_file() for file in PROCESSORS):
        raise ValueError(f"it has no {' or '.join(PROCESSORS)}; {FROM_BASE}")
    made = kind.from_pretrained(folder, **_code(own_code))
    if not hasattr(made, "image_processor") or not hasattr(made, "tokenizer"):
        raise ValueError(f"its files make a {type(made).__name__}, which cannot read both pictures and texts")
    return made


def _code(own: bool) -> dict[str, Any]:
    return LOCAL | {"trust_remote_code": True} if own else LOCAL


def _arguments(options: Options, folder: str, kind: str) -> dict[str, Any]:
    """What ``from_pretrained`` is told."""
    import torch

    arguments: dict[str, Any] = {"dtype": getattr(torch, options.dtype), "use_safetensors": True}
    arguments |= _code(bool(options.trust_code))
    if options.four_bit:
        from transformers import BitsAndBytesConfig

        compute, whole = getattr(torch, options.dtype), [] if options.trust_code else shapes.whole_parts(folder, kind)
        arguments["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_compute_dtype=compute,
            llm_int8_skip_modules=whole or None,
        )
    if options.device_map or options.four_bit:
        arguments["device_map"] = options.device_map or options.device
    return arguments


def _place(model: Any, options: Options) -> Any:
    return model if options.device_map or options.four_bit else model.to(options.device)


def _knowing(model: Any, words: Any, folder: str) -> Any:
    """The model, if it has an embedding for each token that texts are made of.

    Published models have tokenizers with a mark or two beyond their embeddings, which nobody writes: a padding, a
    picture's place.

    Raises:
        ModelUnavailable: words, or marks of its template, lie beyond.
    """
    rows = model.get_input_embeddings().weight.shape[0]
    beyond = [token for token, place in words.get_vocab().items() if place >= rows]
    added, template = words.get_added_vocab(), str(getattr(words, "chat_template", "") or "")
    written = [token for token in beyond if token not in added or token in template or token == words.bos_token]
    if written:
        count = plural(len(written), "token")
        raise ModelUnavailable(
            f"The tokenizer in {folder} has {count} (such as {shown(min(written), 40)!r}) beyond the {rows} that the "
            "model has embeddings of: it is another model's; put the right one there, or download both again."
        )
    return model


def _janus(folder: str, options: Options) -> Any:
    from transformers import JanusProcessor

    from tts_playground.models.janus.model import Janus

    words = processor(JanusProcessor, folder)  # first: it costs little, and may be what is broken
    with quietly(folder):
        model = shapes.model_class("janus").from_pretrained(folder, **_arguments(options, folder, "janus"))
    return Janus(_place(_knowing(model, words.tokenizer, folder), options), words)


def _vlm(folder: str, options: Options) -> Any:
    from transformers import AutoProcessor

    from tts_playground.models.vlm.model import Vlm
    from tts_playground.models.vlm.older_processors import completed

    words = processor(AutoProcessor, folder, own_code=bool(options.trust_code))
    with quietly(folder):
        model = shapes.model_class("vlm").from_pretrained(folder, **_arguments(options, folder, "vlm"))
    _knowing(model, words.tokenizer, folder)
    return Vlm(_place(model, options), completed(words, model.config, Path(folder)))


def _lm(folder: str, options: Options) -> Any:
    from tts_playground.models.lm.model import TextModel

    words = tokenizer(folder, own_code=bool(options.trust_code))
    with quietly(folder):
        model = shapes.model_class("lm").from_pretrained(folder, **_arguments(options, folder, "lm"))
    return TextModel(_place(_knowing(model, words, folder), options), words)


def _prm(folder: str, options: Options) -> Any:
    from tts_playground.models.prm.judge import step_judge

    words = tokenizer(folder, own_code=bool(options.trust_code))
    given = _arguments(options, folder, "prm")
    return step_judge(folder, words, given, lambda model: _place(_knowing(model, words, folder), options))


def tokenizer(folder: str | Path, *, own_code: bool = False) -> Any:
    """The tokenizer in ``folder``.

    Args:
        own_code: as for ``processor``.

    Raises:
        ValueError, and whatever transformers raises (see ``loaded_from``): it is not whole.
    """
    from transformers import AutoTokenizer

    if not has_tokenizer(Path(folder)):
        raise ValueError(NO_TOKENIZER)
    return AutoTokenizer.from_pretrained(folder, **_code(own_code))


def janus(name: str, options: Options | None = None) -> Loaded:
    """A model that draws images: ``load(name, "janus", options)``."""
    return load(name, "janus", options)


def diffusion(name: str, options: Options | None = None) -> Loaded:
    """A pipeline that draws images by denoising: ``load(name, "diffusion", options)``."""
    return load(name, "diffusion", options)


def vlm(name: str, options: Options | None = None) -> Loaded:
    """A model that reads images: ``load(name, "vlm", options)``."""
    return load(name, "vlm", options)


def lm(name: str, options: Options | None = None) -> Loaded:
    """A model that writes texts: ``load(name, "lm", options)``."""
    return load(name, "lm", options)


def _diffusion(folder: str, options: Options) -> Any:
    import torch

    from tts_playground.models.diffusion.library import library
    from tts_playground.models.diffusion.model import Diffusion
    from tts_playground.models.hub.pipelines import absent, usual

    if options.four_bit or options.device_map or options.trust_code:
        raise BadInput("Pipelines of diffusers are loaded whole, on one device, and without code of their own.")
    diffusers = library()
    with quietly(folder, always=True):
        pipeline = diffusers.DiffusionPipeline.from_pretrained(
            folder,
            dtype=getattr(torch, options.dtype),
            use_safetensors=True,
            **dict.fromkeys(absent(Path(folder))),
            **LOCAL,
        )
    return Diffusion(pipeline.to(options.device), *usual(Path(folder)))


KINDS: dict[str, Callable[[str, Options], Any]] = {
    "diffusion": _diffusion,
    "janus": _janus,
    "vlm": _vlm,
    "lm": _lm,
    "prm": _prm,
}
__all__ = ["DTYPES", "TINY", "Loaded", "Options", "check", "default_name", "forget", "fresh", "load"]
