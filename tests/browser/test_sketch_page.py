"""Draw with the mouse in a real browser, and read the program that comes back.

What stands on the tab belongs to the drawing on its canvas, what was stopped does not look busy, and a search of one
person does not hold up the page of another.
"""

import base64
import io
import re
import time

import pytest
from opening import settled
from PIL import Image
from playwright.sync_api import expect

from tts_playground.dsl import Circle, parse, render

PASTE = """async (picture) => {
  const blob = await (await fetch('data:image/png;base64,' + picture)).blob();
  const held = new DataTransfer();
  held.items.add(new File([blob], 'image.png', {type: 'image/png'}));
  const event = new ClipboardEvent('paste', {clipboardData: held, bubbles: true, cancelable: true});
  document.activeElement.dispatchEvent(event);
}"""


@pytest.fixture(scope="module")
def open_page(address, new_page):
    """``open_page(query)``: a new person's page with the sketch tab, ready to draw on."""

    def opened(query, **where):
        link = f"{address}?tab=sketch&{query}"
        return new_page(link, "#sketch-canvas canvas", "#sketch-n input[type=number]", size=(1400, 1000), **where)

    return opened


@pytest.fixture(scope="module")
def sketch(open_page, draw_circle):
    """One person's page, after the first stroke on what the tab opens with; it notes requests that go elsewhere."""
    page = open_page("seconds=15&n=16")
    expect(page.locator("#sketch-reading")).to_contain_text("biohazard")
    draw_circle(page)
    expect(page.locator("#sketch-status")).to_contain_text("Your drawing, as it is read")
    _nothing_of_another_drawing(page)
    expect(page.locator("#sketch-program textarea")).to_have_value("")
    return page


@pytest.fixture
def page(sketch):
    """That person's page with an empty canvas."""
    sketch.set_viewport_size({"width": 1400, "height": 1000})
    sketch.locator("#sketch-clear").click()
    sketch.locator("#sketch-status").get_by_text("The canvas is clear").wait_for()
    settled(sketch)
    return sketch


def _status(page):
    return page.locator("#sketch-status")


def _nothing_of_another_drawing(page):
    expect(page.locator("#sketch-reading")).not_to_contain_text("biohazard")
    expect(page.locator("#sketch-gallery img")).to_have_count(0)
    expect(page.locator("#sketch-opened input")).to_have_value("")


def _inked(page):
    """The share of the canvas that is seen to be dark."""
    shot = Image.open(io.BytesIO(page.locator("#sketch-canvas canvas").first.screenshot())).convert("L")
    return sum(shot.histogram()[:100]) / (shot.width * shot.height)


def _png(text):
    stream = io.BytesIO()
    render(text).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


def _searched(page):
    """Search, and return the IoU of what was found."""
    before = page.locator("#sketch-status .status")
    before.evaluate("line => line.dataset.before = 'yes'")
    page.locator("#sketch-run").click()
    expect(page.locator("#sketch-status [data-before]")).to_have_count(0)  # a search may be over before it is seen
    expect(_status(page)).to_contain_text(re.compile("Done|Stopped"))
    (iou,) = re.findall(r"IoU\s+(\d\.\d+)", _status(page).inner_text())
    return float(iou)


def test_the_drawing_of_the_example_is_on_the_canvas_until_it_is_cleared_and_a_program_alone_has_none(
    open_page, draw_circle
):
    page = open_page("n=8")
    assert _inked(page) > 0.1
    expect(page.locator("#sketch-old")).to_have_count(0)
    assert "Your drawing" not in _status(page).inner_text()
    assert _searched(page) > 0.9
    expect(page.locator("#sketch-reading")).to_contain_text("biohazard")  # it was read as that, to the pixel
    page.locator("#sketch-clear").click()
    expect(_status(page)).to_contain_text("The canvas is clear.")
    settled(page)
    assert _inked(page) < 0.02
    expect(_status(page)).to_contain_text("The canvas is clear.")  # what stood there is not reported as a new drawing
    expect(page.locator("#sketch-panel img")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("drawing="))
    page.locator("#sketch-examples button").nth(4).click()
    expect(_status(page)).to_contain_text("Example “house”")
    settled(page)
    draw_circle(page)  # one stroke is enough: what was found before is of another drawing
    expect(_status(page)).to_contain_text("Your drawing, as it is read")
    page.close()
    page = open_page("program=(Circle 3 8 8)")
    expect(page.locator("#sketch-program textarea")).to_have_value("(Circle 3 8 8)")
    assert _inked(page) < 0.02
    page.close()


def test_a_drawn_circle_comes_back_as_a_program(page, draw_circle):
    draw_circle(page)
    assert _searched(page) > 0.6
    program = parse(page.locator("#sketch-program textarea").input_value())
    assert any(isinstance(part, Circle) for part in program.primitives())
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
    expect(_status(page)).to_contain_text("Your program")


def test_a_stroke_leaves_a_typed_program_and_scores_it_against_the_new_drawing(page, draw_circle):
    draw_circle(page)
    expect(_status(page)).to_contain_text("Your drawing, as it is read")
    editor = page.locator("#sketch-program textarea")
    editor.click()
    editor.press("Control+a")
    editor.type("(Circle 3 8 8)")
    expect(_status(page)).to_contain_text("against the drawing")
    before = _status(page).inner_text()
    draw_circle(page, radius=25)
    draw_circle(page, radius=90)
    expect(_status(page)).not_to_have_text(before)
    expect(_status(page)).to_contain_text("against the drawing")
    expect(editor).to_have_value("(Circle 3 8 8)")


def test_keyboard_reaches_the_controls(page):
    page.locator("#sketch-run").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#sketch-cancel') !== null || document.activeElement.id")


def test_on_a_narrow_page_the_result_comes_first_and_nothing_scrolls_sideways(page):
    page.set_viewport_size({"width": 390, "height": 844})
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 391
    parts = ("#sketch-reading", "#sketch-canvas", "#sketch-panel", "#sketch-strategy")
    tops = [page.locator(part).bounding_box()["y"] for part in parts]
    assert tops == sorted(tops)


def test_a_pasted_picture_lands_on_the_canvas_and_is_searched(page):
    page.locator("#sketch-run").focus()
    page.evaluate(PASTE, _png("(- (Circle 5 8 8) (Quad 8 8 2 14 0))"))
    expect(_status(page)).to_contain_text("from your picture")
    settled(page)
    assert _searched(page) > 0.95
    assert page.elsewhere == []


def test_text_that_is_pasted_into_the_editor_stays_text(page):
    before = _status(page).inner_text()
    page.locator("#sketch-program textarea").focus()
    page.evaluate(PASTE, _png("(Circle 5 8 8)"))
    page.wait_for_timeout(1000)
    settled(page)
    assert "from your picture" not in _status(page).inner_text() + before


def test_ctrl_z_undoes_a_stroke_but_not_in_a_field_and_a_small_drawing_outlives_a_reload(page, draw_circle):
    redo = page.locator("#sketch-canvas button[aria-label=Redo]")
    draw_circle(page)
    expect(redo).to_be_disabled()
    page.locator("#sketch-program textarea").click()
    page.keyboard.press("Control+z")
    expect(redo).to_be_disabled()
    page.locator("#sketch-run").focus()
    page.keyboard.press("Control+z")
    expect(redo).to_be_enabled()
    page.keyboard.press("Control+Shift+z")
    expect(redo).to_be_disabled()
    expect(page).to_have_url(re.compile("ink="))
    page.reload()
    expect(_status(page)).to_contain_text("drawing of this link")
    expect(page).to_have_url(re.compile("ink="))
    page.locator("#sketch-clear").click()
    expect(page).not_to_have_url(re.compile("ink="))


def test_a_link_to_an_example_names_it_again_and_what_cannot_begin_or_was_stopped_does_not_look_busy(open_page):
    page = open_page("drawing=house&n=256&seconds=60&strategy=smc&sampler=tiny:sketch")
    expect(_status(page)).to_contain_text("house")
    _nothing_of_another_drawing(page)
    expect(page.locator("#sketch-program textarea")).to_have_value("")
    page.locator("#sketch-link").click()
    link = page.locator("#sketch-link-text textarea, #sketch-link-text input")
    expect(link).to_have_value(re.compile("drawing=house"))

    page.locator("#sketch-run").click()  # smc pauses between steps
    expect(_status(page)).to_contain_text("Not searched: the strategy 'smc' pauses between steps")
    expect(_status(page).locator(".busy")).to_have_count(0)
    expect(page.get_by_text("pauses between steps, which this sampler cannot").first).to_be_visible()

    page.locator("#sketch-contest").click()
    shown = page.locator("#sketch-contest-status")
    expect(shown).to_contain_text("Running")
    page.locator("#sketch-contest-stop").click()
    expect(shown).to_contain_text("Stopped; the points so far stand.")
    page.wait_for_timeout(1500)
    settled(page)
    expect(shown).to_contain_text("Stopped")
    expect(shown.locator(".busy")).to_have_count(0)
    page.close()


def test_a_search_does_not_hold_up_another_person_and_keeps_its_best_when_it_is_cancelled(open_page, elsewhere):
    first = open_page("seconds=20&n=256&strategy=best-of-n&drawing=house")
    second = open_page("seconds=2", within=elsewhere)
    first.locator("#sketch-run").click()
    expect(_status(first)).to_contain_text("Searching")
    begun = time.monotonic()
    second.locator("#sketch-n input[type=number]").fill("4")
    expect(second.locator("#sketch-reading")).to_contain_text("best of 4 programs")
    print(f"the second person's slider answered after {time.monotonic() - begun:.2f} s while the first one searched")
    expect(_status(first)).to_contain_text("Searching")

    for _ in range(80):  # until something was found that can be kept, well before the search ends by itself
        if first.locator("#sketch-program textarea").input_value():
            break
        first.wait_for_timeout(100)
    first.locator("#sketch-cancel").click()
    expect(_status(first)).to_contain_text("Cancelled; the best so far is kept.")
    assert len(parse(first.locator("#sketch-program textarea").input_value())) >= 1
    expect(first.locator("#sketch-gallery img").first).to_be_visible()
    first.wait_for_timeout(1500)
    settled(first)
    expect(_status(first)).to_contain_text("Cancelled")  # no report of the search comes after that
    first.locator("#sketch-run").click()  # and another one can begin
    expect(_status(first)).to_contain_text("Searching")
    first.locator("#sketch-cancel").click()
    expect(_status(first)).to_contain_text("Cancelled")


def test_questions_about_learning_ask_for_what_they_need_and_answer_with_this_pages_numbers(open_page):
    page = open_page("n=16")
    card, later = page.locator("#sketch-tour-note .tour-card"), page.locator("#sketch-tour-variety")
    expect(later).to_be_hidden()
    page.locator("#sketch-learn > button").click()
    page.locator("#learn-questions").click()
    expect(card).to_contain_text("1.6 Reading replies")
    expect(page.locator("#why-ask")).to_be_visible()  # the part that it is about is opened
    expect(later).to_be_visible()

    card.locator("[data-go]").last.click()
    expect(card).to_contain_text("1.6 The prompt")
    card.locator("[data-go]").last.click()
    expect(card).to_contain_text("2.5 Variety")
    card.locator("[data-guess]").first.click()
    expect(card).to_contain_text("Make the data set “evolved”, or all four, then guess again.")
    page.locator("#learn-size input[type=number]").fill("20")
    page.locator("#learn-four").click()
    expect(page.locator("#learn-report table")).to_be_visible()
    card.locator("[data-guess]").first.click()
    expect(card).to_contain_text("You said: none.")
    row = page.locator("#learn-report tr", has_text="pictures that came before").locator("td")
    expect(card).to_contain_text(
        f"{100 * float(row.nth(1).inner_text().split()[0]):.0f} % of its 20 pictures came before"
    )
    page.close()
