"""The mixture with more tinted things: of the same world, deterministic, nothing held out, and the shares it says."""

from collections import Counter

import numpy as np

from tts_playground.train.janus import tinted, tokens
from tts_playground.worlds import stickers
from tts_playground.worlds.evalset import held_out

N = 1500


def _kind(composition):
    groups, all_tinted = composition.groups, all(group.color for group in composition.groups)
    if len(groups) == 1 and groups[0].count == 1:
        return "alone" if all_tinted else "plain"
    return "pair" if all_tinted and [group.count for group in groups] == [1, 1] else "other"


def test_shares_of_the_kinds():
    seen = Counter(_kind(one.composition) for one in tinted.scenes(13_000, 0, N))
    usual = Counter(_kind(one.composition) for one in stickers.scenes(13_000, 0, N))
    assert 0.25 < seen["alone"] / N < 0.34 and 0.19 < seen["pair"] / N < 0.28
    assert usual["alone"] / N < 0.12 and usual["pair"] / N < 0.17
    assert all(seen[kind] > 0.08 * N for kind in ("plain", "other"))


def test_each_is_a_scene_of_the_world_and_holds_nothing_of_the_benchmark():
    held = held_out()
    for index, one in enumerate(tinted.scenes(7, 0, 200)):
        first = tinted.CANDIDATES * index
        assert one in stickers.scenes(7, first, tinted.CANDIDATES)
        assert not held.touches(one.composition)
    assert tinted.scenes(7, 150, 3) == tinted.scenes(7, 0, 153)[150:]


def test_chunks_of_tokens_take_their_scenes():
    images, prompts = tokens.draw_chunk(3, 20, 1, tinted.scenes)
    again = stickers.render_batch(tinted.scenes(3, 20, 20))
    assert np.array_equal(images, again) and prompts.shape[0] == 20
    assert not np.array_equal(images, tokens.draw_chunk(3, 20, 1)[0])
