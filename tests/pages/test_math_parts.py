"""What the tab of reasoning shows, by hand: selectors at N, curves, trust, difficulty, trees, files, settings."""

import csv
import io
import json
import re
import shlex
from base64 import b64decode
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from tts_playground.errors import BadInput, UnknownName
from tts_playground.experiments.step_tree import StepNode, StepTree, elected
from tts_playground.home import CHECKPOINTS
from tts_playground.pages.math import export, page_state, render, tour, trust
from tts_playground.pages.math.accuracy_data import accuracy_data, vote_for
from tts_playground.pages.math.page_state import MathPageState
from tts_playground.pages.math.solution_pool import Solution, SolutionPool, accuracy_curves
from tts_playground.pages.math.tree_picture import colour, placed, tree_picture
from tts_playground.pages.math.view_settings import MathView, checked, coerce_view, to_query, usable, values_of, view_of
from tts_playground.tasks.solving import vote_of


def solution(answer, *scores, right=None, labels=()):
    return Solution(tuple(f"step {i}" for i in range(len(scores))), scores, answer, 10 * len(scores), right, labels)


@pytest.fixture
def pool():
    """Votes 7, 8, 8, 7.0: the naive pick flips to 8 at N = 2, and the vote to 8 at N = 3."""
    return SolutionPool(
        (
            solution("7", 0.9, 0.6, right=True, labels=(True, True)),
            solution("8", 0.2, 0.7, right=False, labels=(False, False)),
            solution("8", 0.9, 0.1, right=False, labels=(True, False)),
            solution("7.0", 0.5, 0.5, right=True, labels=(True, True)),
        )
    )


@pytest.fixture
def tree():
    nodes = (
        StepNode(("a <b>",), (0.8,), 0.8, 5, None, 0, "went on", right=True),
        StepNode(("x",), (0.1,), 0.1, 4, None, 0, "dropped", right=False),
        StepNode(("a <b>", "=1+1"), (0.8, 0.9), 0.9, 6, 0, 1, "best", "7", True),
        StepNode(("a <b>", "c"), (0.8, 0.4), 0.4, 6, 0, 1, "finished", "<8>", False),
    )
    return StepTree("beam", nodes, ("beam 1, step 1", "beam 1, step 2"), 21, 4, 0.5)


@pytest.fixture
def state(tree, pool):
    return MathPageState(MathView("How many?", "7", n=4), tree, None, pool)


@pytest.mark.parametrize(
    ("n", "aggregation", "expected"),
    [
        (1, "last", {"naive": 0, "weighted": 0, "majority": 0, "first": 0}),
        (2, "last", {"naive": 1, "weighted": 1, "majority": 0, "first": 0}),
        (3, "last", {"naive": 1, "weighted": 1, "majority": 1, "first": 0}),
        (4, "last", {"naive": 1, "weighted": 0, "majority": 0, "first": 0}),
        (2, "min", {"naive": 0, "weighted": 0, "majority": 0, "first": 0}),
    ],
)
def test_selectors_pick_among_the_first_n(pool, n, aggregation, expected):
    assert pool.picks(n, aggregation) == expected


def test_flips_name_the_group_at_every_n(pool):
    assert pool.flips()["naive"] == ["7", "8", "8", "8"]
    assert pool.flips()["majority"] == ["7", "7", "8", "7"]


def test_a_pool_without_scores_has_no_scored_picks():
    bare = SolutionPool((solution("7", right=True),))
    assert bare.picks(1) == {"majority": 0, "first": 0} and SolutionPool(()).picks(3) == {}
    assert set(accuracy_curves([bare])) == {"pass", "majority"}


def test_curves_count_all_subsets(pool):
    curves = accuracy_curves([pool])
    assert curves["pass"].mean[:2] == pytest.approx([0.5, 5 / 6])
    assert curves["naive"].mean[0] == pytest.approx(0.5) and curves["naive"].mean[-1] == 0.0
    # of four: votes 2 to 2 for the majority, 1.1 to 0.8 for the weighted vote
    assert curves["majority"].mean[-1] == pytest.approx(0.5) and curves["weighted"].mean[-1] == 1.0
    assert accuracy_curves([SolutionPool((solution("7", 0.5),))]) == {}


def test_trust_is_of_steps_whose_truth_is_known(pool):
    found = trust.trust([pool])
    assert found.steps == 8 and found.solutions == 4
    # the first errors stand at steps 0 and 1, and a score below 0.5 names both
    assert found.numbers["first_error_found"].value == 1.0 and found.numbers["right_kept"].value == 1.0
    assert trust.first_error(pool.solutions[0], 1.01) == (None, 0)  # everything is under it
    assert trust.threshold("no:such") == 0.5
    for name in ("prm", "prm2"):
        told = json.loads((CHECKPOINTS / name / "results.json").read_text())
        assert trust.threshold(f"tiny:{name}") == told["threshold"]["value"]
    assert trust.first_error(pool.solutions[2]) == (1, 1) and trust.first_error(pool.solutions[0]) == (None, None)
    assert trust.trust([SolutionPool((solution("7", 0.5, right=True),))]) is None


def test_difficulty_bins_begin_with_the_hardest(pool):
    never = SolutionPool(tuple(replace(one, right=False) for one in pool.solutions))
    hard, easy = trust.difficulty_bins([pool, never], bins=2)
    assert (hard.ease, easy.ease) == (0.0, 0.5) and easy.accuracy["weighted"] == 1.0 and hard.accuracy["naive"] == 0.0
    assert trust.difficulty_bins([]) == []


def test_the_picture_has_a_button_a_node_and_no_foreign_tags(tree):
    picture = tree_picture(tree, read=3)
    assert picture.count('role="button"') == 4 and "<b>" not in picture.replace('<b class="ring', "")
    assert "&lt;8&gt;" in picture and "✗" in picture and "✓ 7" in picture
    assert picture.count("node dropped wrong") == 1 and picture.count(" read") == 1 and 'max="1"' in picture
    assert "grows here" in tree_picture(None)


def test_nodes_of_one_column_stand_apart_and_children_behind_their_parents(tree):
    spots, width, height = placed(tree)
    assert len(set(spots.values())) == 4 and spots[2][0] > spots[0][0] == spots[1][0]
    assert all(0 < x < width and 0 < y < height for x, y in spots.values())


@pytest.mark.parametrize(("score", "place"), [(-1, "#440154"), (0, "#440154"), (0.5, "#1f9e89"), (1, "#fde725")])
def test_colours_run_over_the_scale(score, place):
    assert colour(score) == place


def test_a_node_is_read_with_its_scores_and_tokens(tree):
    said = render.reading(tree)
    assert "11 tokens" in said and "right" in said and "0.90" in said and "a &lt;b&gt;" in said
    assert "dropped" in render.reading(tree, 1) and render.reading(tree, 99) == said
    assert "Click a node" in render.reading(None)


def test_words_have_the_right_numbers(state):
    said = re.sub("</?b>", "", render.headline(state))
    assert "Beam search answers “7” by a weighted vote, which is right. 1 of its 2 solutions is right." in said
    assert "Wrong: best score, weighted vote." in render.picks(state.pool, 2, "last")
    assert render.stale(state, state.view) == ""
    assert "Settings changed" in render.stale(state, replace(state.view, temperature=1.0))
    assert "Problem changed" in render.stale(state, replace(state.view, problem="Why?"))
    assert "T = 0.8" in render.stale(state, replace(state.view, problem="Why?"))
    assert f"“{state.view.problem[:20]}" in render.stale(state, replace(state.view, problem="Why?"))


@pytest.mark.parametrize("kind", ["csv", "pool", "json"])
def test_files_carry_the_settings_in_their_names(state, kind):
    told = json.loads(export.download(state, kind))
    assert "beam-n4-t0.8-seed0" in told["name"]
    data = b64decode(told["href"].split(",")[1]).decode()
    if kind in ("csv", "pool"):
        rows = list(csv.DictReader(io.StringIO(data)))
        assert len(rows) == 4
        assert kind == "pool" or rows[2]["step"] == "'=1+1"
    if kind == "json":
        assert StepTree.of_dict(json.loads(data)) == state.tree


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_a_tree_is_saved_under_its_problem_and_settings(state, kind):
    told = json.loads(export.figure_file(state, "tree", kind))
    assert told["name"] == f"tree-steps-beam-n4-t0.8-seed0.{kind}" and told["kind"] == kind
    drawn = ElementTree.fromstring(told["svg"])
    assert len(drawn.findall(".//{*}g[@data-place]")) == 4
    assert "How many?" in told["svg"] and "tiny:math, seed 0" in told["svg"]


def test_a_chart_is_saved_from_the_page_with_lines_above_and_as_a_web_page(state):
    told = json.loads(export.figure_file(state, "curve", "png"))
    assert told["where"] == "math-curve" and told["svg"] == "" and "4 solutions" in told["lines"][-1]
    page = b64decode(json.loads(export.figure_file(state, "curve", "html"))["href"].split(",")[1]).decode()
    assert "plotly" in page.lower() and "weighted vote" in page


@pytest.mark.parametrize("wrong", [("tree", "gif"), ("moon", "svg"), ("beside", "svg")])
def test_no_such_figure_is_a_sentence(state, wrong):
    with pytest.raises(BadInput):
        export.figure_file(state, *wrong)


def test_the_points_of_the_charts_are_a_table(state):
    data = b64decode(json.loads(export.download(state, "points"))["href"].split(",")[1]).decode()
    own = [row for row in csv.DictReader(io.StringIO(data)) if row["figure"] == "this problem"]
    assert {row["series"] for row in own} == {"weighted vote", "best score", "majority", "any is right"}
    assert [float(row["value"]) for row in own if row["series"] == "any is right"][:1] == [0.5]
    assert "nan" not in data


def test_n_of_the_choice_makes_no_tree_old_and_n_of_the_search_does(state):
    assert render.stale(state, replace(state.view, look=2, other="dvts")) == ""
    assert "Settings changed" in render.stale(state, replace(state.view, n=2))


def test_chips_show_who_counts_and_who_is_picked(pool):
    shown = render.chips(pool, 2, "last")
    assert shown.count('class="chip ') == 4 and shown.count("later") == 2 and shown.count("picked") == 2
    assert render.chips(None, 2, "last") == ""


def test_nothing_to_save_is_a_sentence():
    with pytest.raises(BadInput, match="press Solve"):
        export.download(MathPageState(MathView("x")), "csv")


def test_scripts_say_what_differs_and_commands_are_quoted(state):
    compile(export.as_python(state), "script", "exec")
    assert "strategy='beam'" in export.as_python(state) and "truth='7'" in export.as_python(state)
    assert "temperature" not in export.as_python(state)
    odd = replace(state, view=replace(state.view, problem="it's; rm", strategy="dvts"))
    words = shlex.split(export.as_command(odd))
    assert words[:5] == ["python", "-m", "tts_playground", "solve", "it's; rm"] and "--strategy" in words


def test_views_come_back_from_links_and_are_bent_into_range():
    from urllib.parse import parse_qsl

    view = MathView("a & b?", "7", "dvts", n=8, temperature=0.5, aggregation="min")
    assert coerce_view(dict(parse_qsl(to_query(view)))) == view and view_of(*values_of(view)) == view
    bent = coerce_view({"n": 10**9, "temperature": "warm", "aggregation": "median", "max_tokens": -3})
    assert (bent.n, bent.temperature, bent.aggregation, bent.max_tokens) == (64, 0.8, "last", 8)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"model": "some/hub"}, BadInput),
        ({"reward": "prm:some/hub"}, BadInput),
        ({"strategy": "os:system"}, UnknownName),
    ],
)
def test_visitors_choose_from_what_is_offered(changes, error):
    assert checked(MathView("x"), False) == MathView("x")
    with pytest.raises(error):
        checked(replace(MathView("x"), **changes), False)


@pytest.mark.parametrize(
    ("problem", "truth", "kept"),
    [("How many?", "7", "7"), ("How few?", "7", ""), ("How few?", "8", "8"), ("How many? ", "9", "9")],
)
def test_an_answer_goes_with_its_problem(state, problem, truth, kept):
    view = replace(state.view, problem=problem, truth=truth)
    assert page_state.with_own_truth(view, state).truth == kept


def test_a_problem_is_needed_and_a_search_before_a_comparison():
    with pytest.raises(BadInput):
        list(page_state.solve(MathView(" ")))
    with pytest.raises(BadInput, match="press Solve"):
        list(page_state.compare(MathPageState(MathView("x")), "dvts"))


def test_a_search_without_an_answer_quotes_none(tree, state):
    silent = replace(tree, nodes=tuple(replace(one, answer="", right=None) for one in tree.nodes))
    alone = replace(state, tree=silent, beside=silent, done=True)
    said = re.sub("</?[a-z]+[^>]*>", " ", render.headline(alone) + render.compared(alone))
    assert "Beam search gives no answer." in said and "gives no answer, with" in said
    assert "“”" not in said and "“nothing”" not in said
    nobody = SolutionPool((solution("", 0.5), solution("", 0.6)))
    assert "No selector finds an answer." in render.picks(nobody, 2, "last")


@pytest.mark.parametrize(
    ("query", "gone"),
    [
        ({"strategy": "nonsense", "n": "4", "problem": "what?"}, {"strategy"}),
        ({"reward": "nope", "model": "somebody/secret", "other": "parm", "seed": "3"}, {"reward", "model", "other"}),
        ({"strategy": "mcts", "reward": "", "temperature": "warm"}, set()),
    ],
)
def test_what_a_link_cannot_carry_leaves_the_rest_of_it(query, gone):
    kept = usable(query, local=False)
    assert query.keys() - kept.keys() == gone and kept.items() <= query.items()
    checked(coerce_view(kept), local=False)


def test_the_tab_opens_on_a_search_that_is_right_where_one_solution_is_wrong():
    from tts_playground.pages.math.page_state import opening

    state = opening()
    assert state.tree is not None and state.tree.chosen is not None and state.tree.chosen.right is True
    assert state.pool is not None
    picked = {name: state.pool.solutions[place].right for name, place in state.pool.picks(16).items()}
    assert picked["first"] is False and picked["weighted"] is True


def test_a_sum_knows_its_answer_and_what_a_person_says_comes_first():
    assert page_state.task_of(MathView("12*7+5")).answer == "89"
    assert page_state.task_of(MathView("12*7+5", "90")).answer == "90"
    assert page_state.task_of(MathView("Tom has 5 apples.")).answer == ""


def test_steps_are_read_without_the_marks_of_headings_and_boxes(tree):
    marked = replace(tree.nodes[2], steps=("a", "## Step 2: it is\nso $\\boxed{7}$."), scores=(0.8, 0.9))
    told = render.reading(replace(tree, nodes=(*tree.nodes[:2], marked, tree.nodes[3])), 2)
    assert 'Step 2: it is<br>so <b class="box">7</b>.' in told and "##" not in told and "boxed" not in told


def test_a_strategy_that_a_small_model_cannot_do_says_so(state, tree):
    far = replace(state, tree=replace(tree, strategy="simulate"))
    assert "needs a large model" in render.headline(far)
    assert "needs a large model" not in render.headline(state)
    assert "needs a large model" not in render.headline(replace(far, view=replace(far.view, model="my/model")))


def test_a_page_that_was_loaded_again_offers_to_solve_its_own_problem():
    told = render.headline(MathPageState(MathView("12*7+5")))
    assert "12*7+5" in told and 'data-press="math-run"' in told
    assert "press “Solve”" in render.headline(MathPageState(MathView()))


def test_a_tree_says_where_its_lines_end_whatever_a_browser_has_moved(tree):
    spots, _, _ = placed(tree)
    text = tree_picture(tree)
    for x, y in spots.values():
        assert f'data-to="{x:.0f} {y:.1f}"' in text and f'data-x="{x:.0f}"' in text
    assert text.count('tabindex="0"') == 1, "Tab stops once at a tree"
    assert re.search(r'data-key="(\w+)"', text)[1] != re.search(r'data-key="(\w+)"', tree_picture(tree, read=1))[1]


def test_the_vote_that_a_search_is_held_to_takes_no_more_tokens():
    line = accuracy_data().lines[0]
    n, reached = vote_for(line, 6000.0)
    assert n * line.unit["tokens"] <= 6000 < (n + 1) * line.unit["tokens"] and reached == line.at(n)
    answer = {stop.key: stop.answer for stop in tour.STOPS}["equal"](MathPageState(MathView()))
    dearest = max(int(found.replace(",", "")) for found in re.findall(r"with ([\d,]+) tokens", answer))
    whole = int(re.search(r"weighted vote of (\d+) whole", answer)[1])
    assert whole * line.unit["tokens"] <= dearest + 1


def test_a_tie_of_votes_is_told(pool):
    assert [pool.tied(n) for n in (1, 2, 3, 4)] == [1, 2, 1, 2]
    assert "tie of 2" in render.picks(pool, 4, "last") and "tie" not in render.picks(pool, 3, "last")


def test_a_search_answers_as_solve_does_by_a_vote_where_that_is_published(tree):
    """Beams of 7 (.9) and <8> (.4, .4, .3): the vote is for <8>, and its best solution is marked."""
    more = [replace(tree.nodes[3], reward=score) for score in (0.4, 0.3)]
    full = replace(tree, nodes=(*tree.nodes, *more))
    voted = elected(full)
    assert (voted.chosen.answer, voted.best, full.chosen.answer) == ("<8>", 3, "7")
    assert sum(node.fate == "best" for node in voted.nodes) == 1 and len(voted.finished) == len(full.finished)
    assert elected(replace(full, strategy="tournament")).chosen.answer == "7"
    assert elected(replace(full, strategy="tournament"), judged=False).chosen.answer == "<8>"
    assert [vote_of(name, True) for name in ("rebase", "confidence")] == ["weighted", ""]
    assert "by a weighted vote" in render.headline(MathPageState(MathView("p", reward="prm"), voted))
    assert "by a majority vote" in render.headline(MathPageState(MathView("p", reward=""), voted))


def test_the_tour_judges_every_guess(state):
    right = {stop.key: stop.answer(state).right for stop in tour.STOPS}
    assert all(len(found) == 1 and found[0] in stop.guesses for stop in tour.STOPS for found in [right[stop.key]])
    assert right["grow"] == ("only wrong ones",), "the one dropped step of this tree is wrong"
    assert right["votes"] == ("votes weighted by score",) and right["equal"] == ("no",)
