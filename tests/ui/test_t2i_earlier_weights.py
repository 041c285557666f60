"""A pool and a link of version 0.1, whose tiny:janus had other weights and another best guidance."""

import shutil
from pathlib import Path

import pytest
from tiny_checkpoints import save_janus

from tts_playground.models.hub import identity
from tts_playground.models.hub.identity import guidance_of
from tts_playground.pages.t2i import image_repository, render
from tts_playground.pages.t2i.view_settings import EMBEDDED, coerce_view, default_view, guidance
from tts_playground.store import parquet
from tts_playground.store.store import Store
from tts_playground.tasks.text_to_image import PromptTask, image_sampler, image_settings

OLD = Path(__file__).parents[1] / "data" / "pools-0.1"
LINK = {  # as version 0.1 wrote it for the pool in the data
    "tab": "t2i", "prompt": "a red apple", "n": "4", "temperature": "1.0", "cfg": "1.5", "top_p": "1.0", "top_k": "0",
    "seed": "0", "model": "tiny:janus", "reward": "clip", "second": "aesthetic",
}  # fmt: skip


@pytest.fixture
def old_store(tmp_path, monkeypatch):
    shutil.copytree(OLD / "store", tmp_path / "store")
    with Store(tmp_path / "store") as opened:
        monkeypatch.setattr(image_repository, "store", lambda: opened)
        yield opened


def test_everybody_reads_the_guidance_of_the_models_own_config():
    assert guidance_of(EMBEDDED) == 5 == guidance(EMBEDDED) == default_view().cfg == image_settings(EMBEDDED).cfg
    assert image_sampler(EMBEDDED).settings.cfg == 5  # pyright: ignore
    assert guidance_of("nobody/has-this-here") is None and guidance("nobody/has-this-here") == 5
    assert image_settings(EMBEDDED, cfg=3.0).cfg == 3.0


def test_a_link_without_a_guidance_gets_the_models(tmp_path):
    assert coerce_view({"tab": "t2i", "model": EMBEDDED}).cfg == 5


def test_an_old_link_keeps_its_guidance_and_offers_the_new_one(old_store):
    view = coerce_view(LINK)
    assert view.cfg == 1.5
    note = render.weights_note(view, None)
    assert "now 5 is" in note and "cfg=5.0" in note and "prompt=a+red+apple" in note
    assert render.weights_note(coerce_view(LINK | {"cfg": "5"}), None) == ""


def test_an_old_pool_names_its_checkpoint_and_is_never_mixed(old_store):
    view = coerce_view(LINK)
    (kept,) = parquet.read(OLD / "t2i.parquet")
    found = image_repository.earlier(view)
    assert found is not None and found.key == kept.key and len(found.samples()) == 3
    assert found.checkpoint == "earlier weights of tiny:janus, checkpoint 4961e6df93"
    assert image_repository.look(view).size == 0  # it is no part of what the present weights drew
    assert not hasattr(found, "draw")
    note = render.weights_note(view, found)
    assert "3 images" in note and "4961e6df93" in note and found.key[:12] in note
    (info,) = [info for info in old_store.pools() if info.kind == "t2i"]
    assert info.checkpoint == found.checkpoint


def test_a_pool_of_the_present_weights_is_not_called_earlier(tmp_path):
    with Store(tmp_path) as store:
        pool = store.pool(PromptTask("a red apple"), image_sampler(EMBEDDED))
        pool.draw(1)
        (info,) = store.pools()
        assert info.checkpoint.startswith("tiny:janus, checkpoint ")


def test_damaged_generation_configs_name_no_guidance(tmp_path):
    folder = save_janus(tmp_path / "janus")
    assert guidance_of(str(folder)) == 5
    for text in ("[]", "{", '{"guidance_scale": "much"}', '{"guidance_scale": true}', '{"guidance_scale": 1e9}'):
        (folder / "generation_config.json").write_text(text)
        identity._guidance.cache_clear()
        assert guidance_of(str(folder)) is None
