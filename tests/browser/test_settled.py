"""Nothing stale under a new heading, on every tab; a page that opens does not jump; charts name what they stand for."""

import re

import pytest
from opening import PATIENCE, open_in, settled
from playwright.sync_api import expect

from tts_playground.pages.math.page_state import opening
from tts_playground.ui.edge.page_scripts import CHARTS

OLD = ".old"
MOST = 1_500_000
"""bytes of a first visit of a browser that has nothing yet"""
JUMPS = """window.jumped = 0; new PerformanceObserver((list) => list.getEntries().forEach((one) => {
  if (!one.hadRecentInput) window.jumped += one.value; })).observe({type: 'layout-shift', buffered: true});"""


@pytest.fixture(scope="module")
def opened(address, browser):
    """``opened(query)``: a person's page, without faults."""
    context, faults = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce"), []
    context.add_init_script(JUMPS)
    expect.set_options(timeout=PATIENCE)

    def opened(query, ready):
        for page in context.pages:
            page.close()
        page = open_in(context, f"{address}?{query}", ready, faults=faults)
        assert page.evaluate("window.jumped") < 0.1  # the sum of layout shifts, as browsers count them
        return page

    yield opened
    context.close()
    assert faults == []


def _grey(page, *parts):
    for part in parts:
        expect(page.locator(part)).to_have_class(re.compile(r"\bold\b"))


def _fresh(page, note):
    expect(page.locator(note)).to_have_count(0)
    expect(page.locator(OLD)).to_have_count(0)


def test_a_first_visit_takes_little_and_draws_with_what_was_sent(address, browser):
    context, faults, ended = browser.new_context(), [], []
    context.on("requestfinished", lambda request: ended.append(request))  # playwright takes no builtin
    page = open_in(context, address, "#t2i-curve .main-svg", faults=faults)
    assert page.evaluate("Plotly.version") in CHARTS
    taken = sum(request.sizes()["responseBodySize"] for request in ended if request.response())
    context.close()
    assert faults == [] and 500_000 < taken < MOST


def test_an_audit_of_other_settings_is_grey_and_names_its_own(opened):
    page = opened("tab=audit", "#audit-curve .main-svg")
    note = page.locator("#audit-old")
    _fresh(page, "#audit-old")
    page.locator("#audit-n input[type=number]").fill("200")  # exact chances are looked at anew
    expect(page.locator("#audit-curve .js-plotly-plot")).to_be_visible()
    _fresh(page, "#audit-old")
    page.locator("#audit-protocol").get_by_label("sampled").check()
    expect(note).to_contain_text(re.compile(r"Protocol changed; what is grey is from tiny:vlm: \d+ pictures, exact"))
    _grey(page, "#audit-headline", "#audit-histogram", "#audit-gallery", "#audit-effects", "#audit-curve")
    page.locator("#audit-protocol").get_by_label("exact").check()  # and back: these are its results again
    _fresh(page, "#audit-old")
    page.locator("#audit-model input").fill("scripted:fair")
    page.locator("#audit-model input").press("Enter")  # a script costs nothing, and runs at once
    expect(page.locator("#audit-status")).to_contain_text("scripted:fair:")
    _fresh(page, "#audit-old")
    page.locator("#audit-protocol").get_by_label("sampled").check()
    expect(page.locator("#audit-status")).to_contain_text("200 draws each")
    _fresh(page, "#audit-old")
    page.locator("#audit-protocol").get_by_label("exact").check()
    expect(page.locator("#audit-status")).to_contain_text("exact probabilities")
    page.locator("#audit-model input").fill("scripted:nobody")  # refused
    page.locator("#audit-model input").press("Enter")
    page.locator("#audit-run").click()
    expect(page.locator(".toast-body").first).to_be_visible()
    expect(page.locator("#audit-status")).to_contain_text("Not asked: there is no scripted chooser")
    expect(note).to_contain_text("Model changed")
    _grey(page, "#audit-verdict", "#audit-heat")


def test_a_riddle_is_nobodys_settings_until_it_is_solved(opened):
    page = opened("tab=audit", "#audit-curve .main-svg")
    page.locator("#audit-tour-script").click()
    expect(page.locator("#audit-status")).to_contain_text("A script that you are to guess")
    _fresh(page, "#audit-old")
    page.locator("#audit-tour-note [data-guess]").first.click()
    expect(page.locator("#audit-status")).to_contain_text("scripted:")
    name = page.locator("#audit-status p").inner_text().rsplit(":", 1)[0]
    expect(page.locator("#audit-model input")).to_have_value(re.compile("script"))
    _fresh(page, "#audit-old")
    assert name.startswith("scripted:")


def test_a_sketch_is_of_its_drawing_and_its_settings(opened, draw_circle):
    page = opened("tab=sketch", "#sketch-curve .main-svg")
    note = page.locator("#sketch-old")
    expect(page.locator("#sketch-reading")).to_contain_text("This is a ready-made example: draw your own")
    _fresh(page, "#sketch-old")
    strategy = page.locator("#sketch-strategy input")
    strategy.click()
    page.get_by_role("option").filter(has_text="best-of-n").first.click()
    expect(note).to_contain_text("Strategy changed; what is grey is from the ready-made pool of “biohazard”.")
    _grey(page, "#sketch-panel", "#sketch-curve", "#sketch-gallery", "#sketch-reading")
    draw_circle(page)  # another drawing: nothing of the last one stays
    expect(page.locator("#sketch-gallery img")).to_have_count(0)
    _fresh(page, "#sketch-old")
    page.locator("#sketch-n input[type=number]").fill("8")
    page.locator("#sketch-run").click()
    expect(page.locator("#sketch-status")).to_contain_text(re.compile("Done|Stopped"))
    expect(page.locator("#sketch-gallery img").first).to_be_visible()
    _fresh(page, "#sketch-old")
    page.get_by_role("button", name="More settings").click()
    settled(page)  # what is mounted now still gets the values that it has
    page.locator("#sketch-seed input").fill("3")
    expect(note).to_contain_text(re.compile(r"Seed changed; what is grey is from best-of-n, N = 8, proposal, T = 1"))
    page.locator("#sketch-seed input").fill("0")
    _fresh(page, "#sketch-old")


def test_other_tabs_are_as_honest_do_not_jump_and_link_their_charts(opened):
    page = opened("tab=vqa", "#vqa-curve .main-svg")
    _fresh(page, "#vqa-old")
    page.locator("#vqa-temperature input[type=number]").fill("1.5")
    expect(page.locator("#vqa-old")).to_contain_text("Temperature changed; what is grey is from 16 answers by tiny:vlm")
    _grey(page, "#vqa-verdict", "#vqa-gallery", "#vqa-curve")
    page.locator("#vqa-sections").get_by_role("tab", name="A set of questions").click()
    expect(page.locator("#vqa-set-old")).to_contain_text("what is grey is from tiny:vlm at temperature 0.8")
    _grey(page, "#vqa-set-status", "#vqa-set-curve")
    page.locator("#vqa-temperature input[type=number]").fill("0.8")
    _fresh(page, "#vqa-old")
    _fresh(page, "#vqa-set-old")
    page.locator("#vqa-question textarea").fill("")
    page.locator("#vqa-run").click()
    expect(page.locator("#vqa-status")).to_contain_text("Not asked: the question is empty")
    expect(page.locator("#vqa-status")).to_contain_text("Below is the previous answer.")
    _grey(page, "#vqa-verdict", "#vqa-gallery", "#vqa-curve")
    page.locator("#tab-t2i-button").click()
    page.locator("#t2i-picks img").first.wait_for()
    page.locator("#t2i-prompt textarea").fill("a red apple and a blue star")
    expect(page.locator("#t2i-old")).to_contain_text("Prompt changed; what is grey is from “a cat and a purple guitar”")
    _grey(page, "#t2i-reading", "#t2i-picks", "#t2i-gallery", "#t2i-watch")
    page.locator("#t2i-sections").get_by_role("tab", name="Sweep").click()
    expect(page.locator("#t2i-sweep-old")).to_contain_text(
        "what is grey is from “a cat and a purple guitar”, tiny:janus"
    )
    _grey(page, "#t2i-sweep-status", "#t2i-sweep-grid", "#t2i-sweep-map", "#t2i-sweep-curves")
    page.locator("#tab-math-button").click()
    page.locator("#math-curve .main-svg").first.wait_for()
    page.locator("#math-chips .chip").first.wait_for()
    page.locator("#math-curve .js-plotly-plot[aria-label*='arrow keys']").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#math-chips .chip.lit").first).to_be_visible()
    expect(page.locator("#math-picks tr.lit").first).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#math-chips .chip").nth(opening().pool.picks(4)["weighted"]).hover()
    expect(page.locator("#math-curve .marks-over circle").first).to_be_attached()
    page.locator("#math-n input[type=number]").fill("4")
    expect(page.locator("#math-stale .note")).to_contain_text("Settings changed; this tree is from")
    for part in ("status", "tree", "picks"):
        expect(page.locator(f"#math-{part}")).to_have_css("opacity", "0.42")
