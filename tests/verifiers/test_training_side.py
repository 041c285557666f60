"""What may be chosen by looking: prompts that the world poses in training, and nothing that stickers-eval holds out."""

from dataclasses import replace

import pytest

from tts_playground.errors import BadInput
from tts_playground.verifiers.training_side import composition_of, training_side
from tts_playground.worlds import stickers
from tts_playground.worlds.captions import plain
from tts_playground.worlds.evalset import cases, held_out
from tts_playground.worlds.scene import Composition, Group


def test_every_caption_of_training_is_of_its_side():
    batch = stickers.batch(11, 0, 600)
    assert [said for said in batch.captions if not training_side(said)] == []
    for scene in batch.scenes:
        assert stickers.poses(scene.composition)
        assert composition_of(plain(scene.composition)) == scene.composition


def test_no_prompt_of_the_benchmark_is():
    assert [case.key for case in cases() if training_side(case.prompt)] == []
    assert [case.key for case in cases() if stickers.poses(case.composition)] == []


def test_whatever_is_held_out_takes_a_prompt_with_it():
    held = held_out()
    touching = [Composition((Group(a), Group(b))) for a, b in map(sorted, held.pairs)]
    touching += [Composition((Group(noun, color),)) for noun, color in held.colors]
    touching += [Composition((Group(noun, color, count),)) for noun, color, count in held.counts]
    touching += [Composition((Group(noun),), "", background) for noun, background in held.backgrounds]
    assert len(touching) == 200 and not any(training_side(plain(one)) for one in touching)
    free = composition_of("a cat and a purple guitar")
    grounds = {ground: replace(free, background=ground) for ground in ("white", "gray", "beige", "black")}
    barred = [ground for ground in grounds if {("cat", ground), ("guitar", ground)} & held.backgrounds]
    assert barred and [ground for ground, one in grounds.items() if not training_side(plain(one))] == barred


@pytest.mark.parametrize(
    "prompt",
    [
        "three red balloons and a dog",
        "two red apples above a cat on a white background",
        "a green apple left of a red apple",  # scenes name a thing once
        "five cats",
        "at least two cats",
        "at most two cats",
        "no cat",
        "a white cat",
        "a cat on a purple background",
        "three cats and two dogs",
        "two cats on a dog",
        "a cat sitting on a chair",
        "two cats, a dog and a bird",
        "a zeppelin",
        "a cat holding a cup",
        "",
    ],
)
def test_what_training_never_poses_is_not(prompt):
    assert not training_side(prompt)


@pytest.mark.parametrize("prompt", ["a cat", "one cat", "A photo of two red apples left of a cat.", "a boat on a car"])
def test_what_it_may_pose_is(prompt):
    assert training_side(prompt)


def test_a_number_that_is_left_open_is_no_composition():
    with pytest.raises(BadInput, match="at least 2 cats"):
        composition_of("at least two cats and a dog")
