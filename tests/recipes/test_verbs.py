"""The verbs recipe and accuracy, and the sets of problems that they read."""

import json

import pytest

from tts_playground.cli import main
from tts_playground.errors import BadInput
from tts_playground.tasks.problem_sets import KnownProblem, problem_of, problems
from tts_playground.tasks.vqa_data import Skipped
from tts_playground.worlds.arithmetic import math_eval


@pytest.fixture
def call(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))

    def run(*arguments):
        with pytest.raises(SystemExit) as leaving:
            main([*map(str, arguments), "--json"])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return leaving.value.code, json.loads(out)

    return run


def test_a_recipe_by_its_short_name_and_its_accuracy(call, tmp_path):
    out = tmp_path / "out"
    code, found = call("recipe", "tiny-math/dvts", "--n=8", "--num_samples", 3, f"--output-dir={out}")
    assert code == 0 and found["rows"] == 3 and found["accuracy"]["approach"] == "dvts"
    assert found["accuracy"]["metrics"]["weighted@8"]["n"] == 3 and found["tokens_drawn"] > 0
    code, again = call("accuracy", out / "dvts_completions.jsonl")
    assert code == 0 and again == found["accuracy"]
    rows = [json.loads(line) for line in (out / "dvts_completions.jsonl").read_text().splitlines()]
    assert [one["unique_id"] for one in rows] == [one.unique_id for one in math_eval(3)]
    for place, name in ((0, "naive"), (1, "weighted"), (2, "maj")):
        told = again["metrics"][("naive@4", "weighted@4", "majority@4")[place]]["value"]
        assert told == pytest.approx(sum(one[f"acc_{name}@4"] for one in rows) / 3, abs=1e-5)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["tiny-math/dvts", "--beam_widht=2"], "beam_width"),
        (["tiny-math/dvts", "--n=5"], "multiple of beam_width"),
        (["tiny-math/dvt"], "tiny-math/dvts"),
        (["tiny-math/dvts", "--push_to_hub", "--hub_dataset_id=x"], "names no owner"),
        (["tiny-math/dvts", "--shard=3/2"], "A shard is I/K"),
        (["tiny-math/dvts", "--shard=1/9", "--num_samples=4"], "use 4 at most"),
        (["tiny-math/dvts", "more"], "stands where a key"),
        (["tiny-math/dvts", "--model_path=tiny:nothing"], "tiny:nothing"),
    ],
)
def test_wrong_words_are_one_sentence(call, words, says, tmp_path):
    code, found = call("recipe", *words, f"--output_dir={tmp_path / 'o'}")
    assert code == 2 and says in found["error"]


def test_a_file_of_no_completions_is_one_sentence(call, tmp_path):
    (tmp_path / "x.jsonl").write_text('{"a": 1}\n')
    code, found = call("accuracy", tmp_path / "x.jsonl")
    assert code == 2 and "no completions" in found["error"]


@pytest.mark.parametrize(
    ("row", "problem", "answer", "level"),
    [
        ({"problem": "p", "answer": "5", "level": 4}, "p", "5", 4),
        (
            {"problem": "p", "solution": "so \\boxed{\\frac12}", "level": "Level 5", "type": "Algebra"},
            "p",
            "\\frac12",
            5,
        ),
        ({"question": "p", "answer": "2 + 3 = <<2+3=5>>5\n#### 5"}, "p", "5", 0),
        ({"problem": "p", "answer": 0, "id": 60}, "p", "0", 0),
        ({"problem": "p"}, "p", "", 0),
        ({"problem": "p", "answer": "1", "level": "Level ?"}, "p", "1", 0),
        ({"ID": "2024-I-1", "id": "2024-I-1", "Problem": "p", "Answer": 204}, "p", "204", 0),
        ({"Question": "p", "answers": ["5"]}, "p", "5", 0),
        ({"problem": "p", "answer": ["5"], "Problem": "other"}, "p", "5", 0),
        ({"problem": "p", "answer": ["5", "6"]}, "p", "", 0),
        ({"problem": "p", "answer": float("nan"), "level": 3.0}, "p", "", 3),
        ({"problem": "p", "answer": 8.0, "level": float("nan")}, "p", "8.0", 0),
        ({"problem": "p", "level": "Level 12."}, "p", "", 12),
        ({"problem": "p", "level": -3}, "p", "", 0),
        ({"problem": "p", "level": 2.5}, "p", "", 0),
    ],
)
def test_published_forms_of_problems(row, problem, answer, level):
    found = problem_of(3, row)
    assert (found.problem, found.answer, found.level) == (problem, answer, level)
    assert found.unique_id == str(row.get("id", "row-3"))


def test_a_set_is_read_in_its_order_and_bad_rows_are_said(tmp_path):
    lines = ['{"problem": "a", "unique_id": "1"}', "[", '{"problem": " "}', '{"problem": "b", "unique_id": "1"}']
    (tmp_path / "set.jsonl").write_text("\n".join([*lines, '{"problem": "' + "x" * 20_001 + '"}', '{"problem": "c"}']))
    found = list(problems(str(tmp_path / "set.jsonl")))
    assert [type(one) for one in found] == [KnownProblem, *[Skipped] * 4, KnownProblem]
    assert found[-1] == KnownProblem(5, "c", "", unique_id="row-5")
    assert [one.number for one in problems(str(tmp_path / "set.jsonl"), 3, 6)] == [3, 4, 5]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"problem": None}, "its problem is empty"),
        ({"problem": " ", "answer": "5"}, "its problem is empty"),
        ({"question": float("nan")}, "its question is empty"),
        ({"problem": ["a", "b"]}, "its problem is no text"),
        ({"answer": "5"}, "it has no problem; its fields are answer"),
    ],
)
def test_a_row_without_a_problem_says_what_is_wrong_with_it(row, why):
    with pytest.raises(BadInput, match=why):
        problem_of(0, row)


def test_shards_pass_over_what_the_whole_set_passes_over(tmp_path):
    ids = ["a", "b", "a", "c", "b", "d"]
    (tmp_path / "set.jsonl").write_text("".join(f'{{"problem": "p{n}", "id": "{x}"}}\n' for n, x in enumerate(ids)))
    name = str(tmp_path / "set.jsonl")
    assert [*problems(name, 0, 3), *problems(name, 3, 6)] == list(problems(name))
    assert [one.number for one in problems(name) if isinstance(one, Skipped)] == [2, 4]


def test_the_task_of_a_problem_keeps_its_answer_back():
    one = next(iter(problems("math-eval", 7)))
    assert isinstance(one, KnownProblem) and one.answer == math_eval(8)[7].answer
    assert one.task().answer == "" and one.task("short").system_prompt == "short"


def test_a_set_that_there_is_not():
    with pytest.raises(BadInput, match="no set of problems"):
        next(iter(problems("nothing")))
