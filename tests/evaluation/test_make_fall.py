"""The example of over-optimisation: chosen on the training side, shown on images that did not choose it."""

from itertools import combinations

import numpy as np
import pytest

from tts_playground import home
from tts_playground.errors import BadInput, CannotDo
from tts_playground.evaluation import falls, make_fall, make_starters
from tts_playground.evaluation.falls import Fall, clearest
from tts_playground.models import loading
from tts_playground.store import starters
from tts_playground.tasks.image_rewards import share_weights
from tts_playground.verifiers.training_side import training_side

RENEW = "run python -m tts_playground.evaluation.make_fall"
HELD_OUT = "three red balloons and a dog"
SEEN, OTHER, THIRD = "a cat and a purple guitar", "two red apples left of a cat", "a blue cat left of a dog"


def _scores(n, slope, seed=0):
    """Scores of n images: the better one looks, the less it passes (slope -1), or nothing of the kind (slope 0)."""
    rng = np.random.default_rng(seed)
    looks, luck = rng.normal(size=n), rng.normal(size=n)
    return {"aesthetic": looks.tolist(), "geneval": (slope * looks + luck / 4 > -0.5).astype(float).tolist()}


def _fall(prompt=SEEN, second="geneval", margin=0.5):
    return Fall(prompt, "aesthetic", second, 8, 0.8, 0.2, 0.1, 0.3, margin)


def test_a_fall_is_the_mean_over_all_subsets_with_its_interval():
    scores = _scores(16, -1)
    (fall,) = falls.falls(SEEN, scores)
    looks, passed = np.array(scores["aesthetic"]), np.array(scores["geneval"])
    picks = [passed[max(subset, key=lambda place: looks[place])] for subset in combinations(range(16), 8)]
    assert fall.where == (SEEN, "aesthetic", "geneval", 8)
    assert fall.one == pytest.approx(passed.mean()) and fall.best == pytest.approx(np.mean(picks))
    assert 0 <= fall.low <= fall.best <= fall.high <= 1
    assert fall.margin == pytest.approx((passed.mean() - fall.high) / passed.std())
    assert Fall(**fall.as_dict()).where == fall.where and fall.as_dict()["high"] == round(fall.high, 4)


def test_n_goes_as_far_as_half_of_a_pool_and_rewards_that_are_not_there_are_left_out():
    assert [fall.n for fall in falls.falls(SEEN, _scores(64, -1))] == [8, 16, 32]
    assert falls.falls(SEEN, _scores(15, -1)) == [] == falls.falls(SEEN, {"aesthetic": [1.0] * 64})
    assert falls.falls(SEEN, {"aesthetic": [], "geneval": []}) == []


def test_the_clear_fall_is_picked_and_an_unclear_one_is_refused():
    clear, unclear = falls.falls(SEEN, _scores(64, -1)), falls.falls(OTHER, _scores(64, 0))
    best = clearest([*unclear, *clear])
    assert best is not None and best.prompt == SEEN and best.margin == max(one.margin for one in clear) > 0.5
    assert clearest(unclear) is None and clearest([]) is None
    assert clearest([_fall(margin=falls.CLEARLY)]) is None


def test_the_truth_goes_before_another_reward_and_a_held_out_prompt_is_refused():
    truth, farther = _fall(margin=0.2), _fall(second="clip", margin=2.0)
    assert clearest([farther, truth]) == truth and clearest([farther]) == farther
    assert clearest([_fall(HELD_OUT, margin=3.0)]) is None
    assert clearest([_fall(HELD_OUT, margin=3.0), truth]) == truth


def test_what_falls_on_the_images_that_chose_it_alone_is_not_taken():
    drawn = []

    def scored(prompt, n, seed):
        drawn.append((prompt, n, seed))
        lucky = prompt == OTHER and seed == make_fall.FRESH
        return _scores(n, 0 if lucky or prompt == THIRD else -1 if prompt == SEEN else -3, seed=7)

    choice = make_fall.search([THIRD, HELD_OUT, SEEN, OTHER], scored, n=64, fresh=128)
    assert [one.prompt for one in choice.screened] == [THIRD, SEEN, OTHER]
    margins = {one.prompt: one.margin for one in choice.screened}
    assert margins[OTHER] > margins[SEEN] > falls.CLEARLY > margins[THIRD]
    assert [(one.prompt, one.clear) for one in choice.redrawn] == [(OTHER, False), (SEEN, True)]
    assert choice.chosen == choice.redrawn[1]
    screened = {one.prompt: one.where for one in choice.screened}
    assert [one.where for one in choice.redrawn] == [screened[OTHER], screened[SEEN]]  # and at no other N
    fresh = [(prompt, 128, make_fall.FRESH) for prompt in (OTHER, SEEN)]
    assert drawn == [*((prompt, 64, make_fall.SCREENING) for prompt in (THIRD, SEEN, OTHER)), *fresh]


def test_few_are_drawn_again_and_without_a_second_fall_there_is_none():
    posed = make_fall.prompts(make_fall.FEW + 2)

    def once(prompt, n, seed):
        return _scores(n, -1 if seed == make_fall.SCREENING else 0)

    choice = make_fall.search(posed, once)
    assert choice.chosen is None and len(choice.redrawn) == make_fall.FEW < len(choice.screened)
    assert make_fall.search(posed, lambda prompt, n, seed: _scores(n, 0)).redrawn == []


def test_a_model_without_a_clear_fall_writes_nothing(random_janus_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(falls, "CLEARLY", 1e9)
    arguments = ["--model", str(random_janus_folder), "--prompts", "2", "--n", "16", "--out", str(tmp_path)]
    with pytest.raises(CannotDo, match="Of 2 prompts none shows a clear fall of a second reward on 16 images"):
        make_fall.main(arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_starter_of_another_choice_is_not_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(falls, "chosen", lambda: {"revision": "of earlier weights", "chosen": _fall().as_dict()})
    with pytest.raises(BadInput, match=r"evaluation\.make_fall"):
        make_starters.plan(falls.NAME)
    monkeypatch.setattr(falls, "chosen", dict)
    with pytest.raises(BadInput, match=r"evaluation\.make_fall"):
        make_starters.plan(falls.NAME)
    monkeypatch.undo()
    monkeypatch.setattr(home, "STARTERS", tmp_path)
    assert falls.chosen() == {} and falls.planned() is None


@pytest.fixture(scope="module")
def told():
    return falls.chosen()


@pytest.fixture(scope="module")
def pool():
    (only,) = starters.load(falls.NAME)
    return only


def test_what_ships_was_chosen_on_the_training_side_with_the_weights_that_ship(told, pool):
    plan = make_starters.plan("t2i")
    assert told["revision"] == pool.fingerprint["revision"] == loading.load("tiny:janus", "janus").revision, RENEW
    revisions = {reward.name: reward.revision for reward in plan.rewards}
    assert told["rewards"] == revisions == dict(pool.rewards()), RENEW
    screened = [one["prompt"] for one in told["screened"]["falls"]]
    assert screened == make_fall.prompts() and len(set(screened)) == make_fall.PROMPTS
    assert all(map(training_side, screened))
    assert pool.task_key["prompt"] == told["chosen"]["prompt"] in screened


def test_the_choice_is_clear_on_images_that_had_no_say_in_it(told, pool):
    rounds = told["screened"], told["redrawn"]
    assert rounds[0]["seed"] != rounds[1]["seed"] == make_fall.FRESH and rounds[0]["n"] < rounds[1]["n"] == len(pool)
    screened, redrawn = ([Fall(**one) for one in part["falls"]] for part in rounds)
    ordered = sorted((one for one in screened if one.clear), key=lambda one: (one.second != falls.TRUTH, -one.margin))
    assert [one.where for one in redrawn] == [one.where for one in ordered[: make_fall.FEW]]
    chosen = Fall(**told["chosen"])
    assert chosen == next(one for one in redrawn if one.clear) and chosen.second == falls.TRUTH
    assert not share_weights(chosen.first, chosen.second)
    assert {row.seed for row in pool.rows(seed=None)} == {make_fall.FRESH}
    scores = {name: pool.scores(name) for name, _ in pool.rewards()}
    now = {one.where: one for one in falls.falls(chosen.prompt, scores)}
    assert now[chosen.where].as_dict() == pytest.approx(told["chosen"], abs=1e-3) and now[chosen.where].clear


def test_screened_and_drawn_again_it_is_what_ships(told, pool):
    again, drawn = make_fall.made(posed=[HELD_OUT, told["chosen"]["prompt"]])
    assert again["chosen"] == pytest.approx(told["chosen"], abs=1e-3)
    (screened,) = again["screened"]["falls"]
    assert screened == pytest.approx(
        next(one for one in told["screened"]["falls"] if one["prompt"] == screened["prompt"]), abs=1e-3
    )
    assert drawn.key == pool.key
    tokens = [[sample.info["tokens"] for sample in one.samples()] for one in (drawn, pool)]
    assert tokens[0] == tokens[1]  # of an image its tokens, for pixels round by processor
