"""What holds on every tab, in light and in dark: readable by everybody, and nothing over the data."""

import pytest
from axe_playwright_python.sync_playwright import Axe

TABS = ["t2i", "vqa", "sketch", "audit", "math"]
SMALL = """() => { const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const text = walk.currentNode.textContent.trim(), part = walk.currentNode.parentElement;
  if (!text || !part.getClientRects().length || ['SCRIPT', 'STYLE', 'TITLE'].includes(part.tagName)) continue;
  const style = getComputedStyle(part);
  if (style.visibility !== 'hidden' && parseFloat(style.fontSize) < 11) found.push([text.slice(0, 30), style.fontSize]);
} return found; }"""
BARE = """() => [...document.querySelectorAll('.heading')].filter((one) => one.offsetParent).filter((one) => {
  const block = one.closest('.block') ?? one;
  for (let next = block.nextElementSibling; next; next = next.nextElementSibling) {
    if (next.offsetHeight > 0) return !next.innerText.trim() && !next.querySelector("svg.main-svg, img, input, canvas");
  }
  return true; }).map((one) => one.innerText)"""


@pytest.fixture(scope="module", params=["light", "dark"])
def themed_page(request, address, browser):
    """A page in one theme, which goes through all tabs."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(300_000)
    page.goto(f"{address}?__theme={request.param}")
    page.locator("#t2i-picks img").first.wait_for()
    yield page
    context.close()


def _open(page, slug):
    button = page.locator(f"#tab-{slug}-button")
    if not button.count():
        pytest.skip("this tab's model is not here")
    button.click()
    page.wait_for_timeout(1500)
    for folded in page.locator("button.label-wrap:not(.open)").all():
        if folded.is_visible():
            folded.click()
    page.wait_for_timeout(800)


def _faults(page):
    """What axe finds once the page has settled: a text that is fading in has little contrast."""
    for _ in range(6):
        if not (found := _found(page)):
            break
        page.wait_for_timeout(1000)
    return found


def _found(page):
    found = Axe().run(page).response["violations"]
    return [
        (one["id"], node["target"], node["html"][:100])
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("slug", TABS)
def test_a_tab_is_accessible_readable_and_its_headings_have_something_under_them(themed_page, slug):
    page = themed_page
    _open(page, slug)
    sections = page.locator(f"#{slug}-sections [role=tab]")
    for place in range(max(1, sections.count())):
        if sections.count():
            sections.nth(place).click()
            page.wait_for_timeout(800)
        assert _faults(page) == []
        assert page.evaluate(SMALL) == []
        assert page.evaluate(BARE) == []
        assert not any(bar.is_visible() for bar in page.locator(".modebar").all())


def test_on_a_phone_nothing_is_small_and_a_hint_is_shown_by_a_tap(address, browser):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_default_timeout(300_000)
    page.goto(address)
    number = page.locator("#t2i-status dl div").first
    number.wait_for()
    number.tap()
    assert page.locator(".hint-bubble").inner_text() == number.get_attribute("title")
    box = page.locator(".hint-bubble").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    page.locator("#title h1").tap()
    assert page.locator(".hint-bubble").count() == 0
    for slug in ("t2i", "sketch", "audit"):
        page.locator(f"#tab-{slug}-button").click()
        page.wait_for_timeout(1000)
        assert page.evaluate(SMALL) == []
        assert not any(bar.is_visible() for bar in page.locator(".modebar").all())
    context.close()
