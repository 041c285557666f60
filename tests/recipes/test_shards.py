"""Shards of a recipe: they cover every problem once, and what is joined is what one run writes, byte for byte."""

import json
import os
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from small_judges import Halves

from tts_playground.cli import main
from tts_playground.errors import BadInput
from tts_playground.experiments.recipes import merging
from tts_playground.experiments.recipes.accuracy import accuracy
from tts_playground.experiments.recipes.reading import overrides_of, recipe_of
from tts_playground.experiments.recipes.run import file_of, run
from tts_playground.experiments.recipes.spans import bounds, read_run, shard_of, sharded


def finished(recipe, sampler, **more):
    *_, last = run(recipe, sampler=sampler, reward=Halves(), **more)
    return last


def run_shards(recipe, sampler, of=3, leave=()):
    for place in range(1, of + 1):
        if place not in leave:
            part, whole = sharded(recipe, f"{place}/{of}")
            finished(part, sampler, whole=whole)


@pytest.mark.parametrize(("start", "end", "of"), [(0, 7, 3), (5, 25, 20), (0, 1, 1), (0, 500, 20), (3, 103, 7)])
def test_shards_cover_every_problem_once(start, end, of):
    parts = [bounds(start, end, place, of) for place in range(1, of + 1)]
    assert [n for first, last in parts for n in range(first, last)] == list(range(start, end))
    assert max(b - a for a, b in parts) - min(b - a for a, b in parts) <= 1


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3", ""])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(BadInput):
        shard_of(text)


def test_joined_shards_are_one_run(seven, random_solver, tmp_path):
    run_shards(seven, random_solver)
    names = sorted(one.name for one in Path(seven.folder).glob("*.jsonl"))
    assert names == [f"best_of_n_completions--chunk-{a}_{b}.jsonl" for a, b in ((0, 2), (2, 4), (4, 7))]
    whole = replace(seven, output_dir=str(tmp_path / "one"))
    finished(whole, random_solver)
    with pytest.raises(SystemExit) as leaving:
        main(["merge", seven.folder, "--json"])
    merged = file_of(seven)
    assert leaving.value.code == 0 and merged.read_bytes() == file_of(whole).read_bytes()
    assert accuracy(str(merged)).agg_strategy == "last"
    assert finished(seven, random_solver).cost.tokens == 0  # a run goes on from what was joined


def test_a_shard_goes_on_after_a_kill(seven, random_solver):
    part, whole = sharded(seven, "3/3")
    finished(part, random_solver, whole=whole)
    file = file_of(part)
    before = file.read_bytes()
    file.write_bytes(before.splitlines(keepends=True)[1] + b'{"torn')
    assert finished(part, random_solver, whole=whole).done == 3 and file.read_bytes() == before
    assert read_run(file) | {"cost_of_last_run": 0} == {
        "start": 4, "end": 7, "whole": [0, 7], "rows": 3, "skipped": [], "cost_of_last_run": 0
    }  # fmt: skip


@pytest.mark.parametrize(("leave", "says"), [(1, "0 to 1"), (2, "2 to 3"), (3, "4 to 6")])
def test_a_missing_shard_is_refused(seven, random_solver, leave, says):
    run_shards(seven, random_solver, leave=(leave,))
    with pytest.raises(BadInput, match=f"Problems {says} are in no chunk"):
        join(seven)


def join(recipe, **more):
    ((name, chunks),) = merging.chunks_of(recipe.folder).items()
    return merging.joined(chunks, name, **more)


def test_what_must_be_covered_can_be_said(seven, random_solver):
    for start, end in ((2, 4), (4, 6)):
        finished(replace(seven, dataset_start=start, dataset_end=end), random_solver)
    with pytest.raises(BadInput, match="0 to 1"):
        join(seven)
    assert len(join(seven, start=2).rows) == 4
    with pytest.raises(BadInput, match="Problem 6 is in no chunk"):
        join(seven, start=2, end=7)
    with pytest.raises(BadInput, match=r"chunk-2_4.* begins before problem 3, the first"):
        join(seven, start=3)
    with pytest.raises(BadInput, match=r"chunk-4_6.* ends after problem 4, the last one that is asked for, at 5"):
        join(seven, start=2, end=5)


def test_a_chunk_that_reaches_beyond_the_set_is_whole(seven, random_solver):
    for start, end in ((0, 5), (5, 10)):
        finished(replace(seven, dataset_start=start, dataset_end=end), random_solver)
    assert len(join(seven).rows) == len(join(seven, end=7).rows) == 7


def test_num_samples_leaves_no_gap_unseen(seven, random_solver):
    for start, end in ((0, 4), (4, 8)):
        finished(replace(seven, dataset_start=start, dataset_end=end, num_samples=2), random_solver)
    with pytest.raises(BadInput, match="problems 2 to 3 were left out"):
        join(seven)


def test_chunks_that_overlap_are_unfinished_or_differ_are_refused(seven, random_solver):
    run_shards(seven, random_solver)
    folder = Path(seven.folder)
    first = folder / "best_of_n_completions--chunk-0_2.jsonl"
    twice = folder / "best_of_n_completions--chunk-1_2.jsonl"
    twice.write_bytes(first.read_bytes().splitlines(keepends=True)[1])
    with pytest.raises(BadInput, match="begins before"):
        join(seven)
    twice.unlink()
    rows = first.read_bytes()
    first.write_bytes(rows.splitlines(keepends=True)[0])
    with pytest.raises(BadInput, match=r"not finished: 1 row is there of 2; run it again"):
        join(seven)
    first.write_bytes(rows.splitlines(keepends=True)[0] * 2)
    with pytest.raises(BadInput, match=r"is twice in best_of_n_completions--chunk-0_2.jsonl; a problem has one row"):
        join(seven)
    first.write_bytes(rows + rows.splitlines(keepends=True)[1])
    with pytest.raises(BadInput, match="is twice in"):
        join(seven)
    first.write_bytes(rows + (folder / "best_of_n_completions--chunk-2_4.jsonl").read_bytes())
    with pytest.raises(BadInput, match="has 4 rows for 2 problems"):
        join(seven)
    first.write_bytes(rows)
    told = folder / "best_of_n_run--chunk-0_2.json"
    before = told.read_text()
    told.write_text("{")
    with pytest.raises(BadInput, match=r"best_of_n_run--chunk-0_2\.json"):
        join(seven)
    told.write_text(before)
    first.write_bytes(rows)
    beside = folder / "best_of_n_recipe--chunk-2_4.json"
    beside.write_text(json.dumps(json.loads(beside.read_text()) | {"seed": 9}))
    with pytest.raises(BadInput, match="another recipe.*seed"):
        join(seven)


def test_problems_that_cannot_be_solved_are_no_gap(seven, random_solver):
    lines = Path(seven.dataset_name).read_text().splitlines()
    lines[3] = '{"answer": "no problem"}'
    Path(seven.dataset_name).write_text("\n".join(lines) + "\n")
    run_shards(seven, random_solver)
    merged = join(seven)
    assert len(merged.rows) == 6 and merged.skipped == 1


def test_chunks_lie_anywhere(seven, random_solver, capsys):
    import fsspec

    run_shards(seven, random_solver)
    memory = fsspec.filesystem("memory")
    for file in Path(seven.folder).iterdir():
        memory.pipe_file(f"/shards/{file.name}", file.read_bytes())
    with pytest.raises(SystemExit):
        main(["merge", "memory://shards", "--json"])
    told = json.loads(capsys.readouterr().out)["merged"][0]
    assert told["rows"] == 7 and len(told["chunks"]) == 3
    joined = memory.cat_file("/shards/best_of_n_completions.jsonl")
    assert [json.loads(line)["unique_id"] for line in joined.splitlines()] == [f"row-{n}" for n in range(7)]


@pytest.mark.parametrize(("task", "span"), [(1, "0_50"), (20, "950_1000")])
def test_the_array_gives_every_task_its_chunk(task, span, tmp_path):
    root = Path(__file__).parents[2]
    script = root / "recipes" / "launch_array.slurm"
    assert script.read_bytes() == (root / "tts_playground" / "recipes" / "launch_array.slurm").read_bytes()
    assert "#SBATCH --array=1-20%8" in script.read_text()
    say = tmp_path / "python"
    say.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    say.chmod(0o755)
    own = {"PATH": os.environ["PATH"], "SLURM_ARRAY_TASK_ID": str(task), "PYTHON": str(say)}
    done = subprocess.run(["bash", script, "a.yaml", "--n=4"], env=own, capture_output=True, text=True, check=True)
    words = done.stdout.split()
    assert words[:5] == ["-m", "tts_playground", "recipe", "a.yaml", "--n=4"]
    assert recipe_of("tiny-math/dvts", overrides_of(words[5:])).chunk == f"--chunk-{span}"


def test_merge_says_where_nothing_answers(capsys, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound and not listening: who calls here is turned away
        place = f"http://127.0.0.1:{free.getsockname()[1]}/run"
        with pytest.raises(SystemExit):
            main(["merge", place])
    assert "or nothing answers there" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [[], ["nowhere"], ["a", "--dataset_name=x/y"], ["nosuch://a"], ["empty"], ["file"], ["chunks", "--out=rows.csv"]],
)
def test_merge_refuses_in_one_sentence(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    (tmp_path / "chunks").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "chunks" / "dvts_completions--chunk-0_1.jsonl").write_text('{"unique_id": "a"}\n')
    with pytest.raises(SystemExit) as leaving:
        main(["merge", *words, "--json"])
    out, err = capsys.readouterr()
    assert leaving.value.code == 2 and "Traceback" not in err and json.loads(out)["error"].endswith((".", "?"))
