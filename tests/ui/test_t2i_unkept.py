"""Where nothing can be kept, the image tab draws all the same and says so once."""

import errno
import os
from dataclasses import replace

import pytest

from tts_playground import files
from tts_playground.errors import NoSpace, ReadOnly, StoreError
from tts_playground.pages.t2i import image_repository
from tts_playground.pages.t2i.request_queue import DrawRequest
from tts_playground.ui.t2i import callbacks


@pytest.fixture
def spared(image_model, monkeypatch):
    monkeypatch.setattr(image_repository, "_unkept", {})
    yield
    image_repository.spare_of(image_repository.store().path).close()


def serve(view, n=2):
    list(image_repository.serve(DrawRequest(view, n), lambda: False))
    return image_repository.look(view)


def test_a_disk_that_fills_up_takes_no_drawing_away(view, spared, monkeypatch):
    kept = serve(replace(view, seed=5))
    assert callbacks.remarks(kept.view) == "" and kept.size == 2
    write = files.write_bytes

    def full(file, data, what="The file"):
        if image_repository.store().path in file.parents:
            raise files.cannot_write(file, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), what)
        write(file, data, what)

    monkeypatch.setattr(files, "write_bytes", full)
    more = serve(kept.view, 4)  # two are in the store, two are not kept
    assert more.size == 4 and more.files[:2] == kept.files and set(more.scores) == {"sharpness", "colourfulness"}
    assert "Nothing that is drawn now is kept" in callbacks.remarks(kept.view)
    assert (
        len(
            image_repository.store()
            .pool(image_repository.pool_of(kept.view).task, image_repository.pool_of(kept.view).sampler)
            .rows(seed=5)
        )
        == 2
    )
    monkeypatch.setattr(files, "write_bytes", lambda file, data, what="": (_ for _ in ()).throw(NoSpace("full too")))
    with pytest.raises(NoSpace, match="full too"):  # where the spare one is full as well, a sentence is all there is
        serve(replace(view, seed=6))


def test_a_store_that_cannot_be_written_is_read_and_drawn_beside(view, spared, monkeypatch):
    kept = serve(replace(view, seed=7))
    monkeypatch.setattr(image_repository.store().database, "refusal", ReadOnly("The store is read-only."))
    assert image_repository.look(kept.view).files == kept.files
    more = serve(kept.view, 3)
    assert more.size == 3 and more.files[:2] == kept.files
    assert "The store is read-only. Nothing that is drawn now" in callbacks.remarks(kept.view)


def test_scores_that_cannot_be_kept_are_shown(view, spared, monkeypatch):
    view = replace(view, seed=8)
    list(image_repository.draw((view,), 2))
    database = image_repository.store().database
    write = database.write

    def full():
        raise NoSpace("The disk is full.")

    monkeypatch.setattr(database, "write", full)
    assert set(serve(view, 2).scores) == {"sharpness", "colourfulness"}
    monkeypatch.setattr(database, "write", write)
    pool = image_repository.pool_of(view)
    kept = image_repository.store().pool(pool.task, pool.sampler).values("sharpness", "1")
    assert not any(seed == view.seed for seed, _ in kept)


def test_images_of_another_seed_hide_none_of_this_one(view, image_model, monkeypatch):
    """A starter holds one seed; however many images it has, those of other seeds are in the store."""
    one = replace(view, seed=10)
    drawn = serve(one)
    other = (
        image_repository.store()
        .pool(image_repository.pool_of(one).task, image_repository.pool_of(one).sampler)
        .snapshot()
    )
    rows = tuple(replace(row, seed=11, index=i) for i, row in enumerate(other.all_rows * 20))
    starter = replace(other, all_rows=rows, scores_by_reward={})
    monkeypatch.setattr(image_repository, "shipped", lambda: {starter.key: starter})
    assert image_repository.look(one).files == drawn.files
    assert image_repository.look(replace(view, seed=11)).size == len(rows)


def test_other_faults_of_the_store_are_not_stepped_around(view, spared, monkeypatch):
    def damaged():
        raise StoreError("The store is damaged.")

    monkeypatch.setattr(image_repository.store().database, "write", damaged)
    with pytest.raises(StoreError, match="damaged"):
        serve(replace(view, seed=9))
