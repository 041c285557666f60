"""Every control works by mouse, keyboard and typed number alike; the page's state is in its address.

Those that draw images stand in ``test_t2i``, those of the canvas in ``test_sketch_page``.
"""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from opening import settled
from pdf_reading import read
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def opened(address, new_page):
    """``opened(query)``: a person's page."""

    def opened(query="", ready="#t2i-picks img"):
        return new_page(f"{address}?{query}", ready, size=(1400, 1000))

    return opened


@pytest.fixture(scope="module")
def images(opened):
    """The tab of images with 6 of what ships."""
    return opened("tab=t2i&n=6")


def _asked(page):
    return {name: values[-1] for name, values in parse_qs(urlsplit(page.url).query, keep_blank_values=True).items()}


@pytest.mark.parametrize("where", ["t2i-n", "t2i-temperature"])
def test_a_number_that_is_cleared_for_another_is_no_setting_and_comes_back_when_left(images, where):
    page = images
    number, said = page.locator(f"#{where} input[type=number]"), page.locator(".toast-body")
    old, address = number.input_value(), page.url
    number.fill("")
    page.wait_for_timeout(600)  # longer than the pause after which a typed number counts
    settled(page)
    assert number.input_value() == "" and page.url == address
    number.press("Tab")
    expect(number).to_have_value(old)
    settled(page)
    assert page.url == address
    expect(said).to_have_count(0)


def test_figures_and_tables_are_saved_with_what_they_are_of(images, tmp_path):
    page = images
    number = page.locator("#t2i-n input[type=number]")
    number.fill("6")
    expect(page.locator("#t2i-reading")).to_contain_text("Best of 6 ")
    tools = page.locator("#t2i-curve .figure-tools button")
    expect(tools).to_have_count(4)
    saved = {}
    for place, kind in enumerate(("svg", "pdf", "png", "csv")):
        with page.expect_download() as download:
            tools.nth(place).click()
        name = download.value.suggested_filename
        assert re.fullmatch(rf"t2i-curve-[\w.-]+-tiny-janus-n6-t1-cfg\d-seed0\.{kind}", name), name
        download.value.save_as(tmp_path / name)
        saved[kind] = (tmp_path / name).read_bytes()
    drawing = saved["svg"].decode()
    for words in ("What the number of images buys", "tiny:janus", "seed 0", "pool of 64", "95 % band", "purple guitar"):
        assert words in drawing, words
    assert "pool of 64; shaded: 95 % band" in read(saved["pdf"]).words
    assert saved["png"].startswith(b"\x89PNG")
    rows = saved["csv"].decode().splitlines()
    assert rows[0].startswith("series,x,y") and any(row.startswith("CLIP score of the pick,1,0.7") for row in rows)
    page.get_by_role("tab", name="Sweep").click()
    with page.expect_download() as download:
        page.locator("#t2i-sweep-grid .figure-tools button").click()
    download.value.save_as(tmp_path / "sweep.csv")
    table = (tmp_path / "sweep.csv").read_text().splitlines()
    assert "CFG 5" in table[0] and any(row.startswith("T 1") for row in table)


def test_a_slider_over_a_ratio_moves_by_factors(images):
    page = images
    own, number = page.locator("#t2i-n input.ratio"), page.locator("#t2i-n input[type=number]")
    expect(page.locator("#t2i-n .hidden-range")).to_be_hidden()
    number.fill("16")
    expect(own).to_have_js_property("value", "500")  # 16 of 256 is half of the way
    box = own.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    assert 3 <= int(number.input_value()) <= 5
    own.focus()
    for key, wanted in (("Home", "1"), ("ArrowRight", "2"), ("End", "256"), ("PageDown", "128")):
        page.keyboard.press(key)
        expect(number).to_have_value(wanted)
    assert own.get_attribute("aria-valuetext") == "128"
    expect(page).to_have_url(re.compile("n=128"))


def test_reload_back_and_forward_keep_every_tab(opened):
    page = opened()
    assert urlsplit(page.url).query == ""
    page.locator("#t2i-n input[type=number]").fill("6")
    expect(page).to_have_url(re.compile("n=6"))
    page.locator("#tab-audit-button").click()
    page.locator("#audit-n input[type=number]").fill("120")
    expect(page).to_have_url(re.compile("n=120"))
    assert _asked(page) == {"tab": "audit", "n": "120"}
    page.go_back()
    expect(page.locator("#t2i-n")).to_be_visible()
    assert _asked(page) == {"tab": "t2i", "n": "6"}
    page.go_forward()
    expect(page.locator("#audit-n input[type=number]")).to_have_value("120")
    page.reload()
    expect(page.locator("#audit-n input[type=number]")).to_have_value("120")
    page.locator("#tab-t2i-button").click()
    expect(page.locator("#t2i-n input[type=number]")).to_have_value("6")
    expect(page).to_have_url(re.compile("tab=t2i&n=6"))


def test_a_links_prompt_never_stands_beside_pictures_of_another(opened):
    page = opened("tab=t2i&prompt=a+blue+car&seed=77", "#t2i-status")
    expect(page.locator("#t2i-prompt textarea")).to_have_value("a blue car")
    expect(page.locator("#t2i-picks img")).to_have_count(0)
    expect(page.locator("#t2i-gallery button.thumbnail-item")).to_have_count(0)
