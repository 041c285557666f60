from __future__ import annotations

import pytest

from tts_playground.bench import dsl as bench
from tts_playground.dsl import render
from tts_playground.errors import CannotDo


def test_the_peer_draws_the_same_pixels() -> None:
    for program in ["(+ (Circle 2 8 8) (- (Circle 7 8 8) (Circle 5 8 8)))", "(Quad 6 13 6 0 225)", "(Circle 0 8 8)"]:
        assert bench.peer_render(program).tobytes() == render(program).tobytes()


def test_rows_compare_both_sides_on_distinct_programs() -> None:
    rows = bench.render_rows(programs=4, repeats=1)
    assert [row["goal"] for row in rows] == ["ratio >= 5", "", ""]
    for row in rows:
        assert "4 distinct programs" in row["what"]
        assert row["ratio"] == pytest.approx(row["peer"] / row["ours"])


def test_unequal_pictures_are_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "peer_render", lambda text: render(""))
    with pytest.raises(CannotDo, match="differently"):
        bench.render_rows(programs=2, repeats=1)
