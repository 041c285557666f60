"""Draw with the mouse in a real browser, and read the program that comes back. Run by .ci/run, which has Chromium."""

import re

from playwright.sync_api import expect

from tts_playground.dsl import Circle, parse

PATIENCE = 300_000


def test_a_drawn_circle_comes_back_as_a_program(page, draw_circle):
    draw_circle(page)
    page.locator("#sketch-run").click()
    expect(page.locator("#sketch-status")).to_contain_text(re.compile("Done|Stopped"), timeout=PATIENCE)
    program = parse(page.locator("#sketch-program textarea").input_value())
    assert any(isinstance(part, Circle) for part in program.primitives())
    (iou,) = re.findall(r"IoU\s+(\d\.\d+)", page.locator("#sketch-status").inner_text())
    assert float(iou) > 0.6
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


def test_the_slider_moves_along_the_curve_and_the_program_can_be_saved(open_page):
    page = open_page()
    page.locator("#sketch-n input[type=number]").fill("4")
    expect(page.locator("#sketch-reading")).to_contain_text("best of 4 programs")
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
