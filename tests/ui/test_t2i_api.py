"""The named endpoints of the image tab, as a stranger calls them."""

import base64
import io

import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from tts_playground.tasks.picture_facts import facts_of


def _picture(address):
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))


def test_generate_returns_what_the_command_line_prints(image_client):
    result = image_client.predict("a red apple", n=3, cfg=2, reward="sharpness", seed=5, api_name="/generate")
    assert set(result) == {"prompt", "model", "seed", "settings", "samples", "best", "curve", "cost", "warnings"}
    scores = [sample["rewards"]["sharpness"] for sample in result["samples"]]
    assert scores[result["best"]] == max(scores) == pytest.approx(result["curve"]["best"][-1])
    assert facts_of(_picture(result["samples"][1]["file"]))["index"] == 1


def test_more_images_begin_with_the_same_ones(image_client):
    options = {"cfg": 2, "reward": "sharpness", "seed": 5, "api_name": "/generate"}
    few, many = (image_client.predict("a red apple", n=n, **options) for n in (2, 4))
    assert few["samples"] == many["samples"][:2]


def test_score_says_what_each_reward_thinks(image_client, tmp_path):
    file = tmp_path / "red.png"
    Image.new("RGB", (40, 40), "red").save(file)
    result = image_client.predict(handle_file(file), "a red apple", api_name="/score")
    assert set(result["rewards"]) == {"sharpness", "colourfulness"}
    one = image_client.predict(handle_file(file), "a red apple", "sharpness", api_name="/score")
    assert one["rewards"] == {"sharpness": 0.0}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"prompt": "  "}, "empty"),
        ({"prompt": "a cat", "n": 65}, "n must lie"),
        ({"prompt": "a cat", "cfg": 0}, "cfg"),
        ({"prompt": "a cat", "reward": "beauty"}, "beauty"),
        ({"prompt": "a cat", "model": "/nowhere"}, "nowhere"),
    ],
)
def test_bad_settings_are_one_sentence(image_client, options, says):
    with pytest.raises(AppError) as caught:
        image_client.predict(**options, api_name="/generate")
    assert says in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_only_these_endpoints_are_public(image_client):
    assert set(image_client.view_api(return_format="dict")["named_endpoints"]) == {"/generate", "/score"}


def test_nothing_is_drawn_for_somebody_who_has_left(image_model, monkeypatch):
    from tts_playground.ui.t2i import api

    monkeypatch.setattr(api, "gone", lambda: lambda: True)
    with pytest.raises(AppError, match="stopped"):
        api.generate("a blue apple", n=64, reward="sharpness", model=image_model, seed=77)
