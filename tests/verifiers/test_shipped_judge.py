"""The judge by tiny:detector (and its twin), or by a random detector of the kind where none is here."""

import numpy as np
import pytest
import shipped
from PIL import Image

from tts_playground.core import Sample, Verifier
from tts_playground.errors import BadInput
from tts_playground.models.detector import Detector
from tts_playground.tasks.text_to_image import PromptTask
from tts_playground.verifiers.geneval import GenEval
from tts_playground.worlds.pool import draw_pool
from tts_playground.worlds.vocabulary import NAMES


@pytest.fixture(scope="module", params=shipped.models("tiny:detector", "tiny:detector2"))
def name(request, random_world):
    return shipped.located(request.param, random_world)


@pytest.fixture(scope="module")
def pool():
    return draw_pool(46_500, 0, 4)


def test_verdicts_are_of_each_picture_alone(name, pool):
    judge = GenEval(name)
    prompts = [caption for caption, _ in pool.captions]
    together = judge.judge_each(prompts, list(pool.images))
    for prompt, image, verdict in zip(prompts, pool.images, together, strict=True):
        samples = [Sample(Image.fromarray(image), 0)]
        assert judge.judge(PromptTask(prompt), samples) == [verdict]
        assert 0 <= verdict.score <= 1 and verdict.passed == (verdict.score == 1) and verdict.reason
    assert isinstance(judge, Verifier) and judge.revision == GenEval(name).revision


def test_boxes_are_named_lie_in_the_picture_and_come_surest_first(name, pool):
    detector = Detector.load(name, threshold=0.05)
    assert detector.nouns == NAMES
    for found in detector.detect(pool.images):
        assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
        for one in found:
            x0, y0, x1, y1 = one.box
            assert one.noun in NAMES and 0.05 <= one.score <= 1
            assert x0 < x1 and y0 < y1 and min(x0, y0) >= -32 and max(x1, y1) <= 96


def test_what_it_cannot_judge_it_says(name):
    judge = GenEval(name)
    with pytest.raises(BadInput, match="cannot be checked"):
        judge.judge_images("a zebra", [np.zeros((64, 64, 3), np.uint8)])
    with pytest.raises(BadInput, match="RGB"):
        judge.judge_images("a cat", [np.zeros((64, 64), np.uint8)])
