"""Accuracy curves of selectors from outside: asked about orders of the answers, against estimators that are exact."""

from itertools import permutations

import numpy as np
import outside_plugins
import pytest

from tts_playground import registry
from tts_playground.errors import BadInput
from tts_playground.estimators.selection import expected_pick, selection_curve
from tts_playground.experiments.question_sets import AskedQuestion, accuracy_curves, side_by_side

SAID = [("a", "b", "a", "c", "b"), ("b", "b", "c", "a", "a"), ("c", "a", "b", "b", "c")]
ASKED = [
    AskedQuestion(f"question {i}", ("a",), said, {"logprob": tuple(-1.0 - (7 * i + 3 * k) % 5 for k in range(5))})
    for i, said in enumerate(SAID)
]


@pytest.fixture
def outsiders():
    outside_plugins.register()
    registry.register("selector", "again", "tts_playground.verifiers.selectors:Majority", tasks=("vqa",))
    registry.register("selector", "sure", "tts_playground.verifiers.selectors:Verified", tasks=("vqa",), needs="p_yes")
    yield
    registry.unregister("selector", "again")
    registry.unregister("selector", "sure")
    outside_plugins.unregister()


def test_the_mean_over_all_orders_is_exact():
    gold, first_two = [1.0, 0.0, 0.0, 1.0], lambda shown: 1 if len(shown) > 1 and shown[1] < shown[0] else 0
    for n in (1, 2, 3, 4):
        wanted = np.mean([gold[one[first_two(one)]] for one in permutations(range(4), n)])
        assert expected_pick(first_two, gold, [n])[0] == pytest.approx(wanted)


def test_random_orders_come_near_it():
    gold = (np.arange(12) % 3 == 0).astype(float)
    drawn = expected_pick(lambda shown: int(np.argmax(shown)), gold, [6], exact_up_to=0, draws=4000)
    shares = [np.prod([(top - j) / (12 - 1 - j) for j in range(5)]) * 6 / 12 for top in range(12)]
    assert drawn[0] == pytest.approx(np.dot(shares, gold), abs=0.03)


@pytest.mark.parametrize("place", [-1, 3])
def test_a_place_that_is_not_there_is_one_sentence(place):
    with pytest.raises(BadInput, match=f"place {place} of 3"):
        selection_curve([lambda shown: place], [[1.0, 0.0, 1.0]], ns=[3])


def test_selectors_from_outside_have_curves(outsiders):
    found = accuracy_curves(ASKED)
    assert list(found)[-3:] == ["last", "dimmest", "again"] and "sure" not in found  # nobody said P(yes)
    assert found["last"].mean == pytest.approx(found["single"].mean, abs=0.02)
    assert found["again"].mean == pytest.approx(found["majority"].mean, abs=0.02)
    turned = [
        AskedQuestion(o.question, o.truths, o.answers, {"logprob": tuple(-v for v in o.scores["logprob"])})
        for o in ASKED
    ]
    assert found["dimmest"].mean == pytest.approx(accuracy_curves(turned)["logprob"].mean, abs=0.02)
    assert found["dimmest"].label == "least likely" and found["last"].low is not None
    assert {"last", "again"} <= set(side_by_side(ASKED)["anls"])


def test_nothing_changes_without_them():
    assert list(accuracy_curves(ASKED)) == ["oracle", "majority", "logprob", "single"]


def test_the_page_shows_them(outsiders):
    from tts_playground.pages.vqa import render
    from tts_playground.pages.vqa.page_state import SetWork

    figure = render.set_figure(SetWork("set", tuple(ASKED), 3, 3), "n", "exact")
    assert {"last answer", "least likely"} <= {line.name for line in figure.data}
