"""The laws of the token loop at the shape that ships, with random weights: the same image at N=1 and at N=64."""

import pytest
import torch

from tts_playground.models.decode.packed_llama import PackedLlama
from tts_playground.models.janus.decode_batch import DecodeBatch, ImageRow
from tts_playground.models.janus.model import GREY, Janus
from tts_playground.train.janus.parts import SHIPPED, build_model, build_processor, build_tokenizer

PROMPT = "two red apples left of a cat"
CORNERS = [(t, cfg) for t in (0.0001, 0.1, 1.0, 5.0) for cfg in (1.0, 2.0, 5.0, 100.0)]


@pytest.fixture(scope="module")
def shipped():
    """Random weights whose logits are as spread as trained ones, so that guidance and temperature matter."""
    torch.manual_seed(0)
    words = build_tokenizer(PROMPT.split())
    model = build_model(SHIPPED, len(words)).eval()
    with torch.no_grad():
        model.model.generation_head.vision_head.weight.normal_(0, 1 / 16)
        model.model.generation_embeddings.weight.normal_(0, 3.0)
    return Janus(model, build_processor(words, SHIPPED))


def drawn(janus, rows, count):
    batch = DecodeBatch(janus, janus.prefix(PROMPT), rows)
    for _ in batch.run(count):
        pass
    return batch.tokens[:, : batch.at], batch.logprobs[:, : batch.at]


ALL_SIZES = ((0, 1), (5, 1), (26, 1), (31, 1), (47, 1), (8, 5), (3, 16), (30, 33))


# Threads that wait for each other are slow on a busy machine, so two of them draw little.
@pytest.mark.parametrize(("threads", "count", "parts"), [(1, 24, ALL_SIZES), (2, 2, ((31, 1), (3, 16)))])
def test_an_image_is_the_same_at_1_and_at_64_for_all_temperatures_and_guidance(shipped, threads, count, parts):
    assert isinstance(shipped.steps, PackedLlama)
    rows = [ImageRow(0, i, *CORNERS[i % len(CORNERS)], 0, 1.0) for i in range(64)]
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        tokens, logprobs = drawn(shipped, rows, count)
        for first, size in parts:
            some, theirs = drawn(shipped, rows[first : first + size], count)
            wrong = (some != tokens[first : first + size]).any(1).nonzero().flatten().tolist()
            assert not wrong, (
                f"images {wrong} of {size} from {first} differ: {[CORNERS[(first + i) % 16] for i in wrong]}"
            )
            assert torch.equal(theirs, logprobs[first : first + size])
    finally:
        torch.set_num_threads(before)


@torch.no_grad()
def test_pictures_are_the_models_own_and_partial_ones_show_only_what_was_drawn(shipped):
    tokens = torch.randint(0, SHIPPED.codes, (2, 64), generator=torch.Generator().manual_seed(0))
    whole = shipped.pictures(tokens)
    theirs = ((shipped.model.decode_image_tokens(tokens[:1])[0] + 1) * 127.5).clamp(0, 255).to(torch.uint8)
    ours = torch.tensor(list(whole[0].getdata())).view(64, 64, 3)
    assert (ours - theirs.int()).abs().max() <= 1
    other = tokens.clone()
    other[:, 24:] = 7
    for count in (0, 5, 8, 24, 30, 56):
        partial = shipped.pictures(tokens, [count, 64])
        end = count // 8 * 8
        assert partial[0].size == (64, 64) and partial[1].tobytes() == whole[1].tobytes()
        assert set(partial[0].crop((0, end, 64, 64)).getdata()) <= {(GREY, GREY, GREY)}
        same = shipped.pictures(other, [count, 64])[0].tobytes() == partial[0].tobytes()
        assert same is (count < 32), "only rows that were drawn may show"
