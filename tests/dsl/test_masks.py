"""The mask engine equals the exact renderer, and its scans equal counting one primitive after another."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts_playground.dsl import exact
from tts_playground.dsl.edits import at, leaves, length, remove, replace, slots
from tts_playground.dsl.generator import Difficulty, generate
from tts_playground.dsl.masks import MaskEngine, count, engine
from tts_playground.dsl.tree import Circle, Difference, Program, Quad, Union
from tts_playground.errors import BadInput

SEEDS = st.integers(0, 2**31 - 1)


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.sampled_from([16, 64, 128]))
def test_programs_have_the_pixels_of_the_exact_renderer(seed, size):
    program = generate(seed, 0)
    packed = engine(size).evaluate(program)
    assert packed.nbytes == size * size // 8
    assert np.array_equal(engine(size).unpack(packed).astype(bool), exact.mask(program, size))


@pytest.mark.parametrize("size", [16, 64, 128, 256])
def test_a_scan_counts_what_single_masks_count(size):
    masks = engine(size)
    rng = np.random.default_rng(size)
    ink, blank = (masks.pack(rng.random((size, size)) < 0.4) for _ in range(2))
    in_ink, in_blank = masks.scan(ink, blank)
    assert len(in_ink) == len(in_blank) == len(masks.scanner)
    for index in rng.integers(0, len(masks.scanner), 400):
        mask = masks.mask(masks.scanner.primitive(int(index)))
        assert (in_ink[index], in_blank[index]) == (count(mask & ink), count(mask & blank))


def test_the_table_misses_no_set_of_pixels():
    masks = engine(64)
    known = {masks.mask(masks.scanner.primitive(i)).tobytes() for i in range(len(masks.scanner))}
    assert len(known) == len(masks.scanner), "two primitives of the table have the same pixels"
    rng = np.random.default_rng(0)
    for _ in range(300):
        r, x, y, w, h = (int(v) for v in rng.integers(1, 16, 5))
        for primitive in (Circle(r, x, y), *(Quad(x, y, w, h, angle) for angle in range(0, 360, 45))):
            assert masks.mask(primitive).tobytes() in known, primitive


@pytest.mark.parametrize("size", [0, 8, 60, 1024])
def test_sizes_that_cannot_be_are_refused(size):
    with pytest.raises(BadInput, match="multiple of 16"):
        MaskEngine(size)


@settings(deadline=None, max_examples=40)
@given(SEEDS)
def test_slots_tell_the_effect_of_any_replacement(seed):
    masks = engine(64)
    program = generate(seed, 1, Difficulty(primitives=(2, 6)))
    new = generate(seed, 2, Difficulty(primitives=(1, 1))).root
    for slot in slots(masks, program.root):
        assert np.array_equal(slot.value, masks.evaluate(slot.node))
        assert at(program.root, slot.path) == slot.node
        predicted = (slot.if_full & masks.evaluate(new)) | (slot.if_empty & ~masks.evaluate(new))
        assert np.array_equal(predicted, masks.evaluate(replace(program.root, slot.path, new)))
        grows = not np.any(slot.if_empty & ~slot.if_full)
        assert grows if slot.adds else not np.any(slot.if_full & ~slot.if_empty)
        gone = remove(program.root, slot.path)
        assert np.array_equal(slot.if_empty, masks.evaluate(gone))


def test_surgery_keeps_trees_flat():
    a, b, c = Circle(1, 2, 3), Circle(2, 3, 4), Quad(5, 5, 2, 2, 45)
    assert replace(Union((a, b)), (1,), Union((b, c))) == Union((a, b, c))
    assert replace(Difference((a, b)), (0,), Difference((a, c))) == Difference((a, c, b))
    assert replace(Difference((a, b)), (1,), Union((b, c))) == Difference((a, b, c))
    assert remove(Difference((a, b)), (0,)) is None
    assert remove(Union((a, b, c)), (1,)) == Union((a, c))
    assert [leaf for _, leaf in leaves(Union((a, Difference((b, c)))))] == [a, b, c]
    assert length(None) == 0
    assert len(Program(Union((a, b)))) == 2
