"""The judges' parts one by one: boundaries, boxes against shapely, colours of painted pixels, ties, words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from shapely.geometry import box as shapely_box

from tts_playground.core import Sample
from tts_playground.dsl import parse as program
from tts_playground.dsl import render
from tts_playground.errors import BadInput
from tts_playground.estimators.calibration import auroc_within, reliability
from tts_playground.models.detector import Detection, Detector, iou, without_repeats
from tts_playground.tasks.sketch import SketchTask
from tts_playground.verifiers import geneval
from tts_playground.verifiers.checks import check
from tts_playground.verifiers.colors import FAR, GROUND, background, color_of, color_votes
from tts_playground.verifiers.english import parse
from tts_playground.verifiers.geneval import GenEval
from tts_playground.verifiers.measures import measure_detector, per_scene
from tts_playground.verifiers.render import RenderVerifier
from tts_playground.verifiers.selectors import ByScore, pick, settled, tally
from tts_playground.verifiers.self_verify import PYes, Rating
from tts_playground.worlds.vocabulary import COLORS, NAMES, TINTS

NOUNS = ("apple", "cat", "dog")

# ------------------------------------------------------------------------------------------------ the model's word


def test_at_one_half_and_at_five_it_is_decided_as_written():
    class Half(PYes):
        def score(self, task, samples):
            return [0.5, 0.499, 0.501]

    class Five(Rating):
        def score(self, task, samples):
            return [5.0, 4.9, 5.1]

    assert [v.passed for v in Half(None).judge(None, [])] == [True, False, True]  # type: ignore[arg-type]
    assert [v.passed for v in Five(None).judge(None, [])] == [False, False, True]  # type: ignore[arg-type]


def test_calibration_errors_up_and_down_do_not_cancel_and_bins_are_as_many_as_asked_for():
    curve = reliability([0.2, 0.2, 0.8, 0.8, 0.8, 0.8], [1, 1, 0, 0, 1, 1], bins=2)
    assert curve.said.tolist() == pytest.approx([0.2, 0.8]) and curve.true.tolist() == [1.0, 0.5]
    assert curve.ece == pytest.approx((2 * 0.8 + 4 * 0.3) / 6)
    p = np.random.default_rng(0).random(100)
    for bins in (4, 25):
        assert reliability(p, p > 0.5, bins).count.tolist() == [n for n in np.histogram(p, bins, (0, 1))[0] if n]
    assert auroc_within([[2, 1], [1, 2]], [[1, 0], [1, 0]]) == [1.0, 0.0], "a bad question counts, too"


# ---------------------------------------------------------------------------------------------------------- boxes

SIDE = st.integers(0, 8)


@settings(deadline=None)
@given(st.tuples(SIDE, SIDE, SIDE, SIDE), st.tuples(SIDE, SIDE, SIDE, SIDE))
def test_overlap_of_boxes_is_shapelys(one, other):
    a, b = ((x, y, x + w, y + h) for x, y, w, h in (one, other))
    shapes = shapely_box(*a), shapely_box(*b)
    union = shapes[0].area + shapes[1].area - shapes[0].intersection(shapes[1]).area
    assert iou(a, b) == pytest.approx(shapes[0].intersection(shapes[1]).area / union if union else 0.0)


def test_a_thing_found_twice_is_its_surest_box_from_three_quarters_on():
    whole, most, less = (
        Detection("cat", (0.0, 0.0, 4.0, high), score) for high, score in ((4, 0.5), (3, 0.9), (2.9, 0.7))
    )
    assert without_repeats([whole, most]) == [most], "an IoU of exactly 3/4"
    assert without_repeats([whole, less]) == [less, whole]
    far = Detection("cat", (9.0, 9.0, 13.0, 13.0), 0.6)
    assert without_repeats([whole, far]) == [far, whole]


class Boxes:
    """A detector's model and processor that see one box a picture, as large as the picture is."""

    class config:
        id2label = {0: "cat"}  # noqa: RUF012

    device = "cpu"

    def __call__(self, **kwargs):
        import torch

        if "images" in kwargs:
            from transformers import BatchFeature

            self.count = len(kwargs["images"])
            return BatchFeature({})
        return torch.zeros(self.count)

    def post_process_object_detection(self, seen, *, threshold, target_sizes):
        import torch

        return [
            {
                "boxes": torch.tensor([[0.0, 0.0, wide, high]]),
                "scores": torch.tensor([1.0]),
                "labels": torch.tensor([0]),
            }
            for high, wide in target_sizes.tolist()
        ]


def test_boxes_are_in_pixels_of_each_picture_and_every_batch_counts():
    both = Boxes()
    sizes = [(8, 4), (6, 10), (2, 2), (5, 3), (9, 7)]
    found = Detector(both, both, "boxes").detect([Image.new("RGB", size) for size in sizes], batch=2)
    assert [[one.box for one in row] for row in found] == [[(0.0, 0.0, wide, high)] for wide, high in sizes]


class Sees:
    def __init__(self, found):
        self.found = found

    def detect(self, images):
        return self.found


def test_how_good_a_detector_is_by_hand():
    """One scene with both right, one with a wrong class, no overlap for the other, and a box too many."""
    images = np.full((2, 20, 20, 3), 255, np.uint8)
    images[0, 2:8, 2:8] = TINTS["red"]
    boxes = np.array([[[2, 2, 8, 8], [10, 10, 18, 18]]] * 2, float)
    cat, dog = NAMES.index("cat"), NAMES.index("dog")
    classes, colors = np.array([[cat, dog], [cat, -1]]), np.array([[COLORS.index("red"), 0], [0, 0]])
    exact = [Detection("cat", (2, 2, 8, 8)), Detection("dog", (10, 10, 18, 18))]
    rows = per_scene(Sees([exact, [Detection("dog", (2, 2, 8, 8)), *exact[1:]]]), images, classes, colors, boxes)  # type: ignore[arg-type]
    assert rows["det_count"].tolist() == [1, 0] and rows["det_class"].tolist() == [1, 0]
    assert rows["det_color"][0] == 1 and np.isnan(rows["det_color"][1])
    half = [Detection("cat", (2, 2, 8, 4.9)), Detection("dog", (10, 10, 18, 14))]  # IoU just under and exactly one half
    rows = per_scene(Sees([half]), images[:1], classes[:1], colors[:1], boxes[:1])  # type: ignore[arg-type]
    assert rows["det_class"].tolist() == [0.5]
    means = measure_detector(Sees([exact, exact]), images, classes, colors, boxes)  # type: ignore[arg-type]
    assert means == {"det_count": 0.5, "det_class": 1.0, "det_color": 1.0}


# ---------------------------------------------------------------------------------------------------------- rules


def thing(noun, x, color="", score=0.9):
    return Detection(noun, (x, 0.0, x + 10.0, 10.0), score, color)


def test_the_score_is_the_share_of_what_holds():
    request = parse("a red apple left of a cat on a black background", NOUNS)
    found = [thing("apple", 0, "red"), thing("cat", 50)]
    assert check(request, found, "black").score == 1.0
    wrong = check(request, found, "white")
    assert (wrong.score, wrong.passed, wrong.reason) == (0.75, False, "the background is white")
    assert check(request, found).passed, "nobody looked at the background"
    assert check(request, [thing("apple", 90, "red"), thing("cat", 50)], "white").score == 0.5


def test_a_relation_holds_between_all_of_the_things_asked_for():
    request = parse("two apples left of a cat", NOUNS)
    assert check(request, [thing("apple", 0), thing("apple", 20), thing("cat", 50)]).passed
    assert not check(request, [thing("apple", 0), thing("apple", 90), thing("cat", 50)]).passed
    assert not check(request, [thing("apple", 90), thing("apple", 110), thing("cat", 50)]).passed
    assert "not left of the cat" in check(request, [thing("apple", 0), thing("apple", 90), thing("cat", 50)]).reason


@pytest.mark.parametrize("prompt", ["a cat left of", "a cat, a dog and an apple left of a cat", "a cat between a dog"])
def test_relations_with_too_few_or_too_many_things_cannot_be_checked(prompt):
    with pytest.raises(BadInput, match="things, not"):
        parse(prompt, NOUNS)


def test_numbers_are_read_as_numbers():
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    for number, word in enumerate(words, 1):
        (want,) = parse(f"{word} cats", NOUNS).wants
        assert (want.count, want.exact) == (number, True) and parse(f"{number} cats", NOUNS).wants == (want,)
    assert parse("0 cats", NOUNS) == parse("no cats", NOUNS) == parse("zero cats", NOUNS)
    with pytest.raises(BadInput, match="no plaid background"):
        parse("a cat on a plaid background", NOUNS)


# ---------------------------------------------------------------------------------------------------------- colours


def painted(*parts, ground=(255, 255, 255)):
    """A 64 x 64 picture of the ground with a 20 x 20 square whose rows are painted in shares of colours."""
    image, row = np.full((64, 64, 3), ground, np.uint8), 20
    for count, color in parts:
        image[row : row + count, 20:40] = color
        row += count
    return image


BOX = (20.0, 20.0, 40.0, 40.0)
GREY = (128, 128, 128)


@pytest.mark.parametrize(("rows", "name"), [(8, ""), (9, "red"), (20, "red")])
def test_a_colour_needs_44_percent_of_the_votes(rows, name):
    assert color_of(painted((rows, TINTS["red"]), (20 - rows, GREY)), BOX) == name


def test_greys_and_colours_far_from_any_tint_vote_for_none_and_the_ground_does_not_vote():
    assert color_of(painted((20, GREY)), BOX) == "" and set(color_votes(painted((20, GREY)), BOX).values()) == {0.0}
    lime = (160, 255, 0)
    shades = [np.array(rgb) * s for rgb in TINTS.values() for s in (0.5, 0.62, 0.75, 0.88, 1.0)]
    shades += [np.array(rgb) + (255 - np.array(rgb)) * p for rgb in TINTS.values() for p in (0.2, 0.4)]
    assert min(np.linalg.norm(shade - lime) for shade in shades) > FAR
    assert color_of(painted((20, lime)), BOX) == ""
    near = tuple(255 - int(GROUND / np.sqrt(3)) + 1 for _ in range(3))
    assert color_votes(painted((5, TINTS["blue"]), (15, near)), BOX)["blue"] == 1.0
    assert color_votes(painted(), BOX) == {}


def test_the_ground_is_what_lies_at_the_rim_whatever_fills_the_middle():
    image = np.full((64, 64, 3), 255, np.uint8)
    image[4:60, 4:60] = TINTS["green"]
    assert background(image).tolist() == [255, 255, 255]
    assert color_of(image, (4.0, 4.0, 60.0, 60.0)) == "green"


def test_pixels_that_a_box_only_touches_count():
    image = painted((20, TINTS["blue"]))
    image[20:40, 39] = TINTS["red"]
    assert color_votes(image, (38.0, 20.0, 39.2, 40.0)) == pytest.approx(color_votes(image, (38.0, 20.0, 40.0, 40.0)))
    assert color_votes(image, (38.0, 20.0, 39.2, 40.0))["red"] == 0.5


def test_a_photos_colour_is_chosen_for_the_crop_by_the_likeness_of_words(monkeypatch):
    """Stand-ins for CLIP: a picture is its mean colour, a word the colour that it names."""
    named = {"red": (255, 0, 0), "blue": (0, 0, 255), "brown": (120, 70, 30)}
    asked = []

    def texts(words, name, device):
        asked.extend(words)
        colors = [named.get(word.split()[4], (0, 0, 0)) for word in words]
        return np.array([np.array(c) / max(1.0, np.linalg.norm(c)) for c in colors])

    def images(crops, name, device):
        return np.array([np.asarray(crop, float).reshape(-1, 3).mean(0) / 255 for crop in crops])

    monkeypatch.setattr(geneval, "text_embeddings", texts)
    monkeypatch.setattr(geneval, "image_embeddings", images)
    canvas = np.full((40, 80, 3), 255, np.uint8)
    canvas[5:15, 50:70], canvas[20:35, 5:15] = named["red"], named["blue"]
    found = [Detection("cat", (50.0, 5.0, 70.0, 15.0)), Detection("dog", (5.0, 20.0, 15.0, 35.0))]

    class Seen:
        nouns = NOUNS

        def detect(self, pictures):
            return [found for _ in pictures]

    monkeypatch.setattr(geneval, "_detector", lambda *_: Seen())
    judge = GenEval("some/detector", "some/clip")
    assert judge.judge_images("a red cat and a blue dog", [canvas])[0].passed
    assert not judge.judge_images("a blue cat", [canvas])[0].passed
    assert "a photo of a red cat" in asked and "a photo of a white dog" in asked
    assert judge.request("a black cat").wants[0].color == "black"
    with pytest.raises(BadInput, match="background of a photograph"):
        judge.request("a cat on a white background")


# ---------------------------------------------------------------------------------------------------- the renderer


def test_the_renderer_counts_pixels_and_passes_at_its_threshold():
    task = SketchTask.of(render("(Quad 4 8 4 4 0)"))
    wanted, drawn = (np.asarray(render(text))[..., 0] == 0 for text in ("(Quad 4 8 4 4 0)", "(Quad 5 8 4 6 0)"))
    hit, missing, extra = (int(part.sum()) for part in (wanted & drawn, wanted & ~drawn, drawn & ~wanted))
    assert len({hit, missing, extra}) == 3
    sample = Sample(program("(Quad 5 8 4 6 0)"), 0)
    share = hit / (hit + missing + extra)
    for passing, passed in ((share, True), (np.nextafter(share, 1), False)):
        (verdict,) = RenderVerifier(passing).judge(task, [sample])
        assert verdict.score == pytest.approx(share) and verdict.passed == passed
        words = f"{hit:,} pixels of ink agree, {missing:,} are missing, {extra:,} are too many"
        assert verdict.reason == words


# ------------------------------------------------------------------------------------------------------ selectors


def test_of_equals_the_first_is_given():
    assert ByScore().pick(["a", "b", "c"], [1.0, 2.0, 2.0]) == 1
    assert list(tally(["k", "b", "k", "b", "c"])) == ["k", "b", "c"]
    assert pick("majority", ["k", "b", "b", "k"], {}) == 0


def test_scores_are_as_many_as_answers():
    with pytest.raises(BadInput, match="score for each"):
        pick("weighted", ["1", "2", "3"], {"p_yes": [0.1, 0.2]})


def test_a_vote_is_settled_when_the_second_cannot_draw_level():
    assert settled(["k", "k", "k", "b", "c"], 6) and not settled(["k", "k", "k", "b", "b", "c"], 7)
