"""``generate``: best-of-N from a prompt, its JSON, and pictures that remember their settings."""

import io
import json

import pytest
from PIL import Image

from tts_playground.errors import BadInput, Cancelled, UnknownName
from tts_playground.experiments.generated import as_dict
from tts_playground.models import loading
from tts_playground.rewards.baselines import Colourfulness, Sharpness
from tts_playground.tasks.picture_facts import facts_of, png
from tts_playground.tasks.text_to_image import PromptTask, generate


@pytest.fixture(scope="module")
def result(random_janus_folder):
    loading.forget()
    return generate(
        "a red apple",
        model=str(random_janus_folder),
        n=6,
        temperature=5.0,
        cfg=1.5,
        seed=3,
        reward=[Sharpness(), Colourfulness()],
    )


def test_the_best_has_the_highest_first_reward(result):
    scores = result.rewards["sharpness"]
    assert list(result.rewards) == ["sharpness", "colourfulness"]
    assert result.best.index == max(range(6), key=lambda place: scores[place]) == result.order[0]
    assert [scores[place] for place in result.order] == sorted(scores, reverse=True)
    assert result.cost.samples == 6 and result.cost.tokens == 6 * 16 * 2


def test_the_json_has_the_promised_shape(result):
    whole = json.loads(json.dumps(as_dict(result, [f"{i}.png" for i in range(6)])))
    assert set(whole) == {"prompt", "model", "seed", "settings", "samples", "best", "curve", "cost", "warnings"}
    assert set(whole["samples"][0]) == {"index", "file", "logprob", "rewards"}
    assert whole["settings"] == {"temperature": 5.0, "cfg": 1.5, "top_p": 1.0, "top_k": 0}
    assert set(whole["curve"]) == {"n", "best", "low", "high"}
    assert whole["curve"]["best"][-1] == pytest.approx(max(result.rewards["sharpness"]))
    assert whole["curve"]["best"][0] == pytest.approx(sum(result.rewards["sharpness"]) / 6)


def test_fewer_images_are_the_first_ones_and_no_reward_is_fine(result, random_janus_folder):
    few = generate("a red apple", model=str(random_janus_folder), n=2, temperature=5.0, cfg=1.5, seed=3, reward=None)
    assert [image.tobytes() for image in few.images] == [image.tobytes() for image in result.images[:2]]
    assert as_dict(few)["curve"] is None and few.best.index == 0


def test_a_downloaded_picture_brings_its_settings_back(result):
    file = png(result.images[1], result.facts(1))
    with Image.open(io.BytesIO(file)) as opened:
        facts = facts_of(opened)
        assert opened.tobytes() == result.images[1].tobytes()
    assert facts == json.loads(json.dumps(result.facts(1)))
    assert facts["index"] == 1 and facts["seed"] == 3 and len(facts["tokens"]) == 16


def test_bad_input_is_one_sentence(random_janus_folder):
    with pytest.raises(BadInput, match="empty"):
        PromptTask("  ")
    with pytest.raises(BadInput, match="2,001 characters"):
        PromptTask("x" * 2001)
    with pytest.raises(BadInput, match="1 to 4096"):
        generate("a cat", n=0)
    with pytest.raises(UnknownName, match="reward"):
        generate("a cat", model=str(random_janus_folder), reward="beauty")
    with pytest.raises(BadInput, match="no settings"):
        facts_of(Image.new("RGB", (4, 4)))


def test_a_draw_can_be_cancelled(random_janus_folder):
    loading.forget()
    with pytest.raises(Cancelled):
        generate("a red apple", model=str(random_janus_folder), n=2, reward=None, cancel=lambda: True)
