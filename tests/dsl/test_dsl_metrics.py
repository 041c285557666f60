from __future__ import annotations

import math

import numpy as np
import pytest
from dsl_programs import FULL, PROGRAMS
from hypothesis import given, settings
from PIL import Image

from tts_playground.dsl import DSLError, Metrics, Program, iou, mask, parse, render
from tts_playground.errors import BadInput


def _target(black_share: float, size: int = 256) -> dict[str, object]:
    """A target whose leftmost columns are black."""
    pixels = np.full((size, size, 3), 255, np.uint8)
    pixels[:, : round(size * black_share)] = 0
    return {"program": "", "image": Image.fromarray(pixels)}


def _numbers(metrics: Metrics) -> tuple[float, ...]:
    return (metrics.pixel_accuracy, metrics.parse_rate, metrics.precision, metrics.recall, metrics.f1_score)


def test_a_mixed_set_by_hand() -> None:
    # All black on a half-black target: hits 1/2, extra 1/2. No program for a quarter: extra 3/4, missed 1/4.
    metrics = Metrics([FULL, "(Circle 3 8)"], [_target(0.5), _target(0.25)])
    precision, recall = (1 / 2) / (1 / 2 + 1 / 2 + 3 / 4), (1 / 2) / (1 / 2 + 1 / 4)
    assert _numbers(metrics) == pytest.approx((0.25, 0.5, precision, recall, 0.4))


def test_counts_are_pooled_not_averaged() -> None:
    metrics = Metrics([FULL, FULL], [_target(1.0), _target(0.25)])
    assert _numbers(metrics) == pytest.approx((0.625, 1.0, 1.25 / 2, 1.0, 2 * 0.625 / 1.625))


def test_the_empty_program_has_full_precision_and_no_recall() -> None:
    assert _numbers(Metrics(["", " \n"], [_target(0.5), _target(0.125)])) == (0.6875, 1.0, 1.0, 0.0, 0.0)


def test_nothing_to_score() -> None:
    assert _numbers(Metrics([], [])) == (0.0, 0.0, 1.0, 0.0, 0.0)


def test_recall_of_no_black_pixel_is_zero() -> None:
    assert _numbers(Metrics([FULL, "oops"], [_target(0), _target(0)])) == (0.0, 0.5, 0.0, 0.0, 0.0)


def test_the_target_itself_is_perfect_at_any_size_and_mode() -> None:
    text = "(- (Quad 8 8 8 8 45) (Circle 3 8 8))"
    targets = [{"image": render(text, 224)}, {"image": render(text).convert("L")}]
    assert _numbers(Metrics([text, parse(text)], targets)) == (1.0,) * 5


def test_grey_pixels_are_neither_black_nor_equal() -> None:
    grey = Image.new("RGB", (64, 64), (128, 128, 128))
    assert _numbers(Metrics([FULL], [{"image": grey}])) == (0.0, 1.0, 0.0, 0.0, 0.0)


def test_it_prints_four_places() -> None:
    assert str(Metrics([""], [_target(0.5)])) == (
        "Metrics(pixel_accuracy=0.5000, parse_rate=1.0000, precision=1.0000, recall=0.0000, f1_score=0.0000)"
    )


def test_bad_sets_are_refused() -> None:
    with pytest.raises(BadInput, match="2 programs for 1 targets"):
        Metrics(["", ""], [_target(0.5)])
    for image in (None, Image.new("RGB", (20, 30)), Image.new("RGB", (8, 8))):
        with pytest.raises(BadInput, match="square PIL picture"):
            Metrics([""], [{"image": image}])


def test_iou_by_hand() -> None:
    left, right = np.zeros((16, 16), bool), np.zeros((16, 16), bool)
    left[:, :8] = True
    right[:, 4:12] = True
    assert iou(left, right) == pytest.approx(4 / 12)
    assert iou(left, _target(0.5, 16)["image"]) == 1.0  # type: ignore[arg-type]
    assert iou(FULL, left) == 0.5
    assert iou("", "") == 1.0
    assert iou("", FULL) == 0.0
    small, large = "(Circle 3 8 8)", "(Circle 6 8 8)"
    assert iou(small, large, mode="exact") == pytest.approx(9 / 36, rel=0.01)
    assert not math.isclose(iou(small, large), iou(small, large, mode="exact"))


def test_iou_refuses_what_cannot_be_compared() -> None:
    with pytest.raises(BadInput, match="different sizes"):
        iou(np.zeros((16, 16), bool), np.zeros((32, 32), bool))
    with pytest.raises(DSLError):
        iou("(Circle 3", FULL)


@given(PROGRAMS, PROGRAMS)
@settings(deadline=None)
def test_iou_is_a_similarity(a: Program, b: Program) -> None:
    score = iou(a, b, 64, "exact")
    assert 0 <= score <= 1
    assert score == iou(b, a, 64, "exact")
    assert (score == 1) == bool((mask(a, 64) == mask(b, 64)).all())
