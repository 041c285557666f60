"""What the hub refuses is one sentence that says what to do: gated, private, hidden, out of date, not reached."""

import httpx
import pytest

from tts_playground.errors import ModelUnavailable
from tts_playground.models.hub import locator
from tts_playground.models.hub.refusals import open_twin, refusal


def error(kind, status):
    from huggingface_hub import errors

    answer = httpx.Response(status, request=httpx.Request("GET", "https://hub.example/model"))
    return getattr(errors, kind)("Access to this repository is restricted.", response=answer)


@pytest.mark.parametrize(
    ("name", "twin"),
    [
        ("google/gemma-3-4b-it", "unsloth/gemma-3-4b-it"),
        ("google/gemma-3n-E2B-it", "unsloth/gemma-3n-E2B-it"),
        ("meta-llama/Llama-3.2-11B-Vision-Instruct", "unsloth/Llama-3.2-11B-Vision-Instruct"),
        ("google/paligemma2-3b-mix-224", ""),
        ("Qwen/Qwen2-VL-2B-Instruct", ""),
    ],
)
def test_a_gated_model_says_how_to_get_it_and_what_else_to_use(name, twin):
    assert open_twin(name) == twin
    for status in (401, 403):
        said = refusal(name, error("GatedRepoError", status), downloading=True)
        assert f"https://huggingface.co/{name}" in said and "hf auth login" in said
        assert (f"or use {twin}," in said) == bool(twin) and said.count(". ") == 0


@pytest.mark.parametrize(
    ("kind", "status", "says"),
    [
        ("RepositoryNotFoundError", 404, "check its name"),
        ("RepositoryNotFoundError", 401, "if it is private"),
        ("HfHubHTTPError", 401, "log in again"),
        ("HfHubHTTPError", 500, "what has come is kept"),
    ],
)
def test_other_refusals(kind, status, says):
    assert says in refusal("a/b", error(kind, status), downloading=True)


@pytest.mark.parametrize("where", ["the listing", "the download"])
def test_it_is_said_wherever_the_hub_is_asked(where, monkeypatch, tmp_path):
    def refuse(*_, **__):
        raise error("GatedRepoError", 403)

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelUnavailable, match=r"is gated: .* or use unsloth/gemma-3-4b-it"):
        if where == "the listing":
            monkeypatch.setattr("huggingface_hub.HfApi.model_info", refuse)
            locator.find("google/gemma-3-4b-it", "vlm")
        else:
            monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
            locator.fetch("google/gemma-3-4b-it", locator.ModelFiles(None, 1))
