"""A picture is cut and scaled once, however many prompts there are about it, and the prompts' tokens stay the same."""

import pytest
import tiny_vlms

from tts_playground.models.vlm import option_probabilities
from tts_playground.models.vlm.inputs import model_inputs
from tts_playground.models.vlm.model import Vlm

PROMPTS = [f"which is {word}?" for word in ("red", "blue", "the largest", "left of the cat", "7")]


@pytest.fixture(params=tiny_vlms.KINDS)
def vlm(request):
    return Vlm(*tiny_vlms.parts(request.param))


@pytest.fixture
def calls(vlm, monkeypatch):
    """How often the model's own image processor was called."""
    found = []
    kind = type(vlm.processor.image_processor)
    own = kind.__call__
    monkeypatch.setattr(kind, "__call__", lambda self, *given, **more: found.append(1) or own(self, *given, **more))
    return found


def test_new_prompts_do_not_run_the_image_processor_again(vlm, calls):
    picture = tiny_vlms.picture()
    for prompt in PROMPTS:
        vlm.prefix(picture, prompt)
    option_probabilities.next_logprobs(vlm, picture, [f"{prompt} yes or no?" for prompt in PROMPTS])
    assert len(calls) == 1
    vlm.prefix(tiny_vlms.picture(90), PROMPTS[0])
    assert len(calls) == 2


def test_inputs_are_those_of_the_processor_itself(vlm):
    for picture in (tiny_vlms.picture(), tiny_vlms.picture(60, (84, 56)), tiny_vlms.picture()):
        for prompt in PROMPTS:
            kept = vlm.inputs([picture], [prompt])
            plain = model_inputs(vlm.processor, [vlm.chat(prompt)], [[picture]], vlm.device, vlm.model.dtype)
            assert kept.keys() == plain.keys() and all(kept[key].equal(plain[key]) for key in plain)


def test_pictures_in_a_batch_are_read_together(vlm, calls):
    some = [tiny_vlms.picture(), tiny_vlms.picture(90)]
    vlm.inputs(some, PROMPTS[:2])
    vlm.inputs(some, PROMPTS[:2])
    assert len(calls) == 2  # batches are not kept: nobody asks for the same one again


def test_the_models_own_processor_stays_as_it_is(vlm, tmp_path):
    vlm.prefix(tiny_vlms.picture(), PROMPTS[0])
    assert type(vlm.processor.image_processor).__module__.startswith("transformers.")
    vlm.processor.save_pretrained(tmp_path)
