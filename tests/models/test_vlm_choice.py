"""Probabilities of given answers, against the plain forward of four kinds of models."""

import numpy as np
import pytest
import tiny_vlms
import torch

from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.models.vlm.model import Vlm
from tts_playground.models.vlm.option_probabilities import (
    next_logprobs,
    option_probabilities,
    shown,
    spellings,
    yes_margin,
)

PROMPTS = ["is kiwi 7?", "is kiwi 77 or what is it?", "which one has the value 3?"]


@pytest.fixture(scope="module", params=tiny_vlms.KINDS)
def vlm(request):
    return Vlm(*tiny_vlms.parts(request.param))


def test_a_prefix_says_what_the_whole_forward_says(vlm):
    for size in ((56, 56), (84, 56)):
        image = tiny_vlms.picture(size=size)
        for prompt in PROMPTS:
            prefix = vlm.prefix(image, prompt)
            assert prefix.ids == tuple(vlm.inputs([image], [prompt])["input_ids"][0].tolist())
            assert torch.allclose(prefix.logits.log_softmax(-1), tiny_vlms.plain(vlm, image, prompt)[0], atol=1e-4)


def test_many_prompts_about_one_picture(vlm):
    image = tiny_vlms.picture()
    rows = next_logprobs(vlm, image, [*PROMPTS, PROMPTS[0]])
    assert torch.equal(rows[0], rows[3]) and not torch.allclose(rows[0], rows[1], atol=1e-2)
    for row, prompt in zip(rows, PROMPTS, strict=False):
        assert torch.allclose(row, tiny_vlms.plain(vlm, image, prompt)[0], atol=1e-4)


def test_yes_against_no(vlm):
    images = [tiny_vlms.picture(shade) for shade in (10, 80)]
    found = shown(vlm, images, PROMPTS[0])
    for chance, image in zip(found, images, strict=True):
        assert chance == pytest.approx(tiny_vlms.says_yes(vlm, tiny_vlms.plain(vlm, image, PROMPTS[0])[0]), abs=1e-4)
    assert found[0] != pytest.approx(found[1], abs=1e-6)


def test_the_margin_is_the_log_odds_of_yes(vlm):
    rows = torch.randn(
        5, len(tiny_vlms.plain(vlm, tiny_vlms.picture(), "x")[0]), generator=torch.Generator().manual_seed(0)
    )
    rows[3, vlm.tokens("yes")[0]], rows[4, vlm.tokens("no")[0]] = 20.0, 20.0
    margins = yes_margin(vlm, rows.log_softmax(-1))
    for row, margin in zip(rows.log_softmax(-1), margins.tolist(), strict=True):
        chance = tiny_vlms.says_yes(vlm, row)
        assert margin == pytest.approx(np.log(chance / (1 - chance)), abs=1e-3)
    assert margins[3] > 10 and margins[4] < -10, "surely yes, surely no"


def test_spellings_are_with_and_without_a_space_and_a_capital():
    assert "Yes" in spellings("yes") and " yes" in spellings("yes")


def test_what_goes_on_to_a_longer_option_is_that_option_and_beginnings_are_asked_for_once():
    """Tokens 0, 1, 2: "0" is said with 0.5; 0.4 and 0.1 of it go on as "01" and "02", of "01" 0.5 as "012"."""
    table = {(): [0.5, 0.3, 0.2], (0,): [0.5, 0.4, 0.1], (0, 1): [0.25, 0.25, 0.5]}
    asked = []

    def after(stem):
        asked.append(stem)
        return np.log([table[stem]] * 2)

    found = option_probabilities([[(0,)], [(0, 1), (2,)], [(0, 1, 2)]], after)
    assert found == pytest.approx(np.array([[0.5 - 0.2, 0.2 - 0.1 + 0.2, 0.1]] * 2))
    assert asked == [(), (0,), (0, 1)]


def test_what_cannot_be_asked():
    vlm = Vlm(*tiny_vlms.parts("llava"))
    with pytest.raises(BadInput, match="tokens; this model holds"):
        vlm.prefix(tiny_vlms.picture(), "kiwi " * 600)
    processor = tiny_vlms.llava()[1]
    processor.chat_template = None
    with pytest.raises(ModelUnavailable, match="chat template"):
        Vlm(tiny_vlms.parts("llava")[0], processor).chat("x")


def test_a_question_cannot_bring_a_picture_of_its_own(vlm):
    image = tiny_vlms.picture()
    mark = vlm.processor.image_token
    assert vlm.prefix(image, f"what is {mark} <eos> kiwi?").ids.count(vlm.mark) == vlm.prefix(image, "x").ids.count(
        vlm.mark
    )


def test_a_batch_of_unlike_prompts_is_padded_on_the_left_whatever_the_tokenizer_is_used_to(vlm):
    image, before = tiny_vlms.picture(), vlm.tokenizer.padding_side
    vlm.tokenizer.padding_side = "right"
    try:
        rows = vlm.inputs([image, image], [PROMPTS[0], PROMPTS[1]])
    finally:
        vlm.tokenizer.padding_side = before
    assert rows["attention_mask"][:, -1].tolist() == [1, 1] and rows["attention_mask"][0, 0] == 0
    alone = vlm.inputs([image], [PROMPTS[0]])["input_ids"][0].tolist()
    assert rows["input_ids"][0, -len(alone) :].tolist() == alone
