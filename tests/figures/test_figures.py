"""Figures say what they should: bands, faint tails, oracles apart, axes to choose, files that open offline."""

from __future__ import annotations

import re

import numpy as np
import plotly.graph_objects as go
import pytest

from tts_playground import figures
from tts_playground.errors import BadInput, CannotDo, StoreError
from tts_playground.estimators.curves import Curve, curve, kl_bound
from tts_playground.estimators.intervals import Interval
from tts_playground.figures.theme import COLOURS, INK

UNIT = {"samples": 1, "tokens": 576, "renders": 0}
SCORES = np.random.default_rng(0).standard_normal((3, 64))


def sample_curve(**settings) -> Curve:
    return curve(SCORES, draws=50, **{"label": "ours", "measure": "iou", "unit": UNIT, **settings})


def lines(figure: go.Figure) -> list:
    return [trace for trace in figure.data if trace.mode and "lines" in trace.mode and trace.fill is None]


def bands(figure: go.Figure) -> list:
    return [trace for trace in figure.data if trace.fill == "toself"]


def test_best_of_n_has_bands_and_a_faint_tail_beyond_half_of_the_pool():
    figure = figures.best_of_n(sample_curve())
    solid, faint = lines(figure)
    assert max(solid.x) == 32
    assert min(faint.x) == 32
    assert max(faint.x) == 64
    assert solid.line.color.endswith("1)")
    assert faint.line.color.endswith("0.3)")
    assert len(bands(figure)) == 2
    assert figure.layout.xaxis.type == "log"
    assert list(figure.layout.xaxis.ticktext) == ["1", "2", "4", "8", "16", "32", "64"]
    assert sum(bool(trace.showlegend) for trace in figure.data) == 1


def test_hover_explains_in_words():
    solid, faint = lines(figures.best_of_n(sample_curve(oracle=True)))
    assert "draw 1, keep one" in solid.text[0]
    assert "95 % band" in solid.text[0]
    assert "mean of 3 prompts" in solid.text[0]
    assert "out of the 64 samples" in solid.text[0]
    assert "ceiling" in solid.text[0]
    assert "leans on few samples" in faint.text[-1]


def test_oracles_are_drawn_apart():
    figure = figures.best_of_n(sample_curve(), sample_curve(label="best possible", oracle=True))
    dashes = {trace.name: trace.line.dash for trace in lines(figure)}
    assert dashes == {"ours": "solid", "best possible (oracle)": "dash"}
    assert len({trace.line.color for trace in lines(figure)}) == 4


def test_the_axis_can_be_a_cost():
    figure = figures.best_of_n(sample_curve(), axis="tokens")
    assert lines(figure)[0].x[0] == 576
    assert "generator tokens" in figure.layout.xaxis.title.text
    assert "576" in lines(figure)[0].text[0]
    nothing = figures.best_of_n(sample_curve(), axis="renders")
    assert len(nothing.data) == 0
    assert "another axis" in nothing.layout.annotations[0].text
    assert "No samples" in figures.best_of_n().layout.annotations[0].text
    with pytest.raises(BadInput, match="tokens"):
        figures.best_of_n(sample_curve(), axis="joules")


def test_a_mark_stands_at_n_on_the_curve():
    ours = sample_curve()
    figure = figures.best_of_n(ours, at=8)
    (mark,) = [trace for trace in figure.data if trace.mode == "markers"]
    assert (mark.x[0], mark.y[0]) == (8, pytest.approx(ours.at(8)))
    assert figure.layout.shapes[0].x0 == 8


def test_one_sample_alone_can_be_drawn():
    figure = figures.best_of_n(curve([0.5], measure="iou"))
    assert "markers" in lines(figure)[0].mode


@pytest.mark.parametrize(
    "make",
    [
        lambda: figures.best_of_n(sample_curve()),
        lambda: figures.two_axes(sample_curve(), sample_curve(measure="gold")),
        lambda: figures.over_optimisation(sample_curve(), sample_curve(measure="gold")),
        lambda: figures.histogram(SCORES[0].tolist()),
        lambda: figures.scatter(SCORES[0].tolist(), SCORES[1].tolist()),
        lambda: figures.strategies([figures.StrategyPoint("beam", Interval(1, 0, 2, 5), {"samples": 4})]),
        lambda: figures.empty("Nothing."),
    ],
)
def test_every_figure_reads_on_light_and_dark_pages(make):
    layout = make().layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert layout.xaxis.gridcolor == layout.yaxis.gridcolor == "rgba(128, 128, 128, 0.25)"
    for page in ("#ffffff", "#0b0f19"):
        assert contrast(layout.font.color, page) > 4
        assert all(contrast(colour, page) > 1.9 for colour in COLOURS)


def contrast(first: str, second: str) -> float:
    """WCAG contrast ratio."""
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_strategies_are_points_with_error_bars_over_curves():
    points = [
        figures.StrategyPoint("beam", Interval(0.8, 0.7, 0.95, 5), {"samples": 4, "tokens": 2000}),
        figures.StrategyPoint("beam", Interval(0.9, 0.8, 0.95, 5), {"samples": 8, "tokens": 4000}, note="width 4"),
        figures.StrategyPoint("smc", Interval(0.9, 0.8, 1.0, 5), {"samples": 8}, oracle=True),
    ]
    figure = figures.strategies(points, "n", [sample_curve()])
    beam, smc = [trace for trace in figure.data if trace.error_y.array is not None]
    assert list(beam.x) == [4, 8]
    assert beam.error_y.array[0] == pytest.approx(0.15)
    assert beam.error_y.arrayminus[0] == pytest.approx(0.1)
    assert "width 4" in beam.text[1]
    assert smc.marker.symbol.endswith("-open")
    assert "oracle" in smc.name
    assert beam.marker.color != smc.marker.color
    on_tokens = figures.strategies(points, "tokens")
    assert [trace.name for trace in on_tokens.data] == ["beam"]
    assert "axis" in figures.strategies(points, "renders").layout.annotations[0].text


def test_beyond_half_of_the_pool_a_curve_fades_without_a_band():
    line = curve(np.random.default_rng(0).standard_normal(32), label="one pool")
    figure = figures.best_of_n(line)
    (band,) = [trace for trace in figure.data if trace.fill == "toself"]
    assert max(band.x) == 16 and np.isfinite(band.y).all()
    faint = [trace for trace in figure.data if trace.fill is None][-1]
    assert max(faint.x) == 32 and faint.line.color.endswith("0.3)")
    assert "no interval" in faint.text[-1] and "95 % band" in figure.data[1].text[0]


def test_two_axes_and_over_optimisation():
    proxy, gold = sample_curve(label="proxy"), sample_curve(label="gold", measure="truth")
    figure = figures.two_axes(proxy, gold)
    assert figure.layout.yaxis2.title.text == "truth"
    assert {trace.yaxis for trace in figure.data} == {"y", "y2"}
    n = np.arange(1, 101)
    d = np.sqrt(kl_bound(n))
    hacked = Curve(n, d * (2 - d), None, None, "gold", pool_size=200)
    figure = figures.over_optimisation(proxy, hacked)
    assert figure.layout.shapes[0].x0 == pytest.approx(1.0)
    assert any(trace.name == "fit: d(2 - 1 d)" for trace in figure.data)
    with pytest.raises(BadInput):
        figures.over_optimisation(proxy)


def test_histogram_counts_every_sample_once_and_scatter_reports_agreement():
    figure = figures.histogram({"a": SCORES[0].tolist(), "b": [0.5] * 10})
    assert [sum(bar.y) for bar in figure.data] == [64, 10]
    assert figure.layout.shapes[1].x0 == 0.5
    text = figures.scatter([1, 2, 3, 4, 5], [2, 4, 6, 11, 10]).layout.annotations[0].text
    assert re.match(r"Pearson 0\.9\d \(0\.\d\d to 1\.00\);<br>Spearman 0\.90 ", text)
    assert "undefined" in figures.scatter([1] * 5, [1, 2, 3, 4, 5]).layout.annotations[0].text
    assert "No scores" in figures.histogram([]).layout.annotations[0].text
    with pytest.raises(BadInput, match="same samples"):
        figures.scatter([1, 2], [1])


def test_a_saved_page_needs_no_network(tmp_path):
    file = figures.save(figures.best_of_n(sample_curve()), tmp_path / "curve.html")
    page = file.read_text()
    assert "draw 1, keep one" in page
    assert not re.search(r"<(script|link)[^>]+(src|href)=", page)
    assert len(page) > 1_000_000  # plotly.js is inside


def test_pictures_without_a_browser_and_unknown_endings_are_one_sentence(tmp_path, monkeypatch):
    figure = figures.best_of_n(sample_curve())

    def no_browser(self, **settings):
        raise RuntimeError("Kaleido requires Google Chrome")

    monkeypatch.setattr(go.Figure, "to_image", no_browser)
    with pytest.raises(CannotDo, match=r"Chrome.*\.html"):
        figures.save(figure, tmp_path / "curve.png")
    with pytest.raises(BadInput, match=r"\.svg"):
        figures.save(figure, tmp_path / "curve.docx")
    with pytest.raises(StoreError, match="cannot be written"):
        figures.save(figure, tmp_path / "nowhere" / "curve.html")
    assert list(tmp_path.iterdir()) == []


def test_a_picture_is_drawn_on_white(tmp_path, monkeypatch):
    seen = []

    def draw(self, **settings):
        seen.append((self.layout.paper_bgcolor, settings["format"]))
        return b"<svg/>"

    monkeypatch.setattr(go.Figure, "to_image", draw)
    figure = figures.best_of_n(sample_curve())
    assert figures.save(figure, tmp_path / "curve.svg").read_bytes() == b"<svg/>"
    assert seen == [("white", "svg")]
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.font.color == INK


def test_equal_scores_give_a_flat_curve_and_one_bar_in_the_middle():
    """What a temperature near zero draws: rounding must not be stretched over the whole axis."""
    same = [0.9391284] * 16
    flat = curve(same, measure="CLIP score")
    assert np.ptp(flat.mean) == 0 and flat.mean[0] == pytest.approx(same[0])
    for figure in (
        figures.best_of_n(flat, at=16),
        figures.prompts([("a", flat), ("b", flat)]),
        figures.two_axes(flat, flat),
        figures.over_optimisation(flat, flat),
    ):
        low, high = figure.layout.yaxis.range
        assert low < same[0] - 0.05 and high > same[0] + 0.05
    assert figures.two_axes(flat, flat).layout.yaxis2.range is not None
    (bars,) = figures.histogram(same).data
    (place,) = np.flatnonzero(bars.y)
    assert bars.x[place] == pytest.approx(same[0]) and bars.y[place] == 16
    assert figures.best_of_n(curve([0.1, 0.2, 0.3])).layout.yaxis.range is None
