"""Large models are asked for a single word or phrase; whoever has few words, or may reason, gets the plain question."""

import json
from types import SimpleNamespace

import pytest
import tiny_vlms

from tts_playground import answer
from tts_playground.answers import MEASURES
from tts_playground.models.hub import identity
from tts_playground.pages.vqa.view_settings import VqaView
from tts_playground.tasks.vqa_replies import PLAIN, SHORT, template_for


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_vlms.save("llava", tmp_path_factory.mktemp("llava")))


def large(monkeypatch):
    """As if the folder's tokenizer had a large model's vocabulary."""
    monkeypatch.setattr(identity, "_tokenizer", lambda _: (SimpleNamespace(get_vocab_size=lambda: 32_000), None))


@pytest.mark.parametrize(
    ("name", "template"),
    [
        ("Qwen/Qwen2-VL-2B-Instruct", SHORT),
        ("llava-hf/llava-1.5-7b-hf", SHORT),
        ("tiny:vlm", PLAIN),
        (None, PLAIN),
        ("adapter:mine", PLAIN),
        ("endpoint:m@http://127.0.0.1:1/v1", PLAIN),
    ],
)
def test_by_name(name, template):
    assert template_for(name) == template
    if name:
        assert VqaView(model=name).settings.template == template


def test_a_folder_by_its_vocabulary(folder, monkeypatch):
    assert template_for(folder) == PLAIN  # so that pools of small models stay what they are
    large(monkeypatch)
    assert template_for(folder) == SHORT
    assert template_for(folder, look=False) == PLAIN == VqaView(model=folder).settings.template
    monkeypatch.setenv("TTS_PLAYGROUND_MODELS", folder)
    assert VqaView(model=folder).settings.template == SHORT
    assert template_for("/no/such/folder") in (PLAIN, SHORT)


def test_what_is_said_can_be_seen_and_set(folder, monkeypatch):
    large(monkeypatch)
    asked = {"model": folder, "n": 1, "most_tokens": 4, "device": "cpu"}
    assert answer(tiny_vlms.picture(), "what?", **asked).settings.template == SHORT
    assert answer(tiny_vlms.picture(), "what?", template=PLAIN, **asked).settings.template == PLAIN
    told = answer(tiny_vlms.picture(), "what?", **asked).as_dict()
    assert json.loads(json.dumps(told))["settings"]["template"].endswith("single word or phrase.")


def test_whole_sentences_are_matched_too():
    said = "The largest item is the apple."
    assert MEASURES["exact"](said, ["apple"]) == 1 == MEASURES["containment"](said, ["apple"])
    assert MEASURES["exact"]("The apple is not the largest.", ["apple"]) == 0
