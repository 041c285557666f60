import numpy as np
import pytest

from tts_playground.errors import BadInput
from tts_playground.verifiers.checks import check, truth
from tts_playground.verifiers.colors import background_name, color_of
from tts_playground.verifiers.english import Want, parse
from tts_playground.worlds import stickers
from tts_playground.worlds.captions import caption, falsified
from tts_playground.worlds.evalset import cases
from tts_playground.worlds.layout import Draw, arrange
from tts_playground.worlds.vocabulary import NAMES


def test_every_benchmark_prompt_is_read_as_meant_and_true_of_its_scene():
    rng = np.random.default_rng(0)
    for case in cases():
        request = parse(case.prompt, NAMES)
        groups = [(g.noun, g.color, g.count) for g in case.composition.groups]
        assert [(w.noun, w.color, w.count) for w in request.wants] == groups
        assert (request.relation, request.background) == (case.composition.relation, case.composition.background)
        scene = arrange(case.composition, Draw(rng.random(100).tolist()))
        assert check(request, truth(scene), scene.composition.background).passed, case.prompt


def test_captions_are_true_and_falsified_ones_are_not():
    for index in range(400):
        scene, draw = stickers.scene_and_draw(3, index)
        found, ground = truth(scene), scene.composition.background
        told = caption(scene.composition, draw)
        assert check(parse(told, NAMES), found, ground).passed, told
        for kind, wrong in falsified(scene.composition, draw).items():
            fewer = sum(g.count for g in wrong.groups) < len(scene.things)
            if not (kind == "count" and fewer):  # "an apple" is true of two apples
                lie = caption(wrong, draw, full=True)
                assert not check(parse(lie, NAMES), found, ground).passed, (lie, scene)


def test_hue_judge_reads_every_tint_and_background_of_rendered_scenes():
    batch = stickers.batch(5, 0, 300)
    for image, scene in zip(batch.images, batch.scenes, strict=True):
        assert background_name(image) == scene.composition.background
        for thing in scene.things:
            if thing.color:
                assert color_of(image, thing.box) == thing.color


@pytest.mark.parametrize(
    ("prompt", "wants"),
    [
        ("Two red apples to the left of a cat.", (Want("apple", "red", 2, True), Want("cat"))),
        ("a picture of 3 doughnuts and an orange bike", (Want("donut", "", 3, True), Want("bicycle", "orange"))),
        ("there are four buses", (Want("bus", "", 4, True),)),
    ],
)
def test_plain_english(prompt, wants):
    assert parse(prompt, NAMES).wants == wants


@pytest.mark.parametrize("prompt", ["a zebra", "", "a cat on a plaid background", "a cat between a dog"])
def test_what_cannot_be_checked_says_so(prompt):
    with pytest.raises(BadInput, match="cannot be checked"):
        parse(prompt, NAMES)
