"""The tabs of sketches and of the audit: one viewport, linked marks and tours, on what ships, without a model."""

import re

import pytest
from opening import SIZES, at_the_end, opener, served
from playwright.sync_api import expect

from tts_playground.ui.audit import TAB as AUDIT
from tts_playground.ui.sketch import TAB as SKETCH

IN_VIEW = {
    "sketch": (
        *("#sketch-canvas", "#sketch-run", "#sketch-reading b", "#sketch-panel .panel figure", "#sketch-n"),
        *("#sketch-curve", "#sketch-gallery .thumbnail-item", "#sketch-closeness"),
    ),
    "audit": (
        *("#audit-model", "#audit-run", "#audit-headline b", "#audit-histogram", "#audit-gallery .thumbnail-item"),
        *("#audit-verdict li button", "#audit-n", "#audit-curve", "#audit-temperature"),
    ),
}
RESULT = {"sketch": "#sketch-panel img", "audit": "#audit-histogram .column"}
CONTROL = {"sketch": "#sketch-canvas", "audit": "#audit-temperature"}
AFTER = {"sketch": "#sketch-strategy", "audit": "#audit-temperature"}
"""a control that follows the result on a phone, where the canvas stands before it"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    with served(tmp_path_factory.mktemp("home"), SKETCH, AUDIT) as address:
        yield address


@pytest.fixture(scope="module")
def pages(bench, phone, new_page):
    return opener(bench, phone, new_page, RESULT)


def _box(one):
    box = one.bounding_box()
    return box["y"], box["y"] + box["height"], box["x"], box["x"] + box["width"]


@pytest.mark.parametrize("size", ["desk", "projector"])
@pytest.mark.parametrize("tab", ["sketch", "audit"])
def test_controls_headline_figure_and_best_result_are_in_the_first_viewport(pages, tab, size):
    page = pages(tab, size)
    wide, high = SIZES[size]
    for name in IN_VIEW[tab]:
        top, bottom, left, right = _box(page.locator(name).first)
        assert 0 <= top < bottom <= high and 0 <= left < right <= wide, (name, top, bottom, left, right)
    slider, curve = (_box(page.locator(f"#{tab}-{one}")) for one in ("n", "curve"))
    assert abs(slider[1] - curve[0]) < 40 and abs(slider[2] - curve[2]) < 20  # N stands at its curve
    page.mouse.move(wide - 60, 150)
    page.mouse.wheel(0, 5000)
    page.wait_for_function("scrollY > 100 || document.documentElement.scrollHeight <= innerHeight")
    top, bottom, *_ = _box(page.locator(f"#{tab}-run"))
    assert 0 <= top < bottom <= high  # the controls stay


@pytest.mark.parametrize(("tab", "deeper"), [("sketch", "#sketch-program"), ("audit", "#audit-effects")])
def test_a_phone_goes_from_the_curve_to_the_controls_the_tour_and_what_goes_deeper(pages, tab, deeper):
    page = pages(tab, "phone")
    parts = (RESULT[tab], f"#{tab}-curve", AFTER[tab], f"#{tab}-tour-note", deeper)
    tops = [_box(page.locator(one).first)[0] for one in parts]
    assert tops == sorted(tops)
    at_the_end(page)
    assert _box(page.locator("footer"))[1] <= _box(page.locator(f"#tab-{tab} .actions").first)[0]


def test_on_a_phone_the_canvas_stands_below_the_headline(pages):
    page = pages("sketch", "phone")
    tops = [_box(page.locator(one).first)[0] for one in ("#sketch-reading", "#sketch-canvas", RESULT["sketch"])]
    assert tops == sorted(tops) and tops[1] < SIZES["phone"][1] / 2


@pytest.mark.parametrize("tab", ["sketch", "audit"])
def test_a_phone_shows_the_result_first_and_the_button_always(pages, tab):
    page = pages(tab, "phone")
    high = SIZES["phone"][1]
    result, control = (_box(page.locator(one[tab]).first) for one in (RESULT, AFTER))
    assert result[0] < high and result[0] < control[0]
    for _ in range(2):
        top, bottom, *_ = _box(page.locator(f"#{tab}-run"))
        assert 0 <= top < bottom <= high
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"][0] + 1


def test_a_shape_and_its_pixels_light_each_other(pages):
    page = pages("sketch")
    text, over = page.locator("#sketch-panel .shapes button"), page.locator("#sketch-panel .shapes-over")
    text.nth(2).hover()
    pixels = over.locator("[data-marks=shape-2]")
    expect(pixels).to_have_class(re.compile("lit"))
    expect(over.locator(".lit")).to_have_count(1)
    fill = pixels.evaluate("e => getComputedStyle(e).fill")
    page.mouse.move(2, 2)
    expect(over.locator(".lit")).to_have_count(0)
    assert fill != pixels.evaluate("e => getComputedStyle(e).fill")
    box = over.bounding_box()  # the small disc in the middle, which is cut out
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(text.last).to_have_class(re.compile("lit"))
    page.mouse.move(2, 2)
    text.first.focus()
    page.keyboard.press("Tab")
    expect(over.locator("[data-marks=shape-1]")).to_have_class(re.compile("lit"))
    page.mouse.click(2, 2)
    phone = pages("sketch", "phone")
    phone.locator("#sketch-panel .shapes button").nth(1).tap()
    expect(phone.locator("#sketch-panel .shapes-over [data-marks=shape-1]")).to_have_class(re.compile("lit"))


def test_a_point_of_the_curve_and_its_candidates_light_each_other(pages):
    page = pages("sketch")
    item = "#sketch-gallery .thumbnail-item"
    page.locator("#sketch-curve .js-plotly-plot").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    shares = page.locator(f"{item}.lit").evaluate_all("all => all.map(e => parseInt(e.dataset.chance))")
    assert len(shares) > 2 and 50 <= sum(shares) <= 110  # what was drawn more than once has the chance of all its draws
    page.keyboard.press("Escape")
    page.locator(item).nth(2).hover()
    expect(page.locator("#sketch-curve .marks-over line")).to_have_count(1)  # its score is a level of the curve


def test_a_sentence_its_bar_and_its_dot_light_each_other(pages):
    page = pages("audit")
    sentence = page.locator("#audit-verdict li button").first
    name = sentence.get_attribute("data-marks")
    sentence.hover()
    expect(page.locator("#audit-histogram .column.lit")).to_have_attribute("data-marks", name)
    expect(page.locator("#audit-effects .marks-over circle")).to_have_count(1)
    page.mouse.move(2, 2)
    page.locator(f"#audit-histogram [data-marks={name}]").hover()
    expect(sentence).to_have_class(re.compile("lit"))
    page.mouse.move(2, 2)
    page.locator("#audit-factor").get_by_label("colour").check()
    expect(page.locator("#audit-histogram .column")).to_have_count(4)
    sentence.click()  # a sentence shows its bars, whatever was shown
    expect(page.locator(f"#audit-histogram .column.chosen[data-marks={name}]")).to_have_count(1)
    expect(page.locator("#audit-histogram .column.above")).to_have_count(1)
    assert page.locator("#audit-histogram .column.below").count() == 0


def test_the_slider_moves_along_the_curve_and_the_program_can_be_saved(pages):
    page = pages("sketch")
    page.locator("#sketch-n input[type=number]").fill("4")
    expect(page.locator("#sketch-reading")).to_contain_text("best of 4 programs")
    with page.expect_download() as download:
        page.locator("#sketch-save-svg").click()
    assert download.value.suggested_filename == "sketch.svg"


def test_shorter_or_closer_moves_headline_gallery_and_curve(pages):
    page = pages("sketch", "projector")
    parts = [page.locator("#sketch-reading b"), page.locator("#sketch-gallery .caption-label").first]
    parts.append(page.locator("#sketch-curve .ytitle"))
    before = [part.text_content() for part in parts]
    page.locator("#sketch-closeness input[type=number]").fill("1")
    for part, said in zip(parts, before, strict=True):
        expect(part).not_to_have_text(said)
    expect(page.locator("#sketch-reading")).to_contain_text("searched at 0.6")


@pytest.mark.parametrize(
    ("tab", "key", "answer"),
    [
        ("sketch", "pixels", r"You said: .*This program has \d+ shapes: \d+ adds? ink and \d+ takes? it away"),
        ("sketch", "more", r"One draw scores 0\.\d+\. Each doubling adds: 0\.\d+ from 1 to 2"),
        ("audit", "even", r"You said: .*\d+ % off even.*\. Draws of a fair chooser are not quite even"),
        ("audit", "blank", r"Contextual (helps|hurts|changes|makes)"),
    ],
)
def test_a_tour_asks_and_answers_with_numbers_of_the_page(pages, tab, key, answer):
    page = pages(tab)
    page.locator(f"#{tab}-tour-{key}").click()
    note = page.locator(f"#{tab}-tour-note")
    where = note.locator(f".tour-card[data-key={key}][data-where]").get_attribute("data-where")
    expect(page.locator(f"#{where}")).to_have_class(re.compile("toured"))
    note.locator("[data-guess]").first.click()
    expect(note).to_contain_text(re.compile(answer))


def test_a_script_is_guessed_and_then_named(pages):
    page = pages("audit", "projector")
    page.locator("#audit-tour-script").click()
    expect(page.locator("#audit-status")).to_contain_text("A script that you are to guess")
    expect(page.locator("#audit-tour-note [data-guess]")).to_have_count(6)
    page.locator("#audit-tour-note [data-guess]").first.click()
    expect(page.locator("#audit-tour-note")).to_contain_text(
        re.compile(r"You said: a fair die\. (That is right|Not so here: “.+”)\. It is ")
    )
    expect(page.locator("#audit-status")).to_contain_text("scripted:")


def test_too_few_pictures_offer_to_run_more(address, new_page, phone):
    link = f"{address}?tab=audit&model=scripted:planted&per_cond=2"
    page = new_page(link, "#audit-histogram .column", within=phone, size=None)
    expect(page.locator("#audit-status")).to_contain_text("scripted:planted: 12 pictures")
    page.locator("#audit-more").click()
    expect(page.locator("#audit-status")).to_contain_text("scripted:planted: 120 pictures")
    expect(page.locator("#audit-more")).not_to_be_visible()


def test_the_bars_of_an_audit_are_saved_like_any_figure(pages, tmp_path):
    page = pages("audit")
    tools = page.locator("#audit-histogram .figure-tools button")
    expect(tools).to_have_count(4)
    saved = {}
    for place, kind in enumerate(("svg", "pdf", "png", "csv")):
        with page.expect_download() as download:
            tools.nth(place).click()
        assert download.value.suggested_filename.endswith(f".{kind}")
        download.value.save_as(tmp_path / kind)
        saved[kind] = (tmp_path / kind).read_bytes()
    assert b"What it picks" in saved["svg"] and b"fair choosers" in saved["svg"]
    assert saved["pdf"].startswith(b"%PDF") and saved["png"].startswith(b"\x89PNG")
    rows = saved["csv"].decode().splitlines()
    assert sum(row.startswith("chosen,") for row in rows) == page.locator("#audit-histogram .column").count()
    assert any(row.startswith("fair choosers,") for row in rows)
