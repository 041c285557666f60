"""What the knobs do, in one figure: each panel holds its numbers, and missing ones leave a gap, not an error."""

from __future__ import annotations

import json

from tts_playground.evaluation import make_guidance_figure
from tts_playground.figures.knobs import PANELS, knobs_figure


def test_every_panel_shows_its_own_numbers_with_their_intervals():
    numbers = {
        name.format(cell): {"value": place + 0.5, "low": place + 0.25, "high": place + 1.0}
        for place, name in enumerate(PANELS.values())
        for cell in ("cfg1", "cfg5", "t1")
    }
    traces = knobs_figure(numbers, (1.0, 5.0, 10.0), (1.0, 1.3)).data
    assert [list(trace.x) for trace in traces] == [[1.0, 5.0]] * 4 + [[1.0]] * 4
    assert [trace.y[0] for trace in traces] == [0.5, 1.5, 2.5, 3.5] * 2
    assert {(trace.error_y.array[0], trace.error_y.arrayminus[0]) for trace in traces} == {(0.5, 0.25)}


def test_the_shipped_cards_hold_what_the_figure_shows(tmp_path):
    file = tmp_path / "figure.html"
    assert make_guidance_figure.main([str(file)]) == 0
    assert json.dumps("pass rate")[1:-1] in file.read_text(encoding="utf-8")


def test_another_ending_is_one_sentence(tmp_path, capsys):
    assert make_guidance_figure.main([str(tmp_path / "figure.gif")]) == 2
    assert "ends otherwise" in capsys.readouterr().err
