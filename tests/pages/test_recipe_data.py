"""The recipes' data on the page, by hand: of twenty problems best-of-N solves half, and beam search the others."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tts_playground.experiments.recipes import shipped
from tts_playground.pages.math import many_problems, recipe_data, tour
from tts_playground.pages.math.accuracy_data import accuracy_data
from tts_playground.pages.math.page_state import MathPageState, starter
from tts_playground.pages.math.view_settings import MathView

PROBLEMS = 20


def row(approach, n, place, sizes, right, tokens=0.0):
    """A row as it is stored; ``right`` at each of ``sizes`` by the weighted vote, nothing by the others."""
    return {
        "approach": approach,
        "n": n,
        "unique_id": f"p{place:02d}",
        "level": 1 + place % 2,
        "correct": [place % 2 == 0] * n,
        "sizes": sizes,
        "tokens_at": [tokens or 100.0 * at for at in sizes],
        "weighted": right,
        "majority": [0.0] * len(sizes),
        "naive": [0.0] * len(sizes),
        "pass": [1.0] * len(sizes),
        "step_scores": [[0.5]] * n,
    }


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Even problems (level 1) are solved by best-of-N, odd ones (level 2) by beam search with N = 16 alone."""
    found = []
    for place in range(PROBLEMS):
        even = float(place % 2 == 0)
        found.append(row("best_of_n", 16, place, [1, 16], [even / 2, even]))
        found.append(row("beam_search", 4, place, [4], [0.0]))
        found.append(row("beam_search", 16, place, [16], [1 - even]))
        found.append(row("mcts", 4, place, [4], [1.0], tokens=1700.0))  # dearer than sixteen solutions by 6 %
        found.append(row("dvts", 16, place, [4, 16], [0.25, 0.25]))
    pq.write_table(pa.Table.from_pylist(found), tmp_path / shipped.FILE)
    monkeypatch.setattr("tts_playground.home.STARTERS", tmp_path)
    caches = recipe_data.rows, recipe_data.policy_gain, accuracy_data, starter, many_problems.step_trust
    for kept in caches:
        kept.cache_clear()
    yield
    for kept in caches:
        kept.cache_clear()


def test_lines_are_of_the_largest_best_of_n_and_points_of_runs_that_were_made(data):
    told = accuracy_data()
    vote, majority, best = told.lines
    assert [one.label for one in told.lines] == ["weighted vote", "majority", "best score"]
    assert list(vote.n) == [1, 16] and list(vote.mean) == [0.25, 0.5] and vote.unit["tokens"] == 100.0
    assert vote.low[1] < 0.5 < vote.high[1] and list(majority.mean) == list(best.mean) == [0.0, 0.0]
    points = {(one.label, one.budget): one.result.value for one in told.points}
    assert points == {("beam", 4): 0, ("beam", 16): 0.5, ("dvts", 4): 0.25, ("dvts", 16): 0.25, ("mcts", 4): 1}
    assert {one.cost["tokens"] for one in told.points} == {400.0, 1600.0, 1700.0}
    assert "20 problems of math-eval" in told.title


def test_levels_are_told_apart(data):
    assert accuracy_data("last", 1).lines[0].mean[-1] == 1.0 and accuracy_data("last", 2).lines[0].mean[-1] == 0.0
    assert "10 problems of math-eval, level 2" in accuracy_data("last", 2).title


def test_the_hard_are_solved_by_another_approach_and_choosing_gains(data):
    hardest, *_, easiest = accuracy_data().bins
    assert hardest.accuracy == {"best_of_n": 0.0, "beam": 1.0, "dvts": 0.25}
    assert easiest.accuracy == {"best_of_n": 1.0, "beam": 0.0, "dvts": 0.25}
    gain = recipe_data.policy_gain()
    assert gain.baseline.value == 0.5 and gain.policy.value > 0.9
    assert (
        "the best approach for each difficulty" in many_problems.bins_table()
        and "<b>100 %</b>" in many_problems.bins_table()
    )


def test_words_and_tour_say_these_numbers(data):
    assert "Beam search at N = 16 solves 50 %" in many_problems.accuracy_words()
    assert "weighted vote of 16 whole solutions, 50 %" in many_problems.accuracy_words()
    assert len(many_problems.accuracy_figure("last", "tokens").data) >= 5
    answers = {stop.key: stop.answer(MathPageState(MathView())) for stop in tour.STOPS}
    assert "beam search 50 % with 1,600 tokens" in answers["equal"]


def test_without_data_there_are_empty_figures_with_a_sentence(tmp_path, monkeypatch, data):
    monkeypatch.setattr("tts_playground.home.STARTERS", tmp_path / "none")
    for kept in (recipe_data.rows, recipe_data.policy_gain, accuracy_data, starter, many_problems.step_trust):
        kept.cache_clear()
    assert many_problems.accuracy_words() == "" and many_problems.bins_table() == ""
    assert "No ready-made" in many_problems.accuracy_figure().layout.annotations[0].text
    assert all(stop.answer(MathPageState(MathView())) for stop in tour.STOPS)


def test_a_strategy_has_one_name_on_a_page(data):
    """As in the menus: "DVTS", and the weighted vote of independent solutions, whatever a recipe's file calls them."""
    assert ">weighted vote</th>" in many_problems.bins_table() and ">DVTS</th>" in many_problems.bins_table()
    named = {trace.name for trace in many_problems.accuracy_figure().data}
    assert {"beam search", "DVTS"} <= named and not {"beam", "dvts"} & named
