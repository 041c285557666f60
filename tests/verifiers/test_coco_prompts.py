"""Every kind of GenEval's 553 prompts, written anew from its templates over COCO's names, is read as it is meant."""

from random import Random

import coco
import pytest

from tts_playground.verifiers.english import COLORS, Want, parse

NUMBERS = {2: "two", 3: "three", 4: "four"}
RELATIONS = ("left of", "right of", "above", "below")


def an(words):
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def many(name):
    """GenEval's plural: "es" behind an s, and else "s", whatever English says."""
    return f"{name}es" if name.endswith("s") else f"{name}s"


def published():
    """(prompt, wants as (name, colour, count, exact), relation): 80, 99, 80, 94, 100 and 100 of the six kinds."""
    rng = Random(42)
    pairs = [tuple(rng.sample(coco.PROMPTED, 2)) for _ in range(299)]
    for name in coco.PROMPTED:
        yield f"a photo of {an(name)}", [(name, "", 1, False)], ""
    for one, other in pairs[:99]:
        yield f"a photo of {an(one)} and {an(other)}", [(one, "", 1, False), (other, "", 1, False)], ""
    for place, name in enumerate(coco.PROMPTED):
        count = 2 + place % 3
        yield f"a photo of {NUMBERS[count]} {many(name)}", [(name, "", count, True)], ""
    for name in coco.PROMPTED[1:]:
        color = rng.choice(COLORS)
        yield f"a photo of {an(f'{color} {name}')}", [(name, color, 1, False)], ""
    for color in (*COLORS, "red", "blue", "black", "white", "orange"):
        yield f"a photo of {an(f'{color} orange')}", [("orange", color, 1, False)], ""
    for one, other in pairs[99:199]:
        relation = rng.choice(RELATIONS)
        yield f"a photo of {an(one)} {relation} {an(other)}", [(one, "", 1, False), (other, "", 1, False)], relation
    for one, other in pairs[199:]:
        a, b = rng.sample(COLORS, 2)
        prompt = f"a photo of {an(f'{a} {one}')} and {an(f'{b} {other}')}"
        yield prompt, [(one, a, 1, False), (other, b, 1, False)], ""


@pytest.mark.parametrize("labels", coco.EITHER.values(), ids=coco.EITHER)
def test_all_553_are_read_as_meant(labels):
    prompts = list(published())
    assert len(prompts) == 80 + 99 + 80 + 94 + 100 + 100
    for prompt, wants, relation in prompts:
        request = parse(prompt, labels)
        meant = tuple(Want(coco.label(name, labels), *rest) for name, *rest in wants)
        assert (request.wants, request.relation, request.background) == (meant, relation, ""), prompt


@pytest.mark.parametrize("labels", coco.EITHER.values(), ids=coco.EITHER)
def test_every_name_in_every_number_and_colour(labels):
    for name in coco.PROMPTED:
        noun = coco.label(name, labels)
        for count, word in NUMBERS.items():
            assert parse(f"{word} {many(name)}", labels).wants == (Want(noun, "", count, True),)
        for color in COLORS:
            assert parse(f"a photo of {an(f'{color} {name}')}", labels).wants == (Want(noun, color),)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("a keyboard", "computer keyboard"),
        ("a remote control", "tv remote"),
        ("three mice", "computer mouse"),
        ("a sofa", "couch"),
        ("two televisions", "tv"),
        ("a mobile phone", "cell phone"),
        ("smartphones", "cell phone"),
        ("a doughnut", "donut"),
        ("a bike", "bicycle"),
        ("two planes", "airplane"),
        ("a hair dryer", "hair drier"),
        ("a fridge", "refrigerator"),
        ("four people", "person"),
        ("three knives", "knife"),
        ("two wine glasses", "wine glass"),
        ("a pair of scissors", "scissors"),
        ("two sheep", "sheep"),
        ("three sandwiches", "sandwich"),
        ("a red and white bus", "bus"),
        ("two benches", "bench"),
        ("a table", "dining table"),
    ],
)
@pytest.mark.parametrize("labels", coco.EITHER.values(), ids=coco.EITHER)
def test_synonyms_and_plurals(said, meant, labels):
    (want,) = parse(said, labels).wants
    assert want.noun == coco.label(meant, labels)


def test_a_label_that_is_none_is_no_thing():
    from tts_playground.errors import BadInput

    with pytest.raises(BadInput, match="not a thing") as caught:
        parse("a n/a", coco.DETR)
    assert "N/A" not in str(caught.value)
