"""Drawing, looking and ranking without a page."""

from dataclasses import replace

import gradio as gr
import pytest

from tts_playground.core import Verdict
from tts_playground.errors import BadInput, Cancelled
from tts_playground.runs import starters
from tts_playground.runs.images import Progress
from tts_playground.ui.status import status
from tts_playground.ui.t2i import shelf, show, wiring, work
from tts_playground.ui.t2i.desk import TOGETHER, Desk, Wish
from tts_playground.ui.t2i.look import Look


def _draw(view, n=None):
    for _ in shelf.serve(Wish(view, n or view.n), lambda: False):
        pass
    return shelf.look(view)


def test_what_is_drawn_is_kept_ranked_and_not_drawn_again(view, monkeypatch):
    look = _draw(view)
    assert (look.size, look.shown) == (4, 4)
    scores = look.scores["sharpness"]
    assert [scores[place] for place in look.ranked()] == sorted(scores, reverse=True)
    assert look.rank(look.ranked()[0], "sharpness") == 1
    assert shelf.complete(look, 4) and not shelf.complete(look, 5)
    monkeypatch.setattr("tts_playground.samplers.image_tokens.ImageTokens.stream", None)
    assert _draw(view) == look


def test_what_is_whole_asks_no_model(view, monkeypatch):
    look = _draw(view)
    monkeypatch.setattr(shelf, "draw", None)
    monkeypatch.setattr("tts_playground.models.loading.load", None)
    (step,) = work.drawn("page that asks again", Wish(view, 4), pressed=True)
    assert step.look == look
    (last,) = work.several(view, (view.prompt,), "page that asks again")
    assert last == ((look,), None)


def test_the_status_names_what_is_seen_and_what_goes_on(view):
    words = show.summary(_draw(replace(view, seed=7)))
    assert "4 of 4 images of “a red apple”" in words and "seed 7" in words
    assert "seed" not in show.summary(_draw(view))
    note = show.words_note(["z" * 2000])
    assert "zzz" in note and len(note) < 300
    assert "scoring" in show.working(Progress(4, 4)) and "row 2 of 8" in show.working(Progress(0, 4, 2, 8))


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
    look = Look(
        replace(view, n=4), ("a.png", "a.png", "b.png", "c.png"), (0.0,) * 4, {view.reward: (4.0, 3.0, 2.0, 1.0)}
    )
    assert look.random_place() == 2
    twins = replace(look, files=("a.png",) * 4)
    assert twins.random_place() in (1, 2)


def test_previews_come_row_by_row(view):
    fresh = replace(view, seed=77)
    steps = list(shelf.serve(Wish(fresh, 4), lambda: False))
    rows = [step.rows for step in steps if step.previews]
    assert rows and rows == sorted(rows)
    assert steps[0].done == 0 and steps[-1].done == 4
    assert show.sheet(next(step.previews for step in steps if step.previews)).startswith("<img")


def test_a_cancel_stops_within_a_token_and_keeps_what_is_whole(view):
    fresh, asked = replace(view, seed=78), []
    with pytest.raises(Cancelled):
        list(shelf.serve(Wish(fresh, 4), lambda: asked.append(1) or len(asked) > 2))
    assert len(asked) == 3 and shelf.look(fresh).size == 0


def test_a_newer_wish_replaces_the_one_in_work(view):
    first, second = Wish(replace(view, seed=80), 4), Wish(replace(view, seed=81), 2)
    steps = work.drawn("page", first)
    assert next(steps).progress is not None
    work.desk().ask("page", second)
    last = list(steps)[-1]
    assert last.look is not None and last.look.view.seed == 81
    assert shelf.look(first.view).size == 0 and work.desk().newest("page") is None


def test_pages_that_wait_for_the_same_prompt_are_drawn_in_one_batch(view):
    """Each page's images are those it would have had alone, and the second page finds them there."""
    mine, theirs = replace(view, seed=83), replace(view, seed=83, temperature=0.6)
    (alone,) = shelf.pool_of(theirs, load=True).sampler.draw(theirs.task, [1], seed=83)
    work.desk().ask("neighbour", Wish(theirs, 4))
    steps = list(work.drawn("page", Wish(mine, 4), pressed=True))
    assert [step.progress.of for step in steps if step.progress is not None] == [4] * (len(steps) - 1)
    assert shelf.look(mine).size == shelf.look(theirs).size == 4
    assert shelf.sample_of(theirs, 1).content.tobytes() == alone.content.tobytes()
    work.desk().drop("neighbour")


def test_a_page_that_moves_on_takes_nothing_from_those_in_its_batch(view):
    mine, theirs, next_one = (replace(view, seed=84, temperature=warm) for warm in (0.7, 0.6, 0.5))
    neighbour = Wish(theirs, 4)
    work.desk().ask("neighbour", neighbour)
    steps = work.drawn("page", Wish(mine, 4), pressed=True)
    next(steps)
    work.desk().ask("page", Wish(next_one, 1))
    looks = [step.look.view for step in steps if step.look is not None]
    assert looks == [next_one] and shelf.look(theirs).size == 4
    assert work.desk().newest("neighbour") is neighbour  # it has not scored them yet
    work.desk().drop("neighbour")
    assert work.desk().given_up([neighbour])


def test_only_what_fits_into_one_batch_is_taken_along(view):
    desk = Desk()
    mine = Wish(view, 4)
    desk.ask("me", mine)
    others = {
        "same settings": Wish(replace(view, reward="clip"), 4),
        "another prompt": Wish(replace(view, prompt="a dog"), 4),
        "another seed": Wish(replace(view, seed=view.seed + 1), 4),
        "another number": Wish(view, 8),
        "fits": Wish(replace(view, temperature=0.5), 4),
        "fits too": Wish(replace(view, cfg=2.0), 4),
        "a twin of it": Wish(replace(view, cfg=2.0), 4),
    }
    for session, wish in others.items():
        desk.ask(session, wish)
    assert desk.alike(mine) == (others["fits"], others["fits too"])
    for number in range(20):
        desk.ask(f"class {number}", Wish(replace(view, temperature=0.5 + number / 100), 4))
    assert len(desk.alike(mine)) == TOGETHER // 4 - 1
    assert desk.alike(Wish(view, 64)) == ()


def test_dropping_a_wish_says_so(view):
    steps = work.drawn("other page", Wish(replace(view, seed=82), 4))
    next(steps)
    work.desk().drop("other page")
    assert list(steps)[-1].cancelled


def test_live_draws_few_and_only_what_lacks(view, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_DEVICE", "cpu")
    wide = replace(view, n=64, seed=90)
    wish = work.lacking(wide, shelf.look(wide))
    assert wish is not None and wish.n == shelf.LIVE
    _draw(wide, 4)
    assert work.lacking(wide, shelf.look(wide)) is None


def test_several_prompts_share_settings(view):
    rounds = list(work.several(replace(view, n=2), ("a cat", "a dog"), "third page"))
    looks = rounds[-1][0]
    assert [look.view.prompt for look in looks] == ["a cat", "a dog"]
    assert all(look.size == 2 for look in looks)
    assert len(show.curve_figure(looks[0], looks).data) >= 3


def test_models_that_cannot_be_used_are_one_sentence_before_loading(view, monkeypatch):
    monkeypatch.setattr("tts_playground.models.loading._load", None)
    with pytest.raises(BadInput, match="nowhere"):
        work.checked(replace(view, model="/nowhere/at/all"))
    assert work.checked(view) is None
    assert shelf.look(replace(view, model="/nowhere/at/all")).size == 0


def test_a_page_escapes_what_people_type(view):
    look = _draw(replace(view, prompt="<script>a</script> cat"))
    assert "<script>" not in show.picks(look, 1) + show.summary(look) + show.words_note(["<b>"])


def test_a_wish_that_fails_is_not_served_again(view, monkeypatch):
    bad, good = Wish(replace(view, model="/nowhere"), 2), Wish(replace(view, seed=95), 2)
    with pytest.raises(BadInput):
        list(work.drawn("fifth page", bad))
    assert work.desk().newest("fifth page") is None
    work.desk().ask("fifth page", Wish(replace(view, seed=96), 2))
    last = list(work.drawn("fifth page", good, pressed=True))[-1]
    assert last.look is not None and last.look.view.seed == 95


def test_a_clicked_image_is_told_why_it_fails(view, monkeypatch):
    from types import SimpleNamespace

    look = _draw(view)
    assert work.reason(look, 0) == ""  # no detector here
    judge = SimpleNamespace(judge=lambda task, samples: [Verdict(0.5, False, "asked for exactly 2 apples, found 1")])
    monkeypatch.setattr(work, "rewards_here", lambda: ("geneval",))
    monkeypatch.setattr(work, "reward_named", lambda name: SimpleNamespace(verifier=judge))
    assert work.reason(look, 1).endswith("fails the GenEval-style check: asked for exactly 2 apples, found 1")
    assert work.reason(look, None) == "" == work.reason(look, 99)


def test_after_an_error_nothing_is_said_to_be_in_work():
    line, sheet = wiring.broken_off(show.working(Progress(0, 4)))
    assert "Stopped" in line and "busy" not in line and sheet == ""
    assert wiring.broken_off(status("4 of 4 images.")) == (gr.skip(), gr.skip())


def test_of_two_starters_with_one_key_the_fuller_one_is_shown(view, tmp_path, monkeypatch):
    small, large = (replace(view, seed=0, temperature=0.77) for _ in range(2))
    pool = shelf.adopted(small)
    list(shelf.draw([small], 2))
    few = pool.snapshot()
    list(shelf.draw([large], 4))
    starters.write(shelf.NAME, [pool.snapshot()], tmp_path)
    starters.write(shelf.SWEEP, [few], tmp_path)
    monkeypatch.setattr("tts_playground.home.STARTERS", tmp_path)
    starters.load.cache_clear()
    assert len(shelf.shipped.__wrapped__()[pool.key]) == 4
    starters.load.cache_clear()
