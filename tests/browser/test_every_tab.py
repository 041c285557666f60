"""What holds on every tab, in light and in dark: readable by everybody, and nothing over the data."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from opening import settled

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


AXE = Axe().axe_script
SERIOUS = """async (place) => {
  const found = await axe.run(place || document, {resultTypes: ['violations']});
  return found.violations.filter((one) => ['serious', 'critical'].includes(one.impact))
    .flatMap((one) => one.nodes.map((node) => [one.id, node.target, node.html.slice(0, 100)])); }"""


@pytest.fixture(scope="module", params=["light", "dark"])
def themed_page(request, address, new_page):
    """A page in one theme, which goes through all tabs."""
    page = new_page(f"{address}?__theme={request.param}", "#t2i-picks img")
    page.evaluate(AXE)
    return page


def _open(page, slug):
    button = page.locator(f"#tab-{slug}-button")
    if not button.count():
        pytest.skip("this tab's model is not here")
    button.click()
    settled(page)
    for folded in page.locator("button.label-wrap:not(.open)").all():
        if folded.is_visible():
            folded.click()
    settled(page)


def _faults(page, place=None):
    """What axe finds in a place once the page has settled: a text that is fading in has little contrast."""
    for _ in range(6):
        if not (found := page.evaluate(SERIOUS, place)):
            break
        page.wait_for_timeout(1000)
    return found


@pytest.mark.parametrize("slug", TABS)
def test_a_tab_is_accessible_readable_and_its_headings_have_something_under_them(themed_page, slug):
    page = themed_page
    _open(page, slug)
    sections = page.locator(f"#{slug}-sections [role=tab]")
    for place in range(max(1, sections.count())):
        if place:  # the first one is open
            sections.nth(place).click()
            settled(page)
        where = f"{slug}, section {place}"
        assert _faults(page, f"#{slug}-sections" if place else None) == [], where  # only they have changed
        assert page.evaluate(SMALL) == [], where
        assert page.evaluate(BARE) == [], where
        assert not any(bar.is_visible() for bar in page.locator(".modebar").all()), where


def test_on_a_phone_nothing_is_small_and_a_hint_is_shown_by_a_tap(address, phone, new_page):
    page = new_page(address, "#t2i-status dl div", within=phone, size=None)
    number = page.locator("#t2i-status dl div").first
    number.tap()
    assert page.locator(".hint-bubble").inner_text() == number.get_attribute("title")
    box = page.locator(".hint-bubble").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    page.locator("#title h1").tap()
    assert page.locator(".hint-bubble").count() == 0
    for slug in ("t2i", "sketch", "audit"):
        page.locator(f"#tab-{slug}-button").click()
        settled(page)
        assert page.evaluate(SMALL) == []
        assert not any(bar.is_visible() for bar in page.locator(".modebar").all())
