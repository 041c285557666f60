"""Each tab by keyboard alone, and each by a finger alone, from the first stop to the last."""

import re

import pytest
from opening import settled
from playwright.sync_api import expect

TABS = ["t2i", "vqa", "sketch", "audit", "math"]
CURVE = {"t2i": "n", "vqa": "n", "sketch": "n", "audit": "n", "math": "look"}
STOP = """() => { const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  return {part: one.closest('.block')?.id || one.id || '', html: one.outerHTML.slice(0, 120),
    name: (one.getAttribute('aria-label') || one.labels?.[0]?.innerText || one.innerText || one.title || '').trim(),
    seen: box.width > 0 && one.checkVisibility({visibilityProperty: true}),
    ring: style.outlineStyle !== 'none' || style.boxShadow !== 'none'}; }"""


@pytest.mark.parametrize("slug", TABS)
def test_every_stop_of_the_tab_key_is_seen_named_and_ringed_up_to_the_last(address, new_page, slug):
    page = new_page(f"{address}?tab={slug}", f"#{slug}-run", f"#{slug}-curve .main-svg")
    stops = []
    for _ in range(400):
        page.keyboard.press("Tab")
        if (stop := page.evaluate(STOP)) is None:
            break
        stops.append(stop)
    faults = [one for one in stops if not (one["name"] and one["seen"] and one["ring"])]
    assert faults == []
    assert stops[-1]["name"].startswith("Settings"), "nothing on the way loses the focus"
    reached = {one["part"] for one in stops}
    number = CURVE[slug]
    assert {f"{slug}-run", f"{slug}-cancel", f"{slug}-{number}", f"{slug}-curve", f"{slug}-temperature"} - reached <= (
        {"sketch-temperature"}  # among those that are folded away
    )
    page.close()


@pytest.mark.parametrize("slug", TABS)
def test_a_finger_reaches_tour_slider_hint_and_what_is_folded(address, phone, new_page, slug):
    page = new_page(f"{address}?tab={slug}", f"#{slug}-run", f"#{slug}-curve .main-svg", within=phone, size=None)
    card = page.locator(f"#{slug}-tour-note")
    before = card.inner_text()
    card.locator("[data-go]").last.tap()
    expect(card).not_to_have_text(before)
    settled(page)
    card.locator("[data-guess]").first.tap()
    expect(card).to_contain_text("You said")
    hinted = page.locator(f"#{slug}-status dl div[title]").first
    if hinted.count():
        hinted.tap()
        expect(page.locator(".hint-bubble")).to_have_text(hinted.get_attribute("title"))
    slider = page.locator(f"#{slug}-{CURVE[slug]}")
    number = slider.locator("input[type=number]")
    own = slider.locator("input[type=range]:not(.hidden-range)")
    own.scroll_into_view_if_needed()
    box, old = own.bounding_box(), number.input_value()
    page.touchscreen.tap(box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2)
    expect(number).not_to_have_value(old)
    folded = page.locator(f"#tab-{slug} .controls button.label-wrap, #math-settings button.label-wrap").last
    folded.tap()
    expect(folded).to_have_class(re.compile("open"))
    small = page.evaluate(
        """slug => [...document.querySelectorAll(`#tab-${slug} :is(button, input[type=checkbox], select)`)]
        .filter(one => one.checkVisibility({visibilityProperty: true}) && !one.closest('.thumbs, p, li, .shapes'))
        .map(one => [one, (one.closest('label') || one).getBoundingClientRect()])
        .filter(([one, box]) => box.width > 0 && (box.height < 24 || box.width < 24))
        .map(([one, box]) => [one.outerHTML.slice(0, 90), box.width, box.height])""",
        slug,
    )
    assert small == [], "a finger needs room"
    page.close()  # a browser has six connections to a server, of which each page keeps one


@pytest.mark.parametrize("slug", TABS)
def test_every_figure_is_read_point_by_point_with_the_arrow_keys(address, new_page, slug):
    page = new_page(f"{address}?tab={slug}", f"#{slug}-run", f"#{slug}-curve .main-svg")
    charts = [one for one in page.locator(f"#tab-{slug} .js-plotly-plot:has(.hoverlayer)").all() if one.is_visible()]
    charts = [one for one in charts if one.evaluate("chart => chart.data.length > 0")]
    assert len(charts) >= (4 if slug == "audit" else 1)
    for chart in charts:
        chart.focus()
        told = []
        for _ in range(2):
            page.keyboard.press("ArrowRight")
            expect(chart.locator(".hoverlayer text").first).to_be_attached()
            page.wait_for_timeout(250)
            told.append(chart.locator(".hoverlayer text").all_text_contents())
        assert told[0] and told[1] and told[0] != told[1], chart.get_attribute("aria-label")
    page.close()
