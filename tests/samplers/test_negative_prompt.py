"""Negative prompts: the unconditional row reads a prompt of its own, of any length."""

import pytest
import torch

from tts_playground.core import SteppedSampler
from tts_playground.errors import BadInput
from tts_playground.models.decode.sampling import guide
from tts_playground.models.loading import Loaded, Options
from tts_playground.samplers.image_tokens import ImageSettings, ImageTokens
from tts_playground.samplers.negative_prompt import NegativePrompt
from tts_playground.tasks.text_to_image import PromptTask
from tts_playground.testing import check_stepped_sampler

TASK = PromptTask("a red apple")


@pytest.fixture(scope="module")
def loaded(random_janus):
    return Loaded("random", "janus", Options("cpu", "float32"), "1", random_janus)


def logits_behind(janus, prompt, tokens):
    """float32 [T, V] by one forward over everything, of the prompt's own row."""
    ids = janus.prompt_ids(prompt)[:1]
    with torch.inference_mode():
        codes = torch.tensor([list(tokens[:-1])])
        image = janus.model.prepare_embeddings_for_image_generation(codes)
        embeds = torch.cat([janus.model.get_input_embeddings()(ids), image.view(1, codes.shape[1], -1)], 1)
        hidden = janus.language_model(inputs_embeds=embeds).last_hidden_state[0, ids.shape[1] - 1 :]
        return janus.model.model.generation_head(hidden).float()


@pytest.mark.parametrize("negative", ["a dog", "two blue cat on the left of three green apples , a dog"])
def test_tokens_have_the_probability_that_guidance_away_from_the_negative_gives_them(loaded, negative):
    sampler = NegativePrompt(loaded, ImageSettings(2.0, 3.0), negative=negative)
    for sample in sampler.draw(TASK, range(3), seed=4):
        tokens = sample.info["tokens"]
        cond, against = (logits_behind(loaded.value, prompt, tokens) for prompt in (TASK.prompt, negative))
        wanted = guide(cond, against, torch.full((len(tokens),), 3.0)).div(2.0).log_softmax(-1)
        assert sample.info["logprobs"] == pytest.approx([float(wanted[i, t]) for i, t in enumerate(tokens)], abs=2e-3)
        assert sample.cost.tokens == 2 * len(tokens)


def test_guidance_away_from_the_prompt_itself_is_none(loaded):
    plain = ImageTokens(loaded, ImageSettings(2.0, 1.0)).draw(TASK, range(3))
    same = NegativePrompt(loaded, ImageSettings(2.0, 7.0), negative=TASK.prompt).draw(TASK, range(3))
    unguided = NegativePrompt(loaded, ImageSettings(2.0, 1.0), negative="a dog").draw(TASK, range(3))
    for one, two, three in zip(plain, same, unguided, strict=True):
        assert one.info["tokens"] == two.info["tokens"] == three.info["tokens"]


def test_it_keeps_the_laws_of_stepped_samplers(loaded):
    sampler = NegativePrompt(loaded, ImageSettings(5.0, 1.5), most=5, negative="a blue dog")
    assert isinstance(sampler, SteppedSampler)
    check_stepped_sampler(sampler, TASK, n=3)
    assert sampler.fingerprint() != ImageTokens(loaded, sampler.settings).fingerprint()


def test_an_empty_one_is_refused(loaded):
    with pytest.raises(BadInput, match="negative prompt is empty"):
        NegativePrompt(loaded, negative=" ")
