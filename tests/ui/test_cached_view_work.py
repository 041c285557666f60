"""What a page asks for most, a view that was drawn before, costs little work: counted, not timed."""

from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio import utils
from gradio.components import gallery

from tts_playground import figures
from tts_playground.models.hub import embedded_models, locator
from tts_playground.pages.t2i import image_repository, view_settings
from tts_playground.pages.t2i.request_queue import DrawRequest
from tts_playground.registry import building
from tts_playground.store.database import Database
from tts_playground.ui.gradio_patches import PictureGallery, serve_in_place
from tts_playground.ui.t2i import callbacks


@pytest.fixture
def counted(monkeypatch):
    """Counts the calls of functions; each is given as (where it is looked up, its name)."""
    calls = Counter()

    def count(*places):
        for owner, name in places:
            real = getattr(owner, name)

            def called(*args, _real=real, _name=name, **settings):
                calls[_name] += 1
                return _real(*args, **settings)

            monkeypatch.setattr(owner, name, called)
        return calls

    return count


@pytest.fixture
def visitor(monkeypatch):
    """A request of somebody who is local."""
    monkeypatch.setattr(callbacks, "is_local", lambda request: True)
    return SimpleNamespace(session_hash="page")


def test_a_cached_view_builds_few_plug_ins_and_no_chart(view, visitor, counted):
    for _ in image_repository.serve(DrawRequest(view, view.n), lambda: False):
        pass

    def shown():
        asked = callbacks.view_from(visitor, view_settings.values_of(view))
        return callbacks.seen(image_repository.look(asked))

    before = shown()
    calls = counted(
        (building, "_one"),
        (building.inspect, "signature"),
        (locator, "_snapshot"),
        (embedded_models, "_has_weights"),
        (figures, "best_of_n"),
        (figures, "histogram"),
        (Database, "read"),
    )
    assert shown() == before
    assert calls["signature"] == calls["best_of_n"] == calls["histogram"] == 0
    assert calls["_one"] <= 20, "the rewards of a menu are built for every request"
    assert calls["_snapshot"] <= 8
    assert calls["_has_weights"] <= 16
    assert calls["read"] <= 8


def test_a_gallerys_value_is_gradios_own_without_threads(monkeypatch):
    pairs = [("/pictures/a.png", "1 · best"), ("/pictures/b.png", None), ("/pictures/c.png", "ü")]
    own = gr.Gallery().postprocess(pairs)
    monkeypatch.setattr(gallery, "ThreadPoolExecutor", None)
    assert PictureGallery().postprocess(pairs).model_dump() == own.model_dump()


@pytest.mark.parametrize("value", [None, ["/pictures/a.png"], [("/pictures/a.mp4", "a film")], ["https://a.b/c.png"]])
def test_other_values_of_a_gallery_are_as_ever(value):
    assert PictureGallery().postprocess(value).model_dump() == gr.Gallery().postprocess(value).model_dump()


def test_a_served_picture_is_known_by_its_folder_and_nothing_else_is(tmp_path, monkeypatch):
    folder = tmp_path / "served"
    folder.mkdir()
    serve_in_place(folder)
    picture, secret, link = folder / "a.png", tmp_path / "secret.png", folder / "link.png"
    picture.write_bytes(b"a")
    secret.write_bytes(b"s")
    link.symlink_to(secret)
    assert not utils.is_static_file(str(link)) and not utils.is_static_file(str(secret))
    assert not utils.is_static_file(str(folder / ".." / "secret.png"))
    assert not utils.is_static_file(str(folder / "gone.png"))
    monkeypatch.setattr(Path, "resolve", None)
    assert utils.is_static_file(str(picture))
