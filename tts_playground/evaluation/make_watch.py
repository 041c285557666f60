"""Write what "Watch it draw" shows without a model: ``python -m tts_playground.evaluation.make_watch [FOLDER]``.

For the best of the first ``N`` images of every starter prompt: the likeliest tokens at each place, as they were guided;
and a picture of every code of the embedded model. To be run again whenever its weights or its starters change.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tts_playground import files, home

N, TOP, ROW = 16, 6, 32
"""images among which the best is taken; tokens shown at a place; codes in a row of the picture of codes"""
FILE, CODES = "t2i-watch.json", "t2i-codes.png"


def made(model: str = "tiny:janus", *, codes: bool = True) -> tuple[dict[str, Any], Any]:
    """(what the file holds, picture of all codes or None): the likeliest tokens of each starter's best image."""
    from tts_playground.models import loading
    from tts_playground.samplers.image_tokens import ImageSettings, ImageTokens
    from tts_playground.store import starters
    from tts_playground.tasks.text_to_image import PromptTask

    loaded = loading.load(model, "janus")
    images: dict[str, Any] = {}
    for pool in starters.load("t2i"):
        prompt, facts = str(pool.task_key["prompt"]), pool.fingerprint
        settings = ImageSettings(facts["temperature"], facts["cfg"], facts["top_p"], facts["top_k"])
        sampler = ImageTokens(loaded, settings)
        scores = pool.scores("clip", N)
        place = max(range(N), key=lambda one: scores[one])
        (tokens,) = [pool.samples(place + 1)[place].info["tokens"]]
        scope = sampler.inspect(PromptTask(prompt), tokens)
        images[prompt] = {"place": place, "top": [_likeliest(scope, i, settings) for i in range(len(tokens))]}
    sheet = _sheet(loaded.value) if codes else None
    return {"revision": loaded.revision, "row": ROW, "images": images}, sheet


def _likeliest(scope: Any, position: int, settings: Any) -> list[list[float]]:
    top = scope.top(position, settings, TOP)
    pairs = zip(top.tokens.tolist(), top.guided.tolist(), strict=True)
    return [[int(token), round(float(p), 4)] for token, p in pairs if p >= 5e-4]


def _sheet(janus: Any) -> Any:
    from PIL import Image

    from tts_playground.samplers.patches import patches

    size, found = janus.side // janus.grid, patches(janus, range(janus.codes))
    sheet = Image.new("RGB", (ROW * size, -(-len(found) // ROW) * size))
    for place, patch in enumerate(found):
        sheet.paste(patch, (place % ROW * size, place // ROW * size))
    return sheet


def main(arguments: list[str] | None = None) -> int:
    """Write both files."""
    given = sys.argv[1:] if arguments is None else arguments
    folder = files.make_folder(Path(given[0]) if given else home.STARTERS)
    told, sheet = made()
    files.write_bytes(folder / FILE, json.dumps(told, separators=(",", ":")).encode(), "The file to watch")
    with files.whole(folder / CODES, "The picture of codes") as partial:
        sheet.save(partial, "PNG", optimize=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
