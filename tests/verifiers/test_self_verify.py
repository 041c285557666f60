"""Self-verification against the plain forward, selectors by hand, and the measures of trust."""

import numpy as np
import pytest
import tiny_vlms
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tts_playground import registry
from tts_playground.core import Reward, Sample, Verifier
from tts_playground.errors import BadInput, CannotDo, UnknownName
from tts_playground.estimators.calibration import auroc, auroc_within, reliability
from tts_playground.models.loading import Loaded, Options
from tts_playground.models.vlm.model import Vlm
from tts_playground.testing import check_reward
from tts_playground.verifiers import self_verify
from tts_playground.verifiers.selectors import pick, picks, settled, tally
from tts_playground.verifiers.self_verify import PYes, Rating, SequenceLogprob, white
from tts_playground.worlds.wording import rating_prompt, verify_prompt


class Asked:
    image = tiny_vlms.picture()
    question = "what is the value of kiwi?"


def samples(*answers):
    return [
        Sample(f"kiwi {answer}\nanswer: {answer}", i, info={"answer": answer, "model_logprob": -float(i)})
        for i, answer in enumerate(answers)
    ]


FOUR = samples("7", "37", "kiwi", "7")


@pytest.fixture(scope="module", params=tiny_vlms.KINDS)
def loaded(request):
    return Loaded(request.param, "vlm", Options("cpu", "float32"), "r", Vlm(*tiny_vlms.parts(request.param)))


def first(loaded, prompt, image=Asked.image):
    with torch.inference_mode():
        return loaded.value.model(**loaded.value.inputs([image], [prompt])).logits[:, -1].float().log_softmax(-1)


@pytest.mark.parametrize("shows", ["answer", "reply"])
def test_p_yes_is_the_plain_forwards(loaded, shows):
    judge = PYes(loaded, shows)
    assert isinstance(judge, Reward) and isinstance(judge, Verifier)
    scores = check_reward(judge, Asked, FOUR)
    for sample, score in zip(FOUR, scores, strict=True):
        told = sample.content if shows == "reply" else sample.info["answer"]
        row = first(loaded, verify_prompt(Asked.question, told))
        assert score == pytest.approx(tiny_vlms.says_yes(loaded.value, row[0]), abs=1e-4)
    assert scores[0] == scores[3] if shows == "answer" else True
    assert [v.passed for v in judge.judge(Asked, FOUR)] == [s >= 0.5 for s in scores]
    assert shows in judge.revision and judge.name == "p_yes"


def test_the_blank_picture_changes_what_is_said(loaded):
    seen, blank = PYes(loaded), PYes(loaded, blank=True)
    assert blank.name == "p_yes_blank"
    assert seen.score(Asked, FOUR) != blank.score(Asked, FOUR)
    row = first(loaded, verify_prompt(Asked.question, "7"), white(Asked.image))
    assert blank.score(Asked, FOUR)[0] == pytest.approx(tiny_vlms.says_yes(loaded.value, row[0]), abs=1e-4)
    assert np.asarray(white(Image.new("L", (4, 3)))).min() == 255


def test_the_rating_tells_one_from_ten(loaded):
    scores = check_reward(Rating(loaded), Asked, FOUR)
    assert all(0 <= score <= 10 for score in scores)
    vlm = loaded.value
    prompt = rating_prompt(Asked.question, "7")
    row = first(loaded, prompt).exp()[0]
    chances = [float(row[vlm.tokens(str(d))[0]]) for d in range(10)]
    with torch.inference_mode():
        prefix = vlm.extended(vlm.prefix(Asked.image, prompt), vlm.tokens("10")[:1])
    ten = chances[1] * float(prefix.logits.softmax(-1)[vlm.tokens("10")[1]])
    chances = [*chances[:1], chances[1] - ten, *chances[2:], ten]
    assert scores[0] == pytest.approx(np.average(range(11), weights=chances), abs=1e-3)
    assert Rating(loaded).judge(Asked, FOUR)[0].passed == (scores[0] > 5)


def test_ten_is_taken_off_one_and_a_rating_is_among_numbers_alone(loaded, monkeypatch):
    """A made-up model: one 0.3, of which half goes on to ten; seven 0.2; the rest is no number."""
    vlm = loaded.value

    def said(model, image, prompts, begun=()):
        chances = torch.full((len(prompts), len(first(loaded, "x")[0])), 1e-12)
        if tuple(begun) == tuple(vlm.tokens("10")[:-1]):
            chances[:, vlm.tokens("10")[-1]] = 0.5
        else:
            chances[:, vlm.tokens("1")[-1]], chances[:, vlm.tokens("7")[-1]] = 0.3, 0.2
        return chances.log()

    monkeypatch.setattr(self_verify, "next_logprobs", said)
    wanted = (0.15 * 1 + 0.15 * 10 + 0.2 * 7) / 0.5
    assert Rating(loaded).score(Asked, FOUR[:2]) == pytest.approx([wanted, wanted], abs=1e-5)


def test_a_rating_of_the_blank_picture_is_that_of_a_white_one(loaded):
    class White(Asked):
        image = white(Asked.image)

    seen, blank = Rating(loaded).score(Asked, FOUR), Rating(loaded, blank=True).score(Asked, FOUR)
    assert blank == pytest.approx(Rating(loaded).score(White, FOUR), abs=1e-6) and seen != pytest.approx(blank)
    replies = Rating(loaded, "reply").score(Asked, FOUR)
    assert replies != pytest.approx(seen), "the whole reply is shown, not only its answer"


def test_log_probability_is_what_the_samples_carry():
    assert check_reward(SequenceLogprob(), Asked, FOUR) == [0.0, -1.0, -2.0, -3.0]
    with pytest.raises(CannotDo, match="log-prob"):
        SequenceLogprob().score(Asked, [Sample("7", 0)])


ANSWERS = ["12", "twelve", "37", "37 km", "37.0", "kiwi"]
SCORES = {"p_yes": [0.9, 0.8, 0.3, 0.2, 0.1, 0.95], "logprob": [-3, -2, -9, -1, -5, -4], "rating": [1, 9, 2, 3, 4, 5]}


def test_each_selector_takes_what_it_should():
    found = picks(ANSWERS, SCORES)
    assert list(found) == [row.name for row in registry.entries("selector", "vqa")]
    assert found == {"verifier": 5, "majority": 2, "weighted": 0, "rating": 1, "logprob": 3, "single": 0}
    assert tally(ANSWERS) == {"37": 3, "12": 2, "kiwi": 1}
    assert tally(ANSWERS, SCORES["p_yes"])["12"] == pytest.approx(1.7)
    assert set(picks(ANSWERS, {})) == {"majority", "single"}


def test_what_cannot_be_picked():
    with pytest.raises(UnknownName, match="majority"):
        pick("majorty", ["1"], {})
    with pytest.raises(BadInput, match="p_yes"):
        pick("verifier", ["1", "2"], {"p_yes": [0.1]})
    with pytest.raises(BadInput, match="at least one"):
        pick("majority", [], {})


def test_a_settled_vote_cannot_turn():
    assert not settled([], 4) and not settled(["a", "a"], 4) and settled(["a", "a", "a"], 4)
    assert settled(["a", "a", "b", "a"], 4) and not settled(["a", "b", "a"], 5)


def test_auroc_by_hand():
    assert auroc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]) == pytest.approx(0.75)
    assert auroc([1, 1, 1], [1, 0, 1]) == 0.5 and auroc([1, 2], [1, 1]) is None
    assert auroc_within([[1, 2], [1, 2], [1, 2]], [[0, 1], [1, 0], [1, 1]]) == [1.0, 0.0]
    with pytest.raises(BadInput):
        auroc([1.0], [1, 0])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=40))
def test_auroc_is_the_share_of_pairs(rows):
    scores, truth = zip(*rows, strict=True)
    pairs = [(a > b) + (a == b) / 2 for a, x in rows if x for b, y in rows if not y]
    assert auroc(scores, truth) == (pytest.approx(np.mean(pairs)) if pairs else None)


def test_reliability_and_its_error():
    curve = reliability([0.05, 0.15, 0.95, 0.9, 1.0], [0, 0, 1, 1, 0])
    assert curve.count.tolist() == [1, 1, 3] and curve.true.tolist() == pytest.approx([0, 0, 2 / 3])
    assert curve.ece == pytest.approx((0.05 + 0.15 + 3 * abs(0.95 - 2 / 3)) / 5)
    rng = np.random.default_rng(0)
    p = rng.random(20000)
    assert reliability(p, rng.random(20000) < p).ece < 0.02
    with pytest.raises(BadInput):
        reliability([1.2], [1])
