"""Renews the README's pictures: `python -m tests.soak.screenshots [--docs docs]`.

screenshot.png is the image tab as it opens; in-use.webp moves: N is dragged along the curve, an answer's verdicts are
asked about, and a solution's tree grows. Chromium is at $CHROMIUM or /usr/bin/chromium.
"""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

from tts_playground.ui import shell

SIZE = ViewportSize(width=1440, height=900)
SHOWN = (960, 600)
"""pixels of the moving picture"""
LARGEST = 3_000_000
"""bytes of it"""
FLAGS = [
    *("--no-sandbox", "--disable-dev-shm-usage"),
    *("--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
]


def _opened(page: Page, address: str, tab: str, ready: str) -> None:
    page.goto(f"{address}?tab={tab}")
    page.locator(ready).first.wait_for()
    page.wait_for_timeout(5000)  # figures have their sizes, answers are there


def _picture(page: Page) -> Image.Image:
    whole = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    return whole.resize(SHOWN, Image.Resampling.LANCZOS)


def _dragged(page: Page, slider: str) -> Iterator[tuple[Image.Image, int]]:
    """Frames while a ratio slider is dragged down and up again."""
    box = page.locator(f"{slider} input[type=range]:visible").bounding_box()
    assert box is not None
    y, far = box["y"] + box["height"] / 2, 0.98
    page.mouse.move(box["x"] + box["width"] * far, y)
    page.mouse.down()
    for part in (0.75, 0.5, 0.3, 0.15, 0.02, 0.3, 0.6, far):
        page.mouse.move(box["x"] + box["width"] * part, y, steps=3)
        page.wait_for_timeout(700)
        yield _picture(page), 500
    page.mouse.up()
    page.wait_for_timeout(1500)


def frames(page: Page, address: str) -> Iterator[tuple[Image.Image, int]]:
    """(frame, milliseconds) of the app in use."""
    _opened(page, address, "t2i", "#t2i-picks img")
    yield _picture(page), 1200
    yield from _dragged(page, "#t2i-n")
    page.locator("#t2i-curve .js-plotly-plot").hover()
    page.wait_for_timeout(600)
    yield _picture(page), 1500
    _opened(page, address, "sketch", "#sketch-curve .main-svg")
    yield _picture(page), 1800
    _opened(page, address, "vqa", "#vqa-curve .main-svg")
    yield _picture(page), 1000
    yield from _dragged(page, "#vqa-n")
    _opened(page, address, "math", "#math-tree")
    for _ in range(6):
        yield _picture(page), 700
        page.wait_for_timeout(600)
    yield _picture(page), 2000


def save_moving(shown: list[tuple[Image.Image, int]], file: Path) -> None:
    """Write frames as one animated WebP, as sharp as fits."""
    pictures, times = [one for one, _ in shown], [time for _, time in shown]
    for quality in (80, 65, 50, 35):
        options: dict[str, Any] = {"save_all": True, "append_images": pictures[1:], "duration": times, "loop": 0}
        pictures[0].save(file, "WEBP", quality=quality, method=4, **options)
        if file.stat().st_size < LARGEST:
            return


def main() -> None:
    """Serve the app, look at it, and write both pictures."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--docs", type=Path, default=Path(__file__).parents[2] / "docs")
    folder = asked.parse_args().docs
    app = shell.build()
    address = shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    with sync_playwright() as driver:
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport=SIZE)
        page.set_default_timeout(120_000)
        _opened(page, address, "t2i", "#t2i-picks img")
        page.screenshot(path=folder / "screenshot.png")
        save_moving(list(frames(page, address)), folder / "in-use.webp")
        browser.close()
    app.close()


if __name__ == "__main__":
    main()
