"""A figure's PDF is lines and text, whatever its kind; only pictures that the figure holds are pictures there."""

import pytest
from opening import settled
from pdf_reading import read
from playwright.sync_api import expect

CJK_AND_MORE = """<svg xmlns="http://www.w3.org/2000/svg" width="300" height="150"><style>text{font:12px system-ui}
.strong{font-weight:700} .edge{stroke:#d55e00;stroke-width:3}</style><rect width="100%" height="100%" fill="white"/>
<text x="10" y="20">a − b ≥ 3 × c ✓ α “q”</text><text x="10" y="50">猫 &amp; 🐱</text>
<path class="edge" d="M10 90H290"/>
<text class="strong" transform="rotate(-90 250 80)" x="250" y="80">chance</text></svg>"""


@pytest.fixture(scope="module")
def images(address, new_page):
    """The tab of images, in the dark theme: what is saved is for white paper all the same."""
    return new_page(f"{address}?tab=t2i&n=6&__theme=dark", "#t2i-curve .figure-tools")


def _saved(page, block, tmp_path):
    with page.expect_download() as download:
        page.locator(f"#{block} .figure-tools button").nth(1).click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    return read(file.read_bytes())


def test_a_curve_with_its_band(images, tmp_path):
    asked = []
    images.on("request", lambda request: asked.append(request.url))
    found = _saved(images, "t2i-curve", tmp_path)
    assert sum("/figure-files/" in one for one in asked) == 5, "the writer, two libraries, two fonts"
    for words in (
        "What the number of images buys",
        "candidates N",
        "CLIP score",
        "“a cat and a purple guitar”",
        "0.85",
    ):
        assert words in found.words
    assert found.size[0] == 900 and found.strokes > 15 and found.pictures == ()
    asked.clear()
    assert _saved(images, "t2i-histogram", tmp_path).pictures == ()
    assert not [one for one in asked if "/figure-files/" in one], "the second costs no request"


def test_a_heat_map_is_areas_and_says_what_is_its_own(images, tmp_path):
    images.get_by_role("tab", name="Sweep").click()
    images.locator("#t2i-sweep-map .figure-tools").wait_for()
    found = _saved(images, "t2i-sweep-map", tmp_path)
    assert found.pictures == () and found.strokes >= 40
    assert "0.0001" in found.words.splitlines() and "7.5" in found.words.splitlines()
    assert "temperature 1," not in found.words and "n 6" not in found.words, "its cells have each their own"


def test_patches_stay_pictures_and_the_text_around_them_text(images, tmp_path):
    images.get_by_role("tab", name="Microscope").click()
    images.locator("#t2i-scope-bars .figure-tools").wait_for()
    settled(images)
    found = _saved(images, "t2i-scope-bars", tmp_path)
    area = sum(wide * high for wide, high in found.pictures) / (found.size[0] * found.size[1])
    assert len(found.pictures) == 8 and area < 0.05
    assert "probability" in found.words and "Click a patch" not in found.words, "a file cannot be clicked"


def test_what_the_font_lacks_is_a_picture_of_that_text_alone(images):
    data = images.evaluate(
        """async (svg) => {
        const made = await import(`${window.gradio_config.root}/figure-files/write.js`);
        return Array.from(await made.pdf(svg, 'x'));
    }""",
        CJK_AND_MORE,
    )
    found = read(bytes(data))
    assert found.words.splitlines() == ["a − b ≥ 3 × c ✓ α “q”", "chance"]
    assert found.size == (300, 150) and found.strokes >= 2
    [(wide, high)] = found.pictures
    assert 20 < wide < 80 and 8 < high < 30


def test_without_its_server_a_page_says_so(address, new_page):
    page = new_page(f"{address}?tab=t2i&n=6", "#t2i-curve .figure-tools")
    page.route("**/figure-files/**", lambda route: route.abort())
    page.locator("#t2i-curve .figure-tools button").nth(1).click()
    expect(page.locator("#t2i-curve [role=alert]")).to_contain_text("does not answer")
    page.unroute("**/figure-files/**")
    with page.expect_download():
        page.locator("#t2i-curve .figure-tools button").nth(1).click()
