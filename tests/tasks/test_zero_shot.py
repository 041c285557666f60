"""Prompting any model: the assignment's generate on random checkpoints, and replies read back."""

import pytest
import tiny_writers
import torch

from tts_playground.dsl import render
from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.models import loading
from tts_playground.tasks.zero_shot import answers, generate, prompt_for, user_turn, zero_shot_prompt
from tts_playground.worlds.programs import PROMPT

IMAGES = [render("(Circle 3 8 8)"), render("(Quad 8 8 6 2 0)")]


@pytest.fixture(scope="module", params=["sketch", "gemma"])
def parts(request, tmp_path_factory):
    save = tiny_writers.save_sketch if request.param == "sketch" else tiny_writers.save_gemma3
    vlm = loading.load(str(save(tmp_path_factory.mktemp(request.param))), "vlm").value
    return vlm.model, vlm.processor


def test_one_reply_a_prompt_whatever_the_batch(parts):
    prompts = [prompt_for(parts[1], image) for image in IMAGES]
    images = [[image] for image in IMAGES]
    both = generate(*parts, prompts, images, do_sample=False, max_new_tokens=8)
    alone = [
        generate(*parts, [p], [i], temperature=0, max_new_tokens=8)[0] for p, i in zip(prompts, images, strict=True)
    ]
    assert both == alone and generate(*parts, prompts, None, do_sample=False, max_new_tokens=8) == both


def test_several_replies_to_one_prompt_repeat_with_a_seed(parts):
    prompt = [user_turn("Say something.")]
    state = torch.random.get_rng_state()
    first, again = (generate(*parts, prompt, num_return_sequences=3, max_new_tokens=8, seed=5) for _ in range(2))
    assert first == again and len(first) == 3 and len(set(first)) > 1
    assert torch.equal(state, torch.random.get_rng_state())


def test_what_generate_refuses(parts):
    two = [user_turn("a"), user_turn("b")]
    with pytest.raises(BadInput, match="several sequences of one prompt"):
        generate(*parts, two, num_return_sequences=2)
    with pytest.raises(BadInput, match="one for each"):
        generate(*parts, two, [[]])
    with pytest.raises(BadInput, match="top_p"):
        generate(*parts, two, top_p=0)
    assert generate(*parts, []) == []


def test_a_prompt_that_a_model_cannot_hold_is_refused_and_its_own_goes_through():
    vlm = loading.load("tiny:sketch", "vlm").value
    image = IMAGES[0]
    with pytest.raises(BadInput, match=r"takes 1,2\d\d tokens and this model holds 512; use its own short prompt"):
        generate(vlm.model, vlm.processor, [zero_shot_prompt(image)], [[image]], do_sample=False)
    assert generate(vlm.model, vlm.processor, [prompt_for(vlm.processor, image)], [[image]], do_sample=False)[0]


def test_replies_are_read(parts):
    found = list(answers(*parts, IMAGES, batch_size=1, do_sample=False, max_new_tokens=6))
    assert len(found) == 2 and all(isinstance(answer.text, str) and answer.found.how for answer in found)


def test_prompts_are_chat_messages_with_the_picture():
    (turn,) = zero_shot_prompt(IMAGES[0])
    assert turn["role"] == "user" and [part["type"] for part in turn["content"]] == ["image", "text"]
    assert turn["content"][0]["image"] is IMAGES[0] and PROMPT not in turn["content"][1]["text"]


def test_a_model_without_a_chat_template_is_a_sentence(parts, monkeypatch):
    model, processor = parts
    monkeypatch.setattr(processor, "chat_template", None)
    monkeypatch.setattr(processor.tokenizer, "chat_template", None)
    with pytest.raises(ModelUnavailable, match="chat template"):
        generate(model, processor, [user_turn("a")])
