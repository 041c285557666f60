"""Half a character, which JSON may carry into a prompt, makes a link without it rather than an error."""

from dataclasses import replace
from importlib import import_module
from urllib.parse import parse_qs

import pytest

WORDS = {"t2i": "prompt", "vqa": "question", "math": "problem", "sketch": "sampler", "audit": "model"}


@pytest.mark.parametrize("tab", WORDS)
def test_half_a_character_is_no_error_in_a_link(tab):
    settings = import_module(f"tts_playground.pages.{tab}.view_settings")
    view = settings.coerce_view({}) if hasattr(settings, "coerce_view") else settings.from_query({})
    query = parse_qs(settings.to_query(replace(view, **{WORDS[tab]: "a \ud83d cat"})))
    assert query["tab"] == [tab] and query[WORDS[tab]] == ["a ? cat"]
