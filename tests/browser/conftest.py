"""One server and one Chromium for all browser tests. They are run by .ci/run, which has Chromium."""

import math
import os
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tts_playground.ui import shell

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
PATIENCE = 300_000
"""milliseconds: software rendering on a busy machine is slow"""


def pytest_collection_modifyitems(items):
    """A page may take its whole patience more than once: browser tests have a limit of their own."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(1800))


@pytest.fixture(scope="session")
def address():
    """Where the app is served."""
    app = shell.build()
    yield shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    app.close()


@pytest.fixture(scope="session")
def browser():
    """A Chromium for all tests; each opens pages of its own."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(address, browser):
    """``open_page(query)``: a new person's page with the sketch tab, ready to draw on unless it need not be.

    It notes requests that go elsewhere.
    """
    contexts = []

    def opened(query="seconds=15&n=16", *, canvas=True):
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.elsewhere = []
        page.on("request", lambda r: _note(page.elsewhere, r.url, address))
        page.goto(f"{address}?tab=sketch&{query}")
        page.locator("#sketch-canvas canvas" if canvas else "#sketch-n input[type=number]").first.wait_for()
        page.wait_for_timeout(2500)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page):
    """One person's page with an empty canvas."""
    opened = open_page()
    opened.locator("#sketch-clear").click()
    opened.locator("#sketch-status").get_by_text("The canvas is clear").wait_for()
    opened.wait_for_timeout(500)
    return opened


def _note(urls, url, address):
    if not url.startswith((address, "data:", "blob:")):
        urls.append(url)


@pytest.fixture(scope="session")
def draw_circle():
    """``draw_circle(page)``: draw one with the mouse in the middle of the canvas."""

    def drawn(page, radius=60.0):
        box = page.locator("#sketch-canvas canvas").first.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x + radius, y)
        page.mouse.down()
        for step in range(1, 25):
            turn = step * 2 * math.pi / 24
            page.mouse.move(x + radius * math.cos(turn), y + radius * math.sin(turn))
        page.mouse.up()
        page.wait_for_timeout(800)

    return drawn
