"""Plain English of the checks: amounts, pairs of colours, relations; and what no box shows is said, never guessed."""

import coco
import numpy as np
import pytest
from PIL import Image

from tts_playground.errors import BadInput
from tts_playground.models.detector import Detection
from tts_playground.verifiers.checks import check
from tts_playground.verifiers.colors import color_of, fits_pair
from tts_playground.verifiers.english import Want, parse


def read(prompt):
    return parse(prompt, coco.DETR)


def dogs(n, noun="dog"):
    return [Detection(noun, (20.0 * i, 0.0, 20.0 * i + 10, 10.0)) for i in range(n)]


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        ("a dog", range(1, 30)),
        ("the dogs", range(1, 30)),
        ("one dog", [1]),
        ("a single dog", [1]),
        ("exactly three dogs", [3]),
        ("only two dogs", [2]),
        ("3 dogs", [3]),
        ("at least two dogs", range(2, 30)),
        ("no fewer than 2 dogs", range(2, 30)),
        ("two or more dogs", range(2, 30)),
        ("more than two dogs", range(3, 30)),
        ("over two dogs", range(3, 30)),
        ("at most two dogs", range(3)),
        ("up to 2 dogs", range(3)),
        ("fewer than three dogs", range(3)),
        ("a dozen dogs", [12]),
        ("half a dozen dogs", [6]),
        ("two dozen dogs", [24]),
        ("a dozen of the dogs", [12]),
        ("a couple of dogs", [2]),
        ("a pair of dogs", [2]),
        ("several dogs", range(3, 30)),
        ("a few dogs", range(3, 30)),
        ("eleven dogs", [11]),
        ("no dogs", [0]),
        ("no dog", [0]),
        ("zero dogs", [0]),
        ("not a single dog", [0]),
        ("there are no dogs", [0]),
    ],
)
def test_how_many(said, fits):
    for prompt in (said, f"A photo of {said.removeprefix('there are ')}."):
        assert [n for n in range(30) if check(read(prompt), dogs(n)).passed] == list(fits), prompt


@pytest.mark.parametrize(
    "prompt", ["a cat without dogs", "a cat, without a dog", "a cat and no dogs", "a cat with no dog"]
)
def test_what_must_not_be_there(prompt):
    cat = dogs(1, "cat")
    assert check(read(prompt), cat).passed and not check(read(prompt), cat + dogs(1)).passed
    assert "no dog, found 1" in check(read(prompt), cat + dogs(1)).reason
    assert not check(read(prompt), []).passed


@pytest.mark.parametrize(
    ("prompt", "wants"),
    [
        ("a red and white cup", (Want("cup", "red and white"),)),
        ("two black and white cats", (Want("cat", "black and white", 2, True),)),
        ("a red and a white cup", (Want("cup", "red"), Want("cup", "white"))),
        ("a black dog and a white cup", (Want("dog", "black"), Want("cup", "white"))),
        ("an orange and a red apple", (Want("orange"), Want("apple", "red"))),
        ("a dozen red apples", (Want("apple", "red", 12, True),)),
    ],
)
def test_colours(prompt, wants):
    assert read(prompt).wants == wants


def box(noun, x0, y0, x1, y1):
    return Detection(noun, (x0, y0, x1, y1))


@pytest.mark.parametrize(
    "how", ["sitting on", "sits on", "is sitting on", "lying on", "standing on", "sitting on top of"]
)
def test_sitting_on_is_above_or_overlapping(how):
    request = read(f"a cat {how} a chair")
    assert request.relation == "sitting on" and [want.noun for want in request.wants] == ["cat", "chair"]
    chair = box("chair", 10, 40, 60, 100)
    for cat, passes in (((20, 20, 40, 60), True), ((20, 0, 40, 20), True), ((100, 50, 130, 90), False)):
        assert check(request, [box("cat", *cat), chair]).passed is passes, cat
    below = check(request, [box("cat", 20, 120, 40, 140), chair])
    assert not below.passed and "not sitting on" in below.reason


@pytest.mark.parametrize(
    "relation", ["in front of", "behind", "inside", "in", "holding", "wearing", "riding", "near", "facing"]
)
def test_a_relation_that_boxes_do_not_show_is_named(relation):
    with pytest.raises(BadInput, match=f"cannot be checked: .*'{relation}'"):
        read(f"a dog {relation} a car")


def test_what_need_not_be_there_is_nowhere():
    with pytest.raises(BadInput, match="need not be there"):
        read("no dog left of a cat")


def test_a_colour_that_no_judge_tells_is_named():
    with pytest.raises(BadInput, match="'gray' is not a colour that this judge tells; it tells black, blue"):
        read("a grey dog")
    with pytest.raises(BadInput, match="'black' is not a colour"):
        parse("a black dog", coco.DETR, ("red", "blue"))


def painted(*halves):
    image = np.full((64, 64, 3), 178, np.uint8)
    for place, color in enumerate(halves):
        image[16:48, 16 + place * (32 // len(halves)) : 16 + (place + 1) * (32 // len(halves))] = color
    return image


BOX = (16.0, 16.0, 48.0, 48.0)
RED, WHITE, BLACK, BLUE = (225, 25, 30), (250, 250, 250), (15, 15, 15), (30, 90, 235)


def test_black_white_and_pairs_by_their_pixels():
    assert [color_of(painted(one), BOX) for one in (BLACK, WHITE, RED)] == ["black", "white", "red"]
    assert color_of(painted(RED, WHITE), BOX) == "red", "a tint comes before black and white"
    assert fits_pair(painted(RED, WHITE), BOX, "red and white") and fits_pair(painted(RED, BLUE), BOX, "blue and red")
    assert not fits_pair(painted(RED), BOX, "red and white") and not fits_pair(painted(RED, BLUE), BOX, "red and white")


class Seen:
    nouns = coco.DETR

    def detect(self, pictures):
        return [[Detection("cup", BOX, 0.95)] for _ in pictures]


@pytest.mark.parametrize(
    ("prompt", "halves", "passed"),
    [
        ("a white cup", [WHITE], True),
        ("a black cup", [WHITE], False),
        ("a red and white cup", [RED, WHITE], True),
        ("a red and white cup", [RED], False),
        ("a red and a white cup", [RED, WHITE], False),
    ],
)
def test_the_judge_looks_at_pairs(monkeypatch, prompt, halves, passed):
    from tts_playground.verifiers import geneval

    monkeypatch.setattr(geneval, "_detector", lambda *given: Seen())
    judge = geneval.GenEval("some/detector", "hue")
    assert judge.judge_images(prompt, [Image.fromarray(painted(*halves))])[0].passed is passed


def test_what_must_not_be_there_need_not_be_sure(monkeypatch):
    """GenEval counts only what is seen very surely (0.9); "no cup" is broken by any cup above the plain threshold."""
    from tts_playground.verifiers import geneval

    class Unsure(Seen):
        def detect(self, pictures):
            return [[Detection("cup", BOX, 0.5)] for _ in pictures]

    monkeypatch.setattr(geneval, "_detector", lambda *given: Unsure())
    judge = geneval.GenEval("some/detector", "hue")
    verdicts = {
        prompt: judge.judge_images(prompt, [painted(RED)])[0].passed for prompt in ("no cups", "one cup", "a cup")
    }
    assert verdicts == {"no cups": False, "one cup": False, "a cup": True}
