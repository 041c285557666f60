"""``merge`` of what workers of a cluster wrote: the file of one run; gaps, duplicates and other jobs are refused."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import fsspec
import pytest
from small_judges import Halves

from tts_playground.cli import main
from tts_playground.cluster import chunks, places
from tts_playground.cluster.work import ClusterJob, Done
from tts_playground.errors import BadInput
from tts_playground.experiments.recipes import merging
from tts_playground.experiments.recipes.clustered import RecipeMaker
from tts_playground.experiments.recipes.run import asked_problems, file_of, part_of, run
from tts_playground.experiments.recipes.spans import sharded


@pytest.fixture
def work(seven, random_solver):
    """Writes, as workers do, the rows of a part to a folder, the last of them by a second worker and some twice."""
    maker = RecipeMaker(seven, random_solver, Halves())

    @cache
    def row(number):
        (item,) = [one for one in asked_problems(seven).problems if one.number == number]
        return next(one for one in maker.run(iter([(item.unique_id, item)]), lambda: False) if one is not None)

    def write(place, shard="", leave=(), otherwise=(), fails=()):
        part, whole = sharded(seven, shard) if shard else (seven, None)
        asked = asked_problems(part)
        items = {one.unique_id: one for one in asked.problems}
        folder = places.opened(place)
        chunks.begin(folder, ClusterJob("recipe", seven.deciding(), items, dict, 4, part_of(part, asked, whole)))
        writers = [chunks.ChunkWriter(folder, name, maker.facts()) for name in (f"a{shard[:1]}", f"b{shard[:1]}")]
        for one in asked.problems:
            done = row(one.number)
            if one.number in fails:
                done = Done(done.key, None, why="it is too long")
            for writer in writers[1:] if one.number == asked.problems[-1].number else writers:
                if one.number not in leave:
                    writer.add(done)
                    done = replace(done, row={**done.row, "pred": "x"}) if one.number in otherwise else done
        for writer in writers:
            writer.flush()

    return write


@pytest.fixture
def whole(seven, random_solver, tmp_path):
    recipe = replace(seven, output_dir=str(tmp_path / "one"))
    [*_] = run(recipe, sampler=random_solver, reward=Halves())
    return file_of(recipe).read_bytes()


def merge(capsys, *words):
    with pytest.raises(SystemExit) as leaving:
        main(["merge", *map(str, words), "--json"])
    return leaving.value.code, json.loads(capsys.readouterr().out)


def test_a_folder_of_workers_is_one_run(work, whole, tmp_path, capsys):
    work(str(tmp_path / "chunks"))
    code, found = merge(capsys, tmp_path / "chunks", "--out", tmp_path / "rows.jsonl")
    assert code == 0 and found["merged"][0]["rows"] == 7 and (tmp_path / "rows.jsonl").read_bytes() == whole


@pytest.mark.parametrize("together", [True, False])
def test_parts_at_an_address_are_one_run(work, whole, seven, capsys, together):
    root = f"memory://runs-{together}"
    for shard in ("3/3", "1/3", "2/3"):  # all in one folder, or one each
        work(root if together else f"{root}/best_of_n_chunks-{shard[0]}", shard)
    code, found = merge(capsys, root)
    assert code == 0 and len(found["merged"][0]["chunks"]) == 3
    assert fsspec.filesystem("memory").cat(f"/runs-{together}/best_of_n_completions.jsonl") == whole


def test_workers_and_runs_are_joined(work, whole, seven, random_solver, capsys):
    for shard in ("1/3", "3/3"):
        part, of = sharded(seven, shard)
        [*_] = run(part, sampler=random_solver, reward=Halves(), whole=of)
    for shard in ("2/3", "3/3"):  # the last has its file already
        part, _ = sharded(seven, shard)
        work(f"{seven.folder}/best_of_n_chunks{part.chunk}", shard)
    code, _ = merge(capsys, seven.folder)
    assert code == 0 and file_of(seven).read_bytes() == whole


def joined(folder):
    ((name, found),) = merging.chunks_of(str(folder)).items()
    return merging.joined(found, name)


def test_gaps_are_refused(work, tmp_path):
    work(str(tmp_path / "a"), leave=(3, 4))
    with pytest.raises(BadInput, match="2 of 7 keys have no row"):
        joined(tmp_path / "a")
    for shard in ("1/3", "3/3"):
        work(str(tmp_path / "b"), shard)
    with pytest.raises(BadInput, match="Problems 2 to 3 are in no chunk"):
        joined(tmp_path / "b")


def test_duplicates_are_refused(work, tmp_path):
    work(str(tmp_path / "a"), otherwise=(2,))
    with pytest.raises(BadInput, match="stands in .* and, otherwise, in"):
        joined(tmp_path / "a")
    for shard in ("1/3", "2/3", "3/3", "2/2"):
        work(str(tmp_path / "b" / shard[::2]), shard)
    with pytest.raises(BadInput, match="begins before|is in "):
        joined(tmp_path / "b")


def test_what_could_not_be_solved_is_counted(work, tmp_path):
    work(str(tmp_path / "a"), fails=(5,))
    found = joined(tmp_path / "a")
    assert (len(found.rows), found.skipped) == (6, 1)


def test_other_jobs_are_no_recipes(tmp_path):
    chunks.begin(places.opened(str(tmp_path)), ClusterJob("audit", {}, {"k": 1}, dict))
    with pytest.raises(BadInput, match="holds chunks of audit"):
        merging.chunks_of(str(tmp_path))


def test_a_folder_begun_before_parts_were_named(work, whole, tmp_path):
    work(str(tmp_path / "chunks"))
    job = Path(tmp_path / "chunks" / chunks.JOB)
    job.write_text(json.dumps({key: value for key, value in json.loads(job.read_text()).items() if key != "parts"}))
    assert merging.jsonl(joined(tmp_path / "chunks").rows) == whole
