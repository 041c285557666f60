"""What the tab of reasoning opens on: it is drawn again on the smallest scale, and what ships is whole."""

from tts_playground.evaluation import make_math_starter
from tts_playground.experiments.step_tree import StepTree
from tts_playground.pages.math import page_state, render
from tts_playground.pages.math.view_settings import MathView
from tts_playground.worlds.arithmetic.benchmark import math_eval


def test_what_ships_is_whole_and_none_of_math_eval():
    held = page_state.starter()
    assert held is not None
    assert all(len(pool.solutions) == 16 for pool in held.pools)
    assert not {one.problem for one in held.problems} & {one.problem for one in math_eval()}
    assert {run["strategy"] for run in held.runs} == set(make_math_starter.SEARCHES)
    assert {run["n"] for run in held.runs} >= set(make_math_starter.WIDTHS)
    assert all(0 < point.result.value <= 1 for point in held.points())


def test_a_fresh_page_opens_on_a_finished_search():
    state = page_state.opening()
    assert state.done and state.tree is not None and state.tree.chosen is not None and state.pool is not None
    assert "answers" in render.headline(state) and "role=" in render.tree_of(state)
    assert page_state.ready(state.view) == state
    assert state.beside is not None and state.beside.strategy == "best-of-n"
    assert state.beside.tokens <= state.tree.tokens
    assert page_state.ready(MathView(state.view.problem, temperature=1.0)) is None


def test_a_tree_is_kept_of_the_problem_of_each_level_that_tells_most():
    asked = make_math_starter.chosen(3)
    draw = make_math_starter._Drawing(asked, [], None, None)
    solved = dict.fromkeys(range(15), False) | {0: True, 5: True, 6: True, 11: True, 2: True}
    alone = [number in (0, 11, 3) for number in range(15)]
    assert [asked[number].level for number in (0, 5, 11, 2, 3)] == [1, 1, 2, 3, 4]
    assert draw.telling(solved, alone) == [2, 3, 4, 5, 6]  # nothing of levels 4 and 5 is solved: their first ones
    shown = {place for place, name in page_state.starter().trees if name == "beam"}
    assert {page_state.starter().problems[place].level for place in shown} == {1, 2, 3, 4, 5}


def test_a_miniature_is_drawn():
    told = make_math_starter.drawn(make_math_starter.chosen(1)[:2], n=2, widths=(2,), searched=1, device="cpu")
    assert [len(pool) for pool in told["pools"]] == [2, 2] and len(told["runs"]) == 4
    assert all(StepTree.of_dict(one["tree"]).nodes for one in told["trees"])
    (beside,) = told["beside"]
    (beam,) = [one["tree"] for one in told["trees"] if one["tree"]["strategy"] == beside["beside"]]
    assert StepTree.of_dict(beside["tree"]).tokens <= beam["tokens"] or beam["tokens"] < 500
    # sample i is the same however many are drawn: what ships begins with it, where its problems do
    held = page_state.starter()
    assert held is not None and [list(one.steps) for one in held.pools[0].solutions[:2]] == [
        one["steps"] for one in told["pools"][0]
    ]
