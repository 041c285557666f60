"""Views from pages and links, models that may be asked for, words that the model does not know."""

from dataclasses import replace

import pytest

from tts_playground.errors import BadInput
from tts_playground.models.hub.identity import named, unknown_words
from tts_playground.pages.t2i import gallery_state, known_words, render, view_settings
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.tasks.image_rewards import rewards_here, rewards_of
from tts_playground.tasks.text_to_image import LAB_PROMPTS


def test_bent_values_are_put_right(image_model):
    view = view_settings.view_of("a cat", "99999", float("nan"), 0, None, -3, "x", "", "beauty", "sharpness")
    assert (view.n, view.temperature, view.cfg, view.top_p, view.top_k, view.seed) == (256, 1.0, 1, 1.0, 0, 0)
    assert view_settings.coerce_view({"temperature": 0}).temperature == view_settings.COLDEST
    assert view.model == image_model and view.reward in rewards_here() and view.second == "sharpness"


def test_a_link_brings_a_view_back(view):
    from urllib.parse import parse_qsl

    query = dict(parse_qsl(view_settings.to_query(view)))
    assert query.pop("tab") == "t2i"
    assert view_settings.coerce_view(query) == view
    assert view_settings.view_of(*view_settings.values_of(view)) == view


def test_strangers_get_what_was_named_and_this_machine_any_folder(image_model):
    assert view_settings.MENU.allowed(image_model, local=False) == image_model
    assert view_settings.MENU.allowed("/any/folder", local=True) == "/any/folder"
    for name in (view_settings.MENU.hub[0], "/any/folder"):
        with pytest.raises(BadInput, match="choose from"):
            view_settings.MENU.allowed(name, local=False)


def test_words_outside_the_vocabulary_are_named(image_model):
    assert unknown_words(image_model, "a red zeppelin, on the left of Zanzibar!") == ["zeppelin", "zanzibar"]
    assert unknown_words("deepseek-community/Janus-Pro-1B", "zeppelin") == []
    assert (
        view_settings.examples()[-4:] == LAB_PROMPTS
    )  # it does not know all of the lab's words, so the world's come first


def test_a_model_is_named_without_loading(image_model):
    from tts_playground.models import loading

    assert named(image_model, "janus").value is None
    assert named(image_model, "janus").fingerprint() == loading.load(image_model, "janus").fingerprint()


def test_the_tab_is_there_when_a_model_is(image_model, monkeypatch):
    from tts_playground.ui.t2i import TAB

    assert TAB.ready()
    monkeypatch.delenv("TTS_PLAYGROUND_T2I_MODEL")
    assert not TAB.ready()


def test_verifiers_can_be_rewards_by_name():
    (reward,) = rewards_of("geneval")
    assert reward.name == "geneval"


def test_a_big_clip_is_offered_once_it_is_here(image_model, monkeypatch):
    from tts_playground.tasks import image_rewards

    name = "clip:openai/clip-vit-base-patch32"
    assert name not in rewards_here()
    monkeypatch.setattr(image_rewards, "_in_hub_cache", lambda model: "base" in model)
    assert name in rewards_here() and "clip:openai/clip-vit-large-patch14" not in rewards_here()
    assert image_rewards.reward_named(name).name == name


def test_a_page_opens_where_choosing_matters(image_model, monkeypatch):
    assert view_settings.default_view().prompt == view_settings.OPENING in view_settings.examples()
    monkeypatch.setattr(view_settings, "examples", lambda: LAB_PROMPTS)
    assert view_settings.default_view().prompt == LAB_PROMPTS[0]


def test_words_that_are_ignored_are_named_beside_those_that_are_known():
    told = known_words.note(["zeppelin"], "tiny:janus")
    assert "It will ignore “zeppelin”." in told and "Words it knows" in told
    for word in ("croissant", "purple", "left of", "three", "beige"):
        assert word in told, word
    assert "croissant" not in known_words.note(["zeppelin"], "some/other")
    assert known_words.note([], "tiny:janus") == ""


def test_what_is_shown_is_named_where_nothing_was_drawn(view):
    assert render.not_drawn(GalleryState(view)).count("“") == 1
    shown = render.not_drawn(replace(GalleryState(view), files=("a.png",)))
    assert "the pictures are from " in shown and f"CFG {view.cfg:g}" in shown


def test_signs_that_are_ignored_are_named():
    prompt = "a cat \U0001f600\ufe0f, and a “purple” guitar!"
    assert "It will ignore “\U0001f600”." in known_words.note([], "tiny:janus", prompt)
    assert "these words and signs: “zeppelin”, “\U0001f600”." in known_words.note(["zeppelin"], "tiny:janus", prompt)
    assert known_words.note([], "some/other", prompt) == ""


def test_a_guided_image_counts_its_tokens_as_two_rows():
    look = gallery_state.GalleryState(view_settings.T2iView(cfg=5.0), cost={"tokens": 128.0})
    assert render._computed(look)[:2] == ("tokens per image", "2 × 64")
    plain = gallery_state.GalleryState(view_settings.T2iView(cfg=1.0), cost={"tokens": 64.0})
    assert render._computed(plain)[:2] == ("tokens per image", "64")
