"""Consent to run the code that a repository brings along: a name and a pin, given by whoever sits at the machine.

"OWNER/NAME@COMMIT" with all 40 digits of a commit, or "FOLDER@FINGERPRINT" with the 40 digits that
``code_pins.fingerprint`` gives of a folder's .py files: what was read and found good is what runs, and nothing else. It
is an argument of Python and a flag of the command line; no page, endpoint or tool takes it. Without it
``trust_remote_code`` is False everywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.models.hub import folders, kinds, locator
from tts_playground.models.hub.code_pins import FLAG, fingerprint, flag_of
from tts_playground.models.hub.refusals import refusal

PIN = re.compile(r"[0-9a-f]{40}")
CLASSES = {"vlm": "AutoModelForImageTextToText", "lm": "AutoModelForCausalLM", "prm": "AutoModel"}
"""what the code of a repository must define for a kind; other kinds run no foreign code"""
_FILES = ("config.json", "tokenizer_config.json", *folders.PROCESSORS)


@dataclass(frozen=True, slots=True)
class Trusted:
    """Whose code may run, and in which version."""

    place: str
    """a hub id or a folder"""
    pin: str
    """40 hexadecimal digits: a commit, or a fingerprint"""


def parsed(text: str, flag: str = FLAG) -> Trusted:
    """What a consent says.

    Args:
        flag: what the command line calls it.

    Raises:
        BadInput: it is no REPO@COMMIT with all 40 digits.
    """
    place, mark, pin = text.rpartition("@")
    if not mark or not place or not PIN.fullmatch(pin):
        raise BadInput(
            f"Consent to code ({flag}) is REPO@COMMIT with all 40 digits of the commit, or FOLDER@FINGERPRINT, not "
            f"{text[:120]!r}; a branch or a short commit can change its code."
        )
    return Trusted(place, pin)


def ready(name: str, kind: str, text: str) -> Path:
    """The folder of a model whose own code was consented to, with its code; the weights are looked at, nothing runs.

    Raises:
        BadInput: the consent is for something else, or not needed.
        ModelUnavailable: the folder's code is another, it has none for this kind, or the hub does not give it.
    """
    flag = flag_of(kind)
    trusted = parsed(text, flag)
    if kind not in CLASSES:
        raise BadInput(
            f"Code of a repository is run for models that read pictures, solve or judge only; leave out {FLAG}."
        )
    here = folders.named(name)
    there = folders.named(trusted.place)
    if trusted.place != name and (here is None or there is None or not here.samefile(there)):
        raise BadInput(f"{flag} names {trusted.place[:120]!r} and the model is {name[:120]!r}; name the model's own.")
    if here is None:
        here = _at_commit(name, trusted.pin, kind)
    elif (found := fingerprint(here)) != trusted.pin:
        raise ModelUnavailable(
            f"The code in {name} is not what {flag} names: its fingerprint is {found}; read it again, then name that."
        )
    _check_code(name, kind, here)
    return here


def _at_commit(name: str, commit: str, kind: str) -> Path:
    from huggingface_hub import snapshot_download

    wanted: dict[str, Any] = {"revision": commit, "allow_patterns": [*locator.PATTERNS, "*.py"]}
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        raise BadInput(f"There is no folder {name[:200]!r}, and it is not a hub id.")
    try:
        try:
            folder = Path(snapshot_download(name, local_files_only=True, **wanted))
            if not folders.lacking(folder, kind) and any(folder.rglob("*.py")):
                return folder
        except OSError:  # not here yet
            pass
        return Path(snapshot_download(name, **wanted))
    except Exception as error:  # as in ``locator``
        raise ModelUnavailable(f"Commit {commit}: {refusal(name, error, downloading=True)}") from error


def _check_code(name: str, kind: str, folder: Path) -> None:
    config = folders.config(folder, name)
    own = config.get("auto_map")
    plain = kind != "prm" and config.get("model_type") in kinds.types(kind)
    if not isinstance(own, dict) or plain:
        raise BadInput(f"{name} needs no code of its own; leave out {flag_of(kind)}.")
    if CLASSES[kind] not in own:
        raise ModelUnavailable(f"{name}: its code has no {CLASSES[kind]} (it has {', '.join(own) or 'nothing'}).")
    for file in _FILES:
        if not (folder / file).is_file():
            continue
        read = folders.read_json(folder / file)
        others = [one for one in _texts(read.get("auto_map") if isinstance(read, dict) else None) if "--" in one]
        if others:
            raise ModelUnavailable(
                f"{name}: its {file} takes code from {others[0].partition('--')[0]!r}, another repository than the one "
                f"that {flag_of(kind)} names, which is never run."
            )


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [value] if isinstance(value, str) else []
