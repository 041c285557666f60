"""Draw the sprite atlas of the sticker world from the Fluent Emoji SVGs (flat style, MIT).

    npm pack @iconify-json/fluent-emoji-flat
    python -m tts_playground.worlds.make_atlas iconify-json-fluent-emoji-flat-1.2.6.tgz

Needs ``resvg_py``, which only this script uses: the PNG it writes ships with the package.
"""

from __future__ import annotations

import argparse
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from PIL import Image

from tts_playground import files
from tts_playground.worlds.vocabulary import ATLAS_COLUMNS, CELL, NOUNS

DATA = Path(__file__).parent / "data"


def read_icons(package: Path) -> dict[str, Any]:
    """The Iconify collection inside an ``npm pack`` archive: ``{"icons": {name: {"body": svg}}, ...}``."""
    with tarfile.open(package) as archive:
        member = archive.extractfile("package/icons.json")
        if member is None:
            raise SystemExit(f"{package} holds no package/icons.json; pack @iconify-json/fluent-emoji-flat.")
        return json.load(member)


def draw(icons: dict[str, Any], name: str) -> Image.Image:
    """One icon, cropped to what is opaque and scaled to fill the long side of a ``CELL`` x ``CELL`` RGBA image."""
    import resvg_py

    width, height = icons.get("width", 32), icons.get("height", 32)
    body = icons["icons"][name]["body"]
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{body}</svg>'
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=256, height=256))
    image = Image.open(io.BytesIO(png)).convert("RGBA")
    image = image.crop(image.getchannel("A").getbbox())
    scale = CELL / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    cell = Image.new("RGBA", (CELL, CELL))
    cell.paste(image.resize(size, Image.Resampling.LANCZOS), (0, 0))
    return cell


def main() -> None:
    """Write ``data/stickers.png``: one cell a noun, in the order of ``NOUNS``, row by row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="the .tgz that npm pack wrote")
    icons = read_icons(parser.parse_args().package)
    rows = -(-len(NOUNS) // ATLAS_COLUMNS)
    atlas = Image.new("RGBA", (ATLAS_COLUMNS * CELL, rows * CELL))
    for place, noun in enumerate(NOUNS):
        row, column = divmod(place, ATLAS_COLUMNS)
        atlas.paste(draw(icons, noun.icon), (column * CELL, row * CELL))
    with files.whole(files.make_folder(DATA) / "stickers.png", "The atlas") as partial:
        atlas.save(partial, "PNG", optimize=True)
    print(f"Wrote {DATA / 'stickers.png'}: {len(NOUNS)} sprites of {CELL} px.")


if __name__ == "__main__":
    main()
