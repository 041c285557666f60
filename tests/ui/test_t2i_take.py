"""What leaves the page comes back: pictures, datasets, figures, scripts, links."""

from dataclasses import replace

import pytest
from PIL import Image

from tts_playground.errors import BadInput
from tts_playground.pages.t2i import export, image_repository
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.request_queue import DrawRequest
from tts_playground.store import parquet


@pytest.fixture
def look(view):
    list(image_repository.serve(DrawRequest(view, 4), lambda: False))
    return image_repository.look(view)


def test_a_saved_picture_brings_its_settings_back(look, view, image_model):
    file = export.picture(look, 2)
    assert file.name.startswith("a-red-apple") and file.suffix == ".png"
    back, place = export.brought_back(str(file), replace(view, n=2, temperature=3.0))
    assert (back, place) == (replace(view, n=3), 2)
    assert image_repository.look(back).files[place] == look.files[2]
    best = Image.open(export.picture(look, None))
    assert best.tobytes() == image_repository.sample_of(view, look.ranked()[0]).content.tobytes()


def test_pictures_from_elsewhere_are_one_sentence(tmp_path, view):
    plain, text = tmp_path / "plain.png", tmp_path / "text.png"
    Image.new("RGB", (4, 4)).save(plain)
    text.write_text("no picture")
    for file, says in ((plain, "no settings"), (text, "cannot be read")):
        with pytest.raises(BadInput, match=says):
            export.brought_back(str(file), view)


def test_the_dataset_holds_the_pool_with_its_scores(look):
    (pool,) = parquet.read(export.dataset(look))
    assert len(pool) == look.size
    assert pool.scores("sharpness") == pytest.approx(look.scores["sharpness"])


def test_the_figure_is_a_page_and_nothing_cannot_be_saved(look, view):
    assert export.figure(look).stat().st_size > 1e6
    for save in (export.picture, lambda look, _: export.dataset(look)):
        with pytest.raises(BadInput, match="draw some"):
            save(GalleryState(view), None)


def test_the_script_runs_as_pasted_and_draws_the_same(look, view, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(export.script(view), "pasted", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert [int(line.split()[0]) for line in lines] == look.ranked()
    best = Image.open(tmp_path / "best.png")
    assert best.tobytes() == image_repository.sample_of(view, look.ranked()[0]).content.tobytes()


def test_old_files_go(look, monkeypatch):
    monkeypatch.setattr(export, "KEPT", 2)
    files = [export.picture(look, 0) for _ in range(5)]
    assert [file.exists() for file in files] == [False, False, True, True, True]
