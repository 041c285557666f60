"""Rewards without weights of ours: baselines, compositions, diversity, and what they say of bad input."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tts_playground.core import Reward, Sample
from tts_playground.errors import BadInput
from tts_playground.rewards.baselines import Colourfulness, Sharpness
from tts_playground.rewards.compose import Minimum, Weighted
from tts_playground.rewards.diversity import distinct_tokens, pairwise_distance, token_entropy
from tts_playground.testing import TableReward, TextTask, check_reward

TASK = TextTask()


def picture(seed, index=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (32, 32, 3), np.uint8)
    return Sample(Image.fromarray(pixels), index)


@pytest.mark.parametrize("reward", [Sharpness(), Colourfulness()])
def test_baselines_keep_the_laws(reward):
    assert isinstance(reward, Reward)
    check_reward(reward, TASK, [picture(seed) for seed in range(4)])


def test_blur_is_less_sharp_and_grey_is_not_colourful():
    sharp = picture(0)
    blurred = Sample(sharp.content.filter(ImageFilter.GaussianBlur(2)), 1)
    crisp, soft = Sharpness().score(TASK, [sharp, blurred])
    assert crisp > soft + 1
    grey = Sample(sharp.content.convert("L"), 2)
    assert Colourfulness().score(TASK, [grey]) == [0.0]
    # The published example of a pure colour: no spread, all mean.
    red = Sample(Image.new("RGB", (4, 4), (255, 0, 0)), 3)
    assert Colourfulness().score(TASK, [red])[0] == pytest.approx(0.3 * np.hypot(255, 127.5))


WORDS = [Sample(word, number) for number, word in enumerate(["aa", "ab", "bb", "bc"])]
FIRST, SECOND = TableReward({"a": 1.0, "b": 2.0, "c": -1.0}), TableReward({"a": 10.0, "b": 0.0, "c": 5.0})


@pytest.mark.parametrize(
    "reward",
    [Weighted((FIRST, SECOND), (1.0, 0.1)), Minimum((FIRST, SECOND))],
    ids=lambda reward: reward.name,
)
def test_compositions_keep_the_laws(reward):
    assert isinstance(reward, Reward)
    check_reward(reward, TASK, WORDS)
    assert reward.unit_cost.verifier_calls == 2


def test_compositions_do_what_they_say():
    assert Weighted((FIRST, SECOND), (1.0, 0.1)).score(TASK, WORDS) == pytest.approx([4.0, 4.0, 4.0, 1.5])
    assert Minimum((FIRST, SECOND)).score(TASK, WORDS) == [2.0, 3.0, 0.0, 1.0]


def test_compositions_refuse_what_does_not_fit():
    with pytest.raises(BadInput, match="one each"):
        Weighted((FIRST,), (1.0, 2.0))
    with pytest.raises(BadInput, match="at least one"):
        Minimum(())


def test_diversity_measures():
    embeddings = np.random.default_rng(0).normal(size=(6, 5))
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    pairs = [1 - embeddings[i] @ embeddings[j] for i in range(6) for j in range(i)]
    assert pairwise_distance(embeddings) == pytest.approx(np.mean(pairs))
    assert pairwise_distance(np.ones((3, 1))) == 0.0
    with pytest.raises(BadInput, match="two images"):
        pairwise_distance(embeddings[:1])
    samples = [
        Sample(None, 0, info={"tokens": (1, 2), "entropies": (1.0, 3.0)}),
        Sample(None, 1, info={"tokens": (1, 3)}),
    ]
    assert token_entropy(samples) == 2.0
    assert distinct_tokens(samples) == 0.75
    with pytest.raises(BadInput, match="no entropies"):
        token_entropy(samples[1:])


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 2)])
@pytest.mark.parametrize("reward", [Sharpness(), Colourfulness()])
def test_the_smallest_pictures_have_a_score(reward, size):
    (score,) = reward.score(TASK, [Sample(Image.new("RGB", size, "red"), 0)])
    assert np.isfinite(score)
