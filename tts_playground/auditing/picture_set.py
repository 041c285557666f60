"""The pictures of an audit as a folder of PNG files with what is in them, as ``datasets``' imagefolder reads it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from tts_playground import files
from tts_playground.auditing.pictures import prompt_of
from tts_playground.auditing.settings import AuditSettings
from tts_playground.worlds.choices import SIDE, record

METADATA = "metadata.jsonl"


def write_pictures(folder: Path, settings: AuditSettings, side: int = SIDE) -> list[dict[str, Any]]:
    """Write every picture, and beside them metadata.jsonl with a line each: file_name, key, prompt and its truth.

    Args:
        side: pixels of a picture's sides.

    Raises:
        StoreError: the folder cannot be written.
    """
    files.make_folder(folder, "The folder of pictures")
    prompt = prompt_of(settings.task, settings.protocol, settings.samples)
    lines: list[dict[str, Any]] = []
    for number, picture in enumerate(settings.pictures()):
        name = f"{number:05d}_{picture.key.replace('/', '_')}.png"
        data = io.BytesIO()
        picture.image(side).save(data, "PNG")
        files.write_bytes(folder / name, data.getvalue(), "The picture")
        truth = record(picture.scene) if picture.scene else {"condition": "blank"}
        facts = {"file_name": name, "key": picture.key, "layout": picture.layout, "shift": picture.shift}
        lines.append(facts | {"prompt": prompt} | truth)
    files.write_text(folder / METADATA, "".join(json.dumps(line) + "\n" for line in lines), "What is in the pictures")
    return lines
