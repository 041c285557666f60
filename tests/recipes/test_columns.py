"""The published columns, by hand: what the original scripts would write for a file of best-of-n completions."""

import json
from itertools import combinations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tts_playground.cli import main
from tts_playground.errors import BadInput, UnknownName
from tts_playground.estimators.voting import expected_majority, expected_majority_of_blocks
from tts_playground.experiments.recipes.accuracy import accuracy
from tts_playground.experiments.recipes.columns import answer_in, predictions
from tts_playground.experiments.recipes.completed import CompletedProblem
from tts_playground.experiments.recipes.estimates import of_problem

SAID = ["7", "\\frac{1}{2}", "0.5", "9", "7", "\\dfrac12", "8", "9"]
LAST = [0.3, 0.5, 0.1, 0.6, 0.4, 0.2, 0.9, 0.25]
BY_HAND = {
    # N: best score, largest sum over equal answers, largest group (the first on a tie)
    1: ("7", "7", "7"),
    2: ("\\frac{1}{2}", "\\frac{1}{2}", "7"),
    4: ("9", "\\frac{1}{2}", "\\frac{1}{2}"),  # .3; .5 + .1; .6: equal sums, and the half came first
    8: ("8", "8", "\\frac{1}{2}"),  # .7; .8; .85; .9
}


def row(number=0, **more):
    completions = [f"## Step 1: we add.\n\nTherefore, the final answer is: $\\boxed{{{one}}}$." for one in SAID]
    columns = {}
    for n, (naive, weighted, maj) in BY_HAND.items():
        columns |= {f"pred_naive@{n}": f"\\boxed{{{naive}}}", f"pred_weighted@{n}": f"\\boxed{{{weighted}}}"}
        columns |= {f"pred_maj@{n}": f"\\boxed{{{maj}}}"}
    facts = {
        "problem": "what?",
        "solution": "",
        "answer": "1/2",
        "subject": "a",
        "level": 3,
        "unique_id": f"t/{number}",
    }
    scores = [[0.5, one] for one in LAST]
    rest = {"completions": completions, "scores": scores, "pred": completions[6], "completion_tokens": [10] * 8}
    return facts | rest | columns | more


def test_columns_are_those_of_the_published_definition():
    wanted = {key: value for key, value in row().items() if key.startswith("pred_")}
    assert predictions([answer_in(one) for one in row()["completions"]], LAST) == wanted


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("so \\boxed{1} or \\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
        ("The answer is 12.", "12"),
        ("we get 3 and then 1,200 km", "1200"),
        ("it is -3/4 of it", "-3/4"),
        ("nothing", ""),
        ("\\boxed{}", ""),
    ],
)
def test_what_a_text_answers(text, answer):
    assert answer_in(text) == answer


def write(path, rows):
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return str(path)


def test_accuracy_of_a_file_of_the_original_scripts(tmp_path):
    found = accuracy(write(tmp_path / "best_of_n_completions.jsonl", [row(0), row(1, answer="7"), row(2, answer="")]))
    value = {name: one.value for name, one in found.metrics.items()}
    assert found.problems == 2 and found.n == 8 and found.together == 1 and "no answer" in found.skipped[0].why
    assert value["pred_maj@8"] == 0.5 and value["pred_naive@8"] == 0.0 and value["pred_naive@1"] == 0.5
    right = [[one in ("\\frac{1}{2}", "0.5", "\\dfrac12") for one in SAID], [one == "7" for one in SAID]]
    for n in (1, 2, 4, 8):
        subsets = list(combinations(range(8), n))
        passed = np.mean([any(own[i] for i in some) for own in right for some in subsets])
        naive = np.mean([own[max(some, key=lambda i: LAST[i])] for own in right for some in subsets])
        assert value[f"pass@{n}"] == pytest.approx(passed) and value[f"naive@{n}"] == pytest.approx(naive)
    assert value["weighted@8"] == 0.0 and value["majority@8"] == 0.5 and found.tokens[4] == 40
    assert value["pass@8_level3"] == 1.0


def test_a_subtree_stands_or_falls_together(tmp_path):
    name = write(tmp_path / "dvts_completions.jsonl", [row(completion_tokens=-1)])
    found = accuracy(name, beam_width=2)
    value = {name: one.value for name, one in found.metrics.items() if name[:4] in ("pass", "naiv", "weig", "majo")}
    assert found.approach == "dvts" and not found.tokens
    assert {key.partition("@")[2] for key in value} == {"2", "4", "8", "8_level3"}
    half = [one in ("\\frac{1}{2}", "0.5", "\\dfrac12") for one in SAID]
    for n in (1, 2, 4):
        chosen = [[2 * b + i for b in some for i in (0, 1)] for some in combinations(range(4), n)]
        assert value[f"pass@{2 * n}"] == pytest.approx(np.mean([any(half[i] for i in some) for some in chosen]))
        naive = np.mean([half[max(some, key=lambda i: LAST[i])] for some in chosen])
        assert value[f"naive@{2 * n}"] == pytest.approx(naive)


def test_what_must_be_run_again_has_one_number(tmp_path):
    found = accuracy(write(tmp_path / "beam_search_completions.jsonl", [row()]))
    assert [name for name in found.metrics if name.startswith("naive") and "level" not in name] == ["naive@8"]


def test_a_vote_of_blocks_is_the_mean_over_their_subsets():
    rng = np.random.default_rng(0)
    names, weights = [*"aabbcabccacb"], rng.random(12)
    right = [float(one == "a") for one in names]

    def winner(places):
        sums = {}
        for place in places:
            sums[names[place]] = sums.get(names[place], 0) + weights[place]
        return float(max(sums, key=sums.get) == "a")

    for n in (1, 2, 3, 4):
        blocks = combinations(range(4), n)
        wanted = np.mean([winner([3 * b + i for b in some for i in range(3)]) for some in blocks])
        assert expected_majority_of_blocks(names, right, [n], 3, weights=weights)[0] == pytest.approx(wanted)
    single = expected_majority_of_blocks(names, right, [1, 5, 12], 1, weights=weights)
    assert single == pytest.approx(expected_majority(names, right, [1, 5, 12], weights=weights))
    drawn = expected_majority_of_blocks(names, right, [2], 3, weights=weights, exact_up_to=0, draws=4000)
    assert drawn == pytest.approx(expected_majority_of_blocks(names, right, [2], 3, weights=weights), abs=0.05)
    for wrong in ({"block": 5}, {"block": 3, "weights": -weights}):
        with pytest.raises(BadInput):
            expected_majority_of_blocks(names, right, [1], **wrong)


def test_who_says_nothing_has_no_vote():
    one = CompletedProblem("p", "5", 1, ("so", "hm", "well", "\\boxed{5}"), ((0.9,), (0.9,), (0.9,), (0.1,)))
    found = of_problem(one, 1, "last")
    assert found["majority"][-1] == found["weighted"][-1] == 1.0 and found["naive"][-1] == 0.0


def test_aggregation_is_honoured(tmp_path):
    rows = [row(scores=[[0.1, 0.9], [0.5, 0.2]], completions=["\\boxed{1}", "\\boxed{1/2}"])]
    name = write(tmp_path / "best_of_n_completions.jsonl", rows)
    best = {how: accuracy(name, agg_strategy=how).metrics["naive@2"].value for how in ("last", "min", "prod", "mean")}
    assert best == {"last": 0.0, "min": 1.0, "prod": 1.0, "mean": 0.0}  # .9 .2; .1 .2; .09 .1; .5 .35


def test_bad_rows_are_said_and_skipped(tmp_path):
    bad = [row(), row(scores=[1]), row(completions=[]), row(completions=3), row(scores=[["x"]] * 8), {"a": 1}]
    short = row(2, completions=["\\boxed{1}"], scores=[[1]])
    name = write(tmp_path / "x.jsonl", [*bad, short, row(1)])
    (tmp_path / "x.jsonl").open("a").write("{torn\n")
    found = accuracy(name)
    assert found.problems == 2 and len(found.skipped) == 7
    assert any("1 completion, and most have 8" in one.why for one in found.skipped)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -float("inf")])
def test_a_score_that_is_no_number_costs_its_row_and_no_other(tmp_path, score):
    found = accuracy(write(tmp_path / "x.jsonl", [row(), row(1, scores=[[0.5, score], *[[0.5]] * 7])]))
    assert found.problems == 1 and "finite" in found.skipped[0].why


def test_scores_below_0_are_counted_and_have_no_weight(tmp_path, capsys):
    said = ["\\boxed{1}", "\\boxed{1/2}", "\\boxed{1}"]
    name = write(tmp_path / "x.jsonl", [row(scores=[[-3.0], [0.1], [-2.0]], completions=said)])
    found = accuracy(name)
    assert found.negative == 2 and found.metrics["weighted@3"].value == 1.0
    with pytest.raises(SystemExit, match="0"):
        main(["accuracy", name])
    assert "2 completions with a score below 0, and so without weight in weighted votes." in capsys.readouterr().out


def test_columns_that_are_not_the_published_ones_are_left_alone(tmp_path):
    more = {"pred_mine": "1", "pred_maj@x": "2", "pred_maj@": "3", "pred_best@4": "4", "pred_naive@4": "\\boxed{1/2}"}
    found = accuracy(write(tmp_path / "x.jsonl", [row(**more)]))
    assert found.metrics["pred_naive@4"].value == 1.0
    assert {one for one in found.metrics if one.startswith("pred_")} == {
        f"pred_{rule}@{n}" for rule in ("naive", "weighted", "maj") for n in BY_HAND
    }


def test_a_problem_counts_once(tmp_path):
    rows = [row(), row(1), row(), row(2, unique_id=None), row(2, unique_id=None)]
    found = accuracy(write(tmp_path / "x.jsonl", rows))
    assert found.problems == found.metrics["pass@8"].n == 3 and [one.number for one in found.skipped] == [2, 4]


def test_a_folder_of_runs_is_read_as_what_its_files_are(tmp_path):
    write(tmp_path / "dvts_completions.jsonl", [row()])
    (tmp_path / "dvts_recipe.json").write_text('{"approach": "dvts", "beam_width": 2}')
    found = accuracy(str(tmp_path))
    assert found.approach == "dvts" and found.together == 2 and not found.skipped
    write(tmp_path / "best_of_n_completions--chunk-0_1.jsonl", [row()])
    write(tmp_path / "best_of_n_completions--chunk-1_2.jsonl", [row(1)])
    with pytest.raises(BadInput, match="completions of best_of_n, dvts; name one"):
        accuracy(str(tmp_path))
    assert accuracy(str(tmp_path), approach="best_of_n").problems == 2


@pytest.mark.parametrize(
    ("more", "error"),
    [({"approach": "beam"}, UnknownName), ({"agg_strategy": "max"}, UnknownName), ({"beam_width": 0}, BadInput)],
)
def test_wrong_words_are_refused(tmp_path, more, error):
    with pytest.raises(error):
        accuracy(write(tmp_path / "x.jsonl", [row()]), **more)


def test_a_file_that_is_not_there_or_holds_nothing(tmp_path):
    (tmp_path / "empty.jsonl").write_text("")
    for name in ("nowhere.jsonl", "empty.jsonl"):
        with pytest.raises(BadInput):
            accuracy(str(tmp_path / name))


@pytest.mark.parametrize("level", [3, 3.0, "3", "3.0", "Level 3"])
def test_a_level_is_read_however_it_is_written(tmp_path, level):
    assert accuracy(write(tmp_path / "x.jsonl", [row(level=level)])).metrics["pass@8_level3"].n == 1


def test_a_table_of_floats_says_levels_and_what_it_lacks(tmp_path):
    """As pandas writes a set in which a number is missing: 3.0 and not-a-number."""
    rows = [row(0, level=3.0, answer=0.5), row(1, level=float("nan"), answer=float("nan"))]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "x.parquet")
    found = accuracy(str(tmp_path / "x.parquet"))
    assert found.problems == found.metrics["pass@8_level3"].n == 1 and found.metrics["pass@8"].value == 1
    assert "no answer" in found.skipped[0].why


def test_completions_that_nobody_scored_have_majority_and_pass_at_n(tmp_path):
    plain = {key: value for key, value in row().items() if key != "scores"}
    scored = accuracy(write(tmp_path / "a.jsonl", [row()]))
    found = accuracy(write(tmp_path / "b.jsonl", [plain, row(1, scores=None), row(2, scores=[])]))
    assert found.problems == 3 and not found.skipped and found.negative == 0
    assert {name.split("@")[0] for name in found.metrics if "pred" not in name} == {"majority", "pass"}
    for name, one in found.metrics.items():
        assert one.value == pytest.approx(scored.metrics[name].value), name
    mixed = accuracy(write(tmp_path / "c.jsonl", [row(), row(1, scores=None)]))
    assert mixed.problems == 1 and mixed.metrics["weighted@8"].n == 1
    assert [(one.number, one.why) for one in mixed.skipped] == [(1, "it has no scores, and others have")]


def test_an_answer_in_a_list_of_one_is_that_answer(tmp_path):
    assert accuracy(write(tmp_path / "x.jsonl", [row(answer=["1/2"])])).metrics["pass@8"].value == 1


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], "There is no row of completions in it."),
        ([row(scores=[[0.5]])] * 2, "the first of 2, because its scores are no list of 8"),
        ([row(answer=None)], "because it has no answer"),
    ],
)
def test_a_file_of_which_nothing_can_be_used_says_why(tmp_path, rows, says):
    with pytest.raises(BadInput, match=says):
        accuracy(write(tmp_path / "x.jsonl", rows))
