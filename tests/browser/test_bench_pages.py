"""The tabs of images and answers: one viewport, linked marks, replays and tours, on what ships, without a model."""

import re

import pytest
from opening import SIZES, at_the_end, opener, served, settled
from playwright.sync_api import expect

from tts_playground.evaluation import falls
from tts_playground.pages.t2i import image_repository
from tts_playground.ui.t2i import TAB as IMAGES
from tts_playground.ui.vqa import TAB as ANSWERS

IN_VIEW = {
    "t2i": ("#t2i-prompt", "#t2i-run", "#t2i-temperature", "#t2i-cfg", "#t2i-n", "#t2i-curve", "#t2i-reading"),
    "vqa": ("#vqa-question", "#vqa-truth", "#vqa-run", "#vqa-temperature", "#vqa-n", "#vqa-curve", "#vqa-verdict"),
}
CANDIDATES = {"t2i": "#t2i-picks figure", "vqa": "#vqa-gallery tbody tr"}


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    with served(tmp_path_factory.mktemp("home"), IMAGES, ANSWERS) as address:
        yield address


@pytest.fixture(scope="module")
def pages(bench, phone, new_page):
    return opener(bench, phone, new_page, CANDIDATES)


def _box(page, what):
    return page.evaluate(
        "e => { const b = e.getBoundingClientRect(); return [b.top, b.bottom, b.left, b.right]; }", what
    )


@pytest.mark.parametrize("size", ["desk", "projector"])
@pytest.mark.parametrize("tab", ["t2i", "vqa"])
def test_controls_candidates_and_curve_are_in_the_first_viewport(pages, tab, size):
    page = pages(tab, size)
    wide, high = SIZES[size]
    found = [page.locator(one) for one in IN_VIEW[tab]] + [page.locator(CANDIDATES[tab]).nth(i) for i in (0, 1)]
    for one in found:
        top, bottom, left, right = _box(page, one.element_handle())
        assert 0 <= top < bottom <= high and 0 <= left < right <= wide, (one, top, bottom, left, right)
    slider, curve = (_box(page, page.locator(f"#{tab}-{one}").element_handle()) for one in ("n", "curve"))
    assert abs(slider[1] - curve[0]) < 40 and abs(slider[2] - curve[2]) < 20  # N stands at its curve
    page.mouse.wheel(0, 5000)
    page.wait_for_function("scrollY > 100 || document.documentElement.scrollHeight <= innerHeight")
    top, bottom, *_ = _box(page, page.locator(f"#{tab}-run").element_handle())
    assert 0 <= top < bottom <= high  # the controls stay


@pytest.mark.parametrize(("size", "edge"), [("desk", 80), ("projector", 20)])
def test_three_pictures_stand_in_one_row_and_no_word_runs_into_another(pages, size, edge):
    page = pages("t2i", size)
    boxes = [_box(page, one) for one in page.locator("#t2i-picks figure").element_handles()]
    curve = _box(page, page.locator("#t2i-curve").element_handle())
    assert len(boxes) == 3 and len({round(top) for top, *_ in boxes}) == 1
    assert max(bottom for _, bottom, *_ in boxes) <= SIZES[size][1]
    for before, after in zip(boxes, [*boxes[1:], curve], strict=True):
        assert before[3] <= after[2], "side by side"
    wide = page.evaluate(
        """() => [...document.querySelectorAll('#t2i-picks figcaption, #t2i-picks dd, #t2i-picks dt')]
        .filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"""
    )
    assert wide == []
    name, number = (
        _box(page, page.locator(f"#t2i-n {one}").element_handle()) for one in ("label span", "input >> nth=0")
    )
    assert name[3] < number[2] or name[1] <= number[0]
    assert _box(page, page.locator("#t2i-prompt").element_handle())[2] <= edge, "a projector has no room for margins"


@pytest.mark.parametrize("tab", ["t2i", "vqa"])
def test_the_button_covers_nothing_at_the_end_of_a_phones_page(pages, tab):
    page = pages(tab, "phone")
    at_the_end(page)
    end = _box(page, page.locator("footer").element_handle())
    button = _box(page, page.locator(f"#tab-{tab} .actions").first.element_handle())
    assert end[1] <= button[0]
    assert _box(page, page.locator(f"#{tab}-curve").element_handle())[2] <= 16, "a phone has no room for wide margins"


@pytest.mark.parametrize("tab", ["t2i", "vqa"])
def test_a_phone_goes_from_the_curve_to_the_controls_the_tour_and_what_goes_deeper(pages, tab):
    page = pages(tab, "phone")
    parts = (CANDIDATES[tab], f"#{tab}-curve", f"#{tab}-temperature", f"#{tab}-tour-note", f"#{tab}-sections")
    tops = [_box(page, page.locator(one).first.element_handle())[0] for one in parts]
    assert tops == sorted(tops) and tops[2] < 1400


@pytest.mark.parametrize("tab", ["t2i", "vqa"])
def test_a_phone_shows_the_result_first_and_the_button_always(pages, tab):
    page = pages(tab, "phone")
    high = SIZES["phone"][1]
    result = _box(page, page.locator(CANDIDATES[tab]).first.element_handle())
    controls = _box(page, page.locator(f"#{tab}-temperature").element_handle())
    assert result[0] < high and result[0] < controls[0]
    for _ in range(2):
        top, bottom, *_ = _box(page, page.locator(f"#{tab}-run").element_handle())
        assert 0 <= top < bottom <= high
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"][0] + 1


def _lit(page, where):
    return page.locator(f"{where}.lit").count()


def _hover_plot(page, chart, curve, point):
    """Let the mouse stand on a point of a chart."""
    place = page.evaluate(
        """([chart, curve, point]) => { const gd = document.querySelector(chart + ' .js-plotly-plot');
        const full = gd._fullData[curve], l = gd._fullLayout, box = gd.getBoundingClientRect();
        const at = (axis, v) => axis._offset + axis.d2p(v);
        const y = full.type === 'bar' ? full.y[point] / 2 : full.y[point];
        return [box.x + at(l.xaxis, full.x[point]), box.y + at(l.yaxis, y)]; }""",
        [chart, curve, point],
    )
    page.mouse.move(place[0] - 3, place[1] - 1)
    page.mouse.move(*place, steps=3)


def test_curve_bars_and_pictures_light_each_other(pages):
    page = pages("t2i")
    gallery = "#t2i-gallery .thumbnail-item"
    page.locator(f"{gallery} img").last.wait_for()
    _hover_plot(page, "#t2i-curve", 1, 3)  # N = 4
    page.wait_for_function("document.querySelectorAll('#t2i-gallery .thumbnail-item.lit').length > 1")
    shares = page.locator(f"{gallery}[data-chance]").evaluate_all("all => all.map(e => parseInt(e.dataset.chance))")
    assert shares == sorted(shares, reverse=True) and 3 <= shares[0] <= 25
    page.mouse.move(2, 2)
    page.locator(gallery).nth(3).hover()
    assert _lit(page, gallery) >= 1 and page.locator("#t2i-histogram .marks-over rect").count() == 1
    assert page.locator("#t2i-curve .marks-over line").count() == 1  # its score is a level of the curve
    page.mouse.move(2, 2)
    page.locator("#t2i-picks figure").nth(1).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert "lit" in page.locator(gallery).last.get_attribute("class")
    bars = "document.querySelector('#t2i-histogram .js-plotly-plot')"
    last = page.evaluate(f"{bars}._fullData[0].x.length") - 1
    page.locator("#t2i-histogram").scroll_into_view_if_needed()
    _hover_plot(page, "#t2i-histogram", 0, last)
    page.wait_for_function("document.querySelectorAll('#t2i-gallery .thumbnail-item.lit').length > 0")
    page.mouse.move(2, 2)
    page.locator("#t2i-curve .js-plotly-plot").focus()
    page.keyboard.press("ArrowRight")
    assert _lit(page, gallery) > 1


def test_a_cell_its_dot_and_its_picture_light_each_other(pages):
    page = pages("t2i")
    page.get_by_role("tab", name="Sweep", exact=True).click()
    cell = page.locator("#t2i-sweep-grid td[data-marks]").nth(9)
    page.locator("#t2i-sweep-diversity .main-svg").first.wait_for()
    settled(page)
    cell.hover()
    assert page.locator("#t2i-sweep-diversity .marks-over circle").count() == 2
    assert page.locator("#t2i-sweep-map .marks-over rect").count() == 1
    name = cell.get_attribute("data-marks")
    page.mouse.move(2, 2)
    chart = page.locator("#t2i-sweep-diversity .js-plotly-plot")
    chart.focus()
    page.keyboard.press("ArrowRight")
    assert _lit(page, "#t2i-sweep-grid td") == 1
    before = page.locator("#t2i-sweep-status").inner_text()
    page.locator("#t2i-sweep-reward").get_by_label("GenEval-style check").check()
    expect(page.locator("#t2i-sweep-status")).not_to_have_text(before)
    assert page.locator("#t2i-sweep-grid td[data-marks]").count() == 40 and name == "cell-9"


def test_a_row_of_answers_its_curve_and_its_sentence_light_each_other(pages):
    page = pages("vqa")
    row = page.locator("#vqa-gallery tbody tr").first
    row.hover()
    assert page.locator("#vqa-curve .marks-over circle").count() > 3 and "lit" in row.get_attribute("class")
    page.mouse.move(2, 2)
    page.locator("#vqa-verdict [data-marks]").nth(1).focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    lit = page.locator("#vqa-gallery tr.lit")
    expect(lit).to_have_count(1)
    assert lit.locator("th").inner_text().startswith("nov")


def test_a_tap_lights_marks_on_a_phone(pages):
    page = pages("t2i", "phone")
    page.locator("#t2i-picks figure").first.tap()
    assert "lit" in page.locator("#t2i-gallery .thumbnail-item").first.get_attribute("class")


def test_a_replay_that_somebody_has_taken_over_does_not_begin_by_itself(bench, new_page):
    page = new_page(f"{bench}?tab=t2i", "#t2i-run", still=False, size=(1440, 500))
    page.locator("#t2i-sections").get_by_role("tab", name=re.compile("^Watch")).dispatch_event("click")
    board = page.locator("#t2i-watch .replay-board")
    board.locator(".step").wait_for(state="attached")
    page.evaluate("scrollTo(0, 0)")
    settled(page)
    assert board.bounding_box()["y"] > 500 and board.get_attribute("data-at") == "0", "it waits to be seen"
    for on in (".step", "button[aria-label='One step back']"):
        board.locator(on).dispatch_event("click")
    board.scroll_into_view_if_needed()
    page.wait_for_timeout(700)  # at six steps a second
    assert board.get_attribute("data-at") == "0"


def test_the_case_of_over_optimisation_is_shown_without_a_model(bench, new_page, monkeypatch):
    monkeypatch.setattr(image_repository, "draw", None)
    case = falls.planned()
    assert case is not None
    page = new_page(f"{bench}?tab=t2i", "#t2i-run")
    page.locator("#t2i-sections").get_by_role("tab", name="Two rewards").click()
    expect(page.locator("#t2i-pair-reading")).not_to_contain_text("It falls")
    page.locator("#t2i-pair-case").click()
    expect(page.locator("#t2i-prompt textarea")).to_have_value(case[0])
    expect(page.locator("#t2i-pair-reading")).to_contain_text(
        "It falls: over-optimisation. GenEval-style check of the best"
    )
    expect(page.locator("#t2i-gallery .thumbnail-item")).to_have_count(case[3])
    expect(page.locator("#t2i-status")).to_contain_text(f"{case[3]} of {falls.IMAGES} images")
    expect(page.get_by_test_id("toast-body")).to_have_count(0)


@pytest.mark.parametrize(("tab", "steps"), [("t2i", 64), ("vqa", 12)])
def test_a_replay_plays_pauses_and_steps(pages, tab, steps):
    page = pages(tab)
    page.locator(f"#{tab}-sections").get_by_role("tab", name=re.compile("^Watch")).click()
    board = page.locator(f"#{tab}-watch .replay-board")
    board.scroll_into_view_if_needed()
    page.wait_for_function(
        f"+document.querySelector('#{tab}-watch .replay-board').dataset.at > 0"
    )  # it begins by itself
    key = board.locator(".play")
    while key.inner_text() != "Play":  # on a busy machine it may come to its end before the click, which begins it anew
        key.click()
    at = int(board.get_attribute("data-at"))
    page.wait_for_timeout(400)  # at six steps a second
    assert int(board.get_attribute("data-at")) == at
    board.locator(".step").click()
    assert int(board.get_attribute("data-at")) == min(at + 1, steps - 1)
    board.locator("input[type=range]").fill("0")
    board.locator(".step").click()
    assert board.get_attribute("data-at") == "1" and board.locator(".bars .rail").count() >= 1
    assert board.locator("input[type=range]").get_attribute("max") == str(steps - 1)
    board.locator("select").select_option("20")
    board.locator(".play").click()
    page.wait_for_function(f"+document.querySelector('#{tab}-watch .replay-board').dataset.at > 3")
    if tab == "t2i":
        board.locator(".hard").click()
        expect(board.locator(".said")).to_contain_text("hesitates")
        assert board.locator(".bars img").count() >= 2  # decoded patches


def test_small_pictures_keep_their_pixels_at_whole_multiples(pages):
    for size, wide in (("desk", 192), ("projector", 128)):
        page = pages("t2i", size)
        told = page.locator("#t2i-picks img").first.evaluate(
            "e => [getComputedStyle(e).imageRendering, e.naturalWidth, e.clientWidth]"
        )
        assert told[:2] == ["pixelated", 64] and abs(told[2] - wide) <= 4, told


def test_the_tour_asks_answers_with_numbers_and_goes_on(pages):
    page = pages("t2i")
    card = page.locator("#t2i-tour-note")
    card.locator("[data-guess]").first.click()
    expect(card).to_contain_text(re.compile(r"You said: .*as a choice among \d"))
    page.locator("#t2i-tour-rewards").focus()
    page.keyboard.press("ArrowRight")
    expect(card).to_contain_text("1.2 More images")
    page.locator("#t2i-tour-rewards").click()
    expect(card).to_contain_text("the second had no say")
    expect(page.locator("#t2i-over")).to_have_class(re.compile("toured"))
    card.locator("[data-guess]").last.click()
    expect(card).to_contain_text(re.compile(r"You said: it falls\. .*of one draw: \d"))
    page = pages("vqa")
    page.locator("#vqa-tour-verifier").click()
    expect(page.locator("#vqa-set-curve")).to_have_class(re.compile("toured"))
    page.locator("#vqa-tour-note [data-guess]").first.click()
    expect(page.locator("#vqa-tour-note")).to_contain_text(
        re.compile(r"the oracle reaches \d+ % and the verifier \d+ %")
    )


@pytest.mark.parametrize("size", ["desk", "projector", "phone"])
@pytest.mark.parametrize(("tab", "key", "figure"), [("t2i", "beyond", "compare-figure"), ("vqa", "cost", "set-curve")])
def test_a_question_and_its_figure_are_on_screen_together(pages, tab, key, figure, size):
    page = pages(tab, size)
    page.locator(f"#{tab}-tour-{key}").click()
    expect(page.locator(f"#{tab}-{figure}")).to_have_class(re.compile("toured"))
    page.wait_for_function(
        """([card, figure]) => { const one = document.getElementById(card).getBoundingClientRect(),
        other = document.getElementById(figure).getBoundingClientRect();
        return one.top >= 0 && one.bottom <= innerHeight && (other.top >= one.bottom - 1 || other.bottom <= one.top + 1)
        && other.top >= 0 && other.bottom <= innerHeight; }""",
        arg=[f"{tab}-tour-note", f"{tab}-{figure}"],
    )
    page.locator(f"#{tab}-tour-note [data-close]").click()
    expect(page.locator(f"#tab-{tab} .tour-bar.asked")).to_have_count(0)


def test_a_guess_on_the_question_of_arrival_opens_its_figure(bench, new_page):
    page = new_page(f"{bench}?tab=vqa", "#vqa-curve .main-svg")
    page.locator("#vqa-tour-note [data-guess]").first.click()
    expect(page.locator("#vqa-set-curve .main-svg").first).to_be_visible()
    expect(page.locator("#vqa-tour-note")).to_contain_text("You said:")


def test_n_looks_at_what_was_drawn_and_an_edited_question_drops_its_answer(pages):
    page = pages("vqa")
    number = page.locator("#vqa-n input[type=number]")
    number.fill("1")
    expect(page.locator("#vqa-gallery tbody tr")).to_have_count(1)
    expect(page.locator("#vqa-verdict")).to_contain_text("The one answer is")
    number.fill("32")
    expect(page.locator("#vqa-verdict")).to_contain_text("of the 32 answers")
    assert page.locator("#vqa-truth textarea, #vqa-truth input").input_value() == "nov"
    question, strange = page.locator("#vqa-question textarea"), page.locator("#vqa-words")
    question.fill("which bar is tallest?")
    expect(page.locator("#vqa-truth textarea, #vqa-truth input")).to_have_value("")
    expect(strange).to_contain_text("never met these words: bar, tallest.")
    question.fill("which item is the largest?")
    expect(strange).to_be_hidden()


@pytest.mark.parametrize(("tab", "line"), [("t2i", "#t2i-reading"), ("vqa", "#vqa-status")])
def test_the_curve_moves_while_n_is_dragged(pages, tab, line):
    page = pages(tab, "projector")
    box = page.locator(f"#{tab}-n input[type=range]:visible").bounding_box()
    mark = f"document.querySelector('#{tab}-curve .js-plotly-plot').layout.shapes[0].x0"
    before, said = page.evaluate(mark), page.locator(line).inner_text()
    number = page.locator(f"#{tab}-n input[type=number]")
    had = number.input_value()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] / 2, steps=4)
    page.wait_for_function(f"{mark} !== {before}")
    expect(page.locator(line)).not_to_have_text(said, use_inner_text=True)
    page.mouse.up()
    page.wait_for_function("[...document.querySelectorAll('.replay-board')].every(one => one.querySelector('.said'))")
    number.fill(had)  # the page serves other tests
    page.wait_for_function(f"{mark} === {before}")
    expect(page.locator(line)).to_have_text(said, use_inner_text=True)
