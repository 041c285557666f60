"""What is said to a model and how long its reply may get, where nobody says so: by what kind of model it is."""

from __future__ import annotations

from tts_playground import registry
from tts_playground.errors import PlaygroundError
from tts_playground.models import loading
from tts_playground.models.hub import folders
from tts_playground.models.hub.embedded_models import TINY
from tts_playground.models.hub.identity import knows_few_words
from tts_playground.samplers.vlm_settings import AnswerSettings

ENDPOINT_TOKENS = 512
"""length at which replies of an endpoint are cut by default: its models are large, and often reason first"""
PLAIN = "{question}"
SHORT = "{question}\nAnswer the question using a single word or phrase."
"""what LLaVA was trained to be told (Liu et al. 2023, "Improved Baselines"), and large models since understand: without
it they answer in sentences"""


def longest_reply(model: str | None = None, given: int | None = None) -> int:
    """Tokens at which a reply is cut: what is given, else 512 of an endpoint and 96 of any other model."""
    name = model or loading.default_name("vlm")
    own = ENDPOINT_TOKENS if name.startswith("endpoint:") else AnswerSettings().most_tokens
    return own if given is None else given


def template_for(model: str | None = None, *, look: bool = True) -> str:
    """The template of questions that want a short answer: ``SHORT`` for large models that are loaded here.

    Embedded models and others with as few words take the question as it stands, and so do endpoints, which may reason.

    Args:
        look: whether a folder's vocabulary may be looked at; without it a folder takes the question as it stands.
    """
    name = model or loading.default_name("vlm")
    if name in TINY or ":" in name or "/" not in name or registry.stands_alone(name, "vqa"):
        return PLAIN
    try:
        if folders.named(name) is not None and (not look or knows_few_words(name)):
            return PLAIN
    except PlaygroundError:  # told of when the model is loaded
        return PLAIN
    return SHORT
