"""The image tab in a real browser, on a random tiny model: draw, rank, click, reshape, save, and come back by link."""

import re
from pathlib import Path

import pytest
from opening import settled
from playwright.sync_api import expect

from tts_playground.pages.t2i import image_repository
from tts_playground.ui import shell
from tts_playground.ui.t2i import TAB

LINK = "?tab=t2i&n=5&cfg=2&reward=sharpness&prompt=a+red+apple"


@pytest.fixture(scope="module")
def image_app(tmp_path_factory, random_janus_folder):
    patch = pytest.MonkeyPatch()
    patch.setenv("TTS_PLAYGROUND_T2I_MODEL", str(random_janus_folder))
    patch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path_factory.mktemp("home")))
    image_repository.store.cache_clear()
    app = shell.build([TAB])
    yield shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    app.close()
    patch.undo()
    image_repository.store.cache_clear()


@pytest.fixture(scope="module")
def linked(image_app, new_page):
    """The page of a link, which shows what the link names."""
    page = new_page(f"{image_app}{LINK}", "#t2i-run", size=(1400, 1000))
    expect(page.locator("#t2i-prompt textarea")).to_have_value("a red apple")
    return page


@pytest.fixture
def page(linked):
    """That page with the link's settings, whatever a test before did with it."""
    linked.set_viewport_size({"width": 1400, "height": 1000})
    for part, value in (("prompt textarea", "a red apple"), ("n input[type=number]", "5")):
        linked.locator(f"#t2i-{part}").fill(value)
    temperature = linked.locator("#t2i-temperature input[type=number]")
    if temperature.input_value() != "1":
        temperature.fill("1")
        expect(linked.locator("#t2i-status")).to_contain_text("at temperature 1,")
    settled(linked)
    return linked


def _draw(page):
    page.locator("#t2i-run").click()
    expect(page.locator("#t2i-status")).to_contain_text("5 of 5 images")
    expect(page.locator("#t2i-gallery button.thumbnail-item")).to_have_count(5)


def _unfold_settings(page):
    if not page.locator("#t2i-seed input").is_visible():
        page.get_by_role("button", name="More settings").click()
        settled(page)  # what is mounted now still gets the values that it has


def test_draw_rank_click_and_vote(page):
    _draw(page)
    expect(page.locator("#t2i-gallery")).to_contain_text("★ 1")
    expect(page.locator("#t2i-picks img")).to_have_count(3)
    page.locator("#t2i-gallery button.thumbnail-item").nth(2).click()
    expect(page.locator("#t2i-picks .chosen")).to_contain_text("rank 3")
    page.locator("#t2i-favourite").click()
    expect(page.locator("#t2i-tally")).to_contain_text("3 of 5 by sharpness")
    page.locator("#t2i-n input[type=number]").fill("2")
    expect(page.locator("#t2i-gallery button.thumbnail-item")).to_have_count(2)
    expect(page.locator("#t2i-reading")).to_contain_text("Best of 2 scores")


def test_a_saved_figure_names_the_settings_that_its_model_has(page):
    _draw(page)
    with page.expect_download() as download:
        page.locator("#t2i-curve .figure-tools").get_by_role("button", name="as SVG").click()
    words = Path(download.value.path()).read_text()
    assert "temperature 1" in words and "top p" in words and "seed" in words
    assert not re.search(r"\bsteps \d|\beta \d", words)


def test_a_patch_is_clicked_and_a_picture_is_saved(page, tmp_path):
    _draw(page)
    page.get_by_role("tab", name="Microscope").click()
    page.locator("#t2i-look-closer").click()
    picture = page.locator("#t2i-scope img").first
    picture.wait_for()
    expect(page.locator("#t2i-scope-status")).to_contain_text("the drawn one has a chance")
    words = page.locator("#t2i-scope-status").inner_text()
    page.locator("#t2i-scope-temperature input[type=number]").fill("0.2")  # its own slider: nothing is drawn
    expect(page.locator("#t2i-scope-status")).not_to_have_text(words)
    expect(page.locator("#t2i-status")).to_contain_text("5 of 5 images")
    box = picture.bounding_box()
    picture.click(position={"x": box["width"] * 0.9, "y": box["height"] * 0.9})  # scrolls there first
    expect(page.locator("#t2i-scope-status")).to_contain_text("row 4, column 4")
    page.get_by_role("tab", name="Download").click()
    with page.expect_download() as download:
        page.locator("#t2i-save-png").click()
    assert download.value.suggested_filename.endswith(".png")
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    _unfold_settings(page)
    page.locator("#t2i-seed input").fill("7")
    expect(page.locator("#t2i-status")).to_contain_text("Not drawn at these settings")
    page.locator("#t2i-drop input[type=file]").set_input_files(saved)
    expect(page.locator("#t2i-status")).to_contain_text("5 of 5 images")


def test_words_the_model_does_not_know_are_named_and_narrow_pages_do_not_scroll_sideways(page):
    prompt = page.locator("#t2i-prompt textarea")
    prompt.fill("a red zeppelin")
    expect(page.locator("#t2i-note")).to_contain_text("zeppelin")
    page.set_viewport_size({"width": 390, "height": 844})
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 391


def test_an_empty_prompt_is_one_sentence_and_the_page_goes_on(page):
    prompt = page.locator("#t2i-prompt textarea")
    prompt.fill("")
    page.locator("#t2i-run").click()
    expect(page.locator(".toast-wrap")).to_contain_text("The prompt is empty")
    prompt.fill("a red apple")
    _draw(page)


def test_a_chart_that_was_drawn_too_wide_fits_after_a_switch_of_tabs(page):
    _draw(page)
    chart = page.locator("#t2i-curve .js-plotly-plot")
    expect(chart.locator("svg.main-svg").first).to_be_visible()
    widths = """chart => [chart.querySelector('svg.main-svg').getBoundingClientRect().width, chart.clientWidth]"""
    chart.evaluate("""chart => Plotly.relayout(chart, {width: chart.clientWidth + 300, autosize: false})
        .then(() => { delete chart.layout.width; chart.layout.autosize = true; })""")
    drawn, room = chart.evaluate(widths)
    assert drawn > room + 200
    page.get_by_role("tab", name="Microscope").click()
    page.wait_for_function(
        "() => { const chart = document.querySelector('#t2i-curve .js-plotly-plot');"
        " return chart.querySelector('svg.main-svg').getBoundingClientRect().width <= chart.clientWidth + 1; }"
    )


def test_arrow_keys_and_typed_numbers_draw_as_letting_go_does(page):
    page.locator("#t2i-n input[type=number]").fill("2")
    page.locator("#t2i-temperature input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#t2i-status")).to_contain_text("2 of 2 images of “a red apple” at temperature 1.05")
    page.locator("#t2i-temperature input[type=number]").fill("1.2")
    expect(page.locator("#t2i-status")).to_contain_text("2 of 2 images of “a red apple” at temperature 1.2")
    settled(page)  # the charts follow, in an event of their own
    assert [said for said in page.get_by_test_id("toast-body").all_inner_texts() if "is empty" not in said] == []


def test_enter_draws_and_shift_enter_breaks_a_line(page):
    prompt, status = page.locator("#t2i-prompt textarea"), page.locator("#t2i-status")
    prompt.fill("a red car")
    prompt.press("End")
    prompt.press("Shift+Enter")
    expect(prompt).to_have_value("a red car\n")
    settled(page)
    expect(status.locator(".busy")).to_have_count(0)
    assert "images of “a red car”" not in status.inner_text()
    prompt.press("Backspace")
    prompt.press("Enter")
    expect(status).to_contain_text("5 of 5 images of “a red car”")
    expect(prompt).to_have_value("a red car")


def test_draw_pressed_again_with_other_settings_ends_on_those(page):
    _unfold_settings(page)
    page.locator("#t2i-cancel").click()
    page.locator("#t2i-run").click()
    page.locator("#t2i-seed input").fill("11")
    page.locator("#t2i-run").click()
    expect(page.locator("#t2i-status")).to_contain_text(
        "5 of 5 images of “a red apple” at temperature 1, CFG 2, seed 11"
    )


def test_a_question_of_the_tour_draws_and_a_guess_brings_the_answer(page):
    page.locator("#t2i-tour-greedy").click()
    expect(page.locator("#t2i-tour-note")).to_contain_text("greedy decoding")
    expect(page.locator("#t2i-status")).to_contain_text("16 of 16 images")
    page.locator("#t2i-tour-note [data-guess]").first.click()
    expect(page.locator("#t2i-tour-note")).to_contain_text("16 draws at T = 0.0001 gave 1 different image.")
