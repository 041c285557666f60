"""What people do while a search runs: paste, cancel, and use the page from another computer."""

import base64
import io
import re
import time

from playwright.sync_api import expect

from tts_playground.dsl import parse, render

PATIENCE = 300_000
LONG = "seconds=20&n=256&strategy=best-of-n&drawing=house"
PASTE = """async (picture) => {
  const blob = await (await fetch('data:image/png;base64,' + picture)).blob();
  const held = new DataTransfer();
  held.items.add(new File([blob], 'image.png', {type: 'image/png'}));
  const event = new ClipboardEvent('paste', {clipboardData: held, bubbles: true, cancelable: true});
  document.activeElement.dispatchEvent(event);
}"""


def _png(text):
    stream = io.BytesIO()
    render(text).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


def _start_a_long_search(page):
    page.locator("#sketch-run").click()
    expect(page.locator("#sketch-status")).to_contain_text("Searching", timeout=PATIENCE)


def test_a_pasted_picture_lands_on_the_canvas_and_is_searched(page):
    page.locator("#sketch-run").focus()
    page.evaluate(PASTE, _png("(- (Circle 5 8 8) (Quad 8 8 2 14 0))"))
    expect(page.locator("#sketch-status")).to_contain_text("from your picture", timeout=PATIENCE)
    page.wait_for_timeout(1500)
    page.locator("#sketch-run").click()
    expect(page.locator("#sketch-status")).to_contain_text(re.compile("Done|Stopped"), timeout=PATIENCE)
    (iou,) = re.findall(r"IoU\s+(\d\.\d+)", page.locator("#sketch-status").inner_text())
    assert float(iou) > 0.95
    assert page.elsewhere == []


def test_text_that_is_pasted_into_the_editor_stays_text(page):
    before = page.locator("#sketch-status").inner_text()
    page.locator("#sketch-program textarea").focus()
    page.evaluate(PASTE, _png("(Circle 5 8 8)"))
    page.wait_for_timeout(2000)
    assert "from your picture" not in page.locator("#sketch-status").inner_text() + before


def test_cancelling_keeps_the_best_program_so_far_and_says_so(open_page):
    page = open_page(LONG)
    _start_a_long_search(page)
    page.wait_for_timeout(1500)
    page.locator("#sketch-cancel").click()
    expect(page.locator("#sketch-status")).to_contain_text("Cancelled; the best so far is kept.", timeout=PATIENCE)
    assert len(parse(page.locator("#sketch-program textarea").input_value())) >= 1
    expect(page.locator("#sketch-gallery img").first).to_be_visible()
    page.wait_for_timeout(3000)
    expect(page.locator("#sketch-status")).to_contain_text("Cancelled")  # no report of the search comes after that
    page.locator("#sketch-run").click()  # and another one can begin
    expect(page.locator("#sketch-status")).to_contain_text("Searching", timeout=PATIENCE)
    page.locator("#sketch-cancel").click()
    expect(page.locator("#sketch-status")).to_contain_text("Cancelled", timeout=PATIENCE)


def test_one_persons_search_does_not_hold_up_the_slider_of_another(open_page):
    first = open_page(LONG)
    second = open_page("seconds=2", canvas=False)
    _start_a_long_search(first)
    begun = time.monotonic()
    second.locator("#sketch-n input[type=number]").fill("4")
    expect(second.locator("#sketch-reading")).to_contain_text("best of 4 programs", timeout=PATIENCE)
    took = time.monotonic() - begun
    print(f"the second person's slider answered after {took:.2f} s while the first one's search ran")
    expect(first.locator("#sketch-status")).to_contain_text("Searching")
    first.locator("#sketch-cancel").click()
    expect(first.locator("#sketch-status")).to_contain_text("Cancelled", timeout=PATIENCE)
