from itertools import combinations

import numpy as np

from tts_playground.worlds import stickers
from tts_playground.worlds.evalset import KINDS, cases, held_out
from tts_playground.worlds.vocabulary import BACKGROUNDS, MOST, SIZE


def test_a_scene_depends_on_seed_and_index_alone():
    whole = stickers.batch(4, 0, 12)
    part = stickers.batch(4, 7, 5)
    assert part.captions == whole.captions[7:]
    assert part.scenes == whole.scenes[7:]
    assert np.array_equal(part.images, whole.images[7:])
    assert stickers.batch(5, 0, 12).captions != whole.captions


def test_things_lie_inside_and_are_drawn():
    batch = stickers.batch(8, 0, 200)
    for row, scene in enumerate(batch.scenes):
        assert 1 <= len(scene.things) <= MOST
        for thing in scene.things:
            x0, y0, x1, y1 = (int(side) for side in thing.box)
            assert 0 <= x0 < x1 <= SIZE
            assert 0 <= y0 < y1 <= SIZE
            inside = batch.images[row, y0:y1, x0:x1].astype(int)
            ground = np.array(BACKGROUNDS[scene.composition.background])
            assert (np.abs(inside - ground).sum(-1) > 30).mean() > 0.1


def test_the_benchmark_has_forty_prompts_a_kind():
    assert {kind: sum(case.kind == kind for case in cases()) for kind in KINDS} == dict.fromkeys(KINDS, 40)
    assert len({case.prompt for case in cases()}) == 240


def test_training_never_shows_what_the_benchmark_asks():
    held = held_out()
    assert len(held.pairs) == 80
    assert len(held.colors) == len(held.counts) == len(held.backgrounds) == 40
    for scene in stickers.scenes(1, 0, 3000):
        nouns = {thing.noun for thing in scene.things}
        assert not any(frozenset(pair) in held.pairs for pair in combinations(nouns, 2))
        for thing in scene.things:
            assert (thing.noun, thing.color) not in held.colors
            assert (thing.noun, scene.composition.background) not in held.backgrounds
            same = sum((other.noun, other.color) == (thing.noun, thing.color) for other in scene.things)
            assert (thing.noun, thing.color, same) not in held.counts
