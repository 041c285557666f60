"""Two rewards on the same images, and the session's favourites."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tts_playground import home
from tts_playground.evaluation import falls
from tts_playground.evaluation.falls import Fall
from tts_playground.pages.t2i import image_repository, render, reward_pair
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.view_settings import T2iView
from tts_playground.store import starters
from tts_playground.verifiers.training_side import training_side

VIEW = T2iView("a cat", 8, model="m", reward="clip", second="aesthetic")
CLIP = (0.1, 0.5, 0.3, 0.2, 0.4, 0.0, 0.6, 0.7)
LOOKS = (9.0, 5.0, 6.0, 7.0, 5.5, 8.0, 4.0, 3.0)


def _look(**changes):
    view = replace(VIEW, **changes)
    return GalleryState(view, tuple("abcdefgh"), (None,) * 8, {"clip": CLIP, "aesthetic": LOOKS})


def test_rewards_that_fight_are_seen_to_fight():
    scatter, axes, over = reward_pair.figures_of(_look())
    assert "Pearson -0.9" in scatter.layout.annotations[0].text
    assert {trace.yaxis for trace in axes.data} == {"y", "y2"}
    assert "KL" in over.layout.xaxis.title.text and "standard deviations" in over.layout.yaxis.title.text.replace(
        "<br>", " "
    )
    ends = [trace.y[-1] for trace in over.data if trace.fill is None]
    assert over.data[1].y[0] == pytest.approx(0) and min(ends) < -1.5 and max(ends) > 1.5
    words = reward_pair.reading(_look())
    own = _look().curve("aesthetic")
    assert own is not None and f"best of 4 by CLIP score: {own.at(4):.3f} on average" in words  # half of the 8 drawn
    assert f"of one draw: {own.at(1):.3f};" in words and "0.64 nats" in words


@pytest.mark.parametrize(
    ("slope", "told"), [(1.0, ">It rises."), (-1.0, ">It falls: over-optimisation."), (0.0, ">No clear change.")]
)
def test_a_move_is_claimed_only_where_the_band_leaves_out_one_draw(slope, told):
    clip = np.arange(64.0)
    looks = slope * clip + np.random.default_rng(0).permutation(64) / 8
    scores = {"clip": tuple(clip), "aesthetic": tuple(looks)}
    look = GalleryState(replace(VIEW, n=8), ("a",) * 64, (None,) * 64, scores)
    assert told in reward_pair.reading(look)
    fitted = [trace.name for trace in reward_pair.figures_of(look)[2].data if "fit" in (trace.name or "")]
    assert len(fitted) == (1 if slope else 0)  # no law is fitted to noise


def test_what_is_missing_is_said():
    assert "differs" in reward_pair.reading(_look(second="clip"))
    assert "Draw some" in reward_pair.reading(GalleryState(VIEW))
    assert (
        "Both rewards"
        in reward_pair.figures_of(GalleryState(VIEW, ("a",), (None,), {"clip": (1.0,)}))[0].layout.annotations[0].text
    )


def test_a_favourite_shows_its_ranks_and_tallies():
    votes = reward_pair.vote(_look(), 7, ())
    assert dict(votes[0].ranks) == {"clip": 1, "aesthetic": 8}
    assert reward_pair.vote(_look(), None, votes) == votes == reward_pair.vote(_look(), 99, votes)
    again = reward_pair.vote(_look(), 1, votes)
    assert len(again) == 1 and again[0].place == 1
    more = reward_pair.vote(_look(prompt="a <b>dog</b>"), 0, votes)
    words = reward_pair.tally(more)
    assert "1 of 2" in words and "<b>dog" not in words and "rank" in words
    assert "8 of 8 by aesthetic score" in reward_pair.tally(votes)
    assert "Click an image" in reward_pair.tally(())


def test_ranks_are_of_the_images_in_view():
    few = _look(n=3)
    assert few.ranked() == [1, 2, 0] and few.rank(7, "clip") is None
    assert [caption for _, caption in render.gallery(few)] == ["★ 1 · 0.500", "2 · 0.300", "3 · 0.100"]


def test_equals_share_a_rank_and_a_reward_that_cannot_tell_has_no_say():
    some, none = (1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0), (0.0,) * 8
    look = replace(_look(), scores={"clip": CLIP, "geneval": some, "sharpness": none})
    assert [look.rank(place, "geneval") for place in (0, 2, 1, 7)] == [1, 1, 3, 3]
    assert look.rank(0, "sharpness") is None and "all equal" in render.picks(replace(look, files=("/gone",) * 8))
    (vote,) = reward_pair.vote(look, 2, ())
    assert dict(vote.ranks) == {"clip": 5, "geneval": 1}
    assert vote.above == pytest.approx((3 / 7, 6.5 / 7))
    words = reward_pair.tally((vote,))
    assert "5 of 8 by CLIP score, 1 of 8 by GenEval-style check" in words and "sharpness" not in words
    (equal,) = reward_pair.vote(replace(look, scores={"sharpness": none}), 2, ())
    assert "what all the others score" in reward_pair.tally((equal,))


def test_the_second_rewards_own_pick_is_an_average_like_the_first_ones():
    look = _look(n=2)
    own = replace(look, view=replace(look.view, reward="aesthetic")).curve()
    assert own is not None and own.at(2) != max(LOOKS[:2])
    words = reward_pair.reading(look)
    assert f"of the best of 2 by aesthetic score itself: {own.at(2):.3f}." in words


# ---------------------------------------------------------------------------------------------- the example

HELD_OUT, SEEN, OTHER = "three red balloons and a dog", "a cat and a purple guitar", "two red apples left of a cat"


@pytest.fixture
def ready(tmp_path, monkeypatch):
    """``ready(name, prompt, slope, **facts)``: one more pool; of slope -1 its images pass unless they look well."""
    starters.load.cache_clear()
    kept = next(pool for pool in starters.load(image_repository.NAME) if pool.task_key["prompt"] == SEEN)
    pools = {}
    monkeypatch.setattr(home, "STARTERS", tmp_path)
    reward_pair.clear_case.cache_clear()

    def more(name, prompt, slope, **facts):
        looks, luck = np.random.default_rng(3).normal(size=(2, len(kept)))
        values = {"aesthetic": looks, "geneval": (slope * looks + luck / 4 > -0.5).astype(float)}
        scores = {
            (reward, revision): dict(zip(kept.values(reward, revision), values[reward].tolist(), strict=True))
            for reward, revision in kept.rewards()
            if reward in values
        }
        task, fingerprint = {**kept.task_key, "prompt": prompt}, {**kept.fingerprint, **facts}
        made = replace(kept, task_key=task, fingerprint=fingerprint, scores_by_reward=scores)
        pools.setdefault(name, []).append(made)
        starters.write(name, pools[name], tmp_path)
        reward_pair.clear_case.cache_clear()

    yield more
    starters.load.cache_clear()
    reward_pair.clear_case.cache_clear()


def test_the_example_that_ships_is_of_the_training_side_and_was_chosen_on_other_images():
    view = reward_pair.clear_case()
    assert view is not None and training_side(view.prompt)
    assert (view.prompt, view.reward, view.second, view.n) == falls.planned()
    look = image_repository.look(view)  # without a model
    assert image_repository.complete(look, view.n) and look.size == falls.IMAGES
    told = reward_pair.sentence(look)
    shown = falls.chosen()["chosen"]
    assert told.startswith("It falls: over-optimisation.") and f"of one draw: {render.number(shown['one'])};" in told
    assert f"(95 %: {render.number(shown['low'])} to {render.number(shown['high'])})" in told


def test_a_held_out_prompt_is_no_example_however_far_it_falls(ready):
    ready(image_repository.NAME, HELD_OUT, -3)
    assert reward_pair.clear_case() is None
    ready(image_repository.NAME, SEEN, -1)
    view = reward_pair.clear_case()
    assert view is not None and (view.prompt, view.second) == (SEEN, "geneval")


def test_without_a_clear_fall_there_is_no_example(ready):
    assert reward_pair.clear_case() is None
    ready(image_repository.NAME, SEEN, 0)
    assert reward_pair.clear_case() is None


def test_what_earlier_weights_drew_is_no_example(ready):
    ready(image_repository.NAME, SEEN, -1, revision="of before")
    assert reward_pair.clear_case() is None
    ready(image_repository.NAME, "a blue cat left of a dog", -1)
    view = reward_pair.clear_case()
    assert view is not None and view.prompt == "a blue cat left of a dog"


def test_a_pool_drawn_after_the_choice_goes_first_where_it_was_chosen_and_nowhere_else(ready, tmp_path):
    ready(image_repository.NAME, SEEN, -3)
    ready(image_repository.FALL, OTHER, -1)
    planned = Fall(OTHER, "aesthetic", "geneval", 16, 0.8, 0.2, 0.1, 0.3, 0.5)

    def choose(fall):
        (tmp_path / falls.FILE).write_text(json.dumps({"chosen": fall.as_dict()}))
        reward_pair.clear_case.cache_clear()
        view = reward_pair.clear_case()
        assert view is not None
        return view.prompt, view.reward, view.second, view.n

    assert choose(planned) == planned.where
    assert choose(replace(planned, n=8)) == (OTHER, "aesthetic", "geneval", 8)
    assert choose(replace(planned, first="clip"))[0] == SEEN  # that pair was not looked at afresh
    assert choose(replace(planned, prompt=HELD_OUT))[0] == SEEN
