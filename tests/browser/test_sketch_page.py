"""What stands on the sketch tab belongs to the drawing on its canvas, and what was stopped does not look busy."""

import re

from playwright.sync_api import expect

PATIENCE = 300_000


def _nothing_of_another_drawing(page):
    expect(page.locator("#sketch-reading")).not_to_contain_text("biohazard", timeout=PATIENCE)
    expect(page.locator("#sketch-gallery img")).to_have_count(0)
    expect(page.locator("#sketch-opened input")).to_have_value("")


def test_a_link_to_an_example_shows_no_candidates_of_another_and_names_it_again(open_page):
    page = open_page("drawing=house&n=16")
    expect(page.locator("#sketch-status")).to_contain_text("house", timeout=PATIENCE)
    _nothing_of_another_drawing(page)
    expect(page.locator("#sketch-program textarea")).to_have_value("")
    page.locator("#sketch-link").click()
    link = page.locator("#sketch-link-text textarea, #sketch-link-text input")
    expect(link).to_have_value(re.compile("drawing=house"), timeout=PATIENCE)


def test_a_stroke_takes_what_was_found_for_another_drawing_away_but_not_a_typed_program(open_page, draw_circle):
    page = open_page()
    expect(page.locator("#sketch-reading")).to_contain_text("biohazard", timeout=PATIENCE)
    draw_circle(page)
    expect(page.locator("#sketch-status")).to_contain_text("Your drawing, as it is read", timeout=PATIENCE)
    _nothing_of_another_drawing(page)
    editor = page.locator("#sketch-program textarea")
    expect(editor).to_have_value("")
    editor.click()
    editor.type("(Circle 3 8 8)")
    expect(page.locator("#sketch-status")).to_contain_text("against the drawing", timeout=PATIENCE)
    before = page.locator("#sketch-status").inner_text()
    draw_circle(page, radius=25)
    draw_circle(page, radius=90)
    expect(page.locator("#sketch-status")).not_to_have_text(before, timeout=PATIENCE)
    expect(page.locator("#sketch-status")).to_contain_text("against the drawing")
    expect(editor).to_have_value("(Circle 3 8 8)")


def test_a_stopped_comparison_keeps_its_points_and_is_not_shown_as_running(open_page):
    page = open_page("drawing=house&n=8&seconds=20")
    page.locator("#sketch-contest").click()
    shown = page.locator("#sketch-contest-status")
    expect(shown).to_contain_text("Running", timeout=PATIENCE)
    page.locator("#sketch-contest-stop").click()
    expect(shown).to_contain_text("Stopped; the points so far stand.", timeout=PATIENCE)
    page.wait_for_timeout(3000)
    expect(shown).to_contain_text("Stopped")
    expect(shown.locator(".busy")).to_have_count(0)


def test_on_a_narrow_page_the_result_comes_first_and_the_canvas_after_it(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(800)
    tops = [
        page.locator(part).bounding_box()["y"]
        for part in ("#sketch-reading", "#sketch-panel", "#sketch-canvas", "#sketch-strategy")
    ]
    assert tops == sorted(tops)


def test_a_search_that_cannot_begin_says_why_and_does_not_look_busy(open_page):
    page = open_page("drawing=house&n=8&strategy=smc&sampler=tiny:sketch")
    expect(page.locator("#sketch-status")).to_contain_text("house", timeout=PATIENCE)
    page.locator("#sketch-run").click()
    expect(page.locator("#sketch-status")).to_contain_text("ended with an error", timeout=PATIENCE)
    expect(page.locator("#sketch-status .busy")).to_have_count(0)
    expect(page.get_by_text("pauses between steps, which this sampler cannot").first).to_be_visible()
