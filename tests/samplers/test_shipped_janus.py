"""The laws of the image sampler on tiny:janus, or on a random Janus of its kind where it is not here."""

import numpy as np
import pytest
import shipped

from tts_playground.samplers.image_tokens import ImageSettings, ImageTokens
from tts_playground.tasks.text_to_image import PromptTask, image_sampler
from tts_playground.testing import check_stepped_sampler

TASK = PromptTask("a photo of two red apples left of a cat on a white background")


@pytest.fixture(scope="module", params=shipped.models("tiny:janus"))
def sampler(request, random_world):
    return image_sampler(shipped.located(request.param, random_world), ImageSettings(1.0, 4.0), "cpu")


def test_it_keeps_the_laws(sampler):
    check_stepped_sampler(sampler, TASK, n=2)


def test_pictures_are_64_px_and_tokens_are_of_the_codebook(sampler):
    for sample in sampler.draw(TASK, range(2), seed=1):
        assert sample.content.size == (64, 64) and sample.content.mode == "RGB"
        assert len(sample.info["tokens"]) == sampler.janus.tokens == 64
        assert all(0 <= token < sampler.janus.codes for token in sample.info["tokens"])
        assert sample.logprob < 0 and sample.cost.tokens == 128


def test_cold_is_deterministic_and_settings_and_seeds_matter(sampler):
    cold = ImageTokens(sampler.loaded, ImageSettings(1e-4, 4.0))
    same = {next(cold.draw(TASK, [index], seed=seed)).info["tokens"] for seed, index in ((0, 0), (5, 3))}
    assert len(same) == 1
    cells = [ImageSettings(1.0, 4.0), ImageSettings(1.0, 1.0), ImageSettings(1.5, 4.0)]
    drawn = [sample.info["tokens"] for sample in sampler.sweep(TASK, cells)]
    drawn.append(next(sampler.draw(TASK, [0], seed=9)).info["tokens"])
    assert len(set(drawn)) == 4


@pytest.mark.parametrize("prompt", ["žirafa 漢字 \U0001f40d", "A CAT", "-", "a photo of a xylophone " * 20])
def test_any_text_is_accepted(sampler, prompt):
    (path,) = sampler.step(PromptTask(prompt), sampler.start(PromptTask(prompt), [0]))
    assert path.steps == 1 and np.isfinite(path.logprobs).all()
