"""One server, one Chromium and one warm cache for all browser tests. They are run by .ci/run, which has Chromium.

Opening a page costs seconds in software, so that tests which do not dirty each other share one (``new_page`` of their
module), and wait for what they need instead of for a time.
"""

import math
import os
from pathlib import Path

import pytest
from opening import PATIENCE, open_in, settled
from playwright.sync_api import expect, sync_playwright

from tts_playground.ui import shell

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    *("--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"),
    *("--use-angle=swiftshader", "--enable-unsafe-swiftshader"),  # the canvas is WebGL
    *("--disable-gpu-rasterization", "--disable-gpu-compositing"),  # Debian's start script turns them on, in software
]

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items):
    """A page may take its whole patience more than once: browser tests have a limit of their own."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def address():
    """Where the app is served."""
    app = shell.build()
    yield shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    app.close()


@pytest.fixture(scope="session")
def chromium():
    """What starts a Chromium."""
    with sync_playwright() as driver:
        yield driver.chromium


@pytest.fixture(scope="session")
def browser(chromium):
    """A Chromium whose contexts remember nothing."""
    browser = chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def context(chromium, tmp_path_factory):
    """A browser whose cache is warm: each page in it is a visit of its own, with its own session.

    It has a folder, as a person's browser has: with that it keeps compiled scripts, a fifth of what a page costs.
    """
    folder = tmp_path_factory.mktemp("profile")
    context = chromium.launch_persistent_context(folder, executable_path=CHROMIUM, args=FLAGS)
    yield context
    context.close()


@pytest.fixture(scope="session")
def elsewhere(browser):
    """Another person's browser. One browser has six connections to a server, and each page that is open keeps one."""
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture(scope="session")
def phone(browser):
    """The same with a finger instead of a mouse."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    yield context
    context.close()


@pytest.fixture(scope="module")
def new_page(context):
    """``new_page(link, *ready)``: a page on which the ready ones are there and nothing is under way; no script fails.

    It stays open until the module ends. Arguments are those of ``opening.open_in``.
    """
    pages, faults = [], []

    def opened(link, *ready, within=context, **options):
        pages.append(open_in(within, link, *ready, faults=faults, **options))
        return pages[-1]

    yield opened
    for page in pages:
        page.close()
    assert faults == []


@pytest.fixture(scope="session")
def draw_circle():
    """``draw_circle(page)``: draw one with the mouse in the middle of the canvas.

    In a dozen moves, each of which costs a software canvas a sixth of a second.
    """

    def drawn(page, radius=60.0):
        box = page.locator("#sketch-canvas canvas").first.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x + radius, y)
        page.mouse.down()
        for step in range(1, 13):
            turn = step * 2 * math.pi / 12
            page.mouse.move(x + radius * math.cos(turn), y + radius * math.sin(turn))
        page.mouse.up()
        settled(page)

    return drawn
