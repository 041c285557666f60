"""Practice without pictures: what follows is right, what is given is not learnt."""

import re

import numpy as np
import pytest
import torch

from tts_playground.train.vlm import data, text_practice
from tts_playground.train.vlm.architecture import build_model, packed_loss, wrap_tokenizer
from tts_playground.train.vlm.tokens import Packer, Turn
from tts_playground.train.vlm.trainer import MINIATURE


@pytest.fixture(scope="module")
def packed():
    return text_practice.make(3, seed=1, rows=200)[0]


def turns_of(packed):
    """(whole text, learnt text) of every turn."""
    decode = data.tokenizer().decode
    for ids, segments, weights in zip(packed.ids, packed.segments, packed.weights, strict=True):
        for number in range(1, segments.max() + 1):
            here = segments == number
            yield decode(ids[here].tolist()), decode(ids[here & (weights > 0)].tolist())


def test_every_sum_is_right_and_only_its_result_is_learnt(packed):
    signs = set()
    for whole, learnt in turns_of(packed):
        for a, sign, b, result in re.findall(r"(\d+) ([+-]) (\d+) = (\d+)", whole):
            signs.add(sign)
            assert int(result) == (int(a) + int(b) if sign == "+" else int(a) - int(b))
        if "answer:" not in whole:
            assert learnt == whole.rsplit("= ", 1)[1]
    assert signs == {"+", "-"}


def test_what_is_read_is_given_and_the_answer_follows_from_it(packed):
    asked = [(whole, learnt) for whole, learnt in turns_of(packed) if "answer:" in whole]
    assert len(asked) > 80
    for whole, learnt in asked:
        assert learnt.count("answer:") == 1
        lines = [line for line in learnt.splitlines() if line and "=" not in line]
        assert len(lines) == 1 and lines[0].startswith("answer:"), learnt
        answer = lines[0].removeprefix("answer:").strip()
        read = re.findall(r"([a-z]+) (\d+)(?=\n|$)", whole.split("answer:")[0])
        assert answer.isdigit() or answer in {label for label, _ in read}


def test_largest_and_smallest_follow_from_the_list(packed):
    seen = 0
    for whole, learnt in turns_of(packed):
        question, _, rest = whole.partition("?")
        read = {label: int(value) for label, value in re.findall(r"([a-z]+) (\d+)(?=\n|$)", rest.split("answer:")[0])}
        answer = learnt.split("answer:")[-1].strip()
        if "answer:" in whole and " or " not in question and re.search("largest|highest|smallest|lowest", question):
            pick = max if re.search("largest|highest", question) else min
            best = pick(read, key=read.__getitem__)
            seen += 1
            assert answer in (best, str(read[best])), whole
    assert seen > 30


def test_practice_is_a_function_of_its_number():
    first, again, other = (text_practice.make(i, seed=4, rows=8)[0] for i in (5, 5, 6))
    assert np.array_equal(first.ids, again.ids) and not np.array_equal(first.ids, other.ids)


def test_given_words_carry_no_loss():
    packer = Packer(data.tokenizer(), 0, 24)
    whole, part = (
        packer.pack(np.empty((1, 0), np.uint8), [[Turn("3 + 4", "3 + 4 = 7", given=given)]])
        for given in ("", "3 + 4 =")
    )
    assert np.array_equal(whole.ids, part.ids)
    assert (whole.weights > 0).sum() == 6 and (part.weights > 0).sum() == 2  # 7 and the end


def test_the_loss_without_pictures_is_that_of_the_plain_model(packed):
    torch.manual_seed(0)
    model = build_model(MINIATURE, len(wrap_tokenizer(data.tokenizer()))).eval()
    ids = torch.from_numpy(packed.ids[:1]).long()
    alone = np.where(packed.segments[:1] == 1, packed.weights[:1], 0).astype(np.float32)
    segments, positions = (torch.from_numpy(part[:1]).long() for part in (packed.segments, packed.positions))
    keep = np.isin(packed.segments[0], (0, 1))
    with torch.no_grad():
        found = packed_loss(model, torch.empty(1, 0), ids, segments, positions, torch.from_numpy(alone))
        logits = model(input_ids=ids[:, torch.from_numpy(keep)]).logits.log_softmax(-1)[0]
    weights = torch.from_numpy(alone[0][keep])
    chosen = logits[:-1].gather(1, ids[0, torch.from_numpy(keep)][1:, None])[:, 0]
    assert torch.allclose(found, -(chosen * weights[1:]).sum() / weights.sum(), atol=1e-4)
