"""Runs of recipes on a random model: rows of exactly n, resumed after a kill, the same in one batch or alone."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import tiny_texts

from tts_playground.core import Cost
from tts_playground.errors import BadInput, Cancelled, CannotDo
from tts_playground.experiments.recipes import run as run_module
from tts_playground.experiments.recipes.recipe import APPROACHES, Recipe
from tts_playground.experiments.recipes.rows import read_rows
from tts_playground.experiments.recipes.run import differences, file_of, run
from tts_playground.models.lm.model import TextModel
from tts_playground.models.loading import Loaded, Options
from tts_playground.samplers.lm import LanguageModelSampler
from tts_playground.samplers.lm_settings import SolutionSettings

COLUMNS = ["problem", "solution", "answer", "subject", "level", "unique_id", "completions", "scores", "pred"]


@dataclass(frozen=True)
class Lengths:
    """Scores steps by their lengths."""

    read: list
    name = "lengths"
    revision = "1"
    unit_cost = Cost(verifier_calls=1)

    def score(self, task, samples):
        raise AssertionError("steps are scored once, and what they come to is made of them")

    def step_scores(self, task, samples):
        return self.step_scores_many([(task, samples)])[0]

    def step_scores_many(self, asked):
        self.read.extend((task.problem, one.content) for task, ones in asked for one in ones)
        return [[tuple(len(step) % 7 / 7 for step in one.info["steps"]) for one in ones] for _, ones in asked]


@pytest.fixture(scope="module")
def sampler():
    model = TextModel(*tiny_texts.parts())
    settings = SolutionSettings(temperature=1.0, max_tokens=30, max_steps=3)
    return LanguageModelSampler(Loaded("x", "lm", Options("cpu", "float32"), "0", model), settings)


@pytest.fixture
def data(tmp_path):
    rows = [{"problem": f"what is {n} and three?", "answer": str(n + 3), "level": 1 + n % 5} for n in range(5)]
    (tmp_path / "set.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    return str(tmp_path / "set.jsonl")


@pytest.fixture
def recipe(tmp_path, data):
    return Recipe(dataset_name=data, output_dir=str(tmp_path / "out"), n=4, beam_width=2, seed=0, system_prompt="add")


def rows_of(recipe):
    return [json.loads(line) for line in file_of(recipe).read_text().splitlines()]


def finished(recipe, sampler, reward=None, **more):
    *_, last = run(recipe, sampler=sampler, reward=reward or Lengths([]), **more)
    return last


@pytest.mark.parametrize("approach", APPROACHES)
def test_every_row_has_exactly_n_completions_in_the_published_columns(approach, recipe, sampler):
    recipe = replace(recipe, approach=approach)
    last = finished(recipe, sampler)
    rows = rows_of(recipe)
    assert (last.done, last.of, last.share, last.skipped) == (5, 5, 1.0, ()) and len(rows) == 5
    assert last.file.name == f"{approach}_completions.jsonl" and last.tokens == sum(one["tokens"] for one in rows)
    for number, one in enumerate(rows):
        assert list(one)[:9] == COLUMNS and one["unique_id"] == f"row-{number}"
        assert len(one["completions"]) == len(one["scores"]) == len(one["completion_tokens"]) == 4
        assert {f"pred_{rule}@{n}" for rule in ("naive", "weighted", "maj") for n in (1, 2, 4)} <= set(one)
        ends = [scores[-1] if scores else 0.0 for scores in one["scores"]]
        assert one["pred"] == one["completions"][ends.index(max(ends))]
        assert len(one["correct"]) == 4 and 0 <= one["acc_maj@4"] <= 1 and one["tokens"] > 0
        assert ("pass@1" in one) == (approach == "best_of_n") and ("pass@2" in one) == (
            approach in ("best_of_n", "dvts")
        )


@pytest.mark.parametrize("approach", APPROACHES)
def test_what_a_problem_gets_does_not_depend_on_the_others(approach, recipe, sampler, tmp_path):
    recipe = replace(recipe, approach=approach)
    finished(recipe, sampler)
    alone = replace(recipe, output_dir=str(tmp_path / "alone"), dataset_start=3, dataset_end=4)
    finished(alone, sampler)
    assert rows_of(alone) == [rows_of(recipe)[3]]


def test_completions_of_best_of_n_are_the_draws_themselves(recipe, sampler):
    finished(recipe, sampler)
    task = next(one for one in run_module.problems(recipe.dataset_name)).task("add")
    assert rows_of(recipe)[0]["completions"] == [one.content for one in sampler.draw(task, range(4), seed=0)]


def test_subtrees_of_dvts_stand_together(recipe, sampler):
    recipe = replace(recipe, approach="dvts", n=6, beam_width=3)
    finished(recipe, sampler)
    steps = [[text.split("\n\n") for text in one["completions"]] for one in rows_of(recipe)]
    for trees in steps:
        for tree in (trees[:3], trees[3:]):  # what is drawn last differs, what was kept before does not
            kept = {tuple(one[:-1]) for one in tree if len(one) == max(map(len, tree))}
            assert len(kept) == 1


def test_nothing_is_read_twice(recipe, sampler):
    for approach in ("best_of_n", "dvts"):
        reward = Lengths([])
        finished(replace(recipe, approach=approach), sampler, reward)
        assert len(reward.read) == len(set(reward.read)) > 0


def test_a_run_goes_on_where_it_was_cut(recipe, sampler):
    recipe = replace(recipe, search_batch_size=2)
    finished(recipe, sampler)
    whole = file_of(recipe).read_bytes()
    lines = whole.splitlines(keepends=True)
    file_of(recipe).write_bytes(lines[3] + lines[1] + lines[0][:50])  # in another order, and torn
    reports = list(run(recipe, sampler=sampler, reward=Lengths([])))
    assert reports[0].done == 2 and file_of(recipe).read_bytes() == whole
    reward = Lengths([])
    assert finished(recipe, sampler, reward).done == 5 and not reward.read


def test_more_problems_go_into_the_same_file(recipe, sampler):
    finished(replace(recipe, num_samples=2), sampler)
    assert len(rows_of(recipe)) == 2
    finished(recipe, sampler)
    assert [one["unique_id"] for one in rows_of(recipe)] == [f"row-{number}" for number in range(5)]


@pytest.mark.parametrize("change", [{"n": 2}, {"seed": 1}, {"agg_strategy": "min"}])
def test_rows_of_another_recipe_are_not_mixed_in(recipe, sampler, change):
    finished(replace(recipe, num_samples=1), sampler)
    before = file_of(recipe).read_bytes()
    with pytest.raises(BadInput, match=f"{next(iter(change))} .* is now"):
        finished(replace(recipe, **change), sampler)
    assert file_of(recipe).read_bytes() == before


def test_what_differs_of_a_model_is_said_by_its_own_name():
    before = {"n": 4, "generator": {"name": "tiny:math", "settings": {"chat_template": ""}}, "judge": "a"}
    now = {"n": 4, "generator": {"name": "tiny:math", "settings": {"chat_template": "{{ x }}"}}, "judge": "b"}
    assert differences(now, before) == "chat_template of settings of generator none is now {{ x }}, judge a is now b"


@pytest.mark.parametrize("field", ["problem", "answer"])
def test_rows_of_a_set_that_was_changed_are_not_taken_for_its_own(recipe, sampler, data, field):
    finished(replace(recipe, num_samples=3), sampler)
    before = file_of(recipe).read_bytes()
    rows = [json.loads(line) for line in Path(data).read_text().splitlines()]
    rows[1][field] = "what is 40 and 2?" if field == "problem" else "42"
    Path(data).write_text("".join(json.dumps(one) + "\n" for one in rows))
    with pytest.raises(BadInput, match=f"'row-1' with another {field} than that of the set now"):
        finished(recipe, sampler)
    assert file_of(recipe).read_bytes() == before


def test_a_run_that_solved_nothing_is_no_success(recipe, sampler):
    class Refusing(Lengths):
        def step_scores_many(self, asked):
            raise BadInput("That is too long.")

    with pytest.raises(CannotDo, match="None of 5 problems could be solved; the first: That is too long"):
        finished(recipe, sampler, Refusing([]))


def test_rows_that_nobody_described_are_not_mixed_in(recipe, sampler):
    file_of(recipe).parent.mkdir()
    file_of(recipe).write_text('{"problem": "x"}\n')
    with pytest.raises(BadInput, match="nothing beside it"):
        finished(recipe, sampler)


def test_cancelling_keeps_what_was_finished(recipe, sampler):
    recipe = replace(recipe, search_batch_size=2)
    reports = []

    def enough():
        return bool(reports) and reports[-1].done >= 1

    with pytest.raises(Cancelled):
        reports.extend(run(recipe, sampler=sampler, reward=Lengths([]), cancel=enough))
    kept = rows_of(recipe)
    assert 1 <= len(kept) < 5
    finished(recipe, sampler)
    assert [one for one in rows_of(recipe) if one["unique_id"] in {row["unique_id"] for row in kept}] == sorted(
        kept, key=lambda one: one["unique_id"]
    )


def test_bad_rows_are_reported_and_skipped(recipe, sampler, data):
    with Path(data).open("a") as file:
        file.write('{"answer": "3"}\nno json\n{"problem": "' + "what is " * 400 + '", "answer": "1"}\n')
    last = finished(recipe, sampler)
    assert last.done == 5 and last.of == 6 and [one.number for one in last.skipped] == [5, 6, 7]
    assert "no problem" in last.skipped[0].why and len(rows_of(recipe)) == 5


@dataclass(frozen=True)
class SometimesNone(Lengths):
    """No number for the first step of whatever is about the second problem."""

    def step_scores_many(self, asked):
        found = super().step_scores_many(asked)
        for (task, _), each in zip(asked, found, strict=True):
            if "1 and three" in task.problem:
                each[:] = [(float("nan"), *one[1:]) for one in each]
        return found


@pytest.mark.parametrize("approach", APPROACHES)
def test_a_score_that_is_no_number_costs_its_problem_and_no_other(approach, recipe, sampler):
    last = finished(replace(recipe, approach=approach), sampler, SometimesNone([]))
    assert [one.number for one in last.skipped] == [1] and "nan as a score" in last.skipped[0].why
    assert len(rows_of(replace(recipe, approach=approach))) == 4


def test_a_model_that_can_nothing_ends_the_run(recipe, sampler):
    class Broken(Lengths):
        def step_scores_many(self, asked):
            raise CannotDo("The judge is gone.")

    with pytest.raises(CannotDo, match="judge is gone"):
        finished(recipe, sampler, Broken([]))


def test_progress_says_how_far_it_is(recipe, sampler):
    reports = list(run(replace(recipe, search_batch_size=2), sampler=sampler, reward=Lengths([])))
    assert [one.done for one in reports] == sorted(one.done for one in reports)
    assert all(0 <= one.share <= 1 for one in reports) and reports[-1].seconds_left == 0
    assert any(0 < one.share < 1 and one.seconds_left > 0 for one in reports)


def test_what_is_not_there_yet_or_wrong_is_one_sentence(recipe, sampler, tmp_path):
    for changed in (
        {"push_to_hub": True, "hub_dataset_id": "no owner"},
        {"dataset_start": 9},
        {"dataset_name": str(tmp_path / "no.jsonl")},
    ):
        with pytest.raises(BadInput):
            finished(replace(recipe, **changed), sampler)
        assert not file_of(recipe).exists()


def test_without_answers_and_votes_there_are_completions_alone(recipe, sampler, tmp_path):
    (tmp_path / "q.jsonl").write_text('{"question": "what is two and two?"}\n')
    recipe = replace(recipe, dataset_name=str(tmp_path / "q.jsonl"), apply_voting=False)
    finished(recipe, sampler)
    assert [key for key in rows_of(recipe)[0] if "@" in key or key == "correct"] == []
    (read,) = read_rows(file_of(recipe))
    assert len(read.completions) == 4 and read.answer == ""
