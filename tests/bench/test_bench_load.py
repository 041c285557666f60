"""A class in miniature: the app really starts, really draws, and everybody gets an answer."""

import pytest

from tts_playground.bench import load


def test_two_people_get_their_views_and_images(random_janus_folder, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_T2I_MODEL", str(random_janus_folder))
    monkeypatch.setattr(load, "MOVES", 1)
    monkeypatch.setattr(load, "THINKING", 0.0)
    result = load.run(people=2)
    assert result["name"] == "load" and len(result["rows"]) == 4
    times = [row["ours"] for row in result["rows"]]
    assert all(0 < seconds < load.PATIENCE for seconds in times)
    assert times[3] >= times[2]  # whole images come after their first rows


def test_an_app_that_does_not_start_is_one_sentence(monkeypatch):
    from tts_playground.errors import CannotDo

    monkeypatch.setattr(load.sys, "executable", "/bin/false")
    with pytest.raises(CannotDo, match="did not start"), load.serving():
        pass
