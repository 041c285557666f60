"""The tab of reasoning in a real browser: it opens on a finished search; mouse, keys and typed numbers do the same."""

import json
import re

import pytest
from playwright.sync_api import expect

PATIENCE = 60_000


@pytest.fixture
def opened(address, browser):
    """``opened(query, size)``: a new person's page with the tab of reasoning, its search shown."""
    contexts, faults = [], []

    def opened(query="", size=(1440, 900)):
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{address}?tab=math{query}")
        page.locator("#math-tree svg").wait_for()
        page.locator("#math-trust .js-plotly-plot").wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


@pytest.mark.parametrize("size", [(1024, 768), (1440, 900)])
def test_controls_tree_and_curve_are_on_screen_together(opened, size):
    page = opened(size=size)
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    for part in ("#math-run", "#math-tree svg", "#math-look", "#math-curve"):
        box = page.locator(part).first.bounding_box()
        assert box["y"] < size[1] - 60, part
    box = page.locator("#math-curve").bounding_box()
    assert box["y"] + box["height"] <= size[1]


def test_on_a_phone_the_result_comes_first_and_the_button_is_at_hand(opened):
    page = opened(size=(390, 844))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tops = [page.locator(part).bounding_box()["y"] for part in ("#math-status", "#math-tree", "#math-problem")]
    assert tops == sorted(tops)
    for _ in range(3):
        box = page.locator("#math-run").bounding_box()
        assert box["y"] > 0 and box["y"] + box["height"] <= 844
        page.mouse.wheel(0, 900)
        page.wait_for_timeout(300)


def test_a_node_is_read_by_mouse_and_by_keys(opened):
    page = opened()
    node = page.locator("#math-tree .node.dropped").first
    node.click()
    expect(page.locator("#math-reading")).to_contain_text("dropped", timeout=PATIENCE)
    page.locator("#math-tree .node.best").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#math-reading")).to_contain_text("chosen", timeout=PATIENCE)
    expect(page.locator("#math-reading")).to_contain_text("Therefore")


def test_n_moves_picks_and_chips_and_makes_nothing_old(opened):
    page = opened()
    number = page.locator("#math-look input[type=number]")
    number.fill("3")
    number.press("Enter")
    expect(page.locator("#math-chips .chip.later")).to_have_count(13, timeout=PATIENCE)
    page.locator("#math-look input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#math-chips .chip.later")).to_have_count(12, timeout=PATIENCE)
    expect(page.locator("#math-stale .note")).to_have_count(0)


def test_an_own_problem_is_asked_with_its_own_answer_and_enter(opened):
    page = opened()
    problem = page.locator("#math-problem textarea")
    n = page.locator("#math-n input[type=number]")
    n.fill("4")
    n.press("Enter")
    problem.fill("Bob has 3 <b>boxes</b> of 12 pens. How many pens does he have?")
    expect(page.locator("#math-words")).to_contain_text("never met these words: Bob", timeout=PATIENCE)
    expect(page.locator("#math-stale")).to_contain_text("Problem changed", timeout=PATIENCE)
    problem.press("Enter")
    expect(page.locator("#math-stale .note")).to_have_count(0, timeout=PATIENCE)
    expect(page.locator("#math-status")).to_contain_text(re.compile("answers|no solution"), timeout=PATIENCE)
    expect(page.locator("#math-status")).not_to_contain_text("which is wrong")  # nobody knows the answer
    page.locator("#math-draw").click()
    expect(page.locator("#math-compared")).to_contain_text("tokens", timeout=PATIENCE)
    expect(page.locator("#math-picks table")).to_be_visible()
    expect(page.locator("#math-reading b b")).to_have_count(0)


def test_a_question_of_the_tour_is_guessed_and_answered_by_keys(opened):
    page = opened()
    page.locator("#math-tour-grow").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#math-tour-note")).to_contain_text("Who picks best?", timeout=PATIENCE)
    page.locator("#math-tour-guess label").nth(1).click()
    expect(page.locator("#math-tour-note")).to_contain_text("You said", timeout=PATIENCE)
    expect(page.locator("#math-tour-note")).to_contain_text("solutions of each problem")


@pytest.mark.parametrize(("kind", "begins"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF-1.4")])
def test_figures_are_saved(opened, tmp_path, kind, begins):
    page = opened()
    for label, name in (("#math-figure", "accuracy against tokens"), ("#math-figure-kind", kind)):
        page.locator(f"{label} input").click()
        page.get_by_role("option", name=name, exact=True).click()
    page.wait_for_timeout(500)
    with page.expect_download() as download:
        page.locator("#math-save-figure").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    data = file.read_bytes()
    assert file.suffix == f".{kind}" and data.startswith(begins) and len(data) > 5000
    if kind == "svg":
        assert "Accuracy against tokens" in data.decode() and "weighted vote" in data.decode()
    if kind == "pdf":
        place = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
        assert data[place : place + 4] == b"xref"


def test_a_recipe_runs_and_is_taken_away(opened, tmp_path):
    page = opened()
    page.locator("#math-recipe-problems input").fill("2")
    page.locator("#math-recipe-text textarea").fill("approach: best_of_n\nn: 2\nmax_tokens: 96\n")
    page.locator("#math-recipe-run").click()
    expect(page.locator("#math-recipe-status")).to_contain_text("of 2 problems (", timeout=PATIENCE)
    expect(page.locator("#math-recipe-table table")).to_contain_text("weighted")
    with page.expect_download() as download:
        page.locator("#math-recipe-save-rows").click()
    file = tmp_path / "rows.jsonl"
    download.value.save_as(file)
    assert [len(json.loads(line)["completions"]) for line in file.read_text().splitlines()] == [2, 2]


def test_the_other_tabs_first_page_holds_nothing_of_it_and_opening_it_by_hand_does(address, browser):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}?tab=vqa")
    page.locator("#vqa-run").first.wait_for()
    assert page.locator("#math-tree svg").count() == 0 and page.locator("#tab-math .js-plotly-plot").count() == 0
    page.get_by_role("tab", name="Reasoning Steps").click()
    page.locator("#math-tree svg").wait_for()
    expect(page.locator("#tab-math .js-plotly-plot")).to_have_count(3)
    page.close()
