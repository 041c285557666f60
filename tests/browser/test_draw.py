"""Draw with the mouse in a real browser, and read the program that comes back. Run by .ci/run, which has Chromium."""

import math
import os
import re

import pytest
from playwright.sync_api import expect, sync_playwright

from tts_playground.dsl import Circle, parse
from tts_playground.ui import shell

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
PATIENCE = 90_000
"""milliseconds: software rendering on a busy machine is slow"""


@pytest.fixture(scope="module")
def address():
    app = shell.build()
    yield shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    app.close()


@pytest.fixture
def page(address):
    """A page that is ready to draw on, and the requests that left the server."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(PATIENCE)
        page.elsewhere = []  # type: ignore[attr-defined]
        page.on("request", lambda r: _note(page.elsewhere, r.url, address))  # type: ignore[attr-defined]
        page.goto(f"{address}?tab=sketch&seconds=15&n=16")
        page.locator("#sketch-canvas canvas").first.wait_for()
        page.wait_for_timeout(2500)
        yield page
        browser.close()


def _note(urls, url, address):
    if not url.startswith((address, "data:", "blob:")):
        urls.append(url)


def _circle(page, radius=60.0):
    box = page.locator("#sketch-canvas canvas").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x + radius, y)
    page.mouse.down()
    for step in range(1, 25):
        turn = step * 2 * math.pi / 24
        page.mouse.move(x + radius * math.cos(turn), y + radius * math.sin(turn))
    page.mouse.up()
    page.wait_for_timeout(800)


def test_a_drawn_circle_comes_back_as_a_program(page):
    _circle(page)
    page.locator("#sketch-run").click()
    expect(page.locator("#sketch-status")).to_contain_text(re.compile("Done|Stopped"), timeout=PATIENCE)
    program = parse(page.locator("#sketch-program textarea").input_value())
    assert any(isinstance(part, Circle) for part in program.primitives())
    assert float(re.search(r"IoU\s+(\d\.\d+)", page.locator("#sketch-status").inner_text())[1]) > 0.6
    assert page.locator("#sketch-panel img").count() == 3
    assert page.elsewhere == []


def test_the_editor_follows_typing_and_points_at_the_error(page):
    editor = page.locator("#sketch-program textarea")
    editor.click()
    editor.press("Control+a")
    editor.type("(Circle 3 88 8)")
    expect(page.locator("#sketch-complaint .complaint pre")).to_contain_text("^")
    editor.press("Control+a")
    editor.type("(Circle 3 8 8)")
    expect(page.locator("#sketch-complaint .complaint")).to_have_count(0)
    expect(page.locator("#sketch-status")).to_contain_text("Your program")


def test_the_slider_moves_along_the_curve_and_the_program_can_be_saved(page):
    page.locator("#sketch-n input[type=number]").fill("4")
    expect(page.locator("#sketch-reading")).to_contain_text("draw 4, keep the best")
    with page.expect_download() as download:
        page.locator("#sketch-save-svg").click()
    assert download.value.suggested_filename == "sketch.svg"


def test_keyboard_reaches_the_controls_and_narrow_pages_do_not_scroll_sideways(page):
    page.locator("#sketch-run").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#sketch-cancel') !== null || document.activeElement.id")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(800)
    assert page.evaluate("document.documentElement.scrollWidth") <= 391
