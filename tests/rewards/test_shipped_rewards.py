"""The laws of rewards on tiny:clip and tiny:aesthetic, or on random ones of their kind where they are not here."""

import numpy as np
import pytest
import shipped
from PIL import Image

from tts_playground.core import Reward, Sample
from tts_playground.models.clip import ClipTowers, image_embeddings, text_embeddings
from tts_playground.rewards.aesthetic import AestheticReward
from tts_playground.rewards.clip import ClipReward
from tts_playground.testing import TextTask, check_reward
from tts_playground.worlds.pool import draw_pool


class Prompt(TextTask):
    @property
    def prompt(self):
        return self.text


@pytest.fixture(scope="module", params=shipped.models("tiny:clip"))
def clip(request, random_world):
    return shipped.located(request.param, random_world)


@pytest.fixture(scope="module", params=shipped.models("tiny:aesthetic"))
def aesthetic(request, random_world):
    clips = {name: shipped.located(name, random_world) for name in shipped.models("tiny:clip")}
    return AestheticReward(shipped.located(request.param, random_world), next(iter(clips.values())))


@pytest.fixture(scope="module")
def pool():
    return draw_pool(46_000, 0, 5)


@pytest.fixture(scope="module")
def samples(pool):
    return [Sample(Image.fromarray(image), place) for place, image in enumerate(pool.images)]


def test_clip_keeps_the_laws(clip, pool, samples):
    reward = ClipReward(clip)
    scores = check_reward(reward, Prompt(pool.captions[0][0]), samples)
    assert isinstance(reward, Reward) and all(-1.0001 <= score <= 1.0001 for score in scores)
    assert len(set(scores)) == len(samples)


def test_clip_embeddings_are_unit_vectors_that_texts_do_not_share(clip, pool, samples):
    texts = [caption for caption, _ in pool.captions] + ["žirafa 漢字", "a " * 300]
    told = text_embeddings(texts, clip)
    seen = image_embeddings([sample.content for sample in samples], clip)
    assert told.shape == (len(texts), seen.shape[1])
    assert np.allclose(np.linalg.norm(told, axis=1), 1, atol=1e-5)
    assert np.allclose(np.linalg.norm(seen, axis=1), 1, atol=1e-5)
    for place, text in enumerate(texts):
        assert np.allclose(text_embeddings([text], clip)[0], told[place], atol=1e-4), text


def test_pictures_are_embedded_once_for_all_who_read_the_same_clip(clip, samples, monkeypatch):
    pictures = [Image.fromarray(np.asarray(sample.content)[::-1].copy()) for sample in samples]
    sizes, embed = [], ClipTowers.embed_images
    monkeypatch.setattr(ClipTowers, "embed_images", lambda one, images: sizes.append(len(images)) or embed(one, images))
    first = image_embeddings(pictures[:3], clip)
    assert np.array_equal(image_embeddings([*pictures[1:], pictures[0]], clip)[[4, 0, 1]], first)
    assert sizes == [3, 2]


def test_the_aesthetic_head_keeps_the_laws_and_never_reads_the_prompt(aesthetic, samples):
    scores = check_reward(aesthetic, Prompt("a cat"), samples, tolerance=1e-3)
    assert isinstance(aesthetic, Reward) and scores == aesthetic.score(Prompt("four blue buses"), samples)
