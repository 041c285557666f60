"""The part of ``bench gpu`` about answers: N sampled answers and N verifications by a model of Qwen2-VL-2B's shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from PIL import Image

from tts_playground.bench import vqa
from tts_playground.bench.gpu_card import in_turn
from tts_playground.bench.gpu_models import QUESTION, Lab
from tts_playground.bench.timing import row, summary
from tts_playground.samplers.vlm import VlmSampler
from tts_playground.samplers.vlm_settings import AnswerSettings


@dataclass(frozen=True)
class PictureQuestion:
    """The least that sampler and verifier ask of a task."""

    question: str
    image: Image.Image


def task(side: int) -> PictureQuestion:
    """A question about a picture with bars in it."""
    picture = Image.new("RGB", (side, side), (250, 250, 245))
    for number in range(4):
        left, top = side * (2 * number + 1) // 9, side * (4 - number) // 6
        picture.paste((40 + 50 * number, 90, 200 - 40 * number), (left, top, left + side // 9, side))
    return PictureQuestion(QUESTION, picture)


def answers(lab: Lab) -> Iterator[dict[str, Any]]:
    """Answers and verifications against generate with as many sequences and one batched forward."""
    lab.alone("vlm")
    card, sizes = lab.card, lab.sizes
    n, longest = sizes.answers, sizes.longest
    asked = task(sizes.side)
    sampler = VlmSampler(lab.vlm, AnswerSettings(vqa.TEMPERATURE, most_tokens=longest))
    mine, theirs = vqa.ours(sampler, asked, n), card.shipped(vqa.theirs(lab.vlm.value, asked, n, longest))
    for call in (mine, theirs):
        call()
    lab.clock.hold(card.seconds(mine) + card.seconds(theirs) if card.cuda else 0, "answers and verifications")
    ours, peer = map(summary, in_turn(card, lab.clock, mine, theirs, most=5))
    label = (
        f"{n} answers of {longest} tokens and {n} verifications, bf16: generate({n}) and one batched forward as peer"
    )
    yield row(label, ours.median, peer.median, "s", spread=(ours, peer))
    lab.clock.hold(card.seconds(mine) + card.seconds(theirs) if card.cuda else 0, "answers alone")
    drawing = vqa.drawing(sampler, asked, n)
    generating = card.shipped(vqa.generating(lab.vlm.value, asked, n, longest))
    ours, peer = map(summary, in_turn(card, lab.clock, drawing, generating))
    yield row(f"{n} answers alone: generate({n}) as peer", ours.median, peer.median, "s", spread=(ours, peer))
