"""A class in miniature: the app really draws, and everybody gets an answer."""

import pytest

from tts_playground.bench import load


@pytest.fixture
def address(random_janus_folder, tmp_path, monkeypatch):
    """The app with the image tab on a random model."""
    from tts_playground.pages.t2i import image_repository
    from tts_playground.ui import shell
    from tts_playground.ui.t2i import TAB

    monkeypatch.setenv("TTS_PLAYGROUND_T2I_MODEL", str(random_janus_folder))
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    image_repository.store.cache_clear()
    app = shell.build([TAB])
    yield shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    app.close()
    image_repository.store.cache_clear()


def test_two_people_get_their_views_and_images(address, monkeypatch):
    monkeypatch.setattr(load, "MOVES", 1)
    monkeypatch.setattr(load, "THINKING", 0.0)
    times = [row["ours"] for row in load.measure(address, people=2)]
    assert len(times) == 4
    assert all(0 < seconds < load.PATIENCE for seconds in times)
    assert times[3] >= times[2]  # whole images come after their first rows


def test_an_app_that_does_not_start_is_one_sentence(monkeypatch):
    from tts_playground.errors import CannotDo

    monkeypatch.setattr(load.sys, "executable", "/bin/false")
    with pytest.raises(CannotDo, match="did not start"), load.serving():
        pass
