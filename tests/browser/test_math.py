"""The tab of reasoning in a real browser: it opens on a finished search; mouse, keys and typed numbers do the same."""

import json
import re

import pytest
from opening import settled
from pdf_reading import read
from playwright.sync_api import expect

from tts_playground.pages.math.page_state import opening_view

SHOWN = ("#math-tree svg", "#math-trust .js-plotly-plot")


@pytest.fixture(scope="module")
def page(address, new_page):
    """A page whose tab of reasoning was opened by hand, with the search that it opens on; tests leave that search."""
    page = new_page(f"{address}?tab=vqa", "#vqa-run")
    tree, charts = page.locator("#math-tree svg").count(), page.locator("#tab-math .js-plotly-plot").count()
    assert (tree, charts) == (0, 0), "the first page of another tab holds some of this one"
    page.get_by_role("tab", name="Reasoning Steps").click()
    page.locator("#math-tree svg").wait_for()
    expect(page.locator("#tab-math .js-plotly-plot")).to_have_count(3)
    settled(page)
    return page


@pytest.fixture
def sized(page):
    """``sized(width, height)``: the page in that size, from its top; it gets its own size back."""

    def changed(wide, high):
        page.set_viewport_size({"width": wide, "height": high})
        page.evaluate("scrollTo(0, 0)")
        settled(page)
        return page

    yield changed
    changed(1440, 900)


@pytest.mark.parametrize("size", [(1024, 768), (1440, 900)])
def test_controls_tree_and_curve_are_on_screen_together(sized, size):
    page = sized(*size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    for part in ("#math-run", "#math-tree svg", "#math-look", "#math-curve"):
        box = page.locator(part).first.bounding_box()
        assert box["y"] < size[1] - 60, part
    box = page.locator("#math-curve").bounding_box()
    assert box["y"] + box["height"] <= size[1]


def test_on_a_phone_the_result_comes_first_and_the_button_is_at_hand(sized):
    page = sized(390, 844)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tops = [page.locator(part).bounding_box()["y"] for part in ("#math-status", "#math-tree", "#math-problem")]
    assert tops == sorted(tops)
    for _ in range(3):
        box = page.locator("#math-run").bounding_box()
        assert box["y"] > 0 and box["y"] + box["height"] <= 844
        before = page.evaluate("scrollY")
        page.mouse.wheel(0, 900)
        page.wait_for_function(
            "before => scrollY > before || scrollY + innerHeight >= document.body.scrollHeight - 2", arg=before
        )


def test_a_node_is_read_by_mouse_and_by_keys(page):
    page.locator("#math-tree .node.dropped").first.click()
    expect(page.locator("#math-reading")).to_contain_text("dropped")
    page.locator("#math-tree .node.best").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#math-reading")).to_contain_text("chosen")
    expect(page.locator("#math-reading")).to_contain_text("Therefore")


LOOSE = """id => { const root = document.querySelector(id + ' .math-tree'), svg = root.querySelector('.canvas svg');
  const middle = box => [box.x + box.width / 2, box.y + box.height / 2];
  const spots = [...root
    .querySelectorAll('.node > :is(circle, rect), .root')].map(o => middle(o.getBoundingClientRect()));
  const on = point => { const at = new DOMPoint(point.x, point.y).matrixTransform(svg.getScreenCTM());
    return spots.some(([x, y]) => Math.hypot(x - at.x, y - at.y) < 6); };
  return [...root.querySelectorAll('.edge')].filter(edge =>
    !on(edge.getPointAtLength(0)) || !on(edge.getPointAtLength(edge.getTotalLength()))).length; }"""
"""how many lines of a tree end where no node is"""


def test_another_tree_in_the_place_of_the_last_is_drawn_whole(address, new_page):
    page = new_page(f"{address}?tab=math", "#math-tree svg")
    settled(page)
    assert (page.evaluate(LOOSE, "#math-tree"), page.evaluate(LOOSE, "#math-beside")) == (0, 0)
    for level in (5, 1, 4):
        before = page.locator("#math-tree .math-tree").get_attribute("data-key")
        page.locator("#math-examples input").click()
        page.locator("ul[role=listbox] li", has_text=f"level {level}").click()
        expect(page.locator("#math-tree .math-tree")).not_to_have_attribute("data-key", before)
        settled(page)
        assert (page.evaluate(LOOSE, "#math-tree"), page.evaluate(LOOSE, "#math-beside")) == (0, 0), level
        answer, canvas = page.locator("#math-tree .node.best text"), page.locator("#math-tree .canvas")
        right = answer.bounding_box()["x"] + answer.bounding_box()["width"]
        assert right <= canvas.bounding_box()["x"] + canvas.bounding_box()["width"] + 1, "an answer is cut"
    page.locator("#math-beside .node").first.click()
    expect(page.locator("#math-beside-reading")).to_contain_text("1 step,")


def test_n_moves_picks_and_chips_and_makes_nothing_old(page):
    number = page.locator("#math-look input[type=number]")
    number.fill("3")
    number.press("Enter")
    expect(page.locator("#math-chips .chip.later")).to_have_count(13)
    page.locator("#math-look input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#math-chips .chip.later")).to_have_count(12)
    expect(page.locator("#math-stale .note")).to_have_count(0)


def test_the_tour_is_open_on_arrival_and_goes_on_by_its_buttons(address, new_page):
    page = new_page(f"{address}?tab=math", "#math-tour-note .tour-card")
    card = page.locator("#math-tour-note")
    expect(card).to_contain_text("1 A tree grows.")
    card.get_by_role("button", name="right ones too").click()
    expect(card).to_contain_text(re.compile(r"You said: right ones too\. That is right\. \d+ of \d+ steps were"))
    card.get_by_role("button", name="Next").click()
    expect(card).to_contain_text("2 Who picks best?")
    expect(page.locator("#math-accuracy")).to_have_class(re.compile("toured"))


@pytest.mark.parametrize("size", [(1440, 900), (1024, 768), (390, 844)])
def test_the_whole_tree_is_seen_from_its_root_to_its_answers(sized, size):
    page = sized(*size)
    place = page.locator("#math-tree .canvas")
    assert place.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    box, root = place.bounding_box(), page.locator("#math-tree .root").bounding_box()
    answers = [one.bounding_box() for one in page.locator("#math-tree .node text").all()]
    assert root["x"] >= box["x"] and max(one["x"] + one["width"] for one in answers) <= box["x"] + box["width"]
    assert page.locator("#math-tree .node text").first.evaluate("e => e.getBoundingClientRect().height") >= 11
    marks = page.locator("#math-tree .node :is(circle, rect)").all()
    columns = sorted({round(one.bounding_box()["x"]) for one in marks})
    assert max(columns) - min(columns) > 150, "its columns stand apart"


def test_a_finger_beside_a_node_means_it_and_nothing_is_cut_on_a_phone(address, phone, new_page):
    page = new_page(f"{address}?tab=math", *SHOWN, within=phone, size=None)
    box = page.locator("#math-tree .node.dropped circle").first.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] + 4, box["y"] + box["height"] / 2)
    expect(page.locator("#math-reading")).to_contain_text("dropped")
    page.locator("#math-chips .chip").first.tap()
    expect(page.locator(".hint-bubble")).to_contain_text("solution 1: ")
    table = page.locator("#math-bins table")
    wide = table.evaluate(
        "e => [e.getBoundingClientRect().right, e.parentElement.scrollWidth - e.parentElement.clientWidth]"
    )
    assert wide[0] <= 390 and wide[1] <= 0, "its last column is seen"
    title = page.locator("#math-accuracy .gtitle").bounding_box()
    assert title["x"] >= 0 and title["x"] + title["width"] <= 390
    tops = [
        page.locator(one).first.bounding_box()["y"]
        for one in ("#math-curve", "#math-run", "#math-tour-note", "#math-bins")
    ]
    assert tops[0] < tops[2] < tops[3]


def test_a_question_of_the_tour_is_guessed_and_answered_by_keys(page):
    page.locator("#math-tour-grow").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#math-tour-note")).to_contain_text("Who picks best?")
    page.locator("#math-tour-guess [data-guess]").nth(1).click()
    expect(page.locator("#math-tour-note")).to_contain_text("You said")
    expect(page.locator("#math-tour-note")).to_contain_text("Of 500 problems of math-eval")


@pytest.mark.parametrize(("kind", "begins"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF-1.3")])
def test_figures_are_saved(page, tmp_path, kind, begins):
    for label, name in (("#math-figure", "accuracy against tokens"), ("#math-figure-kind", kind)):
        page.locator(f"{label} input").click()
        page.get_by_role("option", name=name, exact=True).click()
    settled(page)
    with page.expect_download() as download:
        page.locator("#math-save-figure").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    data = file.read_bytes()
    assert file.suffix == f".{kind}" and data.startswith(begins) and len(data) > 5000
    if kind == "svg":
        assert "Accuracy against tokens" in data.decode() and "weighted vote" in data.decode()
    if kind == "pdf":
        assert "share of problems solved" in read(data).words and read(data).pictures == ()


def test_a_tree_is_saved_as_lines_and_text(page, tmp_path):
    for label, name in (("#math-figure", "tree of the search"), ("#math-figure-kind", "pdf")):
        page.locator(f"{label} input").click()
        page.get_by_role("option", name=name, exact=True).click()
    settled(page)
    with page.expect_download() as download:
        page.locator("#math-save-figure").click()
    download.value.save_as(tmp_path / "tree.pdf")
    tree = read((tmp_path / "tree.pdf").read_bytes())
    assert "Tree of the search" in tree.words and f"✓ {opening_view().truth}" in tree.words and tree.pictures == ()
    assert tree.strokes > 40, "an edge and a mark for every step"


def test_a_recipe_runs_and_is_taken_away(page, tmp_path):
    page.locator("#math-recipe-problems input").fill("2")
    page.locator("#math-recipe-text textarea").fill("approach: best_of_n\nn: 2\nmax_tokens: 96\n")
    page.locator("#math-recipe-run").click()
    expect(page.locator("#math-recipe-status")).to_contain_text("of 2 problems (")
    expect(page.locator("#math-recipe-table table")).to_contain_text("weighted")
    with page.expect_download() as download:
        page.locator("#math-recipe-save-rows").click()
    file = tmp_path / "rows.jsonl"
    download.value.save_as(file)
    assert [len(json.loads(line)["completions"]) for line in file.read_text().splitlines()] == [2, 2]
    expect(page.locator("#math-recipe-stale .note")).to_have_count(0)
    page.locator("#math-recipe-text textarea").fill("n: x\n")
    expect(page.locator("#math-recipe-stale")).to_contain_text("these numbers are from best_of_n, n = 2")
    page.locator("#math-recipe-text textarea").fill("n: 2\nmax_tokens: 96\n")
    expect(page.locator("#math-recipe-stale .note")).to_have_count(0)
    page.locator("#math-recipe input").click()
    page.get_by_role("option", name="dvts", exact=True).click()
    expect(page.locator("#math-recipe-stale")).to_contain_text("these numbers are from best_of_n, n = 2")


def test_an_own_problem_is_asked_with_its_own_answer_and_enter(address, new_page):
    page = new_page(f"{address}?tab=math", *SHOWN)  # its search goes
    problem = page.locator("#math-problem textarea")
    n = page.locator("#math-n input[type=number]")
    n.fill("4")
    n.press("Enter")
    problem.fill("Bob has 3 <b>boxes</b> of 12 pens. How many pens does he have?")
    expect(page.locator("#math-words")).to_contain_text("never met this word: Bob")
    expect(page.locator("#math-stale")).to_contain_text("Problem changed")
    problem.press("Enter")
    expect(page.locator("#math-stale .note")).to_have_count(0)
    expect(page.locator("#math-status")).to_contain_text(re.compile("answers|no solution"))
    expect(page.locator("#math-status")).not_to_contain_text("which is wrong")  # nobody knows the answer
    page.locator("#math-draw").click()
    expect(page.locator("#math-compared")).to_contain_text("tokens")
    expect(page.locator("#math-picks table")).to_be_visible()
    expect(page.locator("#math-reading b b")).to_have_count(0)


def test_a_link_with_a_wrong_name_says_so_and_brings_the_rest(address, new_page):
    page = new_page(f"{address}?tab=math&strategy=nonsense&n=5&problem=What+is+2+%2B+2%3F", "#math-status .note")
    expect(page.locator(".toast-body").first).to_contain_text("no strategy called")
    expect(page.locator("#math-problem textarea")).to_have_value("What is 2 + 2?")
    expect(page.locator("#math-n input[type=number]")).to_have_value("5")
    expect(page.locator("#math-status")).to_contain_text("not solved yet on this page")
