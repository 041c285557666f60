"""Drawing, looking and ranking without a page."""

from dataclasses import replace

import gradio as gr
import pytest

from tts_playground.core import Progress, Verdict
from tts_playground.errors import BadInput, Cancelled
from tts_playground.pages.status import status
from tts_playground.pages.t2i import image_repository, known_words, page_state, render
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.request_queue import TOGETHER, DrawRequest, RequestQueue
from tts_playground.rewards.verdict import VerdictReward
from tts_playground.store import starters
from tts_playground.ui.t2i import callbacks


def _draw(view, n=None):
    for _ in image_repository.serve(DrawRequest(view, n or view.n), lambda: False):
        pass
    return image_repository.look(view)


def test_what_is_drawn_is_kept_ranked_and_not_drawn_again(view, monkeypatch):
    look = _draw(view)
    assert (look.size, look.shown) == (4, 4)
    scores = look.scores["sharpness"]
    assert [scores[place] for place in look.ranked()] == sorted(scores, reverse=True)
    assert look.rank(look.ranked()[0], "sharpness") == 1
    assert image_repository.complete(look, 4) and not image_repository.complete(look, 5)
    monkeypatch.setattr("tts_playground.samplers.image_tokens.ImageTokens.stream", None)
    assert _draw(view) == look


def test_what_is_whole_asks_no_model(view, monkeypatch):
    look = _draw(view)
    monkeypatch.setattr(image_repository, "draw", None)
    monkeypatch.setattr("tts_playground.models.loading.load", None)
    (step,) = page_state.drawn("page that asks again", DrawRequest(view, 4), pressed=True)
    assert step.look == look
    (last,) = page_state.several(view, (view.prompt,), "page that asks again")
    assert last == ((look,), None)


def test_the_status_names_what_is_seen_and_what_goes_on(view):
    words = render.summary(_draw(replace(view, seed=7)))
    assert "4 of 4 images of “a red apple”" in words and "seed 7" in words
    assert "seed" not in render.summary(_draw(view))
    note = known_words.note(["z" * 2000], "")
    assert "zzz" in note and len(note) < 300
    assert "scoring" in render.working(Progress(done=4, of=4)) and "row 2 of 8" in render.working(
        Progress(done=0, of=4, step=2, steps=8)
    )


def test_a_larger_n_keeps_the_first_images_and_the_curve_is_exact(view):
    few, many = _draw(view), _draw(replace(view, n=6))
    assert many.files[:4] == few.files and many.size == 6
    smaller = replace(many, view=replace(view, n=3))
    assert smaller.shown == 3 and set(smaller.ranked()) == {0, 1, 2}
    curve = many.curve()
    assert curve is not None
    assert curve.at(6) == pytest.approx(max(many.scores["sharpness"]))
    assert many.curve("colourfulness").measure == "colourfulness"  # type: ignore[union-attr]


def test_the_one_at_random_is_no_twin_of_those_beside_it(view):
    look = GalleryState(
        replace(view, n=4), ("a.png", "a.png", "b.png", "c.png"), (0.0,) * 4, {view.reward: (4.0, 3.0, 2.0, 1.0)}
    )
    assert look.random_place() == 2
    twins = replace(look, files=("a.png",) * 4)
    assert twins.random_place() in (1, 2)


def test_previews_come_row_by_row(view):
    fresh = replace(view, seed=77)
    steps = list(image_repository.serve(DrawRequest(fresh, 4), lambda: False))
    rows = [step.step for step in steps if step.unfinished]
    assert rows and rows == sorted(rows)
    assert steps[0].done == 0 and steps[-1].done == 4
    assert render.sheet(next(step.unfinished for step in steps if step.unfinished)).startswith("<img")


def test_a_cancel_stops_within_a_token_and_keeps_what_is_whole(view):
    fresh, asked = replace(view, seed=78), []
    with pytest.raises(Cancelled):
        list(image_repository.serve(DrawRequest(fresh, 4), lambda: asked.append(1) or len(asked) > 2))
    assert len(asked) == 3 and image_repository.look(fresh).size == 0


def test_a_newer_wish_replaces_the_one_in_work(view):
    first, second = DrawRequest(replace(view, seed=80), 4), DrawRequest(replace(view, seed=81), 2)
    steps = page_state.drawn("page", first)
    assert next(steps).progress is not None
    page_state.request_queue().ask("page", second)
    last = list(steps)[-1]
    assert last.look is not None and last.look.view.seed == 81
    assert image_repository.look(first.view).size == 0 and page_state.request_queue().newest("page") is None


def test_pages_that_wait_for_the_same_prompt_are_drawn_in_one_batch(view):
    """Each page's images are those it would have had alone, and the second page finds them there."""
    mine, theirs = replace(view, seed=83), replace(view, seed=83, temperature=0.6)
    (alone,) = image_repository.pool_of(theirs, load=True).sampler.draw(theirs.task, [1], seed=83)
    page_state.request_queue().ask("neighbour", DrawRequest(theirs, 4))
    steps = list(page_state.drawn("page", DrawRequest(mine, 4), pressed=True))
    assert [step.progress.of for step in steps if step.progress is not None] == [4] * (len(steps) - 1)
    assert image_repository.look(mine).size == image_repository.look(theirs).size == 4
    assert image_repository.sample_of(theirs, 1).content.tobytes() == alone.content.tobytes()
    page_state.request_queue().drop("neighbour")


def test_a_page_that_moves_on_takes_nothing_from_those_in_its_batch(view):
    mine, theirs, next_one = (replace(view, seed=84, temperature=warm) for warm in (0.7, 0.6, 0.5))
    neighbour = DrawRequest(theirs, 4)
    page_state.request_queue().ask("neighbour", neighbour)
    steps = page_state.drawn("page", DrawRequest(mine, 4), pressed=True)
    next(steps)
    page_state.request_queue().ask("page", DrawRequest(next_one, 1))
    looks = [step.look.view for step in steps if step.look is not None]
    assert looks == [next_one] and image_repository.look(theirs).size == 4
    assert page_state.request_queue().newest("neighbour") is neighbour  # it has not scored them yet
    page_state.request_queue().drop("neighbour")
    assert page_state.request_queue().given_up([neighbour])


def test_only_what_fits_into_one_batch_is_taken_along(view):
    desk = RequestQueue()
    mine = DrawRequest(view, 4)
    desk.ask("me", mine)
    others = {
        "same settings": DrawRequest(replace(view, reward="clip"), 4),
        "another prompt": DrawRequest(replace(view, prompt="a dog"), 4),
        "another seed": DrawRequest(replace(view, seed=view.seed + 1), 4),
        "another number": DrawRequest(view, 8),
        "fits": DrawRequest(replace(view, temperature=0.5), 4),
        "fits too": DrawRequest(replace(view, cfg=2.0), 4),
        "a twin of it": DrawRequest(replace(view, cfg=2.0), 4),
    }
    for session, wish in others.items():
        desk.ask(session, wish)
    assert desk.batchable(mine) == (others["fits"], others["fits too"])
    for number in range(20):
        desk.ask(f"class {number}", DrawRequest(replace(view, temperature=0.5 + number / 100), 4))
    assert len(desk.batchable(mine)) == TOGETHER // 4 - 1
    assert desk.batchable(DrawRequest(view, 64)) == ()


def test_dropping_a_wish_says_so(view):
    steps = page_state.drawn("other page", DrawRequest(replace(view, seed=82), 4))
    next(steps)
    page_state.request_queue().drop("other page")
    assert list(steps)[-1].cancelled


def test_live_draws_few_and_only_what_lacks(view, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_DEVICE", "cpu")
    wide = replace(view, n=64, seed=90)
    wish = page_state.lacking(wide, image_repository.look(wide))
    assert wish is not None and wish.n == image_repository.LIVE
    _draw(wide, 4)
    assert page_state.lacking(wide, image_repository.look(wide)) is None


def test_several_prompts_share_settings(view):
    rounds = list(page_state.several(replace(view, n=2), ("a cat", "a dog"), "third page"))
    looks = rounds[-1][0]
    assert [look.view.prompt for look in looks] == ["a cat", "a dog"]
    assert all(look.size == 2 for look in looks)
    assert len(render.curve_figure(looks[0], looks).data) >= 3


def test_models_that_cannot_be_used_are_one_sentence_before_loading(view, monkeypatch):
    monkeypatch.setattr("tts_playground.models.loading._load", None)
    with pytest.raises(BadInput, match="nowhere"):
        page_state.checked(replace(view, model="/nowhere/at/all"))
    assert page_state.checked(view) is None
    assert image_repository.look(replace(view, model="/nowhere/at/all")).size == 0


def test_a_page_escapes_what_people_type(view):
    look = _draw(replace(view, prompt="<script>a</script> cat"))
    assert "<script>" not in render.picks(look, 1) + render.summary(look) + known_words.note(["<b>"], "tiny:janus")


def test_a_wish_that_fails_is_not_served_again(view, monkeypatch):
    bad, good = DrawRequest(replace(view, model="/nowhere"), 2), DrawRequest(replace(view, seed=95), 2)
    with pytest.raises(BadInput):
        list(page_state.drawn("fifth page", bad))
    assert page_state.request_queue().newest("fifth page") is None
    page_state.request_queue().ask("fifth page", DrawRequest(replace(view, seed=96), 2))
    last = list(page_state.drawn("fifth page", good, pressed=True))[-1]
    assert last.look is not None and last.look.view.seed == 95


def test_a_clicked_image_is_told_why_it_fails(view, monkeypatch):
    from types import SimpleNamespace

    look = _draw(view)
    assert page_state.reason(look, 0) == ""  # no detector here
    judge = SimpleNamespace(judge=lambda task, samples: [Verdict(0.5, False, "asked for exactly 2 apples, found 1")])
    monkeypatch.setattr(page_state, "rewards_here", lambda: ("geneval",))
    monkeypatch.setattr(page_state, "reward_named", lambda name: VerdictReward(judge))
    assert page_state.reason(look, 1).endswith("fails the GenEval-style check: asked for exactly 2 apples, found 1")
    assert page_state.reason(look, None) == "" == page_state.reason(look, 99)


def test_after_an_error_nothing_is_said_to_be_in_work():
    line, sheet = callbacks.broken_off(render.working(Progress(of=4)))
    assert "Stopped" in line and "busy" not in line and sheet == ""
    assert callbacks.broken_off(status("4 of 4 images.")) == (gr.skip(), gr.skip())


def test_of_two_starters_with_one_key_the_fuller_one_is_shown(view, tmp_path, monkeypatch):
    small, large = (replace(view, seed=0, temperature=0.77) for _ in range(2))
    pool = image_repository.adopted(small)
    list(image_repository.draw([small], 2))
    few = pool.snapshot()
    list(image_repository.draw([large], 4))
    starters.write(image_repository.NAME, [pool.snapshot()], tmp_path)
    starters.write(image_repository.SWEEP, [few], tmp_path)
    monkeypatch.setattr("tts_playground.home.STARTERS", tmp_path)
    starters.load.cache_clear()
    assert len(image_repository.shipped.__wrapped__()[pool.key]) == 4
    starters.load.cache_clear()
